"""Every figure HQ sees across crises: a scoped queryset of crises in, plain data out, one GROUP BY each."""

from django.db.models import Count
from django.utils import timezone

from crises import plan
from crises.models import Gap, PlanCell
from sectors import reference
from sectors.models import Fact, Priority

FACTS = [f"crisis__{fact}" for fact in Fact.values]


def coverage(crises, at=None):
    """How far these crises' plans are met: {(sector code, phase slug): plan.Tally} of needed sectors.

    Only open crises and open phases need anything. Two queries: met cells by the facts that decide their priority,
    and open gaps by whether a waiver covers them. The same rule as the plan page decides what is needed.
    """
    at = at or timezone.now()
    open_ones = crises.open().values("pk")
    met = (
        PlanCell.objects.filter(crisis__in=open_ones, status__in=PlanCell.MET)
        .in_open_phases()
        .order_by()
        .values("crisis__edition", "sector", "phase", "status", *FACTS)
        .annotate(n=Count("pk"))
    )
    found = {}
    for group in met:
        content = reference.content(group["crisis__edition"])
        row = content.priorities[group["sector"], group["phase"]]
        facts = {fact: group[f"crisis__{fact}"] for fact in Fact.values}
        if plan.priority_of(row, facts) == Priority.CRITICAL:
            one = plan.Tally(**{group["status"]: group["n"]})
            key = row.sector.code, row.phase.slug
            found[key] = found.get(key, plan.Tally()) + one
    missing = (
        Gap.objects.open()
        .filter(crisis__in=open_ones)
        .with_waiver(at.date())
        .order_by()
        .values("sector__code", "phase__slug", "waived")
        .annotate(n=Count("pk"))
    )
    for group in missing:
        key = group["sector__code"], group["phase__slug"]
        one = plan.Tally(waived=group["n"]) if group["waived"] else plan.Tally(gaps=group["n"])
        found[key] = found.get(key, plan.Tally()) + one
    return found


def total(coverage):
    """The sum of a coverage: the needed sectors of every crisis in it."""
    return sum(coverage.values(), plan.Tally())
