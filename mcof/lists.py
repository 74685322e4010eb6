"""What every list of the API has in common: it refuses parameters it does not know, and it comes in pages."""

import re
from difflib import get_close_matches

from django.core.exceptions import ValidationError as BadPosition
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination

PAGE_SIZE, MOST = 50, 200


class Parameters(DjangoFilterBackend):
    """Applies a view's filter. A parameter that nobody knows, or a value that nobody can use, is a 400 naming it."""

    def filter_queryset(self, request, queryset, view):
        own = {"cursor", "page_size"} if getattr(view, "paginator", None) else set()
        own |= getattr(view, "parameters", set())  # what the view reads itself
        filterset = self.get_filterset(request, queryset, view)
        problems = filterset.problems(allowed=own) if filterset else _problems(request.query_params, own)
        if problems:
            raise ValidationError(problems)
        view.asked = filterset
        return filterset.qs if filterset else queryset

    def get_filterset_kwargs(self, request, queryset, view):
        return super().get_filterset_kwargs(request, queryset, view) | {"shown": False}


def _problems(given, known):
    """What is wrong with the parameters of an address that has no filter: {name: [messages]}."""
    found = {}
    for name, values in given.lists():
        words = {"name": name, "known": ", ".join(sorted(known))}
        if name not in known and (near := get_close_matches(name, sorted(known), 1)):
            said = _("There is no parameter “%(name)s” here. Did you mean “%(near)s”?")
            found[name] = [said % {"name": name, "near": near[0]}]
        elif name not in known and known:
            found[name] = [_("There is no parameter “%(name)s” here. The known ones are: %(known)s.") % words]
        elif name not in known:
            found[name] = [_("There is no parameter “%(name)s” here. This address takes none.") % words]
        elif len(values) > 1:
            found[name] = [_("The parameter “%(name)s” is there twice. Keep one.") % words]
    return found


class Pages(CursorPagination):
    """Pages in the order that the view names in `ordering`, which must be unique: only its first field is the cursor.

    No page is counted or skipped to, so a page costs the same anywhere in the list.
    """

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = MOST

    def get_ordering(self, request, queryset, view):
        self.field = queryset.model._meta.get_field(view.ordering[0].removeprefix("-"))
        return view.ordering

    def get_page_size(self, request):
        asked = request.query_params.get("page_size", str(PAGE_SIZE))
        if not re.fullmatch(r"[0-9]{1,3}", asked) or not 1 <= int(asked) <= MOST:
            words = _("Must be a whole number from 1 to %(most)s, not “%(asked)s”.")
            raise ValidationError({"page_size": [words % {"most": MOST, "asked": asked}]})
        return int(asked)

    def decode_cursor(self, request):
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None:
                self._check(cursor)
        except (NotFound, BadPosition):
            words = _("This is no cursor of ours. Follow `next` and `previous` as they are, or leave it out.")
            raise ValidationError({"cursor": [words]}) from None
        return cursor

    def _check(self, cursor):
        """A cursor stands somewhere in the list, and its position is a value of the field that orders it."""
        if (cursor.position is None and not cursor.offset) or "\0" in (cursor.position or ""):
            raise NotFound
        if cursor.position is not None:
            self.field.to_python(cursor.position)

    def get_schema_operation_parameters(self, view):
        cursor, size = super().get_schema_operation_parameters(view)
        cursor["schema"] |= {"minLength": 1}
        cursor["description"] = "Where the page begins. Follow `next` and `previous`; do not make cursors yourself."
        size["description"] = f"How many to a page: {PAGE_SIZE} unless told, {MOST} at most."
        size["schema"] |= {"minimum": 1, "maximum": MOST, "default": PAGE_SIZE}
        return [cursor, size]

    def get_paginated_response_schema(self, schema):
        described = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            del described["properties"][name]["example"]
        return described | {"required": ["next", "previous", "results"]}
