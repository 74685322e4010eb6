"""Gaps across crises, as HQ reads them: a scoped queryset of crises in, gaps or plain data out."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from crises import plan
from crises.models import Gap
from sectors import reference


def of(crises, *, phase=None, sector=None):
    """The open gaps of those of these crises that are open; of one phase or sector where named.

    `crises` is used as a subquery, so that the scope costs no query of its own.
    """
    gaps = Gap.objects.open().filter(crisis__in=crises.open().order_by().values("pk"))
    if phase:
        gaps = gaps.filter(phase__slug=phase)
    if sector:
        gaps = gaps.filter(sector__code=sector)
    return gaps


def listed(gaps, at=None):
    """Gaps with `waived` and what a list of them shows, the oldest first. Two queries."""
    at = at or timezone.now()
    return (
        gaps.with_waiver(at.date())
        .select_related("crisis", "crisis__main_country", "crisis__office", "sector", "phase")
        .prefetch_related("waivers")
        .order_by("opened_at", "pk")
    )


def count(gaps, at=None):
    """How many of these gaps no waiver covers, how many of those are late, and how many are waived. One query."""
    at = at or timezone.now()
    late = at - timedelta(hours=settings.GAP_LATE_HOURS)
    uncovered = Q(waived=False)
    return gaps.with_waiver(at.date()).aggregate(
        gaps=Count("pk", filter=uncovered),
        late=Count("pk", filter=uncovered & Q(opened_at__lt=late)),
        waived=Count("pk", filter=~uncovered),
    )


def explained(gap, at=None):
    """One gap as a person reads it: why its sector is critical here, for how many days, and whether that is late."""
    row = reference.content(gap.crisis.edition_id).priorities[gap.sector_id, gap.phase_id]
    return {
        "gap": gap,
        "because": plan.explain(row, plan.facts_of(gap.crisis)),
        "paragraph": row.paragraph,
        "provenance": row.provenance,
        "days": gap.days_open(at),
        "late": gap.late(at),
    }
