"""What HQ sees across crises, in the API: the figures of the dashboard and the queues of the worklist."""

import base64
import binascii
import json
from bisect import bisect_right

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.settings import api_settings

from crises import worklist
from crises.api import FILTERS, STAFF, described, inside
from crises.api.conditions import Tagged
from crises.api.said import staff_only
from crises.filters import BoardFilter, CrisisFilter
from crises.models import Crisis
from crises.panels import Panels
from crises.serializers.overview import DashboardSerializer, ItemSerializer, WorklistSerializer
from crises.services.amend import RIGHTS
from offices.models import Role

DASHBOARD = FILTERS | {"phase": "Slug of a phase: what of it is needed, active or missing."}


class OpenCrises(Tagged, GenericAPIView):
    """What is counted across the open crises that the reader may see."""

    queryset = Crisis.objects.none()
    permission_classes = [IsAuthenticated]
    pagination_class = None

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)


@extend_schema_view(
    get=extend_schema(
        operation_id="get_dashboard",
        summary="The figures of the dashboard",
        filters=False,
        parameters=described(BoardFilter, DASHBOARD),
    )
)
class Dashboard(OpenCrises):
    """The numbers of the dashboard page, counted from the same rows at one moment, so that none contradicts another.

    Readers outside the organisation get no small counts of people, and sums without them.
    """

    serializer_class = DashboardSerializer
    filterset_class = BoardFilter

    def get(self, request):
        crises = self.filter_queryset(self.get_queryset())
        phase, as_of = self.asked.value("phase"), self.asked.value("as_of")
        panels = Panels(crises, self.asked.content, phase=phase, as_of=as_of, inside=inside(request.user))
        return Response(self.get_serializer(panels).data)


class OfWorklist(OpenCrises):
    filterset_class = CrisisFilter

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        staff_only(request)

    def read(self):
        """The queues of this reader, as the page has them."""
        crises = self.filter_queryset(self.get_queryset())
        return worklist.Worklist(
            crises,
            self.request.user,
            timezone.now(),
            phase=self.asked.value("phase"),
            as_of=self.asked.value("as_of"),
            decides=Role.HQ in self.request.user.roles,
        )


@extend_schema_view(
    get=extend_schema(
        operation_id="get_worklist",
        summary="Queues of work",
        filters=False,
        parameters=described(CrisisFilter),
        extensions={STAFF: True},
    )
)
class Worklist(OfWorklist):
    """What needs somebody, as queues with their numbers: those of the worklist page, for the same reader. For staff."""

    serializer_class = WorklistSerializer

    def get(self, request):
        found, asked = self.read(), request.query_params.urlencode()

        def address(slug):
            return reverse("api-queue", kwargs={"queue": slug}, request=request) + (f"?{asked}" if asked else "")

        context = self.get_serializer_context() | {"address": address}
        return Response(WorklistSerializer(found, context=context).data)


class Stretches(api_settings.DEFAULT_PAGINATION_CLASS):
    """Pages of a list that no one query answers: a cursor is the place of the last row, which may be gone since."""

    def paginate_queryset(self, queryset, request, view=None):
        self.size, self.request = self.get_page_size(request), request
        places = [_place(item) for item in queryset]
        start = bisect_right(places, self._cursor(request)) if "cursor" in request.query_params else 0
        page = queryset[start : start + self.size]
        self.last = places[start + self.size - 1] if start + self.size < len(places) else None
        return page

    def _cursor(self, request):
        try:
            told = json.loads(base64.urlsafe_b64decode(request.query_params["cursor"].encode("ascii")))
            since, number, key = told
            if (type(since), type(number), type(key)) != (str, int, str):
                raise ValueError
        except (ValueError, TypeError, binascii.Error, RecursionError):
            words = _("This is no cursor of ours. Follow `next` as it is, or leave it out.")
            raise ValidationError({"cursor": [words]}) from None
        return since, number, key

    def get_paginated_response(self, data):
        return Response({"next": self._next(), "results": data})

    def _next(self):
        if self.last is None:
            return None
        query = self.request.query_params.copy()
        query["cursor"] = base64.urlsafe_b64encode(json.dumps(self.last).encode()).decode()
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

    def get_paginated_response_schema(self, schema):
        described = super().get_paginated_response_schema(schema)
        del described["properties"]["previous"]
        return described | {"required": ["next", "results"]}


def _place(item):
    """Where a row stands in its queue: by what it is sorted by, and what no two rows share."""
    return (item.until or item.since).isoformat(), item.crisis, item.key


@extend_schema_view(
    get=extend_schema(
        operation_id="list_queue",
        summary="The rows of a queue",
        filters=False,
        parameters=[
            OpenApiParameter(
                "queue", location="path", enum=worklist.SLUGS, description="Which queue; duplicates are for HQ."
            ),
            *described(CrisisFilter),
        ],
        extensions={STAFF: True},
    )
)
class Queue(OfWorklist, ListAPIView):
    """What one queue of the worklist holds, what has waited longest first. For staff."""

    serializer_class = ItemSerializer
    pagination_class = Stretches

    def list(self, request, *args, **kwargs):
        slug = self.kwargs["queue"]
        if slug == "duplicates" and Role.HQ not in request.user.roles:
            raise PermissionDenied(RIGHTS["decide"][1])
        queue = self.read().queue(slug) if slug in worklist.SLUGS else None
        if queue is None:
            raise NotFound
        page = self.paginate_queryset(sorted(queue.items(), key=_place))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
