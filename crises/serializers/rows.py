"""The shape of what is said of crises, in lists across them: cells, figures, lines of work, levels, reviews."""

from rest_framework import serializers

from crises.models import PlanCell, PlanPriority, Review
from sectors.models import Priority
from sectors.serializers import ChoiceOrNull, TextOrNull

from .crises import ActivitySerializer, FigureSerializer, LevelSerializer


class OfSerializer(serializers.Serializer):
    crisis = serializers.CharField(source="reference", help_text="Reference of the crisis that stands.")


class CellRowSerializer(OfSerializer):
    """What an office says of a cell of its plan. The plan of a crisis has every cell, and why it has its priority."""

    sector = serializers.CharField(source="sector.code")
    phase = serializers.CharField(source="phase.slug")
    status = serializers.ChoiceField(PlanCell.Status.choices)
    since = serializers.DateField(allow_null=True)
    own_priority = ChoiceOrNull(PlanPriority.choices, help_text="In place of the framework's; null where none.")
    justification = TextOrNull(help_text="Why the office departs from the framework.")
    confirmed = ChoiceOrNull(Priority.choices, help_text="The framework's priority that the office has confirmed.")
    lead = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    cluster_contact = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    note = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    revision = serializers.IntegerField()

    def _inside(self, text):
        return text or None if self.context["inside"] else None

    def get_lead(self, cell) -> str | None:
        return self._inside(cell.lead)

    def get_cluster_contact(self, cell) -> str | None:
        return self._inside(cell.cluster_contact)

    def get_note(self, cell) -> str | None:
        return self._inside(cell.note)


class FigureRowSerializer(OfSerializer, FigureSerializer):
    """A figure in a list."""

    recorded_at = serializers.DateTimeField()


class OneFigureSerializer(FigureRowSerializer):
    """A figure at its own address, withdrawn or not."""

    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="Null while it stands.")
    withdrawn_why = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")

    def get_withdrawn_why(self, figure) -> str | None:
        return figure.withdrawn_why or None if self.context["inside"] else None


class ActivityRowSerializer(OfSerializer, ActivitySerializer):
    """A line of work in a list, or the total of a whole plan."""

    recorded_at = serializers.DateTimeField()


class LevelRowSerializer(OfSerializer, LevelSerializer):
    """A decision on the level in a list."""

    recorded_at = serializers.DateTimeField()
    revision = serializers.IntegerField()


class CommentSerializer(serializers.Serializer):
    """What a reviewer says of a cell, of a fact or list, or, where both are null, of the whole."""

    sector = serializers.CharField(source="sector.code", allow_null=True, default=None)
    phase = serializers.CharField(source="phase.slug", allow_null=True, default=None)
    field = TextOrNull()
    text = serializers.CharField()


class ReviewRowSerializer(OfSerializer):
    """A step of the review of a crisis."""

    step = serializers.ChoiceField(Review.Kind.choices, source="kind")
    content_revision = serializers.IntegerField(help_text="The content that the step is about.")
    at = serializers.DateTimeField()
    by = serializers.CharField(help_text="The name of the person who took it.")
    note = TextOrNull()
    comments = CommentSerializer(many=True)
    revision = serializers.IntegerField()


class AgeBandSerializer(serializers.Serializer):
    """A band of ages by which figures are parted."""

    code = serializers.CharField()
    label = serializers.CharField()
    from_age = serializers.IntegerField(allow_null=True)
    to_age = serializers.IntegerField(allow_null=True, help_text="The last year in the band.")
    offered = serializers.BooleanField(help_text="Whether forms ask for it. What was recorded stays readable.")
