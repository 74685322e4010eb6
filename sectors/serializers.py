"""The shape of the framework in the API: codes, never row numbers, and whose word each statement is."""

from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.reverse import reverse

from sectors.models import (
    Cluster,
    Complementarity,
    Fact,
    Phase,
    Priority,
    Provenance,
    Sector,
    SectorPriority,
    Strength,
    System,
)

STATEMENT = ["reason", "paragraph", "provenance"]


class TextOrNull(serializers.CharField):
    """Text where something is said. The database holds "" for nothing; the API says null."""

    def __init__(self, **options):
        super().__init__(allow_null=True, **options)

    def to_representation(self, value):
        return super().to_representation(value) or None


class ChoiceOrNull(serializers.ChoiceField):
    """A code of an enumeration, or null."""

    def __init__(self, choices, **options):
        super().__init__(choices, allow_null=True, **options)

    def to_representation(self, value):
        return super().to_representation(value) or None


class CodeSerializer(serializers.Serializer):
    """One value of an enumeration: the code that answers carry, and what it is called."""

    code = serializers.CharField()
    label = serializers.CharField()


class NumberedSerializer(serializers.ModelSerializer):
    number = serializers.IntegerField(help_text="Its place in the framework's order.")  # the same on every database

    def to_representation(self, row):
        """Names are in the language of the answer."""
        told = super().to_representation(row)
        return told | {name: gettext(told[name]) for name in ("name", "short_name")}


class SectorSerializer(NumberedSerializer):
    class Meta:
        model = Sector
        fields = ["code", "number", "slug", "name", "short_name", "purpose", "paragraph"]
        extra_kwargs = {"code": {"help_text": "What every other answer calls the sector, such as S03."}}


class PhaseSerializer(NumberedSerializer):
    class Meta:
        model = Phase
        fields = ["slug", "number", "name", "short_name", "response", "objective", "paragraph"]


class SystemSerializer(NumberedSerializer):
    lead = TextOrNull(help_text="Null where no one body leads it.")

    class Meta:
        model = System
        fields = ["slug", "number", "name", "short_name", "lead", "description", "conduct", "provenance", "paragraph"]


class ClusterSerializer(NumberedSerializer):
    ocha_code = TextOrNull(source="code", help_text="OCHA's own code; null where it has none.")
    lead = TextOrNull()

    class Meta:
        model = Cluster
        fields = ["slug", "ocha_code", "kind", "number", "name", "short_name", "lead", "provenance", "paragraph"]


class SectorPrioritySerializer(serializers.ModelSerializer):
    sector = serializers.CharField(source="sector.code")
    phase = serializers.CharField(source="phase.slug")
    condition = ChoiceOrNull(Fact.choices, help_text="The fact of a crisis on which the priority depends.")
    otherwise = ChoiceOrNull(Priority.choices, help_text="The priority where that fact is false.")

    class Meta:
        model = SectorPriority
        fields = ["sector", "phase", "priority", "condition", "otherwise", *STATEMENT, "confidence"]


class LinkSerializer(serializers.Serializer):
    """A link of a sector to a system or to a cluster: one of the two is null."""

    sector = serializers.CharField(source="sector.code")
    system = serializers.CharField(source="system.slug", allow_null=True, default=None)
    cluster = serializers.CharField(source="cluster.slug", allow_null=True, default=None)
    strength = serializers.ChoiceField(Strength.choices)
    reason = serializers.CharField()
    paragraph = serializers.CharField()
    provenance = serializers.ChoiceField(Provenance.choices)


class ComplementaritySerializer(serializers.ModelSerializer):
    from_sector = serializers.CharField(source="from_sector.code")
    from_phase = serializers.CharField(source="from_phase.slug")
    to_sector = serializers.CharField(source="to_sector.code")
    to_phase = serializers.CharField(source="to_phase.slug")

    class Meta:
        model = Complementarity
        fields = ["from_sector", "from_phase", "to_sector", "to_phase", "how", "symmetric", *STATEMENT]


class EditionSerializer(serializers.Serializer):
    """A published edition in a list."""

    framework = serializers.CharField(source="framework.slug")
    symbol = serializers.CharField(source="framework.symbol")
    edition = serializers.IntegerField(source="number")
    published_at = serializers.DateTimeField()
    note = TextOrNull(help_text="What it holds or changes.")
    url = serializers.SerializerMethodField(help_text="The edition, whole.")

    def get_url(self, edition) -> str:
        kwargs = {"framework": edition.framework.slug, "number": edition.number}
        return reverse("api-edition", kwargs=kwargs, request=self.context.get("request"))


class FrameworkSerializer(serializers.Serializer):
    """The content of an edition (sectors.reference)."""

    framework = serializers.CharField(source="edition.framework.slug")
    title = serializers.CharField(source="edition.framework.title")
    symbol = serializers.CharField(source="edition.framework.symbol")
    in_force_from = serializers.DateField(source="edition.framework.in_force_from")
    edition = serializers.IntegerField(source="edition.number")
    published_at = serializers.DateTimeField(source="edition.published_at")
    note = serializers.CharField(source="edition.note")
    provenance_note = serializers.CharField()
    sectors = SectorSerializer(many=True)
    phases = PhaseSerializer(many=True)
    systems = SystemSerializer(many=True)
    clusters = ClusterSerializer(many=True)
    priorities = serializers.SerializerMethodField(help_text="One for each sector and phase.")
    links = serializers.SerializerMethodField(help_text="By sector, the links to systems before those to clusters.")
    complementarities = ComplementaritySerializer(many=True)

    def get_priorities(self, content) -> SectorPrioritySerializer(many=True):
        return SectorPrioritySerializer(content.priorities.values(), many=True).data

    def get_links(self, content) -> LinkSerializer(many=True):
        links = [link for sector in content.sectors for link in content.links_of(sector)]
        return LinkSerializer(links, many=True).data
