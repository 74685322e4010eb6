"""Gaps across crises, as HQ reads them: a scoped queryset of crises in, gaps or plain data out."""

from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Count, DateTimeField, OuterRef, Prefetch, Q, Subquery, Value
from django.utils import timezone

from crises import past, plan
from crises.models import Gap, PlanCell, Waiver
from sectors import reference


def of(crises, *, phase=None, sector=None, as_of=None):
    """The open gaps of those of these crises that are open; of one phase or sector where named.

    With `as_of`, the gaps that were open at that past moment: of crises that were open then. `crises` is used as a
    subquery, so that the scope costs no query of its own.
    """
    crises = crises if as_of else crises.open()
    gaps = Gap.objects.open(as_of).filter(crisis__in=crises.order_by().values("pk"))
    if phase:
        gaps = gaps.filter(phase__slug=phase)
    if sector:
        gaps = gaps.filter(sector__code=sector)
    return gaps


def listed(gaps, at=None, *, as_of=None):
    """Gaps with `waived`, the office's own priority and what a list of them shows, the oldest first. Two queries.

    With `as_of`, as of that past moment; what is read of them then goes through `as_then`.
    """
    cell = {"crisis": OuterRef("crisis"), "sector": OuterRef("sector"), "phase": OuterRef("phase")}
    entry, waivers = PlanCell.objects.filter(**cell), Waiver.objects.all()
    if as_of:
        gaps = gaps.annotate(seen_at=Value(as_of, DateTimeField()))
        entry = PlanCell.history.filter(**cell, history_date__lte=as_of).order_by("-history_date", "-history_id")
        waivers = waivers.filter(at__lte=as_of)
    return (
        gaps.with_waiver((as_of or at or timezone.now()).date(), as_of)
        .annotate(
            own_priority=Subquery(entry.values("own_priority")[:1]),
            justification=Subquery(entry.values("justification")[:1]),
        )
        .select_related("crisis", "crisis__main_country", "crisis__office", "sector", "phase")
        .prefetch_related(Prefetch("waivers", waivers))
        .order_by("opened_at", "pk")
    )


def as_then(listed):
    """Gaps as of `listed`, each of its crisis as that stood at the moment as of which it was read. One query for the
    past, none for now."""
    listed = list(listed)
    if listed and (moment := listed[0].seen_at):
        crises = past.crises_at({gap.crisis for gap in listed}, moment)
        listed = past.gaps_at(listed, moment)
        for gap in listed:
            gap.crisis = crises[gap.crisis_id]
    return listed


def streamed(listed, size=500):
    """Gaps as of `as_then`, however many, read in stretches."""
    rows = listed.iterator(chunk_size=size)
    while stretch := list(islice(rows, size)):
        yield from as_then(stretch)


def by_cell(gaps, at=None, *, as_of=None):
    """These gaps counted by sector, phase and whether waived: rows with `n` and how many are `late`. One query.

    Grouped by `waived` rather than counted with a filter: there Django loses the row that an Exists looks at.
    """
    at = as_of or at or timezone.now()
    late = Count("pk", filter=Q(opened_at__lt=at - timedelta(hours=settings.GAP_LATE_HOURS)))
    cells = gaps.with_waiver(at.date(), as_of).order_by().values("sector__code", "phase__slug", "waived")
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
    facts, own, justification = plan.facts_of(gap.crisis), gap.own_priority or "", gap.justification or ""
    return _explained(gap, row, facts, own, justification, at)


def of_plan(whole, at=None):
    """The gaps of one plan (crises.reading.CrisisPlan), waived or not, each as of `explained`, the oldest first.

    No query.
    """
    cells = sorted((cell for cell in whole.cells if cell.gap), key=lambda cell: (cell.open_gap.opened_at, cell.key))
    return [
        _explained(cell.open_gap, cell.row, cell.facts, cell.entry.own_priority, cell.entry.justification, at)
        | {"status": cell.status}
        for cell in cells
    ]


def _explained(gap, row, facts, own, justification, at):
    return {
        "gap": gap,
        "row": row,
        "default": plan.default_of(row, facts),
        "fact": facts[row.condition] if row.condition else None,
        "own": own,
        "justification": justification,
        "because": plan.explain(row, facts, own, justification),
        "closes": plan.what_closes(row, facts, own),
        "paragraph": row.paragraph,
        "provenance": row.provenance,
        "days": gap.days_open(at),
        "late": gap.late(at),
    }
