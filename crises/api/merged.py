"""One crisis and those merged into it: the address of a merged one leads on, and what was said is read together."""

from django.db.models import Prefetch
from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from crises.models import Activity, Crisis, Figure, FigurePart, LevelDecision
from crises.past import recorded


class Merged(Exception):
    """The crisis asked for was merged into another one, which the reader may see."""


class FollowsMerged:
    """An address about one crisis: that of a merged one answers 308 and leads to the one that stands."""

    def get_object(self):
        try:
            crisis = super().get_object()
        except Http404:
            crisis = None
        if crisis and crisis.status != Crisis.Status.MERGED:
            return crisis
        survivor = Crisis.objects.survivor_of(self.kwargs["reference"], self.request.user)
        raise Merged(survivor) if survivor else NotFound

    def handle_exception(self, exc):
        if not isinstance(exc, Merged):
            return super().handle_exception(exc)
        reference, survivor = self.kwargs["reference"], str(exc)
        path = self.request.get_full_path().replace(f"/crises/{reference}/", f"/crises/{survivor}/", 1)
        headers = {"Location": self.request.build_absolute_uri(path), "Cache-Control": "private, no-store"}
        return Response({"merged_into": survivor}, status=308, headers=headers)


def with_statements(crisis, as_of=None):
    """The crisis with its statements and those of the crises merged into it, as if prefetched. Six queries."""
    banded = Prefetch("parts", FigurePart.objects.select_related("band"))
    told = {
        "levels": recorded(LevelDecision.objects.of(crisis, as_of), as_of),
        "figures": Figure.objects.of(crisis, as_of).standing(as_of).prefetch_related("sectors", banded),
        "activities": Activity.objects.of(crisis, as_of).standing(as_of).prefetch_related("sectors"),
    }
    prefetched = getattr(crisis, "_prefetched_objects_cache", {})
    crisis._prefetched_objects_cache = prefetched | {name: list(rows) for name, rows in told.items()}
    return crisis
