"""The shape of a change of a crisis in the API."""

from rest_framework import serializers

from crises import history
from sectors.serializers import TextOrNull


class FieldChangeSerializer(serializers.Serializer):
    """One thing that a change made different (crises.history.Difference)."""

    sector = serializers.CharField(source="sector.code", allow_null=True, help_text="Of a cell of the plan.")
    phase = serializers.CharField(source="phase.slug", allow_null=True, help_text="Of a cell, or the phase itself.")
    field = serializers.CharField(source="name", help_text="What is different.")

    def get_fields(self):
        words = "A code, number, text, day or list; null for nothing."
        return super().get_fields() | {
            "from": serializers.JSONField(source="was", help_text=words),
            "to": serializers.JSONField(source="now", help_text=words),
        }


class ChangeSerializer(serializers.Serializer):
    """A change of a crisis (crises.history.Change)."""

    revision = serializers.IntegerField(help_text="The number of the change, counted over all crises.")
    at = serializers.DateTimeField()
    by = serializers.CharField(help_text="The name of the person who made it.")
    kind = serializers.ChoiceField(history.Kind.choices)
    event = serializers.CharField(help_text="What happened, as a code.")
    sentence = serializers.CharField(help_text="What happened, in words.")
    why = TextOrNull(help_text="The reason given, if any.")
    differences = FieldChangeSerializer(many=True)
