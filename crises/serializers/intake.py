"""What the API takes to make something: a crisis with its cells and figures, or a figure; and what it answers."""

import re
from functools import cached_property

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.reverse import reverse

from crises.models import AffectedGroup, AgeBand, Crisis, Figure, FigurePart, PlanCell, PlanPriority, SourceKind
from crises.models.statements import WHY_WITHDRAWN
from offices.models import Office
from sectors import reference

from .edits import (
    CodeField,
    CountriesField,
    CountryField,
    Edit,
    GlideField,
    PartialDateField,
    Strict,
    TextField,
    TitleField,
    YesNoField,
)

AMONG_STAFF = [(one.value, one.label) for one in (Crisis.Sharing.STAFF, Crisis.Sharing.OFFICE)]  # an office's to choose
MOST_NUMBER = 10**15  # more than any count of people or houses, and no more than every reader of JSON keeps exactly


class KnownField(serializers.CharField):
    """A code of something that is looked up once for all that is sent: `known` answers {code: row} from the root."""

    def __init__(self, known, **options):
        super().__init__(**options)
        self.known = known

    def to_internal_value(self, data):
        rows = getattr(self.root, self.known)
        if not isinstance(data, str) or data not in rows:
            raise serializers.ValidationError(_("Must be one of: %(known)s.") % {"known": ", ".join(rows)})
        return rows[data]

    def run_validators(self, value):
        """The rules of text are not for rows."""


class OfficeField(serializers.CharField):
    """The slug of an office. One query, one more where there is none such."""

    def to_internal_value(self, data):
        named = isinstance(data, str) and re.fullmatch("[-a-zA-Z0-9_]+", data)
        found = Office.objects.filter(slug=data).first() if named else None
        if found is None:
            known = Office.objects.order_by("slug").values_list("slug", flat=True)
            raise serializers.ValidationError(_("Must be one of: %(known)s.") % {"known": ", ".join(known)})
        return found

    def run_validators(self, value):
        """The rules of text are not for offices."""


class NumberField(serializers.IntegerField):
    """A whole number of 0 or more, as a number: a text that looks like one is none."""

    def __init__(self, **options):
        super().__init__(min_value=0, max_value=MOST_NUMBER, **options)

    def to_internal_value(self, data):
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    def to_internal_value(self, data):
        if not isinstance(data, bool):
            raise serializers.ValidationError(_("Must be true or false."))
        return data


class Known(serializers.Serializer):
    """The rows that codes stand for, each kind read once for all that is sent."""

    @cached_property
    def content(self):
        return self.context.get("content") or reference.current()

    @cached_property
    def sectors(self):
        return {sector.code: sector for sector in self.content.sectors}

    @cached_property
    def phases(self):
        return {phase.slug: phase for phase in self.content.phases}

    @cached_property
    def bands(self):
        return {band.code: band for band in AgeBand.objects.all()}


class PartIntake(Strict):
    """How many of a figure are of one sex and age, as its source says."""

    sex = CodeField(FigurePart.Sex.choices)
    age_band = KnownField("bands", help_text="Code of a band of ages; see /api/v1/codes/.")
    value = NumberField()


class FigureIntake(Strict):
    """A figure as its source states it."""

    metric = CodeField(Figure.Metric.choices)
    group = CodeField(Figure.GROUPS, default=Figure.ALL)
    value = NumberField(allow_null=True, default=None, help_text="Null: the source says that it is not known.")
    qualifier = CodeField(Figure.Qualifier.choices, default=Figure.Qualifier.EXACT)
    unit = CodeField(Figure.Unit.choices, default=Figure.Unit.PEOPLE)
    as_of = PartialDateField()
    source_kind = CodeField(SourceKind.choices)
    source = TextField(max_length=300, required=False, help_text="Document or address.")
    sectors = serializers.ListField(child=KnownField("sectors"), max_length=50, required=False, help_text="Codes.")
    activity = TextField(max_length=120, required=False)
    place = TextField(max_length=80, required=False)
    note = TextField(max_length=300, required=False)
    headline = FlagField(default=False, help_text="Whether it is a key figure of the crisis.")
    parts = serializers.ListField(child=PartIntake(), max_length=100, required=False, help_text="By sex and age.")

    def validate_as_of(self, as_of):
        if as_of[0] is None:
            raise serializers.ValidationError(_("Enter the date of the figure."))
        return as_of

    def validate_parts(self, parts):
        named = {(part["sex"], part["age_band"]): part["value"] for part in parts}
        if len(named) < len(parts):
            raise serializers.ValidationError(_("A sex and age is there twice. Keep one."))
        return named

    def validate(self, said):
        said["as_of"], said["as_of_precision"] = said["as_of"]
        said["sectors"] = list(dict.fromkeys(said.get("sectors", ())))
        return said


class FigureAlone(FigureIntake, Known):
    """A figure for a crisis that stands."""


class CellIntake(Strict):
    """What the office says of a sector in a phase: its status and what goes with it, a priority of its own, or both."""

    sector = KnownField("sectors", help_text="Code of the sector.")
    phase = KnownField("phases", help_text="Slug of the phase.")
    status = CodeField(PlanCell.Status.choices, required=False, help_text="Planned or active; more by PATCH, later.")
    since = serializers.DateField(required=False, help_text="The day it became so. Left out: today.")
    lead = TextField(max_length=80, required=False)
    cluster_contact = TextField(max_length=120, required=False)
    note = TextField(max_length=500, required=False)
    priority = CodeField(PlanPriority.choices, required=False, help_text="In place of the framework's.")
    justification = TextField(
        max_length=500, required=False, help_text="At least 20 characters; needed with a priority."
    )

    def validate(self, said):
        if len(said) == 2:
            raise serializers.ValidationError(_("Say something of this cell: its status, its priority or a note."))
        if said.get("justification") and "priority" not in said:
            raise serializers.ValidationError({"priority": [_("Name the priority that this justifies.")]})
        if "priority" in said:
            said["own_priority"] = said.pop("priority")
        return said


class PeriodIntake(Strict):
    phase = KnownField("phases", help_text="Slug of the phase.")
    entered_on = serializers.DateField(required=False, allow_null=True, help_text="Null: the day is not known.")


class CrisisIntake(Strict, Known):
    """A crisis to be logged, with what is known by now of its plan and its numbers."""

    office = OfficeField(help_text="Slug of the office that logs it: one of yours.")
    title = TitleField(max_length=80)
    country = CountryField(help_text="The country most affected, ISO3.")
    cause = CodeField(Crisis.Cause.choices)
    periods = serializers.ListField(
        child=PeriodIntake(), min_length=1, max_length=20, help_text="The phases that the crisis is in."
    )
    other_countries = CountriesField(required=False)
    places = TextField(max_length=200, required=False)
    cause_detail = TextField(max_length=120, required=False)
    onset = CodeField(Crisis.Onset.choices, allow_null=True, required=False)
    started = PartialDateField(required=False)
    crosses_border = YesNoField(required=False)
    foreign_nationals = YesNoField(required=False)
    state_request = YesNoField(required=False)
    groups = serializers.ListField(child=CodeField(AffectedGroup.choices), max_length=20, required=False)
    glide = serializers.ListField(child=GlideField(), max_length=10, required=False, help_text="GLIDE numbers.")
    level_proposed = CodeField([(level, level) for level in "123"], allow_null=True, required=False)
    summary = TextField(max_length=1000, required=False)
    exercise = FlagField(default=False, help_text="Made up for training: not a real crisis.")
    sharing = CodeField(
        AMONG_STAFF,
        default=Crisis.Sharing.STAFF,
        help_text="HQ decides on sharing with partners.",
    )
    cells = serializers.ListField(child=CellIntake(), max_length=200, required=False)
    figures = serializers.ListField(child=FigureIntake(), max_length=50, required=False)
    confirmed_not_duplicate = FlagField(
        default=False, help_text="Whether you have seen the like crises that a 409 named, and this is none of them."
    )
    why_distinct = TextField(max_length=200, required=False, help_text="Why it is none of them; HQ reads it.")

    def validate_periods(self, periods):
        named = {period["phase"]: period.get("entered_on") for period in periods}
        if len(named) < len(periods):
            raise serializers.ValidationError(_("A phase is there twice. Keep one."))
        return named

    def validate(self, said):
        """The facts as the services name them."""
        said["main_country"] = said.pop("country")
        said["phases"] = said.pop("periods")
        said["started_on"], said["start_precision"] = said.pop("started", (None, ""))
        said["glide"] = " ".join(dict.fromkeys(said.get("glide", ())))
        said["groups"] = list(dict.fromkeys(said.get("groups", ())))
        said["level_proposed"] = int(said["level_proposed"]) if said.get("level_proposed") else None
        return said


class Withdrawal(Edit):
    """What is wrong with a figure: it stays readable and no longer counts. The right number is another figure."""

    withdrawn_why = TitleField(
        max_length=300, min_length=WHY_WITHDRAWN, help_text=f"At least {WHY_WITHDRAWN} characters."
    )


class OpenedSerializer(serializers.Serializer):
    sector = serializers.SerializerMethodField()
    phase = serializers.SerializerMethodField()

    def get_sector(self, key) -> str:
        return key[0]

    def get_phase(self, key) -> str:
        return key[1]


class LoggedSerializer(serializers.Serializer):
    """A crisis that was logged (crises.services.Outcome): the same for the same key, whatever has changed since."""

    reference = serializers.CharField(source="crisis.reference")
    revision = serializers.IntegerField(source="result.revision")
    logged_at = serializers.DateTimeField(source="crisis.logged_at")
    figures = serializers.ListField(
        child=serializers.IntegerField(), source="result.rows", help_text="Numbers of the figures, in the order sent."
    )
    gaps = serializers.SerializerMethodField(
        help_text="The critical sectors that are not active: what the plan asks for first."
    )
    url = serializers.SerializerMethodField()
    plan_url = serializers.SerializerMethodField()

    def get_gaps(self, outcome) -> OpenedSerializer(many=True):
        return OpenedSerializer(outcome.result["gaps"], many=True).data

    def _address(self, name, outcome, **more):
        kwargs = {"reference": outcome.crisis.reference, **more}
        return reverse(name, kwargs=kwargs, request=self.context["request"])

    def get_url(self, outcome) -> str:
        return self._address("api-crisis", outcome)

    def get_plan_url(self, outcome) -> str:
        return self._address("api-plan", outcome)


class AddedSerializer(LoggedSerializer):
    """A figure that was added to a crisis."""

    logged_at = figures = gaps = plan_url = None
    number = serializers.SerializerMethodField(help_text="Of the figure, at its address.")

    def get_number(self, outcome) -> int:
        return outcome.result["rows"][0]

    def get_url(self, outcome) -> str:
        return self._address("api-figure", outcome, number=self.get_number(outcome))
