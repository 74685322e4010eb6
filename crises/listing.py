"""Crises as lists show them: one row each, with its open phases, level and gaps."""

from django.db.models import Case, Count, F, OuterRef, Prefetch, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from crises.dashboard import newest_affected
from crises.models import Crisis, Gap, LevelDecision, PhasePeriod
from crises.past import crises_at, recorded


def newest_level(column, scheme=LevelDecision.Scheme.IOM, as_of=None):
    """A column of the newest decision on the level, of those recorded by a moment, as a subquery of a crisis."""
    decisions = recorded(LevelDecision.objects.of(OuterRef("pk"), as_of).filter(scheme=scheme), as_of)
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
    `as_of`, level and gaps are those of that past moment.
    """
    today = (as_of or at or timezone.now()).date()
    missing = Gap.objects.open(as_of).uncovered(today, as_of).filter(crisis=OuterRef("pk"))
    if phase:
        missing = missing.filter(phase__slug=phase)
    n = Coalesce(Subquery(missing.order_by().values("crisis").annotate(n=Count("pk")).values("n")), 0)
    return (
        crises.with_review()
        .select_related("main_country__region", "office")
        .annotate(
            # Only an open crisis has gaps: the others, which are most of them, are not asked.
            gap_count=n if as_of else Case(When(status=Crisis.Status.OPEN, then=n), default=0),
            level_value=newest_level("value", as_of=as_of),
            level_ended=newest_level("ended_on", as_of=as_of),
        )
        .prefetch_related(
            Prefetch(
                "periods",
                PhasePeriod.objects.filter(left_on=None).select_related("phase").order_by("phase__number"),
                to_attr="open_periods",
            )
        )
    )


def with_people(crises):
    """Adds `people` and `people_on`, the newest key figure of people affected, or None. No further query."""
    return crises.annotate(people=newest_affected("value"), people_on=newest_affected("as_of"))


def changed_since_approval(crises, as_of=None):
    """Which of these crises had been approved and have changed since, now or at a past moment: their keys.

    One query; two for the past.
    """
    if as_of:
        return {pk for pk, crisis in crises_at(crises, as_of).items() if crisis.changed_since_approval}
    approved = crises.order_by().with_review().exclude(approved_revision=None)
    return set(approved.exclude(approved_revision=F("content_revision")).values_list("pk", flat=True))
