"""The filters of crises, from crises to what is said of them: cells, figures, lines of work, levels, steps of review.

Each narrows the crises first, as on the pages, then what is found of them; with `as_of` to what was said by then. What
was said of a crisis that was merged into another is found with the one that stands, whose `reference` the rows carry.
"""

from django.db.models import BigAutoField, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from crises.filters.crises import CrisisFilter
from crises.models import Activity, Figure, LevelDecision, Merge, PlanCell, Review
from crises.models.rows import held
from crises.past import recorded
from sectors.filters import ChoiceFilter, CodeFilter

YES_OR_NO = [("true", _("Yes")), ("false", _("No"))]


class FoundFilter(CrisisFilter):
    """From crises to rows that name one. `qs` are the rows."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "sector" in self.filters:
            self.filters["sector"].extra["codes"] = lambda: self.sectors

    @property
    def found(self):
        """The numbers of the crises that the other filters find, as a subquery."""
        return self.rows.order_by().values("id")

    def said(self, statements):
        """Of these statements those of the crises found, and of the crises merged into them. No further query."""
        if moment := self.value("as_of"):
            undone = Q(undone_at=None) | Q(undone_at__gt=moment)
            merges = Merge.objects.filter(undone, crisis=OuterRef("crisis"), at__lte=moment)
            survivor, reference = (Subquery(merges.values(name)[:1]) for name in ("survivor", "survivor__reference"))
        else:
            survivor, reference = F("crisis__merged_into"), F("crisis__merged_into__reference")
        statements = statements.annotate(
            stands=Coalesce(survivor, "crisis", output_field=BigAutoField()),
            reference=Coalesce(reference, "crisis__reference"),
        )
        return statements.filter(stands__in=self.found)

    def narrowed(self, rows, **names):
        """Rows narrowed by filters of this address: {lookup: name of the filter}."""
        asked = {lookup: self.value(name) for lookup, name in names.items()}
        return rows.filter(**{lookup: value for lookup, value in asked.items() if value})


class CellFilter(FoundFilter):
    """What offices say of cells. `phase` is the phase of the cell."""

    sector = CodeFilter(label=_("Sector"), method="left_alone")
    sector_status = ChoiceFilter(label=_("Status"), choices=PlanCell.Status.choices, method="left_alone")

    in_phase = CrisisFilter.left_alone

    @property
    def qs(self):
        moment = self.value("as_of")
        rows = (
            held(PlanCell.history.filter(crisis__in=self.found), moment)
            if moment
            else PlanCell.objects.filter(crisis__in=self.found)
        )
        rows = rows.select_related("sector", "phase").annotate(reference=F("crisis__reference"))
        names = {"sector__code": "sector", "phase__slug": "phase", "status": "sector_status"}
        return self.narrowed(rows, **names)


class FigureFilter(FoundFilter):
    """Figures that stand."""

    metric = ChoiceFilter(label=_("What is counted"), choices=Figure.Metric.choices, method="left_alone")
    group = ChoiceFilter(label=_("Group"), choices=Figure.GROUPS, method="left_alone")
    sector = CodeFilter(label=_("Sector"), method="left_alone")
    headline = ChoiceFilter(label=_("Key figure"), choices=YES_OR_NO, method="left_alone")

    @property
    def qs(self):
        rows = self.said(Figure.objects.standing(self.value("as_of")))
        if headline := self.value("headline"):
            rows = rows.filter(headline=headline == "true")
        return self.narrowed(rows, metric="metric", group="group", sectors__code="sector")


class ActivityFilter(FoundFilter):
    """Lines of work that stand."""

    sector = CodeFilter(label=_("Sector"), method="left_alone")

    @property
    def qs(self):
        rows = self.said(Activity.objects.standing(self.value("as_of")))
        return self.narrowed(rows, sectors__code="sector")


class LevelFilter(FoundFilter):
    """Decisions on the level."""

    scheme = ChoiceFilter(label=_("Scheme"), choices=LevelDecision.Scheme.choices, method="left_alone")

    @property
    def qs(self):
        rows = recorded(self.said(LevelDecision.objects.all()), self.value("as_of"))
        return self.narrowed(rows, scheme="scheme")


class ReviewFilter(FoundFilter):
    """Steps of review."""

    step = ChoiceFilter(label=_("Step"), choices=Review.Kind.choices, method="left_alone")

    @property
    def qs(self):
        rows = Review.objects.by_then(self.value("as_of")).filter(crisis__in=self.found)
        return self.narrowed(rows.annotate(reference=F("crisis__reference")), kind="step")
