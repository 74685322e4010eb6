"""How each open crisis stood after each change: what HQ's pages read, now and as of any past moment."""

from django.db import models
from django.db.models import Q

from .crisis import Crisis


class StandingQuerySet(models.QuerySet):
    def at(self, moment=None):
        """The rows that hold now, one for each open crisis; or those that held at a past moment."""
        if moment is None:
            return self.filter(until=None)
        return self.filter(Q(until=None) | Q(until__gt=moment), since__lte=moment)


class Standing(models.Model):
    """How a crisis stood from one accepted change to the next, while it was open. Written with each change.

    It repeats what the plan, the gaps and the statements of the crisis say, so that a page over thousands of crises
    reads one narrow row of each, and so that the same page answers for a past moment. `cells` has one sign for each
    cell of the plan, by sector then phase (crises.standing.SIGNS). `gaps` are [place in the plan, opened at in
    seconds, last day of its waiver or null] of each open gap, the oldest first.
    """

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="standings")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    last_update = models.DateTimeField()
    revision = models.BigIntegerField()
    cells = models.CharField(max_length=200)
    gaps = models.JSONField(default=list)
    level = models.CharField(max_length=8, blank=True)
    review_on = models.DateField(null=True, blank=True)
    activation = models.CharField(max_length=8, blank=True)
    people = models.BigIntegerField(null=True, blank=True)
    people_on = models.DateField(null=True, blank=True)
    first_met_on = models.DateField(null=True, blank=True)

    objects = StandingQuerySet.as_manager()

    class Meta:
        ordering = ["-since"]
        indexes = [
            models.Index(fields=["until", "since"], name="standings_of_a_moment"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["crisis"], condition=Q(until=None), name="crisis_stands_one_way_at_a_time"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=models.F("since")), name="standing_ends_after_it_begins"
            ),
        ]

    def __str__(self):
        return f"{self.crisis}: {self.since}"
