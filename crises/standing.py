"""How a crisis stands, as one narrow row: the signs of its plan, its open gaps, its level and newest key figure."""

from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

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
        (cell.entry.activated_on for cell in plan if cell.needed and cell.entry.activated_on),
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


def keep(crisis, plan, gaps, *, at, told, new=None):
    """Write how the crisis stands from now on, in the transaction of its change; a crisis not open stands no more.

    `gaps` are its open gaps by (sector pk, phase pk). `told` says whether its statements may have changed: they are
    read again then, and carried over otherwise. `new` are the figures of a crisis that is new.
    """
    fresh = new is not None
    before = None if fresh else Standing.objects.at().filter(crisis=crisis).first()
    if before:
        Standing.objects.filter(pk=before.pk).update(until=at)
    if fresh:
        said = statements_of_new(new)
    elif told or (crisis.is_open and not before):
        said = statements(crisis)
    else:
        said = None
    if said and said["level"] != crisis.kept_level:
        crisis.kept_level = said["level"]
        Crisis.objects.filter(pk=crisis.pk).update(kept_level=crisis.kept_level)
    if not crisis.is_open:
        return
    carried = ("level", "review_on", "activation", "people", "people_on")
    said = said or {name: getattr(before, name) for name in carried}
    Standing.objects.create(
        crisis=crisis,
        since=at,
        revision=crisis.revision,
        cells=signs(plan),
        gaps=open_gaps(plan, gaps),
        first_met_on=first_met_on(plan) or (before and before.first_met_on),
        **said,
    )


def catch_up():
    """Write how open crises stand that have no such row yet, as after an update from an older version. How many."""
    found = 0
    for crisis in Crisis.objects.open().filter(standings=None):
        with transaction.atomic():
            gaps = list(crisis.gaps.open().annotate(longest=Max("waivers__until")))
            for gap in gaps:
                if gap.longest:
                    gap.waived_until = gap.longest
                    gap.save(update_fields=["waived_until"])
            planned = plan_of(crisis).cells
            by_cell = {(gap.sector_id, gap.phase_id): gap for gap in gaps}
            keep(crisis, planned, by_cell, at=crisis.updated_at, told=True)
            found += 1
    return found
