"""Crises and gaps in the API: the scope, filters and rules of the pages. The plan of one crisis and what can be changed
stand in modules of their own."""

from django.core.exceptions import ValidationError as NoMoment
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view, inline_serializer
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.response import Response
from rest_framework.reverse import reverse

from crises import coordination, gaps, history, listing, plain
from crises.advice import proposals
from crises.api import whole
from crises.api.conditions import Tagged
from crises.api.merged import FollowsMerged, with_statements
from crises.api.shape import FIELDS, Shaped, expand
from crises.api.stretches import Sorted
from crises.dates import Precision, moment
from crises.filters import CrisisFilter, GapFilter
from crises.filters.crises import WAIVED
from crises.models import (
    AffectedGroup,
    Contact,
    Crisis,
    Figure,
    FigurePart,
    Gap,
    LevelDecision,
    PlanCell,
    PlanPriority,
    ReviewState,
    SourceKind,
)
from crises.past import crisis_at, in_full, parts_at, with_countries
from crises.reading import plan_of
from crises.serializers import (
    AdviceSerializer,
    CrisisRowSerializer,
    CrisisSerializer,
    SheetSerializer,
)
from crises.serializers.gaps import GapSerializer
from offices.models import Office
from sectors.models import Cluster, Complementarity, Fact, Priority, Provenance, SectorPriority, Strength
from sectors.serializers import CodeSerializer

ENUMERATIONS = {
    "priority": Priority,
    "plan_priority": PlanPriority,
    "provenance": Provenance,
    "confidence": SectorPriority.Confidence,
    "condition": Fact,
    "strength": Strength,
    "how": Complementarity.How,
    "cluster_kind": Cluster.Kind,
    "office_kind": Office.Kind,
    "cause": Crisis.Cause,
    "onset": Crisis.Onset,
    "crisis_status": Crisis.Status,
    "review": ReviewState,
    "sharing": Crisis.Sharing,
    "affected_group": AffectedGroup,
    "precision": Precision,
    "sector_status": PlanCell.Status,
    "opened_why": Gap.Why,
    "scheme": LevelDecision.Scheme,
    "level": LevelDecision.Value,
    "metric": Figure.Metric,
    "qualifier": Figure.Qualifier,
    "unit": Figure.Unit,
    "sex": FigurePart.Sex,
    "source_kind": SourceKind,
    "change_kind": history.Kind,
}

# What each filter takes, for the description of the API.
FILTERS = {
    "q": "Words that the title, reference, GLIDE numbers, countries or cause hold, accents and case aside.",
    "region": "M49 code of a region, its parts included.",
    "country": "ISO3 of the country most affected or of another affected one.",
    "office": "Slug of an office, those below it included.",
    "cause": "Main cause.",
    "phase": "Slug of a phase that the crisis is in.",
    "level": "IOM emergency level in force; `none` where there is none.",
    "status": "Status of the crisis.",
    "sharing": "Who may see the crisis.",
    "review": "Where its review stands.",
    "needs": "Code of a sector that is a gap, not waived, in any phase.",
    "exercise": "Exercises, or real crises.",
    "period": "Crises logged in the last 30 days (`30d`), 12 weeks (`12w`) or 12 months (`12m`).",
    "part_of": "Reference of a wider crisis: it and its parts.",
    "sector": "Code of the sector of the gap.",
    "waived": "Whether a waiver covers the gap for now.",
    "as_of": "The list as it stood at a past moment: 2026-03-01, which means the end of that day in UTC, or "
    "2026-03-01T14:05Z. The other filters ask what held then; only `q` reads the words of now. Of crises that you "
    "might have read then.",
    "view": "Slug of a saved view that you may use (/api/v1/views/): its filters hold where the address says nothing "
    "of them. An empty parameter takes one off.",
}
AS_OF = OpenApiParameter(
    "as_of",
    description="The answer as it was at a past moment: 2026-03-01, which means the end of that day in UTC, or "
    "2026-03-01T14:05Z. 404 where the crisis was not logged yet, or you might not have read it then.",
)

TEXT = {"type": "string", "pattern": r"^[^\x00]*$"}  # no database keeps the sign that is left out
EXPANDABLE = ["office", "country", "other_countries"]
STAFF = "x-staff"  # marks the description of what is for staff alone, for mcof.api.describe_problems


def inside(user):
    """Whether the reader is of the organisation: others see no names of its people and no small counts."""
    return user.is_authenticated and not user.partner_id


def rows(crises, as_of=None):
    """Crises as a list shows them, with the levels in force. Three queries."""
    return listing.rows(crises, as_of=as_of).annotate(**_also(as_of)).prefetch_related("other_countries")


def _also(as_of):
    """The columns that answers have and lists on pages have not."""
    today = (as_of or timezone.now()).date()
    covered = Gap.objects.open(as_of).with_waiver(today, as_of).filter(waived=True, crisis=OuterRef("id"))
    counted = covered.order_by().values("crisis").annotate(n=Count("pk")).values("n")
    activation = LevelDecision.Scheme.INTER_AGENCY
    return {
        "waived_count": Coalesce(Subquery(counted), 0),
        "activation_value": listing.newest_level("value", activation, as_of),
        "activation_ended": listing.newest_level("ended_on", activation, as_of),
    }


@extend_schema_view(
    get=extend_schema(
        operation_id="get_codes",
        summary="Enumerations",
        responses=inline_serializer("Codes", {name: CodeSerializer(many=True) for name in ENUMERATIONS}),
    )
)
class CodeList(GenericAPIView):
    """Every code that answers use, with what it is called. Sectors, phases and places have lists of their own.

    In English, French or Spanish, as Accept-Language asks.
    """

    pagination_class = None

    def get(self, request):
        lists = self.filter_queryset(ENUMERATIONS)
        return Response(
            {name: [{"code": value.value, "label": value.label} for value in values] for name, values in lists.items()}
        )


def described(filterset, words=FILTERS):
    """The parameters of a filter, for the description of the API."""
    closed = {  # left empty, as a form sends it, a filter is none
        name: ["", *(code for code, _label in field.extra["choices"])]
        for name, field in filterset.base_filters.items()
        if "choices" in field.extra
    } | {"waived": ["", *WAIVED]}
    return [
        OpenApiParameter(name, str if name in closed else TEXT, description=words.get(name, ""), enum=closed.get(name))
        for name in filterset.base_filters
    ]


@extend_schema_view(
    get=extend_schema(
        operation_id="list_crises",
        summary="Crises",
        filters=False,
        parameters=[*described(CrisisFilter), FIELDS, expand(EXPANDABLE)],
    )
)
class CrisisList(Shaped, Tagged, ListAPIView):
    """The crises you may see, the last changed first.

    Staff see those of their offices and region, partners those shared with them, and others those that are public,
    where this site publishes any.
    """

    queryset = Crisis.objects.none()
    serializer_class = CrisisRowSerializer
    filterset_class = CrisisFilter
    pagination_class = Sorted
    expandable = EXPANDABLE
    own = {"sort"}
    ordering = ["-revision"]

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)

    def filter_queryset(self, queryset):
        crises, moment = super().filter_queryset(queryset), self.asked.value("as_of")
        return listing.listed(self.asked.rows, moment).annotate(**_also(moment)) if moment else crises

    def read(self, crises):
        """What the page needs of each."""
        return crises if self.asked.value("as_of") else plain.columns(crises)

    def list(self, request, *args, **kwargs):
        """Now from plain values; for the past, where what held then is worked out row by row, from the serializer."""
        found = self.filter_queryset(self.get_queryset())
        if moment := self.asked.value("as_of"):
            page = with_countries(listing.as_then(self.paginate_queryset(found), moment))
            return self.get_paginated_response(self.get_serializer(page, many=True).data)
        told = plain.crises(
            self.paginate_queryset(found), root=request.build_absolute_uri(request.path), expand=self.expanded
        )
        return self.get_paginated_response(self.only_wanted(told))


class AsOf(FollowsMerged):
    """An address about one crisis that can be asked as of a past moment."""

    parameters = {"as_of"}

    @cached_property
    def as_of(self):
        """The moment asked for, or None. Raises ValidationError for what is none of the past."""
        text = self.request.query_params.get("as_of")
        try:
            return moment(text, timezone.now()) if text else None
        except NoMoment as error:
            raise ValidationError({"as_of": error.messages}) from None

    def get_object(self):
        """The crisis, or with `as_of` the crisis as it stood then. One query more."""
        as_of = self.as_of
        crisis = super().get_object()
        if as_of and (crisis := crisis_at(crisis, as_of, reader=self.request.user)) is None:
            raise NotFound
        return crisis


class CrisisDetail(Shaped, AsOf, RetrieveAPIView):
    """All that is known of a crisis: its facts, phases, levels, figures and lines of work, each with its source."""

    queryset = Crisis.objects.none()
    serializer_class = CrisisSerializer
    expandable = EXPANDABLE
    pagination_class = None
    lookup_field = "reference"

    def get_queryset(self):
        visible, as_of = Crisis.objects.visible_to(self.request.user), self.as_of
        if not as_of:
            return whole.with_columns(visible)
        return (
            rows(visible, as_of)
            .select_related("main_country__region", "office", "focal_point", "edition__framework")
            .prefetch_related(None)  # the open phases are among the periods
        )

    def get_object(self):
        user = self.request.user
        if inside(user):
            user.know_grants()
        crisis = super().get_object()
        if not self.as_of:
            return crisis
        crisis = with_statements(crisis, self.as_of)
        seen = Crisis.objects.visible_to(user).seen_then(user, self.as_of)
        crisis.seen_part_of = None
        if crisis.part_of_id:
            crisis.seen_part_of = seen.filter(pk=crisis.part_of_id).values_list("reference", flat=True).first()
        crisis.seen_parts = parts_at(crisis, seen, self.as_of)
        return in_full(crisis, self.as_of)

    def retrieve(self, request, *args, **kwargs):
        """Now from plain values; for the past, where what held then is worked out row by row, from the serializer."""
        crisis, user = self.get_object(), request.user
        if self.as_of:
            return Response(self.get_serializer(crisis).data)
        visible, root = Crisis.objects.visible_to(user), request.build_absolute_uri(reverse("api-crises"))
        told = whole.said(crisis, visible, root=root, inside=inside(user), expand=self.expanded)
        return Response(self.only_wanted([told])[0])

    def get_serializer_context(self):
        return super().get_serializer_context() | {"inside": inside(self.request.user)}


class OfPlan(AsOf, Tagged, RetrieveAPIView):
    """What follows from the plan of a crisis that the reader may see."""

    queryset = Crisis.objects.none()
    pagination_class = None
    lookup_field = "reference"

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user).select_related("main_country")

    def retrieve(self, request, *args, **kwargs):
        crisis = self.get_object()
        whole = plan_of(crisis, as_of=self.as_of)
        own = inside(request.user) and not self.as_of
        context = {"crisis": crisis, "inside": own, "found": self.of(crisis, whole)}
        return Response(self.serializer_class(whole, context=self.get_serializer_context() | context).data)


@extend_schema_view(
    get=extend_schema(operation_id="get_advice", summary="Sectors to add to a plan", parameters=[AS_OF])
)
class CrisisAdvice(OfPlan):
    """What the framework advises to add: sectors that help those active or needed, or rely on them, gaps first.

    Each is proposed once, with every reason and its paragraph. `caution` says what to be careful of: refugees are
    never referred to their consulate by default.
    """

    serializer_class = AdviceSerializer

    def of(self, crisis, whole):
        return proposals(whole.content, whole.cells, crisis)


@extend_schema_view(
    get=extend_schema(operation_id="get_coordination", summary="Whom to coordinate with", parameters=[AS_OF])
)
class CrisisCoordination(OfPlan):
    """Every system, then cluster, then group, with the sectors active or needed here that are linked to it.

    Main links come first. `contacts` are those in the countries of the crisis now, for staff; null for other readers
    and for the past.
    """

    serializer_class = SheetSerializer

    def of(self, crisis, whole):
        if self.as_of:
            return coordination.sheet(whole, crisis)
        contacts = Contact.objects.visible_to(self.request.user)
        return coordination.sheet(whole, crisis, contacts.of_countries(coordination.countries_of(crisis)))


@extend_schema_view(
    get=extend_schema(operation_id="list_gaps", summary="Open gaps", filters=False, parameters=described(GapFilter))
)
class GapList(Tagged, ListAPIView):
    """Critical sectors that are neither active nor completed, in the open phases of the open crises you may see.

    In the order in which they were recorded. A waived gap stays in the list and says so. `phase` is the phase of the
    gap.
    """

    queryset = Crisis.objects.none()
    serializer_class = GapSerializer
    filterset_class = GapFilter
    ordering = ["id"]

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)

    def paginate_queryset(self, queryset):
        return [gaps.explained(gap) for gap in gaps.as_then(super().paginate_queryset(queryset))]
