"""Which open crises a sector, a system or a cluster of the framework concerns now. A scoped queryset of crises in."""

from dataclasses import dataclass
from itertools import groupby, islice

from crises import gaps, plan
from crises.models import Crisis, Gap, PlanCell
from sectors import reference
from sectors.models import Phase, Priority, Sector, Strength

MOST = 50  # rows: beyond them the lists of crises and gaps with their filters are the place to look


@dataclass(frozen=True)
class Needed:
    """A crisis that needs a sector in a phase, what its office does, and the open gap where it does not."""

    crisis: Crisis
    phase: Phase
    entry: PlanCell
    gap: Gap = None  # with `waived`


def needing(crises, sector, at=None):
    """Where these crises need the sector: first the gaps, the oldest first, then waived ones, then where it is met.

    Four queries: gaps, their waivers, what the offices say of them, and cells that are active or completed.
    """
    missing = list(gaps.listed(gaps.of(crises, sector=sector.code), at).order_by("waived", "opened_at", "pk")[:MOST])
    said = PlanCell.objects.filter(sector=sector, crisis__in={gap.crisis_id for gap in missing})
    entries = {(entry.crisis_id, entry.phase_id): entry for entry in said}
    found = [
        Needed(gap.crisis, gap.phase, entries.get((gap.crisis_id, gap.phase_id)) or PlanCell(), gap) for gap in missing
    ]
    met = (
        PlanCell.objects.filter(crisis__in=_open(crises), sector=sector, status__in=PlanCell.MET)
        .in_open_phases()
        .select_related("crisis__main_country", "phase")
        .order_by("status", "-since", "pk")
    )
    needed = (Needed(entry.crisis, entry.phase, entry) for entry in met.iterator(chunk_size=MOST) if _critical(entry))
    return [*found, *islice(needed, MOST - len(found))]


def _open(crises):
    return crises.open().order_by().values("pk")


def _critical(entry):
    row = reference.content(entry.crisis.edition_id).priorities[entry.sector_id, entry.phase_id]
    return plan.priority_of(row, plan.facts_of(entry.crisis), entry.own_priority) == Priority.CRITICAL


@dataclass(frozen=True)
class Working:
    """A crisis with the sectors active in it that have a main link to the system or cluster in question."""

    crisis: Crisis
    sectors: list[Sector]


def working(crises, links):
    """These crises where a sector is active that has a main link to a system or cluster, by name. One query."""
    main = [link.sector_id for link in links if link.strength == Strength.MAIN]
    active = (
        PlanCell.objects.filter(crisis__in=_open(crises), sector__in=main, status=PlanCell.Status.ACTIVE)
        .in_open_phases()
        .select_related("crisis__main_country", "sector")
        .order_by("crisis__title", "crisis", "sector__number", "phase__number")
    )
    by_crisis = groupby(active.iterator(chunk_size=MOST), key=lambda entry: entry.crisis)
    return [
        Working(crisis, list(dict.fromkeys(entry.sector for entry in entries)))
        for crisis, entries in islice(by_crisis, MOST)
    ]
