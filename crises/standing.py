"""How a crisis stands, as one narrow row: the signs of its plan, its open gaps, its level and newest key figure."""

from typing import NamedTuple

from django.db import transaction

from crises.batch import Batch, stored
from crises.models import Crisis, Figure, LevelDecision, PlanCell, PlanPriority, Standing
from crises.reading import plan_of
from sectors.models import Priority

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcd"
PRIORITIES, STATUSES = PlanPriority.values, PlanCell.Status.values


class Sign(NamedTuple):
    """What one sign says of a cell: whether its phase is open, its priority, and what the office does."""

    phase_open: bool
    priority: str
    status: str

    @property
    def needed(self):
        return self.phase_open and self.priority == Priority.CRITICAL

    @property
    def gap(self):
        return self.needed and self.status not in PlanCell.MET


SIGNS = {
    ALPHABET[(phase_open * len(PRIORITIES) + priority) * len(STATUSES) + status]: Sign(
        bool(phase_open), PRIORITIES[priority], STATUSES[status]
    )
    for phase_open in (0, 1)
    for priority in range(len(PRIORITIES))
    for status in range(len(STATUSES))
}
_SIGN = {sign: letter for letter, sign in SIGNS.items()}


def signs(plan):
    """The plan of a crisis as text, one sign a cell."""
    return "".join(_SIGN[Sign(cell.phase_open, cell.priority, cell.status)] for cell in plan)


def open_gaps(plan, gaps):
    """The open gaps as a row keeps them. `gaps` are Gap rows by (sector pk, phase pk)."""
    found = [
        [place, int(gap.opened_at.timestamp()), gap.waived_until and gap.waived_until.isoformat()]
        for place, cell in enumerate(plan)
        if (gap := gaps.get(cell.key))
    ]
    return sorted(found, key=lambda gap: gap[1])


def first_met_on(plan):
    """The day on which the first critical sector of the open phases became active; None where none is."""
    return min(
        (cell.said.activated_on for cell in plan if cell.needed and cell.said and cell.said.activated_on),
        default=None,
    )


def statements(crisis):
    """What a row keeps of the statements of a crisis: levels in force, newest key figure of people. Two queries.

    What was said of the crises merged into it is read with its own.
    """
    kept = {"level": "", "review_on": None, "activation": "", "people": None, "people_on": None}
    newest = {}
    for decision in LevelDecision.objects.of(crisis).order_by("decided_on", "pk"):
        newest[decision.scheme] = decision
    for scheme, name in ((LevelDecision.Scheme.IOM, "level"), (LevelDecision.Scheme.INTER_AGENCY, "activation")):
        decision = newest.get(scheme)
        if decision and not decision.ended_on:
            kept[name] = decision.value
            if scheme == LevelDecision.Scheme.IOM:
                kept["review_on"] = decision.review_on
    figure = Figure.objects.of(crisis).standing().affected().order_by("-as_of", "-pk").first()
    if figure:
        kept |= {"people": figure.value, "people_on": figure.as_of}
    return kept


def statements_of_new(figures):
    """The same of a crisis that is new: nobody has decided on its level, and these are its figures. No query."""
    kept = {"level": "", "review_on": None, "activation": "", "people": None, "people_on": None}
    told = [figure for figure in figures if figure.says_affected]
    newest = max(told, key=lambda figure: (figure.as_of, figure.pk), default=None)
    return kept | ({"people": newest.value, "people_on": newest.as_of} if newest else {})


END = "UPDATE crises_standing SET until = %s WHERE crisis_id = %s AND until IS NULL"
CARRY_ON = (  # what the row before says of the statements, which nothing of this change is about
    "INSERT INTO crises_standing (crisis_id, since, last_update, revision, cells, gaps, first_met_on,"
    " level, review_on, activation, people, people_on)"
    " SELECT crisis_id, until, %s, %s, %s, %s, COALESCE(%s, first_met_on),"
    " level, review_on, activation, people, people_on"
    " FROM crises_standing WHERE crisis_id = %s AND until = %s"
)


def keep(batch, crisis, plan, gaps, *, at, said, new=False):
    """Write a batch, and with it how the crisis stands from now on; a crisis that is not open stands no more.

    `gaps` are its open gaps by (sector pk, phase pk). `said` is what its statements say; None where they say what they
    said before, which is carried over. A crisis that is `new` has not stood before.
    """
    row = Standing(
        crisis=crisis,
        since=at,
        last_update=crisis.last_update,
        revision=crisis.revision,
        cells=signs(plan),
        gaps=open_gaps(plan, gaps),
        first_met_on=first_met_on(plan),
        **(said or {}),
    )
    if not new:
        if said and not row.first_met_on:
            row.first_met_on = (
                Standing.objects.at().filter(crisis=crisis).values_list("first_met_on", flat=True).first()
            )
        batch.add(END, *stored(Standing, until=at, crisis=crisis.pk))
    if not crisis.is_open:
        batch.run()
    elif said:
        batch.insert([row])
        batch.run()
    else:
        told = {name: getattr(row, name) for name in ("last_update", "revision", "cells", "gaps", "first_met_on")}
        batch.add(CARRY_ON, *stored(Standing, **told, crisis=crisis.pk, until=at))
        if not batch.run():  # it stood nowhere yet
            _begin(batch, crisis, plan, gaps, at)


def _begin(batch, crisis, plan, gaps, at):
    """Write how a crisis stands that an older version of the site logged."""
    said = statements(crisis)
    Crisis.objects.filter(pk=crisis.pk).update(kept_level=said["level"])
    keep(batch, crisis, plan, gaps, at=at, said=said)


def catch_up():
    """Write how open crises stand that have no such row yet, as after an update from an older version. How many."""
    found = 0
    for crisis in Crisis.objects.open().filter(standings=None):
        with transaction.atomic():
            gaps = list(crisis.gaps.open().prefetch_related("waivers"))
            for gap in gaps:
                if gap.last_waiver:
                    gap.waived_until = gap.last_waiver.until
                    gap.save(update_fields=["waived_until"])
            planned = plan_of(crisis).cells
            by_cell = {(gap.sector_id, gap.phase_id): gap for gap in gaps}
            _begin(Batch(), crisis, planned, by_cell, crisis.updated_at)
            found += 1
    return found
