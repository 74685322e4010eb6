"""The shape of plans, gaps, advice and the coordination sheet in the API."""

from datetime import date

from rest_framework import serializers

from crises.models import (
    Gap,
    PlanCell,
    PlanPriority,
)
from sectors.models import Complementarity, Fact, Priority, Provenance, Strength
from sectors.serializers import ChoiceOrNull, TextOrNull

SIDES = ["system", "cluster", "group"]  # the kinds of whom to coordinate with


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

    kind = serializers.ChoiceField(SIDES)
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
