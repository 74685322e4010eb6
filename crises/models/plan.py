"""What the office says about a cell of its plan, the gaps that follow, and HQ's waivers of them."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from sectors.models import Phase, Sector

from .crisis import Crisis, PhasePeriod


class PlanCellQuerySet(models.QuerySet):
    def in_open_phases(self):
        """Cells whose phase is open in their crisis."""
        return self.filter(
            Exists(PhasePeriod.objects.filter(crisis=OuterRef("crisis"), phase=OuterRef("phase"), left_on=None))
        )


class PlanCell(models.Model):
    """A sector in a phase of a crisis, where the office has said something. No row means not started."""

    class Status(models.TextChoices):
        NOT_STARTED = "not_started", _("Not started")
        PLANNED = "planned", _("Planned")
        ACTIVE = "active", _("Active")
        COMPLETED = "completed", _("Completed")
        STOOD_DOWN = "stood_down", _("Stood down")

    MOVES = {
        Status.NOT_STARTED: (Status.PLANNED, Status.ACTIVE),
        Status.PLANNED: (Status.ACTIVE, Status.NOT_STARTED),
        Status.ACTIVE: (Status.COMPLETED, Status.STOOD_DOWN),
        Status.COMPLETED: (Status.ACTIVE,),
        Status.STOOD_DOWN: (Status.PLANNED, Status.ACTIVE),
    }
    MET = (Status.ACTIVE, Status.COMPLETED)  # what keeps a critical cell from being a gap

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="cells")
    sector = models.ForeignKey(Sector, models.PROTECT, related_name="+")
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    status = models.CharField(_("status"), max_length=11, choices=Status.choices, default=Status.NOT_STARTED)
    since = models.DateField(_("since"), null=True, blank=True)
    activated_on = models.DateField(_("active since"), null=True, blank=True)
    lead = models.CharField(_("lead"), max_length=80, blank=True)
    cluster_contact = models.CharField(_("cluster contact"), max_length=120, blank=True)
    note = models.TextField(_("note"), blank=True, validators=[MaxLengthValidator(500)])
    revision = models.BigIntegerField(default=0, editable=False)

    objects = PlanCellQuerySet.as_manager()
    history = HistoricalRecords(history_change_reason_field=models.JSONField(null=True))

    class Meta:
        indexes = [
            models.Index(fields=["sector", "phase", "status"], name="cells_by_status"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["crisis", "sector", "phase"], name="cell_once_per_crisis"),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(activated_on__isnull=False),
                name="active_sector_has_a_start_date",
                violation_error_message=_("Enter the date on which the sector became active."),
            ),
            models.CheckConstraint(
                condition=~Q(status="stood_down") | ~Q(note=""),
                name="sector_stood_down_for_a_reason",
                violation_error_message=_("Say in the note why the sector stands down."),
            ),
        ]

    def __str__(self):
        return f"{self.sector}, {self.phase}: {self.status}"

    @property
    def statuses(self):
        """The statuses a change may give: the present one, which lets its date and lead change, and the legal moves.

        Not started is nothing to keep, and activating is what people come for, so there that is the first.
        """
        status = self.Status(self.status)
        if status == self.Status.NOT_STARTED:
            return self.MOVES[status][::-1]
        return (status, *self.MOVES[status])

    def clean(self):
        """One cell's own rules. Raises ValidationError that names the field."""
        wrong = {}
        if self.status == self.Status.ACTIVE and not self.activated_on:
            wrong["since"] = _("Enter the date on which the sector became active.")
        if self.status == self.Status.STOOD_DOWN and not self.note:
            wrong["note"] = _("Say in the note why the sector stands down.")
        if wrong:
            raise ValidationError(wrong)


class GapQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None)

    def with_waiver(self, today):
        """Adds `waived`: whether a waiver covers the gap on that day. A lapsed waiver counts for nothing."""
        return self.annotate(waived=Exists(Waiver.objects.filter(gap=OuterRef("pk"), until__gte=today)))

    def uncovered(self, today=None):
        """Gaps that no waiver covers on that day (today where none is given): what every count of gaps means."""
        return self.with_waiver(today or timezone.now().date()).filter(waived=False)


class Gap(models.Model):
    """A critical sector that is neither active nor completed in an open phase of an open crisis.

    Opened and closed in the transaction that causes it, so the intervals answer for any past moment.
    """

    class Why(models.TextChoices):
        """What opened or closed a gap."""

        LOGGED = "logged", _("the crisis was logged")
        FACTS = "facts", _("the facts of the crisis changed")
        PHASE = "phase", _("the phase was opened or closed")
        STATUS = "status", _("the status of the sector changed")
        CRISIS = "crisis", _("the crisis was closed or reopened")

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="gaps")
    sector = models.ForeignKey(Sector, models.PROTECT, related_name="+")
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    opened_why = models.CharField(max_length=8, choices=Why.choices)
    closed_why = models.CharField(max_length=8, choices=Why.choices, blank=True)

    objects = GapQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "pk"]
        indexes = [
            models.Index(fields=["opened_at", "id"], condition=Q(closed_at=None), name="open_gaps_oldest_first"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["crisis", "sector", "phase"], condition=Q(closed_at=None), name="gap_open_once_per_cell"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=models.F("opened_at")),
                name="gap_closes_after_it_opens",
            ),
        ]

    def __str__(self):
        return f"{self.crisis}: {self.sector}, {self.phase}"

    def days_open(self, at=None):
        """Whole days since the gap opened, until it closed or until now."""
        return ((self.closed_at or at or timezone.now()) - self.opened_at).days

    def late(self, at=None):
        """Whether the gap is open for longer than a critical sector may wait."""
        if self.closed_at:
            return False
        return (at or timezone.now()) - self.opened_at > timedelta(hours=settings.GAP_LATE_HOURS)

    @property
    def last_waiver(self):
        """The waiver that runs longest, lapsed or not; None where there is none. Prefetch `waivers`."""
        return max(self.waivers.all(), key=lambda waiver: waiver.until, default=None)


class Waiver(models.Model):
    """HQ's decision that a gap is accepted until a day. Covers the gap without closing it; lapses by itself."""

    gap = models.ForeignKey(Gap, models.CASCADE, related_name="waivers")
    reason = models.TextField(_("reason"), validators=[MinLengthValidator(20), MaxLengthValidator(500)])
    until = models.DateField(_("last day"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-until"]

    def __str__(self):
        return f"{self.gap}: {self.until}"
