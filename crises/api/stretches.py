"""Pages of lists that are ordered by more than one unique column: a cursor names the place of the last row."""

import base64
import binascii
import json
from bisect import bisect_right
from datetime import date

from django.core.exceptions import ValidationError as NoValue
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.settings import api_settings

from crises.listing import NEWEST_FIRST, SORTS, stretch

Pages = api_settings.DEFAULT_PAGINATION_CLASS


class Stretches(Pages):
    """Pages of a list that no one query answers: the row at which a page ended may be gone since. Forward only.

    The view's rows are in order; `place` of the view says where each stands, as plain values.
    """

    def paginate_queryset(self, queryset, request, view=None):
        self.request, size = request, self.get_page_size(request)
        places = [view.place(row) for row in queryset]
        start = (
            bisect_right(places, tuple(self.told(request, str, int, str))) if "cursor" in request.query_params else 0
        )
        self.last = places[start + size - 1] if start + size < len(places) else None
        return queryset[start : start + size]

    def told(self, request, *kinds):
        """What a cursor says, of these types. Raises ValidationError for what is no cursor of ours."""
        try:
            told = json.loads(base64.urlsafe_b64decode(request.query_params["cursor"].encode("ascii")))
            if [type(value) for value in told] != list(kinds):
                raise ValueError
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise self.no_cursor() from None
        return told

    @staticmethod
    def no_cursor():
        return ValidationError({"cursor": [_("This is no cursor of ours. Follow `next` as it is, or leave it out.")]})

    def address(self):
        """The address of the next page; None on the last."""
        if self.last is None:
            return None
        query = self.request.query_params.copy()
        query["cursor"] = base64.urlsafe_b64encode(json.dumps(self.last).encode()).decode()
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

    def get_paginated_response(self, data):
        return Response({"next": self.address(), "results": data})

    def get_paginated_response_schema(self, schema):
        described = super().get_paginated_response_schema(schema)
        del described["properties"]["previous"]
        return described | {"required": ["next", "results"]}


class Sorted(Pages):
    """Pages of crises in the order that `sort` asks for, as their page has it: the last changed first where it asks for
    none, and among equals; what is not known last. Sorted otherwise than by the last change the pages go forward only.
    """

    KINDS = {"title": str, "country": str, "gaps": int, "started": date.fromisoformat, "updated": int}

    def paginate_queryset(self, queryset, request, view=None):
        sort = request.query_params.get("sort") or NEWEST_FIRST
        name, self.sorted = sort.removeprefix("-"), sort != NEWEST_FIRST
        if name not in SORTS:
            words = _("“sort” is one of %(known)s; with a “-” in front for the reverse.")
            raise ValidationError({"sort": [words % {"known": ", ".join(SORTS)}]})
        if not self.sorted:
            return super().paginate_queryset(view.read(queryset), request, view)
        self.request, size = request, self.get_page_size(request)
        after = self._place(name) if "cursor" in request.query_params else None
        found = stretch(queryset, sort, after, size + 1, view.read)
        page, last = found[:size], found[size - 1] if len(found) > size else None
        self.stretch = Stretches()
        self.stretch.request = request
        self.stretch.last = last and [str(last.place) if isinstance(last.place, date) else last.place, last.revision]
        return page

    def _place(self, name):
        told = self.request.query_params["cursor"]
        try:
            place, revision = json.loads(base64.urlsafe_b64decode(told.encode("ascii")))
            kind = self.KINDS[name]
            if type(revision) is not int or type(place) not in (str, int, type(None)) or abs(revision) >= 2**63:
                raise ValueError
            if (isinstance(place, int) and abs(place) >= 2**63) or (isinstance(place, str) and "\0" in place):
                raise ValueError
            return place if place is None else kind(place), revision
        except (ValueError, TypeError, binascii.Error, RecursionError, NoValue):
            raise Stretches.no_cursor() from None

    def get_paginated_response(self, data):
        if not self.sorted:
            return super().get_paginated_response(data)
        return Response({"next": self.stretch.address(), "previous": None, "results": data})

    def get_schema_operation_parameters(self, view):
        sort = {
            "name": "sort",
            "in": "query",
            "required": False,
            "description": "What the list is sorted by, with a `-` in front for the reverse; -updated unless told.",
            "schema": {"type": "string", "enum": [f"{sign}{name}" for name in SORTS for sign in ("", "-")]},
        }
        return [*super().get_schema_operation_parameters(view), sort]
