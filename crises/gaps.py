"""Gaps across crises, as HQ reads them: a scoped queryset of crises in, gaps or plain data out."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone

from crises import plan
from crises.models import Gap, PlanCell
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
    """Gaps with `waived`, the office's own priority and what a list of them shows, the oldest first. Two queries."""
    at = at or timezone.now()
    entry = PlanCell.objects.filter(crisis=OuterRef("crisis"), sector=OuterRef("sector"), phase=OuterRef("phase"))
    return (
        gaps.with_waiver(at.date())
        .annotate(
            own_priority=Subquery(entry.values("own_priority")[:1]),
            justification=Subquery(entry.values("justification")[:1]),
        )
        .select_related("crisis", "crisis__main_country", "crisis__office", "sector", "phase")
        .prefetch_related("waivers")
        .order_by("opened_at", "pk")
    )


def by_cell(gaps, at=None):
    """These gaps counted by sector, phase and whether waived: rows with `n` and how many are `late`. One query.

    Grouped by `waived` rather than counted with a filter: there Django loses the row that an Exists looks at.
    """
    at = at or timezone.now()
    late = Count("pk", filter=Q(opened_at__lt=at - timedelta(hours=settings.GAP_LATE_HOURS)))
    cells = gaps.with_waiver(at.date()).order_by().values("sector__code", "phase__slug", "waived")
    return list(cells.annotate(n=Count("pk"), late=late))


def count(cells):
    """How many gaps are open, how many of those are late, and how many are waived, of rows of `by_cell`."""
    return {
        "gaps": sum(row["n"] for row in cells if not row["waived"]),
        "late": sum(row["late"] for row in cells if not row["waived"]),
        "waived": sum(row["n"] for row in cells if row["waived"]),
    }


def explained(gap, at=None):
    """One gap as a person reads it: why its sector is critical here, for how long, and what would close it.

    `gap` as of `listed`.
    """
    row = reference.content(gap.crisis.edition_id).priorities[gap.sector_id, gap.phase_id]
    facts, own = plan.facts_of(gap.crisis), gap.own_priority or ""
    return {
        "gap": gap,
        "because": plan.explain(row, facts, own, gap.justification or ""),
        "closes": plan.what_closes(row, facts, own),
        "paragraph": row.paragraph,
        "provenance": row.provenance,
        "days": gap.days_open(at),
        "late": gap.late(at),
    }
