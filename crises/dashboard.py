"""Every figure HQ sees across crises: a scoped queryset of crises in, plain data out, one GROUP BY each."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, When
from django.utils import timezone

from crises import plan
from crises.models import Figure, PlanCell
from crises.models.statements import SMALL
from sectors import reference
from sectors.models import Fact, Priority

FACTS = [f"crisis__{fact}" for fact in Fact.values]


def coverage(crises, missing, *, phase=None):
    """How far these crises' plans are met: {(sector code, phase slug): plan.Tally} of needed sectors.

    `missing` are their gaps as of gaps.by_cell, of the same phase. Only open crises and open phases need anything.
    One query: met cells grouped by what decides their priority, judged by the rule of the plan page.
    """
    met = PlanCell.objects.filter(crisis__in=crises.open().order_by().values("pk"), status__in=PlanCell.MET)
    if phase:
        met = met.filter(phase__slug=phase)
    told = ("crisis__edition", "sector", "phase", "status", "own_priority", *FACTS)
    met = met.in_open_phases().order_by().values(*told)
    found = {}
    for group in met.annotate(n=Count("pk")):
        row = reference.content(group["crisis__edition"]).priorities[group["sector"], group["phase"]]
        facts = {fact: group[f"crisis__{fact}"] for fact in Fact.values}
        if plan.priority_of(row, facts, group["own_priority"]) == Priority.CRITICAL:
            _add(found, (row.sector.code, row.phase.slug), plan.Tally(**{group["status"]: group["n"]}))
    for group in missing:
        name = "waived" if group["waived"] else "gaps"
        _add(found, (group["sector__code"], group["phase__slug"]), plan.Tally(**{name: group["n"]}))
    return found


def _add(found, key, tally):
    found[key] = found.get(key, plan.Tally()) + tally


def total(coverage):
    """The sum of a coverage: the needed sectors of every crisis in it."""
    return sum(coverage.values(), plan.Tally())


def newest_affected(column):
    """A column of the newest key figure of people affected, of all groups, as a subquery of a crisis."""
    figures = Figure.objects.filter(
        crisis=OuterRef("pk"),
        metric=Figure.Metric.AFFECTED,
        group=Figure.ALL,
        unit=Figure.Unit.PEOPLE,
        headline=True,
        value__isnull=False,
    )
    return Subquery(figures.order_by("-as_of", "-pk").values(column)[:1])


def counts(crises, at=None, *, suppressed=False):
    """How many of these crises are open, recent and stale, and how many people they report affected. One query.

    `people` adds one figure a crisis, its newest key figure; nothing within one crisis is added. A crisis that is part
    of another open one among these is counted there: `whole` are the others. None where no crisis reports: then it is
    not known, and not zero. `suppressed` leaves out small figures, so that no sum gives one away.
    """
    at = at or timezone.now()
    open_ones = crises.open().order_by()
    told = Q(is_whole=1) & (Q(affected=0) | Q(affected__gte=SMALL)) if suppressed else Q(is_whole=1)
    return (
        open_ones.annotate(
            is_whole=Case(When(~Exists(open_ones.filter(pk=OuterRef("part_of"))), then=1)),
            affected=newest_affected("value"),
        )
        .annotate(
            told=Case(When(told, then=F("affected"))),
            told_on=Case(When(told, then=newest_affected("as_of"))),
        )
        .aggregate(
            open=Count("pk"),
            exercises=Count("pk", filter=Q(exercise=True)),
            recent=Count("pk", filter=Q(logged_at__gte=at - timedelta(days=30))),
            stale=Count("pk", filter=Q(updated_at__lt=at - timedelta(days=settings.CRISIS_STALE_DAYS))),
            whole=Count("is_whole"),
            people=Sum("told"),
            reporting=Count("told"),
            first=Min("told_on"),
            last=Max("told_on"),
        )
    )
