"""Crises as lists show them: one row each, with its open phases, level and gaps."""

from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from crises.filters import newest_level
from crises.models import Gap, PhasePeriod


def rows(crises, at=None):
    """These crises with country, region, office, `open_periods`, `level` and `gap_count`. Two queries."""
    today = (at or timezone.now()).date()
    uncovered = Gap.objects.open().uncovered(today).filter(crisis=OuterRef("pk")).order_by()
    counted = uncovered.values("crisis").annotate(n=Count("pk")).values("n")
    return (
        crises.select_related("main_country__region", "office")
        .annotate(
            gap_count=Coalesce(Subquery(counted), 0),
            level_value=newest_level("value"),
            level_ended=newest_level("ended_on"),
        )
        .prefetch_related(
            Prefetch(
                "periods",
                PhasePeriod.objects.filter(left_on=None).select_related("phase").order_by("phase__number"),
                to_attr="open_periods",
            )
        )
    )
