"""Crises as lists show them: one row each, with its open phases, level and gaps."""

from itertools import islice

from django.db.models import Case, Count, F, OuterRef, Prefetch, Subquery, When
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from crises import past
from crises.dashboard import newest_affected
from crises.models import Crisis, Gap, LevelDecision, PhasePeriod
from crises.past import recorded

NEWEST_FIRST = "-updated"
SORTS = {
    "title": Lower("title"),
    "country": F("main_country__name"),
    "gaps": F("gap_count"),
    "started": F("started_on"),
    "updated": F("revision"),
}


def newest_level(column, scheme=LevelDecision.Scheme.IOM, as_of=None):
    """A column of the newest decision on the level, of those recorded by a moment, as a subquery of a
    crisis or of a row of its history."""
    decisions = recorded(LevelDecision.objects.of(OuterRef("id"), as_of).filter(scheme=scheme), as_of)
    return Subquery(decisions.order_by("-decided_on", "-pk").values(column)[:1])


def levels(as_of=None):
    """What to annotate crises with so that each knows the levels in force, now or then: no query of its own."""
    inter_agency = LevelDecision.Scheme.INTER_AGENCY
    return {
        "level_value": newest_level("value", as_of=as_of),
        "level_ended": newest_level("ended_on", as_of=as_of),
        "level_review": newest_level("review_on", as_of=as_of),
        "inter_agency_value": newest_level("value", inter_agency, as_of),
        "inter_agency_ended": newest_level("ended_on", inter_agency, as_of),
    }


def in_force(crisis):
    """The IOM level and the inter-agency activation in force, in words; None for each that is not. See levels."""
    decided = [
        (crisis.level_value, crisis.level_ended),
        (crisis.inter_agency_value, crisis.inter_agency_ended),
    ]
    return [LevelDecision.Value(value).label if value and not ended else None for value, ended in decided]


def rows(crises, at=None, *, phase=None, as_of=None):
    """These crises with country, region, office, `open_periods`, level, review and `gap_count`. Two queries.

    The level in force is `level_value` where `level_ended` is None. With a phase, only its gaps are counted. With
    `as_of`, level and gaps are those of that past moment, `revision_then` is the revision the crisis had, and what is
    read goes through `as_then`, which makes the rest so: one query, without the phases.
    """
    today = (as_of or at or timezone.now()).date()
    missing = Gap.objects.open(as_of).uncovered(today, as_of).filter(crisis=OuterRef("pk"))
    if phase:
        missing = missing.filter(phase__slug=phase)
    n = Coalesce(Subquery(missing.order_by().values("crisis").annotate(n=Count("pk")).values("n")), 0)
    found = crises.select_related("main_country__region", "office").annotate(
        # Only an open crisis has gaps: the others, which are most of them, are not asked.
        gap_count=n if as_of else Case(When(status=Crisis.Status.OPEN, then=n), default=0),
        level_value=newest_level("value", as_of=as_of),
        level_ended=newest_level("ended_on", as_of=as_of),
    )
    if as_of:
        return found.with_row_then(as_of).annotate(revision_then=_then(F("revision")))
    return found.with_review().prefetch_related(
        Prefetch(
            "periods",
            PhasePeriod.objects.filter(left_on=None).select_related("phase").order_by("phase__number"),
            to_attr="open_periods",
        )
    )


def _then(column):
    """A column of the row of history that says what the crisis was at the moment of `row_then`."""
    return Subquery(Crisis.history.filter(history_id=OuterRef("row_then")).values(then=column))


def as_then(rows, as_of):
    """Rows read with `as_of`, each of its crisis as that stood at the moment, with the phases it was in. Two queries
    for the past, none for now."""
    rows = list(rows)
    if not (as_of and rows):
        return rows
    crises = past.crises_at(rows, as_of)
    periods = past.open_periods_at(crises, as_of)
    for crisis in crises.values():
        crisis.open_periods = periods.get(crisis.pk, [])
    return [crises[row.pk] for row in rows]


def streamed(rows, as_of=None, size=500):
    """Rows as of `as_then`, however many, read in stretches."""
    found = rows.iterator(chunk_size=size)
    while stretch := list(islice(found, size)):
        yield from as_then(stretch, as_of)


def in_order(rows, sort, as_of=None):
    """Rows sorted by one of SORTS, "-" for the reverse; what is not known last, and the last changed first."""
    name = sort.removeprefix("-")
    column = _then(SORTS[name]) if as_of and name != "gaps" else SORTS[name]
    first = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return rows.order_by(first, "-revision_then" if as_of else "-revision")


def with_people(crises):
    """Adds `people` and `people_on`, the newest key figure of people affected, or None. No further query."""
    return crises.annotate(people=newest_affected("value"), people_on=newest_affected("as_of"))
