"""Dated statements about a crisis that are added and never overwritten: lines of work, levels (figures: figures.py)."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.db.models import OuterRef, Q
from django.db.models.functions import Length, Trim
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from crises.dates import Precision, iso, spoken
from sectors.models import Sector

from .crisis import Crisis

WHY_WITHDRAWN = 10  # characters: what it takes to say what is wrong with a statement
SMALL = 5  # for readers outside the organisation: a smaller count of people could point to a person


class SourceKind(models.TextChoices):
    GOVERNMENT = "government", _("Government")
    UN = "un", _("United Nations")
    IOM = "iom", _("IOM")
    IOM_DTM = "iom_dtm", _("IOM Displacement Tracking Matrix")
    RED_CROSS = "red_cross", _("Red Cross or Red Crescent")
    NGO = "ngo", _("Non-governmental organisation")
    MEDIA = "media", _("Media")
    OWN_ESTIMATE = "own_estimate", _("Own estimate")


class OfCrisisQuerySet(models.QuerySet):
    def of(self, crises, at=None):
        """What is said of a crisis, or of each of these, and of the crises merged into it, now or at a past moment.

        No further query. `crises` as of Crisis.objects.family_of.
        """
        if isinstance(crises, OuterRef):
            crises = OuterRef(crises)  # it is asked one query further in
        return self.filter(crisis__in=Crisis.objects.family_of(crises, at).order_by().values("pk"))


class StatementQuerySet(OfCrisisQuerySet):
    def standing(self, at=None):
        """Those recorded by this moment and not withdrawn by then; as things stand now where none is given."""
        if at is None:
            return self.filter(withdrawn_at=None)
        return self.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=at), recorded_at__lte=at)


class Sourced(models.Model):
    """A statement with the date it holds for and the source it comes from.

    Never overwritten: a wrong one is withdrawn for a reason, stays readable, and no longer counts.
    """

    as_of = models.DateField(_("as of"), null=True, blank=True)
    as_of_precision = models.CharField(max_length=5, choices=Precision.choices, blank=True)
    source_kind = models.CharField(_("source"), max_length=12, choices=SourceKind.choices)
    source = models.CharField(_("document or address"), max_length=300, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    revision = models.BigIntegerField(editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )
    withdrawn_why = models.TextField(
        _("why it is withdrawn"), blank=True, editable=False, validators=[MaxLengthValidator(300)]
    )

    objects = StatementQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def as_of_spoken(self):
        return spoken(self.as_of, self.as_of_precision)

    @property
    def as_of_iso(self):
        return iso(self.as_of, self.as_of_precision)


def withdrawn_for_a_reason(of):
    """The constraints of a Sourced table: withdrawn by somebody with a reason, or not at all."""
    return [
        models.CheckConstraint(
            condition=Q(withdrawn_at=None, withdrawn_why="")
            | Q(withdrawn_at__isnull=False) & Q(GreaterThanOrEqual(Length(Trim("withdrawn_why")), WHY_WITHDRAWN)),
            name=f"{of}_is_withdrawn_for_a_reason",
            violation_error_message=_("Say in 10 characters or more what is wrong with it."),
        ),
        models.CheckConstraint(
            condition=Q(withdrawn_at=None, withdrawn_by=None)
            | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            name=f"{of}_is_withdrawn_by_somebody",
        ),
    ]


class Activity(Sourced):
    """A named line of work and its money. It names its sectors: one, several, or none of the framework's list.

    With `whole_plan` it is no line but the total of the whole plan as its source gives it: the lines and the total
    are shown side by side and may differ.
    """

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="activities")
    name = models.CharField(_("line of work"), max_length=120)
    sectors = models.ManyToManyField(Sector, blank=True, related_name="+", verbose_name=_("sectors"))
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="USD",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Write the currency as three capital letters, like USD."))],
    )
    required = models.BigIntegerField(_("required"), null=True, blank=True)
    confirmed = models.BigIntegerField(_("confirmed"), null=True, blank=True)
    whole_plan = models.BooleanField(_("total of the whole plan"), default=False)

    objects = StatementQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("activities")
        ordering = ["-required", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(required=None) | Q(required__gte=0)) & (Q(confirmed=None) | Q(confirmed__gte=0)),
                name="amounts_are_0_or_more",
                violation_error_message=_("Amounts must be 0 or more."),
            ),
            models.CheckConstraint(
                condition=Q(whole_plan=False) | Q(required__isnull=False) | Q(confirmed__isnull=False),
                name="total_of_a_plan_states_an_amount",
                violation_error_message=_("Enter the amount that the source gives for the whole plan."),
            ),
            *withdrawn_for_a_reason("activity"),
        ]

    def __str__(self):
        return self.name


class LevelDecision(models.Model):
    """A decision on the emergency level: IOM's own levels, or the inter-agency activation. Two schemes, kept apart.

    The criteria are those of the organisations' own procedures (IC/2012/7, paragraph 14) and are not repeated here.
    """

    class Scheme(models.TextChoices):
        IOM = "iom", _("IOM emergency level")
        INTER_AGENCY = "inter_agency", _("Inter-agency activation")

    class Value(models.TextChoices):
        LEVEL_1 = "1", _("Level 1")
        LEVEL_2 = "2", _("Level 2")
        LEVEL_3 = "3", _("Level 3")
        L3 = "L3", _("System-wide L3")
        SCALE_UP = "scale_up", _("Scale-Up")

    VALUES = {
        Scheme.IOM: (Value.LEVEL_1, Value.LEVEL_2, Value.LEVEL_3),
        Scheme.INTER_AGENCY: (Value.L3, Value.SCALE_UP),
    }

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="levels")
    scheme = models.CharField(_("scheme"), max_length=12, choices=Scheme.choices)
    value = models.CharField(_("level"), max_length=8, choices=Value.choices)
    decided_on = models.DateField(_("decided on"))
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    review_on = models.DateField(_("review on"), null=True, blank=True)
    source = models.CharField(_("document or address"), max_length=300, blank=True)
    note = models.CharField(_("why"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    revision = models.BigIntegerField(editable=False)

    objects = OfCrisisQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scheme="iom", value__in=["1", "2", "3"])
                | Q(scheme="inter_agency", value__in=["L3", "scale_up"]),
                name="level_belongs_to_its_scheme",
                violation_error_message=_("That level does not belong to that scheme."),
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=models.F("decided_on")),
                name="level_ends_after_it_was_decided",
                violation_error_message=_("The end of a level must be the day of the decision or later."),
            ),
        ]

    def __str__(self):
        return f"{self.get_scheme_display()}: {self.get_value_display()}"

    def clean(self):
        """One decision's own rules. Raises ValidationError that names the field."""
        wrong = {}
        if self.review_on and self.decided_on and self.review_on < self.decided_on:
            wrong["review_on"] = _("The review date must be the day of the decision or later.")
        if self.ended_on and self.decided_on and self.ended_on < self.decided_on:
            wrong["ended_on"] = _("The end of a level must be the day of the decision or later.")
        if wrong:
            raise ValidationError(wrong)
