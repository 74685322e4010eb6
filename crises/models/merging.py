"""Crises that may be one and the same: what HQ is told of when one is logged, and what HQ has merged."""

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .crisis import Crisis


class PossibleDuplicateQuerySet(models.QuerySet):
    def decidable_by(self, user):
        """The pairs this person may see and decide on: HQ, every pair. Nobody else learns that there are any."""
        return self.filter(crisis__in=Crisis.objects.decidable_by(user))

    def undecided(self):
        """Pairs of crises that still stand side by side, of which HQ has not said whether they are one.

        A crisis and its part are told apart by that.
        """
        return self.filter(
            Q(crisis__part_of=None) | ~Q(crisis__part_of=F("other")),
            Q(other__part_of=None) | ~Q(other__part_of=F("crisis")),
            decision="",
            crisis__status__in=Crisis.STANDING,
            other__status__in=Crisis.STANDING,
        )

    def decided(self):
        return self.exclude(decision="")


class PossibleDuplicate(models.Model):
    """A crisis and an older one that it may be, found when it was logged, for HQ alone to judge.

    `reasons` are as crises.duplicates.compare gives them; `reporter_says` is why the person who logged the crisis holds
    it for another one, where they were shown `other`. They may see neither this nor, otherwise, `other`.
    """

    class Decision(models.TextChoices):
        DIFFERENT = "different", _("They are different")
        MERGED = "merged", _("They were merged")

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="+")
    other = models.ForeignKey(Crisis, models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    reporter_says = models.CharField(max_length=200, blank=True)
    found_at = models.DateTimeField()
    decision = models.CharField(_("decision"), max_length=9, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    why = models.TextField(_("reason"), blank=True, validators=[MaxLengthValidator(500)])

    objects = PossibleDuplicateQuerySet.as_manager()

    class Meta:
        ordering = ["-score", "-pk"]
        indexes = [
            models.Index(fields=["-score", "-id"], condition=Q(decision=""), name="undecided_duplicates"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["crisis", "other"], name="possible_duplicate_found_once"),
            models.CheckConstraint(condition=~Q(crisis=F("other")), name="crisis_is_no_duplicate_of_itself"),
            models.CheckConstraint(condition=Q(score__lte=100), name="likeness_is_100_or_less"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at=None, decided_by=None)
                | ~Q(decision="") & ~Q(why="") & Q(decided_at__isnull=False, decided_by__isnull=False),
                name="decision_on_a_duplicate_has_a_person_a_time_and_a_reason",
                violation_error_message=_("Say why."),
            ),
        ]

    def __str__(self):
        return f"{self.crisis}, {self.other}: {self.score}"


class Merge(models.Model):
    """HQ's decision that a crisis is the same as another one, which survives; and, where it was undone, when and why.

    No statement is moved: what was said of the crisis stays its own and is read with the survivor's. `copied` are the
    cells, [sector pk, phase pk], of which only the crisis's office had spoken: they stand in the survivor's plan from
    then on. `was_status` is what undoing gives back.
    """

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="merges")
    survivor = models.ForeignKey(Crisis, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    why = models.TextField(_("reason"), validators=[MaxLengthValidator(500)])
    was_status = models.CharField(max_length=9, choices=Crisis.Status.choices)
    copied = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    undone_why = models.TextField(_("reason"), blank=True, validators=[MaxLengthValidator(500)])

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["crisis"], condition=Q(undone_at=None), name="crisis_merged_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(crisis=F("survivor")), name="crisis_does_not_survive_itself"),
            models.CheckConstraint(condition=~Q(why=""), name="merge_has_a_reason"),
            models.CheckConstraint(
                condition=Q(undone_at=None, undone_by=None, undone_why="")
                | Q(undone_at__isnull=False, undone_by__isnull=False) & ~Q(undone_why=""),
                name="undoing_a_merge_has_a_person_a_time_and_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.crisis}, {self.survivor}"
