"""The grid: open crises by the sectors of the framework in force, in the phases each crisis is in.

How crises stand in (crises.dashboard.Board), plain data out; nothing here asks the database.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crises import plan
from crises.dashboard import Missing, Row
from crises.models import PlanCell, PlanPriority
from crises.places import open_phases, people_of
from crises.spoken import by_language, spoken_day
from crises.standing import SIGNS
from sectors.models import Phase, Priority, Sector

MOST_GAPS_FIRST = "-gaps"


class State(models.TextChoices):
    """How a sector stands in a crisis, the most urgent first."""

    GAP = "gap", _("Gap")
    WAIVED = "waived", _("Waived gap")
    ACTIVE = "active", _("Active")
    PLANNED = "planned", _("Planned")
    COMPLETED = "completed", _("Completed")
    STOOD_DOWN = "stood_down", _("Stood down")
    NOT_STARTED = "not_started", _("Not started")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")

    @property
    def letter(self):
        """What stands for it in a cell."""
        return LETTERS[self]


LETTERS = {
    State.GAP: pgettext_lazy("gap", "G"),
    State.WAIVED: pgettext_lazy("waived gap", "W"),
    State.ACTIVE: pgettext_lazy("active", "A"),
    State.PLANNED: pgettext_lazy("planned", "P"),
    State.COMPLETED: pgettext_lazy("completed", "C"),
    State.STOOD_DOWN: pgettext_lazy("stood down", "S"),
    State.NOT_STARTED: "\N{EN DASH}",
    State.NOT_APPLICABLE: "\N{MULTIPLICATION SIGN}",
}
URGENCY = {state: n for n, state in enumerate(State)}


class Said(NamedTuple):
    """What the words for a cell follow from: how its sector stands, in which phase, and since when each of its gaps."""

    state: State
    sector: str
    phase: str
    priority: str
    status: str
    missing: tuple[tuple[date, str], ...] = ()  # the day and the phase of each gap

    @property
    def letter(self):
        """The letter of the state, and how many gaps where there are several."""
        letter = _letter(self.state)
        return f"{letter}{len(self.missing)}" if len(self.missing) > 1 else letter

    @property
    def label(self):
        """The state in words, with the phase: what a person reads."""
        return f"{self.sector}: {self._words(spoken_day, gettext('since %(day)s, %(phase)s'))}"

    @property
    def words(self):
        """The same for a table: "gap since 2026-03-01 (during)"."""
        return self._words(date.isoformat, gettext("since %(day)s (%(phase)s)"))

    def _words(self, said, since):
        if self.missing:
            told = [since % {"day": said(day), "phase": phase.lower()} for day, phase in self.missing]
            if len(told) > 1:
                several = {
                    State.GAP: ngettext("%(n)s gap", "%(n)s gaps", len(told)),
                    State.WAIVED: ngettext("%(n)s waived gap", "%(n)s waived gaps", len(told)),
                }
                return f"{several[self.state] % {'n': len(told)}}: {'; '.join(told)}"
            if self.status in (PlanCell.Status.PLANNED, PlanCell.Status.STOOD_DOWN):
                told.append(str(PlanCell.Status(self.status).label).lower())
            return f"{_lower(self.state)} {'; '.join(told)}"
        parts = [_lower(self.state), self.phase.lower()]
        if self.state != State.NOT_APPLICABLE:
            parts.insert(1, _lower(PlanPriority(self.priority)))
        return ", ".join(parts)


class Cell(NamedTuple):
    """A sector of one crisis in the most urgent of the phases that it is in and that are shown.

    `missing` are its gaps of that state, the oldest first: one for each phase where it is one.
    """

    state: State
    sector: Sector
    phase: Phase
    priority: str
    status: str
    missing: tuple[Missing, ...] = ()

    @property
    def said(self):
        missing = tuple(
            (datetime.fromtimestamp(gap.opened_at, UTC).date(), gap.phase.short_name) for gap in self.missing
        )
        return Said(self.state, self.sector.short_name, self.phase.short_name, self.priority, self.status, missing)


@by_language
def _lower(choice):
    return str(choice.label).lower()


@by_language
def _letter(state):
    return str(LETTERS[state])


@dataclass(frozen=True)
class Line:
    """One crisis in the grid, with a cell for each column; None where its plan has no such sector in these phases."""

    row: Row
    phases: list[Phase]  # those it is in
    cells: list[Cell | None]
    gaps: int
    waived: int
    elsewhere: int  # of the gaps, those in sectors that have no column
    days: int  # since the last update


class Foot(NamedTuple):
    """What all crises of the grid have in one column: how many have a gap there, and how many gaps those are."""

    sector: Sector
    crises: int
    gaps: int


class Grid:
    """The grid of the crises of a board, with the sectors of an edition as columns.

    Crises under another framework stand in the columns of the same code; what has none is counted in `elsewhere`.
    """

    def __init__(self, board, content):
        self.board = board
        self.columns = content.sectors
        self._codes = {sector.code for sector in self.columns}

    def line(self, row):
        """One crisis with its cells."""
        by_code = defaultdict(list)
        missing = self.board.missing_of(row)
        for n, ((sector, phase), letter) in enumerate(zip(self.board.places(row.edition), row.cells, strict=True)):
            sign = SIGNS[letter]
            if sign.phase_open and self.board.shows(phase):
                by_code[sector.code].append(_cell(sector, phase, sign, missing.get(n)))
        gaps = [gap for gap in missing.values() if not gap.waived]
        return Line(
            row=row,
            phases=open_phases(row),
            cells=[_most_urgent(by_code.get(sector.code)) for sector in self.columns],
            gaps=len(gaps),
            waived=len(missing) - len(gaps),
            elsewhere=sum(gap.sector.code not in self._codes for gap in gaps),
            days=(self.board.at - row.last_update).days,
        )

    @cached_property
    def foot(self):
        """What all crises have in each column, and in all of them together."""
        editions = {row.edition for row in self.board.rows}
        codes = {edition: [sector.code for sector, _phase in self.board.places(edition)] for edition in editions}
        having = {(codes[row.edition][place], pk) for _at, pk, place, _until, row in self.board.uncovered}
        crises, gaps = Counter([code for code, _pk in having]), Counter()
        for (code, _phase), tally in self.board.coverage.items():
            gaps[code] += tally.gaps
        return [Foot(sector, crises[sector.code], gaps[sector.code]) for sector in self.columns]

    @cached_property
    def elsewhere(self):
        """The needed sectors that have no column: those of plans under another framework."""
        covered = self.board.coverage.items()
        return sum((tally for (code, _phase), tally in covered if code not in self._codes), plan.Tally())


def _cell(sector, phase, sign, gap):
    if gap:
        state = State.WAIVED if gap.waived else State.GAP
    elif sign.priority == PlanPriority.NOT_APPLICABLE:
        state = State.NOT_APPLICABLE
    else:
        state = State(sign.status)
    return Cell(state, sector, phase, sign.priority, sign.status, (gap,) if gap else ())


def _most_urgent(cells):
    """Of the cells of a sector in several phases the most urgent, with the gaps of all that are in its state."""
    if not cells or len(cells) == 1:
        return cells[0] if cells else None
    first = min(cells, key=_urgency)
    missing = sorted((gap for cell in cells if cell.state == first.state for gap in cell.missing), key=_age)
    return first._replace(missing=tuple(missing)) if len(missing) > 1 else first


def _urgency(cell):
    return URGENCY[cell.state], _age(cell.missing[0]) if cell.missing else 0, cell.priority != Priority.CRITICAL


def _age(gap):
    return gap.opened_at


SORTS = {
    "gaps": _("Critical gaps"),
    "title": _("Crisis"),
    "country": _("Country"),
    "updated": _("Last update"),
    "people": _("People"),
}


def in_order(board, sort, *, countries, inside):
    """The crises of a board in the order asked for, the last changed first among equals, what is not known last.

    `countries` are their names by code. What outsiders are not told does not order their list either.
    """
    keys = {
        "gaps": lambda row: board.gaps_of[row.pk],
        "title": lambda row: row.title.casefold(),
        "country": lambda row: countries[row.country].casefold(),
        "updated": lambda row: row.last_update,
        "people": lambda row: people_of(row, inside=inside).number,
    }
    key, down = keys[sort.removeprefix("-")], sort.startswith("-")
    keyed = [(key(row), row) for row in sorted(board.rows, key=lambda row: -row.revision)]
    known = sorted((one for one in keyed if one[0] is not None), key=lambda one: one[0], reverse=down)
    return [row for _key, row in [*known, *(one for one in keyed if one[0] is None)]]
