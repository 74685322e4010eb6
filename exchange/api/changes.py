"""The feed of changes in the API."""

import binascii

from django.http import HttpResponseNotModified
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from crises import plain
from crises.api.conditions import Refused
from crises.models import Crisis
from exchange import feed
from exchange.serializers import ChangesSerializer

PARAMETERS = [
    OpenApiParameter(
        "cursor",
        {"type": "string", "minLength": 1},
        description="Where to read on; it is in `next`, do not make cursors yourself. Without one, from the beginning.",
    ),
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
        description="How many crises to a page, both kinds together: 50 unless told, 200 at most.",
    ),
]


@extend_schema_view(
    get=extend_schema(operation_id="follow_changes", summary="What changed: to mirror crises", parameters=PARAMETERS)
)
class ChangeFeed(GenericAPIView):
    """Every crisis you may see, once, as it is now, in the order of their last changes; and those that left your sight.

    Put `results` into your store by reference, take `gone` out of it, keep `next`, and ask that address next. What you
    hold is then what the list of crises answers without parameters. A crisis is told again when it changes, and when a
    waiver in its plan lapses. 410 means that your rights have changed, or that this site went back to an older copy of
    its database: empty your store and begin again without a cursor. There are no filters, because what leaves a filter
    would stay in your store: keep everything and filter there.
    """

    queryset = Crisis.objects.none()
    serializer_class = ChangesSerializer

    def get(self, request):
        self.filter_queryset(self.get_queryset())  # refuses what is no parameter here
        size = self.paginator.get_page_size(request)
        try:
            following = feed.follow(request.user, self._cursor())
        except feed.Restart:
            raise Refused(410) from None
        headers = {"ETag": f'"{following.version(size, request.build_absolute_uri())}"'}
        headers["Cache-Control"] = "private, no-cache"
        seen = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
        if seen & {headers["ETag"], "*"}:
            answer = HttpResponseNotModified(headers=headers)
        else:
            answer = Response(self._read(following.page(size, plain.columns)), headers=headers)
        patch_vary_headers(answer, ["Authorization", "Cookie"])
        return answer

    def _cursor(self):
        text = self.request.query_params.get("cursor")
        try:
            return None if text is None else feed.Cursor.read(text)
        except (ValueError, binascii.Error):
            words = _("This is no cursor of ours. Ask the address in `next` as it is, or begin again without a cursor.")
            raise ValidationError({"cursor": [words]}) from None

    def _read(self, page):
        into = feed.survivors(self.request.user, page.gone)
        gone = [
            {
                "reference": row.reference,
                "revision": row.revision,
                "why": feed.why(row),
                "merged_into": into.get(row.merged_into_id),
            }
            for row in page.gone
        ]
        address = replace_query_param(self.request.build_absolute_uri(), "cursor", str(page.cursor))
        crises = plain.crises(page.crises, root=self.request.build_absolute_uri(reverse("api-crises")))
        return {"next": address, "has_more": page.more, "results": crises, "gone": gone}
