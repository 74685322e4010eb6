"""What the framework advises on a plan: which sectors to add beside those at work, and what to be careful of.

Pure functions, like those of the plan: page, API, PDF and tests call them, and nothing here asks the database.
"""

from dataclasses import dataclass

from django.utils.translation import gettext

from sectors.models import Complementarity, Priority

from .models import AffectedGroup, PlanCell
from .plan import Advice, Cell

CONSULAR = "emergency-consular-assistance"  # the slug of the sector, whatever a framework numbers it
URGENCY = list(Priority.values)


def consular_safeguard(cell, crisis):
    """What to be careful of before people are referred to consular assistance; empty for every other sector.

    Said whatever the office knows of the groups affected: there may be refugees among people that it has not met yet
    (IC/2012/7, paragraph 10).
    """
    if cell.sector.slug != CONSULAR:
        return ""
    rule = gettext(
        "Refugees and asylum seekers are never referred to their consulate by default: contact with their own State "
        "can endanger them or their families. They are referred to UNHCR."
    )
    if AffectedGroup.REFUGEES in crisis.groups:
        return f"{gettext('Refugees are among the people affected here.')} {rule}"
    return rule


@dataclass(frozen=True)
class Tie:
    """Why a cell is proposed: what the framework says of it and of one that is active or needed."""

    row: Complementarity
    of: Cell  # the one that is active or needed
    sentence: str


@dataclass(frozen=True)
class Proposal:
    """A cell that the framework says helps those at work, or relies on them, and that nobody works on yet."""

    cell: Cell
    ties: tuple[Tie, ...]  # at least one, the framework's order
    caution: str  # what to be careful of before following it; empty for most


def proposals(content, cells, crisis):
    """What to add to a plan beside its active and critical cells, gaps first, then by priority and phase.

    Each active or needed cell of an open crisis proposes those that the framework ties to it in the same phase or the
    next (IC/2012/7, paragraph 12 (a)), unless they are active, completed or not applicable, or the crisis has left
    their phase. Each cell is proposed once, with every reason for it; a tie without a source proposes nothing.
    """
    if not crisis.is_open:
        return []
    by_key = {cell.key: cell for cell in cells}
    first = min((cell.phase.number for cell in cells if cell.phase_open), default=0)
    found = {}
    for row in content.complementarities:
        ends = [by_key.get((row.from_sector_id, row.from_phase_id)), by_key.get((row.to_sector_id, row.to_phase_id))]
        if not row.paragraph or None in ends:
            continue
        for of, other in (ends, ends[::-1]):
            soon = _now_or_next(content, of.phase, other.phase) and other.phase.number >= first
            if of is not other and at_work(of) and _to_add(other) and soon:
                found.setdefault(other.key, []).append(Tie(row, of, Advice(row, other).sentence))
    return sorted(
        (Proposal(by_key[key], tuple(ties), consular_safeguard(by_key[key], crisis)) for key, ties in found.items()),
        key=_urgency,
    )


def at_work(cell):
    """Whether the sector is active, or the plan needs it now."""
    return cell.status == PlanCell.Status.ACTIVE or cell.needed


def _to_add(cell):
    return cell.applies and cell.status not in PlanCell.MET


def _now_or_next(content, phase, other):
    """Whether a phase is the same as this one or the one that follows it."""
    return content.phases.index(other) - content.phases.index(phase) in (0, 1)


def _urgency(proposal):
    cell = proposal.cell
    return (
        not (cell.gap and not cell.waived),
        URGENCY.index(cell.priority),
        cell.phase.number,
        cell.sector.number,
    )
