"""Open crises by place: those of an office, a country or a region, one by one and summed up.

How crises stand in (crises.dashboard.Board), plain data out; nothing here asks the database.
"""

from collections import Counter, defaultdict
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import NamedTuple

from django.contrib.humanize.templatetags.humanize import intcomma

from crises.dashboard import Row
from crises.models.statements import SMALL
from crises.standing import SIGNS
from sectors import reference
from sectors.models import Phase


class Place(NamedTuple):
    """A country, the region that it is part of with the one around that, and where it lies."""

    iso3: str
    name: str
    part: str | None
    region: str | None
    whole: str | None
    whole_name: str | None
    latitude: float | None
    longitude: float | None


PLACE = (
    *("pk", "name", "region__code", "region__name", "region__parent__code", "region__parent__name"),
    *("latitude", "longitude"),
)


class People(NamedTuple):
    """How many people are said to be affected; None where nobody reports; `below`: only less than that is told."""

    number: int | None
    below: bool = False

    @property
    def spoken(self):
        """The number as it is shown; empty where nobody reports."""
        if self.number is None:
            return ""
        return f"<{self.number}" if self.below else intcomma(self.number)


def people_of(row, *, inside):
    """How many people a crisis reports. Outsiders are told no small number, only that it is below SMALL."""
    small = not inside and row.people is not None and 0 < row.people < SMALL
    return People(SMALL, below=True) if small else People(row.people)


def open_phases(row):
    """The phases that a crisis is in, in the framework's order."""
    places = zip(reference.content(row.edition).places, row.cells, strict=True)
    found = {phase.number: phase for (_sector, phase), sign in places if SIGNS[sign].phase_open}
    return [found[number] for number in sorted(found)]


@dataclass(frozen=True)
class Line:
    """One open crisis, as a list of a place shows it."""

    row: Row
    phases: list[Phase]
    gaps: int
    waived: int
    late: int  # of the gaps
    days: int  # since the last update
    stale: bool
    people: People


def lines(board, *, inside):
    """The crises of a board, those with most gaps first, then those that were longest without an update."""
    waived, late, stale = _counted(board)
    return [
        Line(
            row=row,
            phases=open_phases(row),
            gaps=board.gaps_of[row.pk],
            waived=waived[row.pk],
            late=late[row.pk],
            days=(board.at - row.last_update).days,
            stale=row.pk in stale,
            people=people_of(row, inside=inside),
        )
        for row in sorted(board.rows, key=lambda row: (-board.gaps_of[row.pk], row.last_update))
    ]


@dataclass(frozen=True)
class Sum:
    """What some open crises come to. A crisis that is part of another one of the board gives its people to that one:
    `whole` are the others, `reporting` those of them that report how many people are affected, one figure each."""

    crises: int = 0
    gaps: int = 0
    waived: int = 0
    late: int = 0
    stale: int = 0
    whole: int = 0
    reporting: int = 0
    people: int = 0
    last: datetime | None = None  # the last update of any

    def __add__(self, other):
        *ours, last = astuple(self)
        *theirs, other_last = astuple(other)
        newest = max(filter(None, [last, other_last]), default=None)
        return Sum(*(one + two for one, two in zip(ours, theirs, strict=True)), last=newest)


def sums(board, group_of, *, inside):
    """The crises of a board summed up by group: {group: Sum}. Each counts in one, so all groups add up to the whole."""
    here = {row.pk for row in board.rows}
    waived, late, stale = _counted(board)
    groups = defaultdict(list)
    for row in board.rows:
        groups[group_of(row)].append(row)
    found = {}
    for group, rows in groups.items():
        whole = [row for row in rows if row.part_of not in here]
        said = [people_of(row, inside=inside) for row in whole]
        told = [people.number for people in said if people.number is not None and not people.below]
        found[group] = Sum(
            crises=len(rows),
            gaps=sum(board.gaps_of[row.pk] for row in rows),
            waived=sum(waived[row.pk] for row in rows),
            late=sum(late[row.pk] for row in rows),
            stale=sum(row.pk in stale for row in rows),
            whole=len(whole),
            reporting=len(told),
            people=sum(told),
            last=max(row.last_update for row in rows),
        )
    return found


def _counted(board):
    """How many gaps of each crisis are waived, and how many late and not waived; and which crises are stale."""
    waived, late = (Counter([gap[1] for gap in gaps]) for gaps in (board.waived, board.late))
    return waived, late, {row.pk for row in board.stale}
