"""The shape of open gaps in the API, each with why it counts, and of what a plan has changed of the framework."""

from datetime import date

from rest_framework import serializers

from crises.models import Gap, PlanPriority
from sectors.models import Fact, Priority, Provenance
from sectors.serializers import ChoiceOrNull, TextOrNull

from .plans import OfPlanSerializer, TallySerializer


class WhySerializer(serializers.Serializer):
    """Why a sector is critical in a phase of a crisis, as the framework, the facts and the office have it."""

    sector = serializers.CharField(source="row.sector.code")
    phase = serializers.CharField(source="row.phase.slug")
    priority = serializers.SerializerMethodField(help_text="Always critical: nothing else can be a gap.")
    default = serializers.ChoiceField(Priority.choices, help_text="The framework's, given the facts of the crisis.")
    stated = serializers.ChoiceField(Priority.choices, source="row.priority", help_text="The edition's priority.")
    condition = ChoiceOrNull(
        Fact.choices, source="row.condition", help_text="The fact that the priority depends on; null for none."
    )
    fact = serializers.BooleanField(allow_null=True, help_text="What is known of that fact; null where nothing is.")
    own_priority = ChoiceOrNull(PlanPriority.choices, source="own", help_text="The office's own; null where none.")
    justification = TextOrNull(help_text="Why the office departs from the framework.")
    because = serializers.CharField(help_text="Why the sector is critical here, in a sentence.")
    closes = serializers.CharField(help_text="What would close the gap, in sentences.")
    paragraph = serializers.CharField(source="row.paragraph")
    provenance = serializers.ChoiceField(Provenance.choices, source="row.provenance")
    opened_at = serializers.DateTimeField(source="gap.opened_at")
    opened_why = serializers.ChoiceField(Gap.Why.choices, source="gap.opened_why")
    days_open = serializers.IntegerField(source="days", help_text="Whole days.")
    late = serializers.BooleanField(help_text="Whether it is open for longer than a critical sector may wait.")
    waived = serializers.BooleanField(source="gap.waived")
    waived_until = serializers.SerializerMethodField(help_text="The last day of the waiver that covers the gap.")

    def get_priority(self, row) -> str:
        return Priority.CRITICAL

    def get_waived_until(self, row) -> date | None:
        gap = row["gap"]
        return gap.last_waiver.until if gap.waived else None


class GapSerializer(WhySerializer):
    """An open gap in the list of gaps (crises.gaps.explained)."""

    crisis = serializers.CharField(source="gap.crisis.reference")
    country = serializers.CharField(source="gap.crisis.main_country_id", help_text="ISO3.")


class GapOfCrisisSerializer(WhySerializer):
    """An open gap of one crisis (crises.gaps.of_cell)."""

    waived_why = serializers.SerializerMethodField(help_text="HQ's reason; null for readers outside the organisation.")
    status = serializers.CharField()

    def get_waived_why(self, row) -> str | None:
        gap = row["gap"]
        return gap.last_waiver.reason if gap.waived and self.context["inside"] else None


class GapsSerializer(OfPlanSerializer):
    """The open gaps of one crisis."""

    open_critical = serializers.IntegerField(source="tally.gaps", help_text="Gaps that no waiver covers.")
    waived = serializers.IntegerField(source="tally.waived", help_text="Gaps that a waiver covers for now.")
    tally = TallySerializer()
    cells = serializers.SerializerMethodField(help_text="Each gap, waived or not, the oldest first.")

    def get_cells(self, whole) -> GapOfCrisisSerializer(many=True):
        return GapOfCrisisSerializer(self.context["gaps"], many=True, context=self.context).data


class DifferenceSerializer(serializers.Serializer):
    """A cell whose priority is not the framework's (crises.api.plans.differences)."""

    sector = serializers.CharField(source="cell.sector.code")
    phase = serializers.CharField(source="cell.phase.slug")
    default = serializers.ChoiceField(Priority.choices, source="cell.default")
    priority = serializers.ChoiceField(PlanPriority.choices, source="cell.priority")
    justification = serializers.CharField(source="cell.entry.justification")
    changed_at = serializers.DateTimeField(source="change.history_date")
    changed_by = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    revision = serializers.IntegerField(source="cell.entry.revision")

    def get_changed_by(self, row) -> str | None:
        return str(row["change"].history_user) if self.context["inside"] else None


class DiffSerializer(OfPlanSerializer):
    """What the office has changed of the framework's priorities: exactly the cells where the two differ."""

    diff = serializers.SerializerMethodField(help_text="What the plan is compared with.")
    cells = serializers.SerializerMethodField()

    def get_diff(self, whole) -> str:
        return "framework"

    def get_cells(self, whole) -> DifferenceSerializer(many=True):
        return DifferenceSerializer(self.context["differences"], many=True, context=self.context).data
