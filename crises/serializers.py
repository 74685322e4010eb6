"""The shape of crises, plans and gaps in the API.

Codes, never row numbers; null for what is not known; dates no more exact than they are known. Readers outside the
organisation see no names of its people, and a count of people under SMALL only as being under it.
"""

from datetime import date

from rest_framework import serializers

from crises.dates import Precision
from crises.models import AffectedGroup, Crisis, Figure, Gap, LevelDecision, PlanCell, PlanPriority, SourceKind
from crises.models.statements import SMALL
from crises.money import by_currency
from sectors.models import Complementarity, Fact, Priority, Provenance, Strength
from sectors.serializers import ChoiceOrNull, TextOrNull

PARTIAL = "ISO 8601, no more exact than it is known: 2014-06-01, 2014-06 or 2014."


class PartialDate(serializers.CharField):
    def __init__(self, **options):
        super().__init__(allow_null=True, help_text=PARTIAL, **options)


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
    revision = serializers.IntegerField(help_text="The number of its last change, counted over all crises.")
    updated_at = serializers.DateTimeField()
    url = serializers.HyperlinkedIdentityField(view_name="api-crisis", lookup_field="reference")

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
    ended_on = serializers.DateField(allow_null=True)
    review_on = serializers.DateField(allow_null=True)
    source = TextOrNull()
    note = TextOrNull()


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


class FigureSerializer(SourcedSerializer):
    metric = serializers.ChoiceField(Figure.Metric.choices)
    group = serializers.ChoiceField(Figure.GROUPS)
    value = serializers.SerializerMethodField(help_text="Null: not known, or under `below`.")
    below = serializers.SerializerMethodField(
        help_text=f"{SMALL} in place of a value from 1 to {SMALL - 1}, for readers outside the organisation."
    )
    qualifier = serializers.ChoiceField(Figure.Qualifier.choices)
    unit = serializers.ChoiceField(Figure.Unit.choices)
    headline = serializers.BooleanField(help_text="A key figure. Never add figures of one crisis to one another.")
    place = TextOrNull()
    activity = TextOrNull()

    def get_value(self, figure) -> int | None:
        return None if self.get_below(figure) else figure.value

    def get_below(self, figure) -> int | None:
        small = figure.value is not None and 0 < figure.value < SMALL
        return SMALL if small and not self.context["inside"] else None


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

    def get_glide(self, crisis) -> list[str]:
        return crisis.glide.split()

    def get_level_proposed(self, crisis) -> str | None:
        return crisis.level_proposed and str(crisis.level_proposed)

    def get_focal_point(self, crisis) -> str | None:
        return str(crisis.focal_point) if self.context["inside"] else None


def _waived_until(gap):
    return gap.last_waiver.until if gap.waived else None


class CellGapSerializer(serializers.Serializer):
    """The open gap of a cell of a plan."""

    opened_at = serializers.DateTimeField()
    opened_why = serializers.ChoiceField(Gap.Why.choices)
    days_open = serializers.IntegerField(help_text="Whole days.")
    waived = serializers.BooleanField()
    waived_until = serializers.SerializerMethodField(help_text="The last day of the waiver that covers the gap.")

    def get_waived_until(self, gap) -> date | None:
        return _waived_until(gap)


class CoordinationSerializer(serializers.Serializer):
    slug = serializers.CharField(source="target.slug")
    strength = serializers.ChoiceField(Strength.choices)


class CellSerializer(serializers.Serializer):
    """A sector in a phase: what the framework asks, what the office does, whether that is a gap (crises.plan.Cell)."""

    sector = serializers.CharField(source="sector.code")
    phase = serializers.CharField(source="phase.slug")
    stated = serializers.ChoiceField(Priority.choices, source="row.priority", help_text="The edition's priority.")
    default = serializers.ChoiceField(Priority.choices, help_text="The same, changed by the facts of the crisis.")
    priority = serializers.ChoiceField(PlanPriority.choices, help_text="The office's own, else the default.")
    justification = TextOrNull(source="entry.justification", help_text="Why the office departs from the default.")
    confirmed = serializers.BooleanField(help_text="Whether the office has looked at the default and keeps it.")
    because = serializers.CharField(help_text="Why the cell has its priority, in a sentence.")
    paragraph = serializers.CharField(source="row.paragraph")
    provenance = serializers.ChoiceField(Provenance.choices, source="row.provenance")
    question = ChoiceOrNull(Fact.choices, help_text="The fact that is not known yet and could change the priority.")
    needed = serializers.BooleanField(help_text="Critical, in an open phase of an open crisis.")
    status = serializers.ChoiceField(PlanCell.Status.choices)
    since = serializers.DateField(source="entry.since", allow_null=True)
    lead = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    gap = serializers.SerializerMethodField(help_text="Null where the cell is no gap.")
    closes = TextOrNull(help_text="What would close the gap, in sentences; null where there is none.")
    systems = serializers.SerializerMethodField(help_text="Whom to coordinate with, main links first.")
    clusters = serializers.SerializerMethodField()
    revision = serializers.IntegerField(source="entry.revision", help_text="0 where the office has said nothing.")

    def get_lead(self, cell) -> str | None:
        return cell.entry.lead or None if self.context["inside"] else None

    def get_gap(self, cell) -> CellGapSerializer(allow_null=True):
        return CellGapSerializer(cell.open_gap).data if cell.gap else None

    def get_systems(self, cell) -> CoordinationSerializer(many=True):
        return CoordinationSerializer(self.context["plan"].system_links(cell), many=True).data

    def get_clusters(self, cell) -> CoordinationSerializer(many=True):
        return CoordinationSerializer(self.context["plan"].cluster_links(cell), many=True).data


class TallySerializer(serializers.Serializer):
    """needed = active + completed + waived + gaps."""

    needed = serializers.IntegerField()
    active = serializers.IntegerField()
    completed = serializers.IntegerField()
    waived = serializers.IntegerField()
    gaps = serializers.IntegerField()


class OfPlanSerializer(serializers.Serializer):
    """Which crisis, at which revision, and whose word its plan rests on (crises.reading.CrisisPlan)."""

    reference = serializers.SerializerMethodField()
    revision = serializers.SerializerMethodField()
    framework = serializers.CharField(source="content.edition.framework.slug")
    edition = serializers.IntegerField(source="content.edition.number")
    provenance_note = serializers.CharField(source="content.provenance_note")

    def get_reference(self, whole) -> str:
        return self.context["crisis"].reference

    def get_revision(self, whole) -> int:
        return self.context["crisis"].revision


class PlanSerializer(OfPlanSerializer):
    """The plan of a crisis, whole."""

    tally = TallySerializer()
    cells = CellSerializer(many=True, help_text="One for each sector and phase of the framework.")


class TieSerializer(serializers.Serializer):
    """Why a sector is proposed (crises.advice.Tie)."""

    of_sector = serializers.CharField(source="of.sector.code", help_text="The one that is active or needed.")
    of_phase = serializers.CharField(source="of.phase.slug")
    from_sector = serializers.CharField(source="row.from_sector.code")
    how = serializers.ChoiceField(Complementarity.How.choices, source="row.how")
    to_sector = serializers.CharField(source="row.to_sector.code")
    sentence = serializers.CharField(help_text="The same in words.")
    reason = serializers.CharField(source="row.reason")
    paragraph = serializers.CharField(source="row.paragraph")
    provenance = serializers.ChoiceField(Provenance.choices, source="row.provenance")


class StandingSerializer(serializers.Serializer):
    """How a cell of the plan stands, where an answer is about something else."""

    sector = serializers.CharField(source="cell.sector.code")
    phase = serializers.CharField(source="cell.phase.slug")
    priority = serializers.ChoiceField(PlanPriority.choices, source="cell.priority")
    status = serializers.ChoiceField(PlanCell.Status.choices, source="cell.status")
    needed = serializers.BooleanField(source="cell.needed", help_text="Critical, in an open phase of an open crisis.")
    gap = serializers.BooleanField(source="cell.gap", help_text="Needed, and neither active nor completed.")
    waived = serializers.BooleanField(source="cell.waived", help_text="Whether a waiver covers the gap.")
    caution = TextOrNull(help_text="What to be careful of before anybody is referred to this sector.")


class ProposalSerializer(StandingSerializer):
    """A sector to add (crises.advice.Proposal)."""

    ties = TieSerializer(many=True, help_text="Why, each with its source: at least one.")


class AdviceSerializer(OfPlanSerializer):
    """What the framework advises to add to a plan."""

    proposals = serializers.SerializerMethodField(help_text="Gaps first, then by priority and phase.")

    def get_proposals(self, whole) -> ProposalSerializer(many=True):
        return ProposalSerializer(self.context["found"], many=True).data


class LineSerializer(StandingSerializer):
    """A sector on the coordination sheet (crises.coordination.Line)."""

    strength = serializers.ChoiceField(Strength.choices, source="link.strength")
    reason = serializers.CharField(source="link.reason")
    paragraph = serializers.CharField(source="link.paragraph")
    provenance = serializers.ChoiceField(Provenance.choices, source="link.provenance")


class ContactSerializer(serializers.Serializer):
    country = serializers.CharField(source="country_id", help_text="ISO3.")
    name = serializers.CharField(help_text="Or a function.")
    organisation = serializers.CharField()
    reach = serializers.CharField(help_text="How to reach them.")
    note = TextOrNull()
    updated_at = serializers.DateTimeField()


class PartySerializer(serializers.Serializer):
    """A system, cluster or group on the coordination sheet (crises.coordination.Party)."""

    kind = serializers.ChoiceField(["system", "cluster", "group"])
    slug = serializers.CharField(source="partner.slug")
    name = serializers.CharField(source="partner.name")
    lead = TextOrNull(source="partner.lead", help_text="The lead agency; null where none is named.")
    conduct = TextOrNull(source="note", help_text="How to work with it.")
    sectors = LineSerializer(many=True, source="lines", help_text="Active or needed here, main links first.")
    contacts = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")

    def get_contacts(self, party) -> ContactSerializer(many=True, allow_null=True):
        return ContactSerializer(party.contacts, many=True).data if self.context["inside"] else None


class SheetSerializer(OfPlanSerializer):
    """The coordination sheet of a crisis."""

    parties = serializers.SerializerMethodField(help_text="The systems, then the clusters, then the other groups.")

    def get_parties(self, whole) -> PartySerializer(many=True):
        return PartySerializer(self.context["found"], many=True, context=self.context).data


class GapSerializer(serializers.Serializer):
    """An open gap in the list of gaps (crises.gaps.explained)."""

    crisis = serializers.CharField(source="gap.crisis.reference")
    country = serializers.CharField(source="gap.crisis.main_country_id", help_text="ISO3.")
    sector = serializers.CharField(source="gap.sector.code")
    phase = serializers.CharField(source="gap.phase.slug")
    priority = serializers.SerializerMethodField(help_text="Always critical: nothing else can be a gap.")
    because = serializers.CharField(help_text="Why the sector is critical here, in a sentence.")
    closes = serializers.CharField(help_text="What would close the gap, in sentences.")
    paragraph = serializers.CharField()
    provenance = serializers.ChoiceField(Provenance.choices)
    opened_at = serializers.DateTimeField(source="gap.opened_at")
    opened_why = serializers.ChoiceField(Gap.Why.choices, source="gap.opened_why")
    days_open = serializers.IntegerField(source="days")
    waived = serializers.BooleanField(source="gap.waived")
    waived_until = serializers.SerializerMethodField(help_text="The last day of the waiver that covers the gap.")

    def get_priority(self, row) -> str:
        return Priority.CRITICAL

    def get_waived_until(self, row) -> date | None:
        return _waived_until(row["gap"])
