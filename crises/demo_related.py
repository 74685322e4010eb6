"""The demo's crises that belong together: exercises dated from today of a wider crisis and its parts."""

from datetime import timedelta

from crises import services
from crises.dates import Precision
from crises.demo_story import Story
from crises.models import Receipt
from offices.models import Country
from sectors import reference
from sectors.models import Edition


class Related(Story):
    """A story that names another one."""

    def join(self, at, whole):
        """Become part of the crisis of that story."""
        self.then(at, self._join, whole=whole, by=self.field)

    def _join(self, *, crisis, whole, by, at):
        services.set_part_of(crisis=crisis, whole=whole.entered(), by=by, at=at)

    def entered(self):
        """The crisis that this story has become."""
        return Receipt.objects.select_related("crisis").get(user=self.field, key=self.key).crisis

    def figure(self, at, value, metric="affected", **more):
        self.then(
            at,
            services.add_figure,
            by=self.field,
            value=value,
            metric=metric,
            source_kind="own_estimate",
            source="Exercise scenario",
            as_of=at.date(),
            as_of_precision=Precision.DAY,
            headline=True,
            **more,
        )


def stories(now):
    """People leave one country for another: logged as a whole, and once for each of the two countries."""
    _before, during, after = reference.content(Edition.objects.current().pk).phases

    def ago(days, hours=0):
        return now - timedelta(days=days, hours=hours)

    def told(slug, country, title, phases, **facts):
        facts = {
            "title": title,
            "cause": "conflict",
            "onset": "sudden",
            "started_on": ago(16).date(),
            "start_precision": Precision.DAY,
            "crosses_border": True,
        } | facts
        return Related(slug, country, facts, {phase: ago(16).date() for phase in phases}, exercise=True)

    whole = told(
        "exercise-region",
        "LBY",
        "Exercise: flight across a border, the region",
        [during],
        other_countries=list(Country.objects.filter(pk="TUN")),
        foreign_nationals=True,
        summary="Exercise: the wider crisis. Its parts are the plans of the two country offices.",
    )
    whole.activate(ago(14), "S07", "during", lead="Demo lead", since=ago(14).date())
    leaving = told(
        "exercise-region-leaving",
        "LBY",
        "Exercise: fighting along the western road",
        [during],
        foreign_nationals=True,
        groups=["internally_displaced", "international_migrants"],
    )
    leaving.join(ago(14), whole)
    leaving.figure(ago(12), 18500, "displaced", group="internally_displaced", qualifier="about")
    for code, days in (("S01", 13), ("S02", 13), ("S04", 9)):
        leaving.activate(ago(days), code, "during", lead="Demo lead", since=ago(days).date())
    leaving.activate(ago(5), "S11", "during", status="planned", since=ago(-3).date())
    arriving = told(
        "exercise-region-arriving",
        "TUN",
        "Exercise: arrivals in three towns",
        [during, after],
        foreign_nationals=True,
        groups=["international_migrants", "returnees"],
    )
    arriving.join(ago(14), whole)
    arriving.figure(ago(4), 7200, "present", group="international_migrants", qualifier="at_least")
    for code, slug, days in (("S03", "during", 12), ("S02", "during", 11), ("S11", "during", 8), ("S06", "after", 3)):
        arriving.activate(ago(days), code, slug, lead="Demo lead", since=ago(days).date())
    return [(whole, ago(15)), (leaving, ago(15)), (arriving, ago(15))]
