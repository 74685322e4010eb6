"""Crises as an administrator finds them: nothing of theirs can be changed, that is the offices' and HQ's work.

The bands of ages that the form of a figure asks for are the administrator's own.
"""

from django.contrib import admin

from crises.models import Activity, AgeBand, Crisis, Figure, FigurePart, Gap, LevelDecision, PlanCell
from sectors.admin import ReadOnly


@admin.register(Crisis)
class CrisisAdmin(ReadOnly):
    list_display = ["reference", "title", "main_country", "office", "status", "sharing", "exercise", "updated_at"]
    list_filter = ["status", "sharing", "exercise", "cause"]
    list_select_related = ["main_country", "office"]
    search_fields = ["reference", "title"]
    date_hierarchy = "logged_at"


class OfCrisisAdmin(ReadOnly):
    search_fields = ["crisis__reference", "crisis__title"]
    list_select_related = ["crisis"]


@admin.register(PlanCell)
class PlanCellAdmin(OfCrisisAdmin):
    list_display = ["crisis", "sector", "phase", "status", "since", "lead"]
    list_filter = ["status", "phase"]
    list_select_related = ["crisis", "sector", "phase"]


@admin.register(Gap)
class GapAdmin(OfCrisisAdmin):
    list_display = ["crisis", "sector", "phase", "opened_at", "opened_why", "closed_at", "closed_why"]
    list_filter = ["phase", "opened_why", "closed_why"]
    list_select_related = ["crisis", "sector", "phase"]


@admin.register(Figure)
class FigureAdmin(OfCrisisAdmin):
    list_display = ["crisis", "metric", "group", "value", "unit", "as_of", "source_kind"]
    list_filter = ["metric", "group", "source_kind"]


@admin.register(Activity)
class ActivityAdmin(OfCrisisAdmin):
    list_display = ["crisis", "name", "required", "confirmed", "currency", "as_of"]


@admin.register(LevelDecision)
class LevelDecisionAdmin(OfCrisisAdmin):
    list_display = ["crisis", "scheme", "value", "decided_on", "ended_on", "review_on"]
    list_filter = ["scheme", "value"]


@admin.register(AgeBand)
class AgeBandAdmin(admin.ModelAdmin):
    """Bands are added, renamed and no longer offered. One that a figure uses keeps its ages and stays."""

    list_display = ["label", "code", "from_age", "to_age", "number", "offered"]
    list_editable = ["number", "offered"]

    def get_readonly_fields(self, request, obj=None):
        return ["code", "from_age", "to_age"] if _used(obj) else []

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not _used(obj)

    def save_model(self, request, obj, form, change):
        obj._history_user = request.user
        super().save_model(request, obj, form, change)


def _used(band):
    return band is not None and FigurePart.objects.filter(band=band).exists()
