"""Every figure HQ sees across crises: a scoped queryset of crises in, plain data out, one GROUP BY each."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from crises import gaps, plan
from crises.models import Figure, PlanCell
from sectors import reference
from sectors.models import Fact, Priority

FACTS = [f"crisis__{fact}" for fact in Fact.values]


def coverage(crises, *, phase=None, at=None):
    """How far these crises' plans are met: {(sector code, phase slug): plan.Tally} of needed sectors.

    Only open crises and open phases need anything. Two queries: met cells by the facts that decide their priority,
    and open gaps by whether a waiver covers them. The same rule as the plan page decides what is needed.
    """
    at = at or timezone.now()
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
    missing = gaps.of(crises, phase=phase).with_waiver(at.date()).order_by()
    for group in missing.values("sector__code", "phase__slug", "waived").annotate(n=Count("pk")):
        name = "waived" if group["waived"] else "gaps"
        _add(found, (group["sector__code"], group["phase__slug"]), plan.Tally(**{name: group["n"]}))
    return found


def _add(found, key, tally):
    found[key] = found.get(key, plan.Tally()) + tally


def total(coverage):
    """The sum of a coverage: the needed sectors of every crisis in it."""
    return sum(coverage.values(), plan.Tally())


def counts(crises, at=None):
    """How many of these crises are open, logged in the last 30 days, and without an update for too long. One query."""
    at = at or timezone.now()
    stale = at - timedelta(days=settings.CRISIS_STALE_DAYS)
    return (
        crises.open()
        .order_by()
        .aggregate(
            open=Count("pk"),
            recent=Count("pk", filter=Q(logged_at__gte=at - timedelta(days=30))),
            stale=Count("pk", filter=Q(updated_at__lt=stale)),
        )
    )


@dataclass(frozen=True)
class People:
    """The key figures of people affected of several crises, added, and how far that sum can be trusted."""

    value: int | None
    reporting: int
    first: date | None
    last: date | None


def people_affected(crises):
    """The newest key figure of people affected of each open crisis that is not part of another, added. One query.

    Within one crisis nothing is added: one figure, of all groups, in people. None where no crisis reports.
    """
    figures = Figure.objects.filter(
        crisis__in=crises.open().filter(part_of=None).order_by().values("pk"),
        metric=Figure.Metric.AFFECTED,
        group=Figure.ALL,
        unit=Figure.Unit.PEOPLE,
        headline=True,
        value__isnull=False,
    )
    newest = {}
    for crisis, value, as_of in figures.order_by("-as_of", "-pk").values_list("crisis", "value", "as_of"):
        newest.setdefault(crisis, (value, as_of))
    dates = sorted(as_of for _value, as_of in newest.values())
    return People(
        value=sum(value for value, _as_of in newest.values()) if newest else None,
        reporting=len(newest),
        first=dates[0] if dates else None,
        last=dates[-1] if dates else None,
    )
