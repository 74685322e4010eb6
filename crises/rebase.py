"""What following a newer edition of the framework would change in one crisis. Pure: plans in, plain data out."""

from dataclasses import dataclass
from functools import cached_property

from crises import plan
from crises.plan import Cell
from sectors import reference
from sectors.reference import Content


@dataclass(frozen=True)
class Effect:
    """A cell of a plan under two editions, given the facts of the crisis and the office's own entry."""

    before: Cell
    after: Cell

    @property
    def matters(self):
        """Whether the framework's priority here differs, the fact it hangs on, or the gap that follows."""
        return _sign(self.before) != _sign(self.after)

    @property
    def reworded(self):
        """Whether only the reason or its source differs."""
        return not self.matters and _words(self.before) != _words(self.after)

    @property
    def opens(self):
        return self.after.gap and not self.before.gap

    @property
    def closes(self):
        return self.before.gap and not self.after.gap


def _sign(cell):
    return (cell.row.priority, cell.row.condition, cell.row.otherwise, cell.default, cell.priority, cell.gap)


def _words(cell):
    return (cell.row.reason, cell.row.paragraph, cell.row.provenance)


@dataclass(frozen=True)
class Rebase:
    """A crisis before its office: the edition it follows, a newer one, and the cells that differ between them."""

    before: Content
    after: Content
    effects: list[Effect]
    declined: bool  # the office has said that it keeps its own

    @cached_property
    def changed(self):
        return [effect for effect in self.effects if effect.matters]

    @cached_property
    def reworded(self):
        return [effect for effect in self.effects if effect.reworded]

    @property
    def opens(self):
        return sum(effect.opens for effect in self.effects)

    @property
    def closes(self):
        return sum(effect.closes for effect in self.effects)


def ahead(crisis, whole):
    """What the newest edition would change in this crisis; None where it follows that one already.

    `crisis` comes with its `newest_edition`, `whole` is its plan. No query once the process holds both editions.
    """
    if crisis.newest_edition in (None, crisis.edition_id):
        return None
    newest, declined = reference.content(crisis.newest_edition), crisis.declined_edition_id == crisis.newest_edition
    return Rebase(whole.content, newest, effects(whole, newest, crisis), declined)


def effects(whole, content, crisis):
    """Each cell of the plan beside what it would be under this content of another edition, in the plan's order."""
    then = plan.cells(
        content,
        crisis,
        [cell.entry for cell in whole.cells],
        {period.phase_id for period in whole.open_periods},
        [cell.open_gap for cell in whole.cells if cell.open_gap],
    )
    return [Effect(before, after) for before, after in zip(whole.cells, then, strict=True)]
