"""The shape of saved views in the API."""

from rest_framework import serializers


class SavedViewSerializer(serializers.Serializer):
    """Filters under a name, for the parameter `view` of crises and gaps."""

    view = serializers.CharField(source="slug", help_text="What the parameter `view` takes.")
    name = serializers.CharField()
    filters = serializers.DictField(
        child=serializers.CharField(), help_text="What it asks for: parameters of the lists, with their values."
    )
    shared = serializers.BooleanField(help_text="Whether all staff can use it.")
    own = serializers.SerializerMethodField(help_text="Whether it is yours.")
    updated_at = serializers.DateTimeField()

    def get_own(self, view) -> bool:
        return view.owner_id == self.context["request"].user.pk
