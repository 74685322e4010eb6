"""Sector activations week by week, by the priority of the sector in the plan: the figures, and their drawing."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Count, DateField, Exists, F, Func, IntegerField, OuterRef, Subquery, Value
from django.utils import timezone

from crises import plan
from crises.chart import round_steps
from crises.models import Crisis, PlanCell, PlanPriority
from sectors import reference
from sectors.models import Fact

WEEKS = 12
FACTS = Fact.values  # the names of the fields of a crisis that priorities can depend on
STACK = [PlanPriority.CRITICAL, PlanPriority.IMPORTANT, PlanPriority.RECOMMENDED]  # from the foot of a column up
WIDTH, HEIGHT, LEFT, TOP, BASE = 480, 172, 42, 14, 150


@dataclass
class Week:
    """Seven days, and how many sectors became active in them, by priority."""

    first: date
    last: date
    by: dict = field(default_factory=lambda: dict.fromkeys(STACK, 0))

    @property
    def total(self):
        return sum(self.by.values())


def weeks(crises, at=None, *, phase=None, as_of=None):
    """The twelve weeks that end now or at a past moment, the oldest first, each of seven whole days. One query.

    Counted is each sector, in each phase, by the day since which it has been active (the last time, if several), in
    these crises, whether they are still open or not: else the past would look slower as crises close. The cost follows
    the activations of the twelve weeks, not the crises.
    """
    today = (as_of or at or timezone.now()).date()
    begins = today - timedelta(days=7 * WEEKS - 1)
    days = [begins + timedelta(days=7 * n) for n in range(WEEKS)]
    found = [Week(day, day + timedelta(days=6)) for day in days]
    known = {}
    for week, *cell, n in _activations(crises, begins, today, phase, as_of):
        priority = known.get(key := tuple(cell)) or known.setdefault(key, _priority(*cell))
        if priority in STACK:
            found[week].by[priority] += n
    return found


class _Week(Func):
    """In which week, counted from its first day, the day in a column lies: the database counts by week, a seventh of
    the rows."""

    output_field = IntegerField()

    def __init__(self, column, begins):
        super().__init__(F(column), Value(begins, DateField()))

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, template="(%(expressions)s) / 7", arg_joiner=" - ")

    def as_sqlite(self, compiler, connection):
        days = "CAST(JULIANDAY(%(expressions)s) AS INTEGER) / 7"
        return self.as_sql(compiler, connection, template=days, arg_joiner=") - JULIANDAY(")


def _priority(sector, phase, own, edition, *facts):
    """The priority of a cell in a plan, from what the office says, the edition it follows and the facts."""
    row = reference.content(edition).priorities.get((sector, phase))
    return plan.priority_of(row, dict(zip(FACTS, facts, strict=True)), own) if row else own


def _activations(crises, first, last, phase, as_of):
    """How many cells are active since each week, by what their priority follows from; now or at a past moment."""
    if as_of:
        return _activations_at(crises, first, last, phase, as_of)
    wanted = {"cells__activated_on__range": (first, last)} | ({"cells__phase__slug": phase} if phase else {})
    cell = ("week", "cells__sector", "cells__phase", "cells__own_priority")
    found = crises.order_by().filter(**wanted).annotate(week=_Week("cells__activated_on", first))
    # True of each: it makes PostgreSQL expect a third of them, which are those of far fewer crises than it takes them
    # for, so that it looks these crises up instead of reading through the archive.
    found = found.filter(week__gte=0)
    return found.values_list(*cell, "edition", *FACTS).annotate(n=Count("cells"))


def _activations_at(crises, first, last, phase, as_of):
    among = Exists(crises.order_by().filter(pk=OuterRef("crisis")))
    cells = PlanCell.history.filter(among, activated_on__range=(first, last), history_date__lte=as_of)
    cells = cells.filter(history_id=_newest(PlanCell, "id", as_of, "history_id")).exclude(history_type="-")
    if phase:
        cells = cells.filter(phase__slug=phase)
    then = {f"{name}_then": _newest(Crisis, "crisis", as_of, name) for name in ("edition", *FACTS)}
    found = cells.annotate(week=_Week("activated_on", first), **then).order_by()
    return found.values_list("week", "sector", "phase", "own_priority", *then).annotate(n=Count("pk"))


def _newest(model, key, moment, column):
    """A column of the last row of the history of an object by a moment, as a subquery."""
    rows = model.history.filter(id=OuterRef(key), history_date__lte=moment)
    return Subquery(rows.order_by("-history_date", "-history_id").values(column)[:1])


@dataclass(frozen=True)
class Block:
    """The part of a column that is of one priority."""

    priority: str
    x: float
    y: float
    height: float


@dataclass
class Columns:
    """What the drawing is made of; lengths in its own units."""

    blocks: list = field(default_factory=list)
    rows: list = field(default_factory=list)  # (y, label) of the scale of numbers
    days: list = field(default_factory=list)  # (x, first day of the week) of the scale of time
    width, height, left, base, right, wide = WIDTH, HEIGHT, LEFT, BASE, WIDTH - 4, 24


def columns(weeks):
    """A column for each week, its priorities one above another, on a scale of whole numbers."""
    scale = round_steps(max(week.total for week in weeks))
    drawn = Columns()

    def up(n):
        return round((BASE - TOP) * n / scale[-1], 1)

    drawn.rows = [(BASE - up(step), intcomma(step)) for step in scale]
    apart = (drawn.right - LEFT) / len(weeks)
    for place, week in enumerate(weeks):
        x, height = round(LEFT + apart * (place + 0.5) - drawn.wide / 2, 1), 0
        for priority in STACK:
            if week.by[priority]:
                tall = up(week.by[priority])
                height += tall
                drawn.blocks.append(Block(priority, x, round(BASE - height, 1), tall))
        if place % 3 == 0 or place == len(weeks) - 1:
            drawn.days.append((x + drawn.wide / 2, week.first))
    return drawn
