"""Figures: sourced statements of how many, and their parts by sex and age where the source gives them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from sectors.models import Sector

from .crisis import AffectedGroup, Crisis
from .statements import Sourced, StatementQuerySet, withdrawn_for_a_reason


class FigureQuerySet(StatementQuerySet):
    def affected(self):
        """Key figures that say how many people are affected, all groups together."""
        return self.filter(
            metric=Figure.Metric.AFFECTED,
            group=Figure.ALL,
            unit=Figure.Unit.PEOPLE,
            headline=True,
            value__isnull=False,
        )


class Figure(Sourced):
    """A sourced statement of how many. Never summed across sources, groups, sectors or dates; unknown is null."""

    class Metric(models.TextChoices):
        AFFECTED = "affected", _("People affected")
        IN_NEED = "in_need", _("People in need")
        TARGETED = "targeted", _("Targeted")
        REACHED = "reached", _("Reached")
        DISPLACED = "displaced", _("Displaced")
        RETURNED = "returned", _("Returned")
        CROSSED_BORDER = "crossed_border", _("Crossed a border")
        PRESENT = "present", _("Present before the crisis or now")
        DEAD = "dead", _("Dead")
        HOUSING_DAMAGED = "housing_damaged", _("Housing damaged")

    ALL = "all"
    GROUPS = [(ALL, _("All groups")), *AffectedGroup.choices]

    class Qualifier(models.TextChoices):
        EXACT = "exact", _("Exactly")
        ABOUT = "about", _("About")
        AT_LEAST = "at_least", _("At least")

    class Unit(models.TextChoices):
        PEOPLE = "people", _("people")
        HOUSEHOLDS = "households", _("households")
        HOUSES = "houses", _("houses")

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="figures")
    metric = models.CharField(_("what is counted"), max_length=15, choices=Metric.choices)
    group = models.CharField(_("group"), max_length=22, choices=GROUPS, default=ALL)
    sectors = models.ManyToManyField(Sector, blank=True, related_name="+", verbose_name=_("sectors"))
    activity = models.CharField(_("line of work"), max_length=120, blank=True)
    place = models.CharField(_("place"), max_length=80, blank=True)
    value = models.BigIntegerField(_("number"), null=True, blank=True)
    qualifier = models.CharField(_("how exact"), max_length=8, choices=Qualifier.choices, default=Qualifier.EXACT)
    unit = models.CharField(_("unit"), max_length=10, choices=Unit.choices, default=Unit.PEOPLE)
    headline = models.BooleanField(_("key figure"), default=False)

    objects = FigureQuerySet.as_manager()

    class Meta:
        ordering = ["-as_of", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__gte=0),
                name="figure_is_0_or_more",
                violation_error_message=_("The number must be 0 or more."),
            ),
            models.CheckConstraint(
                condition=Q(as_of__isnull=False) & ~Q(as_of_precision=""),
                name="figure_has_a_date",
                violation_error_message=_("Enter the date of the figure."),
            ),
            *withdrawn_for_a_reason("figure"),
        ]

    def __str__(self):
        return f"{self.get_metric_display()}: {self.value}"

    @property
    def says_affected(self):
        """The condition of FigureQuerySet.affected."""
        whom = (self.metric, self.group, self.unit)
        return whom == (self.Metric.AFFECTED, self.ALL, self.Unit.PEOPLE) and self.headline and self.value is not None


class AgeBand(models.Model):
    """A band of ages that figures can be parted by. Several lists of bands are in use, so the bands are data."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    label = models.CharField(_("label"), max_length=40)
    from_age = models.PositiveSmallIntegerField(_("from age"), null=True, blank=True)
    to_age = models.PositiveSmallIntegerField(
        _("to age"), null=True, blank=True, help_text=_("The last year of age in the band; empty: no upper end.")
    )
    number = models.PositiveSmallIntegerField(_("order"))
    offered = models.BooleanField(
        _("offered"), default=True, help_text=_("Whether the form asks for it. What was recorded stays readable.")
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["number", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_age=None) | Q(to_age=None) | Q(to_age__gte=models.F("from_age")),
                name="age_band_ends_after_it_begins",
                violation_error_message=_("The last age must be the first or higher."),
            ),
        ]

    def __str__(self):
        return self.label


class FigurePart(models.Model):
    """How many of a figure are of one sex and one band of ages, as its source says. A part not given has no row."""

    class Sex(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        UNKNOWN = "unknown", _("Sex not known")

    figure = models.ForeignKey(Figure, models.CASCADE, related_name="parts")
    sex = models.CharField(_("sex"), max_length=7, choices=Sex.choices)
    band = models.ForeignKey(AgeBand, models.PROTECT, related_name="+", verbose_name=_("age"))
    value = models.BigIntegerField(_("number"))

    class Meta:
        ordering = ["sex", "band__number", "band"]
        constraints = [
            models.UniqueConstraint(fields=["figure", "sex", "band"], name="figure_has_one_part_for_each_sex_and_age"),
            models.CheckConstraint(
                condition=Q(value__gte=0),
                name="part_is_0_or_more",
                violation_error_message=_("The number must be 0 or more."),
            ),
            models.CheckConstraint(
                condition=Q(sex__in=["female", "male", "unknown"]), name="part_is_female_male_or_not_known"
            ),
        ]

    def __str__(self):
        return f"{self.get_sex_display()}, {self.band}: {self.value}"
