"""How many days it takes from logging a crisis to its first active critical sector: the figures, and their drawing."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from statistics import median

from django.conf import settings
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crises.models import LevelDecision
from crises.standing import SIGNS

SINCE = timedelta(days=365)
NEEDED = {letter for letter, sign in SIGNS.items() if sign.needed}
LEVELS = [
    *((value.value, value.label) for value in reversed(LevelDecision.VALUES[LevelDecision.Scheme.IOM])),
    ("", _("Not assessed")),
]
WIDTH, LEFT, RIGHT, TOP, APART, BELOW = 480, 112, 14, 38, 44, 24
ONE, SEVERAL, MOST = 5.5, 8, 12  # the radius of one crisis, of two, and of as many as there are
SPANS = [4, 8, 20, 60]  # times the target: the longest times that the scale reaches
PLACES = 12  # how many places for dots the scale has, so that they stand apart


@dataclass
class Times:
    """The crises of one level: whole days until the first critical sector was active, or so far where none is."""

    value: str
    name: str
    days: list = field(default_factory=list)
    waiting: list = field(default_factory=list)

    @property
    def median(self):
        """Of the crises that have one; None where none has."""
        return median(self.days) if self.days else None

    @property
    def median_spoken(self):
        """The median in words; empty where there is none."""
        if self.median is None:
            return ""
        return ngettext("%(n)s day", "%(n)s days", 1 if self.median == 1 else 2) % {"n": floatformat(self.median)}

    @property
    def slowest(self):
        return max(self.days, default=None)


def times(rows, at):
    """Of these crises those logged in the twelve months before a moment, by level, the highest first.

    A sector that was active before the crisis was logged counts as 0 days. A crisis that has needed no critical sector
    is left out. Levels without a crisis are there and empty.
    """
    found = {value: Times(value, name) for value, name in LEVELS}
    for row in rows:
        if row.logged_at < at - SINCE:
            continue
        logged_on = row.logged_at.date()
        if row.first_met_on:
            found[row.level].days.append(max(0, (row.first_met_on - logged_on).days))
        elif NEEDED.intersection(row.cells):
            found[row.level].waiting.append((at.date() - logged_on).days)
    return list(found.values())


def overall(levels):
    """All levels as one."""
    return Times(
        "all",
        _("All levels"),
        [day for level in levels for day in level.days],
        [day for level in levels for day in level.waiting],
    )


@dataclass(frozen=True)
class Dot:
    """The crises of one level that took about as many days."""

    x: float
    y: float
    radius: float
    n: int
    waiting: bool


@dataclass
class Strip:
    """What the drawing is made of; lengths in its own units."""

    target: float
    foot: int = 0
    lines: list = field(default_factory=list)  # (y, Times) of each level
    dots: list = field(default_factory=list)
    medians: list = field(default_factory=list)  # (x, y, days)
    ticks: list = field(default_factory=list)  # (x, label)
    width, left, right = WIDTH, LEFT, WIDTH - RIGHT

    @property
    def height(self):
        return self.foot + 26


def strip(levels):
    """A line of dots for each level that has a crisis, those that wait below it, all on one scale of days.

    Crises of about the same days are one larger dot with their number, so that no dot hides another: of the same day
    where that is enough. What is beyond the scale stands at its end.
    """
    levels = [level for level in levels if level.days or level.waiting]
    target = max(1, settings.FIRST_ACTIVATION_TARGET_DAYS)
    longest = max([day for level in levels for day in (*level.days, *level.waiting)], default=0)
    end = next((target * times for times in SPANS if target * times >= longest), target * SPANS[-1])

    def across(days):
        return round(LEFT + 14 + (WIDTH - RIGHT - LEFT - 28) * min(days, end) / end, 1)

    coarsest = -(-end // PLACES)
    for together in range(1, coarsest + 1):
        drawn = _strip(levels, end, across, together)
        if together == coarsest or _clear(drawn.dots):
            break
    drawn.ticks = [(across(end * n / 4), _label(end * n / 4, beyond=n == 4 and longest > end)) for n in range(5)]
    return drawn


def _strip(levels, end, across, together):
    """The lines, with so many days together in one dot."""
    piles = {
        (level.value, waiting): sorted(Counter(min(day, end) // together for day in days).items())
        for level in levels
        for waiting, days in ((False, level.days), (True, level.waiting))
    }
    most = max((n for pile in piles.values() for _, n in pile), default=1)
    drawn, y = Strip(target=across(settings.FIRST_ACTIVATION_TARGET_DAYS)), TOP
    for level in levels:
        drawn.lines.append((y, level))
        for waiting in (False, True):
            for place, n in piles[level.value, waiting]:
                radius = ONE if n == 1 else round(SEVERAL + (MOST - SEVERAL) * (n / most) ** 0.5, 1)
                x = across(place * together + (together - 1) / 2)
                drawn.dots.append(Dot(x, y + BELOW * waiting, radius, n, waiting))
        if level.median is not None:
            drawn.medians.append((across(level.median), y, level.median))
        y += APART + (BELOW if level.waiting else 0)
    drawn.foot = y - 16
    return drawn


def _clear(dots):
    """Whether no dot covers its neighbour on the same line."""
    return all(other.x - one.x >= one.radius + other.radius for one, other in pairwise(dots) if one.y == other.y)


def _label(days, *, beyond):
    return f"{days:g}+" if beyond else f"{days:g}"
