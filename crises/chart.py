"""A series of figures as a drawing: pure geometry, from statements to marks on a plane that is true to the dates.

Each statement is a mark of its own, in the shape of its kind of source. Marks are joined only within one kind of
source, never across a date on which it says more than one thing or says that the number is not known.
"""

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format

from crises.dates import SPOKEN, Precision, bounds
from crises.disclosure import is_small
from crises.models import Figure, SourceKind
from crises.models.statements import SMALL

SHAPES = {  # around 0,0; a shape for each kind of source, so that none is told by its colour alone
    SourceKind.GOVERNMENT: "M-5-5H5V5H-5Z",
    SourceKind.UN: "M-6 0A6 6 0 1 0 6 0A6 6 0 1 0-6 0Z",
    SourceKind.IOM: "M0-7 7 0 0 7-7 0Z",
    SourceKind.IOM_DTM: "M0-7 6.5 5H-6.5Z",
    SourceKind.RED_CROSS: "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
    SourceKind.NGO: "M0 7 6.5-5H-6.5Z",
    SourceKind.MEDIA: "M0-7 6.7-2.2 4.1 5.7H-4.1L-6.7-2.2Z",
    SourceKind.OWN_ESTIMATE: "M-6-6H6L-6 6H6Z",
}
SIGNS = {Figure.Qualifier.ABOUT: "≈", Figure.Qualifier.AT_LEAST: "≥"}
TOP, RIGHT, LETTER, LINES = 22, 42, 7.2, 4
UNKNOWN = 22  # how far below the line of zero stands what is not known
YEARS, MONTHS = 730, 62  # from so many days on, the scale names years or months


@dataclass(frozen=True)
class Mark:
    """One statement: where it stands, from when to when its date can mean, and its sign (≈, ≥ or <), if any."""

    figure: Figure
    x: float
    y: float
    first: float
    last: float
    sign: str
    known: bool
    tone: int

    @property
    def shape(self):
        return SHAPES[self.figure.source_kind]

    @property
    def dated_wide(self):
        """Whether the date is known to the month or the year only."""
        return self.last - self.first > 1


@dataclass
class Chart:
    """What the drawing is made of; lengths in its own units."""

    width: int
    height: int
    left: float
    base: float
    marks: list = field(default_factory=list)
    joins: list = field(default_factory=list)  # (tone, from mark, to mark)
    rows: list = field(default_factory=list)  # (y, label) of the scale of numbers
    ticks: list = field(default_factory=list)  # (x, label) of the scale of dates

    @property
    def right(self):
        return self.width - RIGHT

    @property
    def unknown(self):
        return self.base + UNKNOWN

    @property
    def some_unknown(self):
        return any(not mark.known for mark in self.marks)

    @property
    def foot(self):
        """Where the dates are written."""
        return self.base + (UNKNOWN if self.some_unknown else 0) + 22


def chart(figures, *, width, height, inside):
    """The chart of these figures, the oldest first. `inside`: whether the reader may be told small counts."""
    told = [(figure, *_told(figure, inside)) for figure in figures]
    steps = round_steps(max([value for _figure, value, _sign in told if value is not None], default=0))
    strip = UNKNOWN if any(value is None for _figure, value, _sign in told) else 0
    drawn = Chart(width, height, 12 + LETTER * len(intcomma(steps[-1])), height - 32 - strip)
    spans = [bounds(figure.as_of, figure.as_of_precision) for figure in figures]
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    tones = {kind: number for number, kind in enumerate(dict.fromkeys(figure.source_kind for figure in figures))}

    def across(day):
        days = (last - first).days
        share = (day - first).days / days if days else 0.5
        return round(drawn.left + 8 + (drawn.right - drawn.left - 8) * share, 1)

    def up(value):
        return round(drawn.base - (drawn.base - TOP) * value / steps[-1], 1)

    for (figure, value, sign), (begins, ends) in zip(told, spans, strict=True):
        known = value is not None
        drawn.marks.append(
            Mark(
                figure,
                x=(across(begins) + across(ends)) / 2,
                y=up(value) if known else drawn.unknown,
                first=across(begins),
                last=across(ends),
                sign=sign,
                known=known,
                tone=tones[figure.source_kind] % 4,
            )
        )
    drawn.joins = list(_joins(drawn.marks))
    drawn.rows = [(up(step), intcomma(step)) for step in steps]
    drawn.ticks = [(across(day), label) for day, label in _ticks(first, last, int((drawn.right - drawn.left) // 76))]
    return drawn


def _told(figure, inside):
    """(number, sign) as this reader is told it; the number None where it is not known."""
    if not inside and is_small(figure.value):
        return SMALL, "<"
    return figure.value, SIGNS.get(figure.qualifier, "") if figure.value is not None else ""


def round_steps(most):
    """The numbers named on the scale: 0 and a few round ones, the last of them no less than the highest figure."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * LINES >= most:
                return [step * n for n in range(max(1, -(-most // step)) + 1)]
        size *= 10


def _joins(marks):
    """Pairs of marks to be joined: neighbours in time of one kind of source, both known, each alone on its date."""
    for kind in dict.fromkeys(mark.figure.source_kind for mark in marks):
        days = {}
        for mark in marks:
            if mark.figure.source_kind == kind:
                days.setdefault((mark.figure.as_of, mark.figure.as_of_precision), []).append(mark)
        for (one, *more), (other, *others) in pairwise(days.values()):
            if one.known and other.known and not more and not others:
                yield one.tone, one, other


def _ticks(first, last, most):
    """Days named on the scale of dates, with their labels: years, months or the first and the last day."""
    days = (last - first).days
    if days > YEARS:
        named = [date(year, 1, 1) for year in range(first.year, last.year + 1)]
        words = SPOKEN[Precision.YEAR]
    elif days > MONTHS:
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        named = [date(month // 12, month % 12 + 1, 1) for month in months]
        words = SPOKEN[Precision.MONTH]
    else:
        named = sorted({first, last})
        words = SPOKEN[Precision.DAY]
    named = [day for day in named if first <= day <= last]
    return [(day, date_format(day, words)) for day in named[:: -(-len(named) // max(1, most)) or 1]]
