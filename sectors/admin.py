"""The framework as an administrator reads it. Nothing here can be changed: a published edition stays as it is."""

from django.contrib import admin

from sectors.models import (
    Cluster,
    ClusterLink,
    Complementarity,
    Edition,
    Framework,
    Phase,
    Sector,
    SectorPriority,
    System,
    SystemLink,
)


class ReadOnly(admin.ModelAdmin):
    """Shown to those who may view it; added, changed and deleted by nobody."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Framework)
class FrameworkAdmin(ReadOnly):
    list_display = ["slug", "title", "symbol", "in_force_from"]


@admin.register(Sector)
class SectorAdmin(ReadOnly):
    list_display = ["code", "name", "short_name", "framework"]
    list_filter = ["framework"]
    list_select_related = ["framework"]
    search_fields = ["code", "name", "short_name", "purpose"]


@admin.register(Phase)
class PhaseAdmin(ReadOnly):
    list_display = ["number", "name", "response", "framework"]
    list_filter = ["framework"]
    list_select_related = ["framework"]


@admin.register(System)
class SystemAdmin(ReadOnly):
    list_display = ["number", "name", "lead", "provenance"]
    search_fields = ["name", "label", "lead"]


@admin.register(Cluster)
class ClusterAdmin(ReadOnly):
    list_display = ["name", "kind", "code", "lead"]
    list_filter = ["kind"]
    search_fields = ["name", "label", "code", "lead"]


@admin.register(Edition)
class EditionAdmin(ReadOnly):
    list_display = ["framework", "number", "published_at", "published_by"]
    list_select_related = ["framework", "published_by"]


class StatementAdmin(ReadOnly):
    list_select_related = ["edition__framework", "sector"]
    search_fields = ["sector__code", "sector__name", "reason", "paragraph"]


@admin.register(SectorPriority)
class SectorPriorityAdmin(StatementAdmin):
    list_display = ["sector", "phase", "priority", "condition", "provenance", "confidence", "edition"]
    list_filter = ["edition", "phase", "priority", "provenance", "confidence"]


@admin.register(SystemLink)
class SystemLinkAdmin(StatementAdmin):
    list_display = ["sector", "system", "strength", "provenance", "edition"]
    list_filter = ["edition", "system", "strength", "provenance"]


@admin.register(ClusterLink)
class ClusterLinkAdmin(StatementAdmin):
    list_display = ["sector", "cluster", "strength", "provenance", "edition"]
    list_filter = ["edition", "cluster__kind", "strength", "provenance", "cluster"]


@admin.register(Complementarity)
class ComplementarityAdmin(ReadOnly):
    list_display = ["from_sector", "from_phase", "how", "to_sector", "to_phase", "provenance", "edition"]
    list_filter = ["edition", "how", "provenance"]
    list_select_related = ["from_sector", "from_phase", "to_sector", "to_phase", "edition__framework"]
    search_fields = ["from_sector__name", "to_sector__name", "reason"]
