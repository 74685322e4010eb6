"""The shape of crises in the API: their facts, levels, figures, lines of work."""

from rest_framework import serializers

from crises.dates import Precision
from crises.disclosure import parts_withheld, told
from crises.models import (
    AffectedGroup,
    Crisis,
    Figure,
    FigurePart,
    LevelDecision,
    ReviewState,
    SourceKind,
)
from crises.models.statements import SMALL
from crises.money import by_currency
from offices.models import Office
from sectors.serializers import ChoiceOrNull, TextOrNull

PARTIAL = "ISO 8601, no more exact than it is known: 2014-06-01, 2014-06 or 2014."


class PartialDate(serializers.CharField):
    def __init__(self, **options):
        super().__init__(allow_null=True, help_text=PARTIAL, **options)


class PlaceSerializer(serializers.Serializer):
    """A country beside its code."""

    iso3 = serializers.CharField()
    iso2 = serializers.CharField()
    m49 = serializers.CharField()
    name = serializers.CharField()


class SeatSerializer(serializers.Serializer):
    """An office beside its slug."""

    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Office.Kind.choices)
    country = serializers.CharField(source="country_id", allow_null=True, help_text="ISO3; null for headquarters.")


class ExpandedSerializer(serializers.Serializer):
    """What a crisis names by codes, in full; only what was asked for is there."""

    office = SeatSerializer(required=False)
    country = PlaceSerializer(source="main_country", required=False)
    other_countries = serializers.SerializerMethodField(required=False)

    def __init__(self, *args, names=None, **options):
        super().__init__(*args, **options)
        for name in set(self.fields) - set(names or self.fields):
            del self.fields[name]

    def get_other_countries(self, crisis) -> PlaceSerializer(many=True):
        countries = sorted(crisis.other_countries.all(), key=lambda country: country.iso3)
        return PlaceSerializer(countries, many=True).data


class CrisisRowSerializer(serializers.Serializer):
    """A crisis in a list (crises.api.rows)."""

    reference = serializers.CharField(help_text="Names the crisis for good, such as LBY-2014-K7Q.")
    title = serializers.CharField()
    status = serializers.ChoiceField(Crisis.Status.choices)
    exercise = serializers.BooleanField(help_text="Made up for training: not a real crisis.")
    sharing = serializers.ChoiceField(Crisis.Sharing.choices)
    country = serializers.CharField(source="main_country_id", help_text="The country most affected, ISO3.")
    other_countries = serializers.SerializerMethodField(help_text="ISO3 codes.")
    region = serializers.CharField(source="main_country.region.code", allow_null=True, help_text="M49 code.")
    office = serializers.CharField(source="office.slug")
    cause = serializers.ChoiceField(Crisis.Cause.choices)
    onset = ChoiceOrNull(Crisis.Onset.choices)
    started = PartialDate(source="started_iso")
    started_precision = ChoiceOrNull(Precision.choices, source="start_precision")
    phases = serializers.SerializerMethodField(help_text="The phases the crisis is in.")
    level = serializers.SerializerMethodField(help_text="The IOM emergency level in force.")
    inter_agency = serializers.SerializerMethodField(help_text="The inter-agency activation in force.")
    gaps = serializers.IntegerField(
        source="gap_count", help_text="Critical sectors neither active, completed nor waived."
    )
    waived = serializers.IntegerField(source="waived_count", help_text="Gaps covered by a waiver, not among `gaps`.")
    review = serializers.ChoiceField(ReviewState.choices, help_text="Where its review stands.")
    approved_at = serializers.DateTimeField(allow_null=True, help_text="When it was last approved; null: never.")
    changed_since_approval = serializers.BooleanField(
        help_text="Whether facts, plan, figures or lines of work are not as they were approved."
    )
    revision = serializers.IntegerField(help_text="The number of its last change, counted over all crises.")
    updated_at = serializers.DateTimeField()
    url = serializers.HyperlinkedIdentityField(view_name="api-crisis", lookup_field="reference")
    expanded = serializers.SerializerMethodField(help_text="What `expand` asks for; null where it asks for nothing.")

    def get_expanded(self, crisis) -> ExpandedSerializer(allow_null=True):
        asked = self.context.get("expand")
        return ExpandedSerializer(crisis, names=asked).data if asked else None

    def get_other_countries(self, crisis) -> list[str]:
        return sorted(country.iso3 for country in crisis.other_countries.all())

    def get_phases(self, crisis) -> list[str]:
        return [period.phase.slug for period in crisis.open_periods]

    def get_level(self, crisis) -> str | None:
        return None if crisis.level_ended else crisis.level_value

    def get_inter_agency(self, crisis) -> str | None:
        return None if crisis.activation_ended else crisis.activation_value


class PeriodSerializer(serializers.Serializer):
    phase = serializers.CharField(source="phase.slug")
    entered_on = serializers.DateField(allow_null=True)
    left_on = serializers.DateField(allow_null=True, help_text="Null while the crisis is in the phase.")


class LevelSerializer(serializers.Serializer):
    scheme = serializers.ChoiceField(LevelDecision.Scheme.choices)
    value = serializers.ChoiceField(LevelDecision.Value.choices)
    decided_on = serializers.DateField()
    decided_by = TextOrNull(help_text="The body or function that decided.")
    ended_on = serializers.DateField(allow_null=True)
    review_on = serializers.DateField(allow_null=True)
    source = TextOrNull()
    note = TextOrNull(help_text="Why.")


class SourcedSerializer(serializers.Serializer):
    sectors = serializers.SerializerMethodField(help_text="Codes; empty where it is about no one sector.")
    as_of = PartialDate(source="as_of_iso")
    as_of_precision = ChoiceOrNull(Precision.choices)
    source_kind = serializers.ChoiceField(SourceKind.choices)
    source = TextOrNull(help_text="Document or address.")
    note = TextOrNull()
    revision = serializers.IntegerField()

    def get_sectors(self, statement) -> list[str]:
        return [sector.code for sector in statement.sectors.all()]


class PartSerializer(serializers.Serializer):
    """How many of a figure are of one sex and age."""

    sex = serializers.ChoiceField(FigurePart.Sex.choices)
    age_band = serializers.CharField(source="band.code")
    from_age = serializers.IntegerField(source="band.from_age", allow_null=True)
    to_age = serializers.IntegerField(source="band.to_age", allow_null=True, help_text="The last year in the band.")
    value = serializers.IntegerField()


class FigureSerializer(SourcedSerializer):
    number = serializers.IntegerField(source="pk", help_text="Of the figure, at its address.")
    metric = serializers.ChoiceField(Figure.Metric.choices)
    group = serializers.ChoiceField(Figure.GROUPS)
    value = serializers.SerializerMethodField(help_text="Null: not known, or `suppressed`.")
    suppressed = serializers.SerializerMethodField(
        help_text="Whether the value is known and kept from you, because it is small."
    )
    below = serializers.SerializerMethodField(
        help_text=f"{SMALL} in place of a value from 1 to {SMALL - 1}, for readers outside the organisation."
    )
    qualifier = serializers.ChoiceField(Figure.Qualifier.choices)
    unit = serializers.ChoiceField(Figure.Unit.choices)
    headline = serializers.BooleanField(help_text="A key figure. Never add figures of one crisis to one another.")
    place = TextOrNull()
    activity = TextOrNull()
    parts = serializers.SerializerMethodField(
        help_text="By sex and age, as the source gives them: they may overlap and need not come to the value."
    )
    parts_withheld = serializers.SerializerMethodField(
        help_text="Whether the parts are suppressed, all of them, because a small count could be worked out of them."
    )

    def get_value(self, figure) -> int | None:
        return told(figure.value, inside=self.context["inside"])[0]

    def get_suppressed(self, figure) -> bool:
        return told(figure.value, inside=self.context["inside"])[1]

    def get_below(self, figure) -> int | None:
        return SMALL if self.get_suppressed(figure) else None

    def get_parts_withheld(self, figure) -> bool:
        return not self.context["inside"] and parts_withheld(figure.value, figure.parts.all())

    def get_parts(self, figure) -> PartSerializer(many=True):
        return [] if self.get_parts_withheld(figure) else PartSerializer(figure.parts.all(), many=True).data


class ActivitySerializer(SourcedSerializer):
    name = serializers.CharField()
    currency = serializers.CharField(help_text="ISO 4217.")
    required = serializers.IntegerField(allow_null=True, help_text="Whole units of the currency.")
    confirmed = serializers.IntegerField(allow_null=True)
    whole_plan = serializers.BooleanField(
        help_text="The total of the whole plan as its source gives it: no line of work, and never part of their sum."
    )


class TotalSerializer(serializers.Serializer):
    """A total of the whole plan beside the sum of the lines of work in its currency (crises.money.Comparison)."""

    required = serializers.IntegerField(source="total.required", allow_null=True)
    confirmed = serializers.IntegerField(source="total.confirmed", allow_null=True)
    as_of = PartialDate(source="total.as_of_iso")
    source_kind = serializers.ChoiceField(SourceKind.choices, source="total.source_kind")
    source = TextOrNull(source="total.source")
    required_more = serializers.IntegerField(
        source="required", allow_null=True, help_text="What the total is more than the lines; negative: less."
    )
    confirmed_more = serializers.IntegerField(source="confirmed", allow_null=True)


class MoneySerializer(serializers.Serializer):
    """The lines of work in one currency and what they come to, beside the totals stated for the whole plan."""

    currency = serializers.CharField(help_text="ISO 4217.")
    lines = serializers.SerializerMethodField(help_text="How many lines of work there are.")
    required = serializers.IntegerField(allow_null=True, help_text="The sum of the lines that say what is required.")
    requiring = serializers.IntegerField(help_text="How many lines say what is required.")
    confirmed = serializers.IntegerField(allow_null=True)
    confirming = serializers.IntegerField()
    totals = TotalSerializer(many=True, source="compared", help_text="The newest first.")

    def get_lines(self, money) -> int:
        return len(money.lines)


class CrisisSerializer(CrisisRowSerializer):
    """A crisis with all its facts and statements."""

    part_of = serializers.CharField(
        source="seen_part_of", allow_null=True, help_text="Reference of the wider crisis, where you may see it."
    )
    parts = serializers.SerializerMethodField(help_text="References of the parts of this crisis that you may see.")
    places = TextOrNull()
    cause_detail = TextOrNull()
    ended = PartialDate(source="ended_iso")
    ended_precision = ChoiceOrNull(Precision.choices, source="end_precision")
    crosses_border = serializers.BooleanField(allow_null=True, help_text="Null: not known yet.")
    foreign_nationals = serializers.BooleanField(allow_null=True)
    state_request = serializers.BooleanField(allow_null=True)
    groups = serializers.ListField(child=serializers.ChoiceField(AffectedGroup.choices))
    glide = serializers.SerializerMethodField(help_text="GLIDE numbers.")
    level_proposed = serializers.SerializerMethodField(help_text="What the office proposed, which decides nothing.")
    summary = TextOrNull()
    logged_at = serializers.DateTimeField()
    focal_point = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    framework = serializers.CharField(source="edition.framework.slug")
    edition = serializers.IntegerField(source="edition.number", help_text="The edition that its plan follows.")
    periods = PeriodSerializer(many=True)
    levels = LevelSerializer(many=True)
    figures = FigureSerializer(many=True)
    activities = ActivitySerializer(many=True)
    money = serializers.SerializerMethodField(help_text="By currency. The lines and a stated total may differ.")
    plan_url = serializers.HyperlinkedIdentityField(view_name="api-plan", lookup_field="reference")

    def get_phases(self, crisis) -> list[str]:
        return [period.phase.slug for period in crisis.periods.all() if period.left_on is None]

    def get_money(self, crisis) -> MoneySerializer(many=True):
        return MoneySerializer(by_currency(crisis.activities.all()), many=True).data

    def get_parts(self, crisis) -> list[str]:
        return [part.reference for part in crisis.seen_parts]

    def get_glide(self, crisis) -> list[str]:
        return crisis.glide.split()

    def get_level_proposed(self, crisis) -> str | None:
        return crisis.level_proposed and str(crisis.level_proposed)

    def get_focal_point(self, crisis) -> str | None:
        return str(crisis.focal_point) if self.context["inside"] else None
