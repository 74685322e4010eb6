"""The filters of the files: those of the lists, and for cells and figures what rows of theirs have besides."""

from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter

from crises.filters import CrisisFilter, GapFilter
from crises.models import Figure, PlanCell
from sectors.filters import CodeFilter


class CellFilter(CrisisFilter):
    """The filters of crises. `phase` and `sector` are those of the cell, `activity` is its status."""

    sector = CodeFilter(label=_("Sector"), empty_label=_("All sectors"), method="left_alone")
    activity = ChoiceFilter(label=_("Status of the sector"), choices=PlanCell.Status.choices, method="left_alone")

    in_phase = CrisisFilter.left_alone

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.filters["sector"].extra["codes"] = lambda: self.sectors


class FigureFilter(CrisisFilter):
    """The filters of crises, and what is counted, of whom."""

    metric = ChoiceFilter(label=_("What is counted"), choices=Figure.Metric.choices, method="left_alone")
    group = ChoiceFilter(label=_("Group"), choices=Figure.GROUPS, method="left_alone")


__all__ = ["CellFilter", "CrisisFilter", "FigureFilter", "GapFilter"]
