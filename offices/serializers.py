"""The shape of places in the API: codes, never row numbers, and no people."""

from django.utils.translation import gettext
from rest_framework import serializers

from offices.models import Country, Office, Region


class NamedSerializer(serializers.ModelSerializer):
    def to_representation(self, row):
        """The name is in the language of the answer."""
        told = super().to_representation(row)
        return told | {"name": gettext(told["name"])}


class RegionSerializer(NamedSerializer):
    parent = serializers.SlugRelatedField(
        slug_field="code", read_only=True, allow_null=True, help_text="The region this one is part of."
    )

    class Meta:
        model = Region
        fields = ["code", "name", "parent"]
        extra_kwargs = {"code": {"help_text": "M49 code, three digits."}}


class CountrySerializer(NamedSerializer):
    region = serializers.SlugRelatedField(
        slug_field="code", read_only=True, allow_null=True, help_text="M49 code of its region."
    )

    class Meta:
        model = Country
        fields = ["iso3", "iso2", "m49", "name", "region"]


class OfficeSerializer(serializers.ModelSerializer):
    country = serializers.CharField(source="country_id", allow_null=True, help_text="ISO3; null for headquarters.")
    parent = serializers.SlugRelatedField(
        slug_field="slug", read_only=True, allow_null=True, help_text="The office above it; null for headquarters."
    )

    class Meta:
        model = Office
        fields = ["slug", "name", "kind", "country", "parent"]
