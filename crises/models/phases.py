"""The phases a crisis has been in."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from sectors.models import Phase

from .crisis import Crisis


class PhasePeriod(models.Model):
    """A stretch of time that a crisis spends in a phase. Phases overlap; a period without an end is open."""

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="periods")
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    entered_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)

    history = HistoricalRecords(history_change_reason_field=models.JSONField(null=True))

    class Meta:
        ordering = ["phase__number", "pk"]
        indexes = [models.Index(fields=["phase", "crisis"], condition=Q(left_on=None), name="open_phases")]
        constraints = [
            models.UniqueConstraint(
                fields=["crisis", "phase"], condition=Q(left_on=None), name="phase_open_once_per_crisis"
            ),
            models.CheckConstraint(
                condition=Q(entered_on=None) | Q(left_on=None) | Q(left_on__gte=models.F("entered_on")),
                name="phase_left_after_it_was_entered",
                violation_error_message=_("The day a phase ended must be the day it began or later."),
            ),
        ]

    def __str__(self):
        return f"{self.crisis}: {self.phase}"
