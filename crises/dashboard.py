"""Every figure HQ sees across crises: a scoped queryset of crises in, plain data out, one GROUP BY each."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Max, Min, OuterRef, Q, Subquery, Sum
from django.utils import timezone

from crises import plan
from crises.models import Figure, PlanCell
from sectors import reference
from sectors.models import Fact, Priority

FACTS = [f"crisis__{fact}" for fact in Fact.values]


def coverage(crises, missing, *, phase=None):
    """How far these crises' plans are met: {(sector code, phase slug): plan.Tally} of needed sectors.

    `missing` are their gaps as of gaps.by_cell, of the same phase. Only open crises and open phases need anything.
    One query: met cells grouped by the facts that decide their priority, judged by the rule of the plan page.
    """
    met = PlanCell.objects.filter(crisis__in=crises.open().order_by().values("pk"), status__in=PlanCell.MET)
    if phase:
        met = met.filter(phase__slug=phase)
    met = met.in_open_phases().order_by().values("crisis__edition", "sector", "phase", "status", *FACTS)
    found = {}
    for group in met.annotate(n=Count("pk")):
        row = reference.content(group["crisis__edition"]).priorities[group["sector"], group["phase"]]
        facts = {fact: group[f"crisis__{fact}"] for fact in Fact.values}
        if plan.priority_of(row, facts) == Priority.CRITICAL:
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


def counts(crises, at=None):
    """How many of these crises are open, recent and stale, and how many people they report affected. One query.

    `people` adds the newest key figure of people affected, of all groups, of each open crisis that is not part of
    another; nothing within one crisis is added. None where no crisis reports: then it is not known, and not zero.
    """
    at = at or timezone.now()
    figures = Figure.objects.filter(
        crisis=OuterRef("pk"),
        metric=Figure.Metric.AFFECTED,
        group=Figure.ALL,
        unit=Figure.Unit.PEOPLE,
        headline=True,
        value__isnull=False,
    ).order_by("-as_of", "-pk")
    whole = Q(part_of=None)
    return (
        crises.open()
        .order_by()
        .annotate(affected=Subquery(figures.values("value")[:1]), affected_on=Subquery(figures.values("as_of")[:1]))
        .aggregate(
            open=Count("pk"),
            recent=Count("pk", filter=Q(logged_at__gte=at - timedelta(days=30))),
            stale=Count("pk", filter=Q(updated_at__lt=at - timedelta(days=settings.CRISIS_STALE_DAYS))),
            people=Sum("affected", filter=whole),
            reporting=Count("affected", filter=whole),
            first=Min("affected_on", filter=whole),
            last=Max("affected_on", filter=whole),
        )
    )
