"""What the office says about a cell of its plan, the gaps that follow, and HQ's waivers of them."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from sectors.models import Phase, Priority, Sector

from .crisis import Crisis
from .phases import PhasePeriod

REASON = 20  # characters: what it takes to say why an office departs from the framework


class PlanPriority(models.TextChoices):
    """The priority of a cell of a plan: one of the framework's, or none, where the office says it does not apply."""

    CRITICAL = "critical", _("Critical")
    IMPORTANT = "important", _("Important")
    RECOMMENDED = "recommended", _("Recommended")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")


class PlanCellQuerySet(models.QuerySet):
    def in_open_phases(self):
        """Cells whose phase is open in their crisis."""
        return self.filter(
            Exists(PhasePeriod.objects.filter(crisis=OuterRef("crisis"), phase=OuterRef("phase"), left_on=None))
        )


class PlanCell(models.Model):
    """A sector in a phase of a crisis, where the office has said something. No row means not started, as default.

    `own_priority` stands in place of the framework's and says why in `justification`. `confirmed` is the framework's
    priority that the office has looked at and keeps; where facts change that priority, it is confirmed no longer.
    """

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
    activated_on = models.DateField(_("active since"), null=True, blank=True, db_index=True)
    lead = models.CharField(_("lead"), max_length=80, blank=True)
    cluster_contact = models.CharField(_("cluster contact"), max_length=120, blank=True)
    note = models.TextField(_("note"), blank=True, validators=[MaxLengthValidator(500)])
    own_priority = models.CharField(_("own priority"), max_length=14, choices=PlanPriority.choices, blank=True)
    justification = models.TextField(_("justification"), blank=True, validators=[MaxLengthValidator(500)])
    confirmed = models.CharField(_("confirmed priority"), max_length=11, choices=Priority.choices, blank=True)
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
            models.CheckConstraint(
                condition=Q(own_priority="", justification="")
                | ~Q(own_priority="") & Q(GreaterThanOrEqual(Length(Trim("justification")), REASON)),
                name="own_priority_is_justified",
                violation_error_message=_("Say in 20 characters or more why the priority differs from the default."),
            ),
            models.CheckConstraint(
                condition=Q(own_priority="") | Q(confirmed=""),
                name="priority_is_confirmed_or_the_office_s_own",
                violation_error_message=_("A sector with a priority of its own cannot be confirmed as default."),
            ),
            models.CheckConstraint(
                condition=~Q(own_priority="not_applicable") | ~Q(status__in=["planned", "active"]),
                name="sector_not_applicable_is_neither_planned_nor_active",
                violation_error_message=_("A planned or active sector cannot be “not applicable”."),
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
        if self.own_priority and len(self.justification.strip()) < REASON:
            wrong["justification"] = _("Justification must be %(least)s characters or more. It has %(length)s.") % {
                "least": REASON,
                "length": len(self.justification.strip()),
            }
        under_way = self.status in (self.Status.PLANNED, self.Status.ACTIVE)
        if self.own_priority == PlanPriority.NOT_APPLICABLE and under_way:
            wrong["own_priority"] = _(
                "This sector is planned or active, so it applies. Stand it down, complete it or set it back first."
            )
        if wrong:
            raise ValidationError(wrong)


class GapQuerySet(models.QuerySet):
    def open(self, as_of=None):
        """Gaps open now, or at a past moment."""
        if as_of is None:
            return self.filter(closed_at=None)
        return self.filter(
            Q(closed_at=None) | Q(closed_at__gt=as_of),
            Q(resumed_at=None) | Q(resumed_at__lte=as_of),
            opened_at__lte=as_of,
        )

    def with_waiver(self, today, as_of=None):
        """Adds `waived`: whether a waiver covers the gap on that day. A lapsed waiver counts for nothing.

        With a past moment only what had been waived by then counts.
        """
        if as_of is None:
            return self.annotate(waived=Q(waived_until__isnull=False, waived_until__gte=today))
        given = Waiver.objects.filter(gap=OuterRef("pk"), at__lte=as_of).order_by("-at", "-pk").values("until")[:1]
        return self.alias(then_until=Subquery(given)).annotate(
            waived=Q(then_until__isnull=False, then_until__gte=today)
        )

    def uncovered(self, today=None, as_of=None):
        """Gaps that no waiver covers on that day (today where none is given): what every count of gaps means."""
        return self.with_waiver(today or timezone.now().date(), as_of).filter(waived=False)


class Gap(models.Model):
    """A critical sector that is neither active nor completed in an open phase of an open crisis.

    Opened and closed in the transaction that causes it, so the intervals answer for any past moment. A gap that a
    merge had closed goes on as a new row when the merge is undone: open since the day it always was, and standing from
    `resumed_at` on.
    """

    class Why(models.TextChoices):
        """What opened or closed a gap."""

        LOGGED = "logged", _("the crisis was logged")
        FACTS = "facts", _("the facts of the crisis changed")
        PHASE = "phase", _("the phase was opened or closed")
        STATUS = "status", _("the status of the sector changed")
        PRIORITY = "priority", _("the office changed the priority")
        CRISIS = "crisis", _("the crisis was closed or reopened")
        EDITION = "edition", _("the crisis follows another edition of the framework")
        MERGE = "merge", _("the crisis was merged with another, or a merge was undone")

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="gaps")
    sector = models.ForeignKey(Sector, models.PROTECT, related_name="+")
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    resumed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    opened_why = models.CharField(max_length=8, choices=Why.choices)
    closed_why = models.CharField(max_length=8, choices=Why.choices, blank=True)
    waived_until = models.DateField(null=True, blank=True)  # the last day of its newest waiver

    objects = GapQuerySet.as_manager()

    seen_at = None  # the past moment as of which the gap was read

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
            models.CheckConstraint(
                condition=Q(resumed_at=None) | Q(resumed_at__gte=models.F("opened_at")),
                name="gap_goes_on_after_it_opened",
            ),
        ]

    def __str__(self):
        return f"{self.crisis}: {self.sector}, {self.phase}"

    def days_open(self, at=None):
        """Whole days since the gap opened, until it closed or until now; for a gap of the past until then."""
        return ((self.closed_at or at or self.seen_at or timezone.now()) - self.opened_at).days

    def late(self, at=None):
        """Whether the gap is open for longer than a critical sector may wait."""
        if self.closed_at:
            return False
        return (at or self.seen_at or timezone.now()) - self.opened_at > timedelta(hours=settings.GAP_LATE_HOURS)

    def covered_on(self, day):
        """Whether a waiver covers the gap on that day, as `with_waiver` has it of many."""
        return self.waived_until is not None and self.waived_until >= day

    @property
    def last_waiver(self):
        """The waiver that was given last, lapsed or not; None where there is none. Prefetch `waivers`."""
        return max(self.waivers.all(), key=lambda waiver: (waiver.at, waiver.pk), default=None)


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
