"""What is said of crises, in lists across them and of one: cells, figures, lines of work, levels, reviews."""

from django.db.models import Prefetch, Value
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.generics import ListAPIView

from crises.api import AS_OF, FILTERS, STAFF, AsOf, described, inside
from crises.api.conditions import Tagged
from crises.api.shape import FIELDS, Shaped
from crises.filters import ActivityFilter, CellFilter, FigureFilter, LevelFilter, ReviewFilter
from crises.models import Activity, AgeBand, Crisis, Figure, FigurePart, LevelDecision, Review, ReviewComment
from crises.past import recorded
from crises.serializers.rows import (
    ActivityRowSerializer,
    AgeBandSerializer,
    CellRowSerializer,
    FigureRowSerializer,
    LevelRowSerializer,
    ReviewRowSerializer,
)

WORDS = FILTERS | {
    "sector": "Code of a sector that it is about.",
    "sector_status": "What the office does in the sector.",
    "metric": "What is counted.",
    "group": "Which group is counted.",
    "headline": "Key figures, or the others.",
    "scheme": "IOM's own levels, or the inter-agency activation.",
    "step": "Which step of a review.",
    "as_of": "What was said by a past moment: 2026-03-01, which means the end of that day in UTC, or "
    "2026-03-01T14:05Z. Of crises that you might have read then.",
}
BANDED = Prefetch("parts", FigurePart.objects.select_related("band"))
COMMENTED = Prefetch("comments", ReviewComment.objects.select_related("sector", "phase"))


def staff_only(request):
    """Raise what answers 401 to nobody and 403 to readers outside the organisation."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if not inside(request.user):
        raise PermissionDenied(_("This names people of the organisation: it is for its staff."))


class Across(Shaped, Tagged, ListAPIView):
    """A list across the crises that the reader may see, in the order in which its rows were recorded."""

    queryset = Crisis.objects.none()
    ordering = ["id"]

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)

    def get_serializer_context(self):
        return super().get_serializer_context() | {"inside": inside(self.request.user)}


def listed(name, summary, filterset, words=WORDS, **more):
    """The description of a list that has filters."""
    return extend_schema_view(
        get=extend_schema(
            operation_id=name, summary=summary, filters=False, parameters=[*described(filterset, words), FIELDS], **more
        )
    )


@listed("list_cells", "What offices say of the cells of their plans", CellFilter)
class CellList(Across):
    """The cells of which an office has said something: its status and what goes with it, its own priority.

    What nobody has said anything of is not started, with the framework's priority: the plan of a crisis has all cells.
    `phase` is the phase of the cell.
    """

    serializer_class = CellRowSerializer
    filterset_class = CellFilter


@listed("list_figures", "Figures", FigureFilter)
class FigureList(Across):
    """The figures that stand, each with its source. Do not add those of one crisis, nor across sources."""

    serializer_class = FigureRowSerializer
    filterset_class = FigureFilter

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset).prefetch_related("sectors", BANDED)


@listed("list_activities", "Lines of work", ActivityFilter)
class ActivityList(Across):
    """The lines of work that stand, with their money, and the totals that sources state for whole plans."""

    serializer_class = ActivityRowSerializer
    filterset_class = ActivityFilter

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset).prefetch_related("sectors")


@listed("list_levels", "Decisions on the level", LevelFilter)
class LevelList(Across):
    """Every decision on the IOM level and on the inter-agency activation. The newest of each scheme is in force."""

    serializer_class = LevelRowSerializer
    filterset_class = LevelFilter


@listed("list_reviews", "Steps of review", ReviewFilter, extensions={STAFF: True})
class ReviewList(Across):
    """Every step of the reviews of the crises you may see, with its comments. For staff."""

    serializer_class = ReviewRowSerializer
    filterset_class = ReviewFilter

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        staff_only(request)

    def filter_queryset(self, queryset):
        return super().filter_queryset(queryset).select_related("by").prefetch_related(COMMENTED)


class OfOne(Shaped, AsOf, Tagged, ListAPIView):
    """The same of one crisis that the reader may see, and of those merged into it."""

    queryset = Crisis.objects.none()
    lookup_field = "reference"
    ordering = ["id"]

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)

    def get_serializer_context(self):
        return super().get_serializer_context() | {"inside": inside(self.request.user)}

    def list(self, request, *args, **kwargs):
        crisis = self.get_object()
        rows = self.rows(crisis).annotate(reference=Value(crisis.reference))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def of_one(name, summary, **more):
    return extend_schema(operation_id=name, summary=summary, parameters=[AS_OF, FIELDS], **more)


@extend_schema_view(get=of_one("list_activities_of_crisis", "Lines of work of a crisis"))
class CrisisActivities(OfOne):
    """The lines of work of one crisis that stand, and the totals that sources state for its whole plan."""

    serializer_class = ActivityRowSerializer

    def rows(self, crisis):
        return Activity.objects.of(crisis, self.as_of).standing(self.as_of).prefetch_related("sectors")


@extend_schema_view(get=of_one("list_levels_of_crisis", "Decisions on the level of a crisis"))
class CrisisLevels(OfOne):
    """The dated log of the levels of one crisis."""

    serializer_class = LevelRowSerializer

    def rows(self, crisis):
        return recorded(LevelDecision.objects.of(crisis, self.as_of), self.as_of)


@extend_schema_view(get=of_one("list_reviews_of_crisis", "Steps of review of a crisis", extensions={STAFF: True}))
class CrisisReviews(OfOne):
    """Every step of the review of one crisis, with its comments. For staff."""

    serializer_class = ReviewRowSerializer

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        staff_only(request)

    def rows(self, crisis):
        steps = Review.objects.by_then(self.as_of).filter(crisis=crisis.pk)
        return steps.select_related("by").prefetch_related(COMMENTED)


@extend_schema_view(get=extend_schema(operation_id="list_age_bands", summary="Bands of ages"))
class AgeBandList(Tagged, ListAPIView):
    """The bands of ages by which figures are parted."""

    queryset = AgeBand.objects.all()
    serializer_class = AgeBandSerializer
    ordering = ["code"]


def figures_of(crisis, as_of=None):
    """The figures of a crisis that stand, with their sectors and parts. Three queries."""
    return Figure.objects.of(crisis, as_of).standing(as_of).prefetch_related("sectors", BANDED)
