"""The shapes of what is exchanged."""

from rest_framework import serializers

from crises.serializers import CrisisRowSerializer
from exchange import feed


class GoneSerializer(serializers.Serializer):
    """A crisis that has gone out of the reader's sight: take it out of the mirror."""

    reference = serializers.CharField()
    revision = serializers.IntegerField(help_text="The number of the change by which it went.")
    why = serializers.ChoiceField(feed.Why.choices)
    merged_into = serializers.CharField(
        allow_null=True, help_text="Reference of the crisis into which it was merged, where you may see that one."
    )


class ChangesSerializer(serializers.Serializer):
    """A page of the feed (exchange.feed.Page)."""

    next = serializers.URLField(help_text="The address to ask next: now where there is more, else whenever you like.")
    has_more = serializers.BooleanField(help_text="Whether there is more to read already.")
    results = CrisisRowSerializer(many=True, help_text="Crises that are new to you or have changed, as they are now.")
    gone = GoneSerializer(many=True, help_text="Crises that you may no longer see.")
