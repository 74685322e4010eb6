"""The plan of one crisis in the API: whole, its difference from the framework, its gaps with why each counts."""

from dataclasses import replace

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.generics import RetrieveAPIView
from rest_framework.response import Response

from crises import gaps
from crises.api import AS_OF, AsOf, inside, plain_plan
from crises.api.conditions import Tagged
from crises.models import Crisis, PlanCell
from crises.reading import plan_of
from crises.serializers import PlanSerializer
from crises.serializers.gaps import DiffSerializer, GapsSerializer
from sectors import reference

PARTS = [
    OpenApiParameter("phase", description="Slug of a phase: its cells only."),
    OpenApiParameter("sector", description="Code of a sector: its cells only."),
    OpenApiParameter(
        "diff",
        enum=["framework"],
        description="`framework`: only the cells whose priority differs from the framework's, with who changed them "
        "and when.",
    ),
]


class OfCrisis(AsOf, RetrieveAPIView):
    """What is read of the plan of one crisis that the reader may see."""

    queryset = Crisis.objects.none()
    pagination_class = None
    lookup_field = "reference"

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)

    def read(self, serializer_class, crisis, whole, of=None, **more):
        """The answer in one shape, of the plan or of one thing in it. No query."""
        known = {"crisis": crisis, "plan": whole, "inside": inside(self.request.user), **more}
        return Response(serializer_class(of or whole, context=self.get_serializer_context() | known).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="get_plan",
        summary="The plan of a crisis",
        parameters=[AS_OF, *PARTS],
        responses=PolymorphicProxySerializer(
            component_name="PlanOrDiff", serializers=[PlanSerializer, DiffSerializer], resource_type_field_name=None
        ),
    )
)
class CrisisPlan(Tagged, OfCrisis):
    """Every sector in every phase: its priority here and why, what the office does, and whether that is a gap.

    The tally is of the cells asked for. With `diff=framework`, exactly the cells whose priority is not the framework's:
    the office's reasons, who and when.
    """

    serializer_class = PlanSerializer
    parameters = {"as_of", "diff", "phase", "sector"}

    @cached_property
    def plain(self):
        """Whether the plan is asked for as it stands now and by itself: then it is read as plain values."""
        return not self.as_of and "diff" not in self.request.query_params

    def get_queryset(self):
        if not self.plain:
            return super().get_queryset()
        if inside(self.request.user):
            self.request.user.know_grants()
        return plain_plan.with_plans(super().get_queryset())

    def retrieve(self, request, *args, **kwargs):
        crisis = self.get_object()
        asked = self._asked(reference.content(crisis.edition_id))
        if self.plain:
            return Response(plain_plan.said(crisis, inside=inside(request.user), asked=asked))
        whole = plan_of(crisis, as_of=self.as_of)
        whole = replace(whole, cells=list(filter(asked, whole.cells)))
        if "diff" not in request.query_params:
            return self.read(PlanSerializer, crisis, whole)
        return self.read(DiffSerializer, crisis, whole, differences=differences(crisis, whole, self.as_of))

    def _asked(self, content):
        """Whether a cell is asked for; None for all of them. Raises ValidationError for a code that this plan does not
        have."""
        known = {
            "phase": [phase.slug for phase in content.phases],
            "sector": [sector.code for sector in content.sectors],
            "diff": ["framework"],
        }
        asked, wrong = self.request.query_params, {}
        for name, codes in known.items():
            if name in asked and asked[name] not in codes:
                words = {"value": asked[name], "known": ", ".join(codes)}
                wrong[name] = [_("There is no “%(value)s” here. Use one of: %(known)s.") % words]
        if wrong:
            raise ValidationError(wrong)
        if "phase" not in asked and "sector" not in asked:
            return None
        return lambda cell: (
            asked.get("phase", cell.phase.slug) == cell.phase.slug
            and asked.get("sector", cell.sector.code) == cell.sector.code
        )


def differences(crisis, whole, as_of=None):
    """The cells of a plan whose priority is not the framework's, each with the row of history that made it so.

    One query, and none where the plan follows the framework.
    """
    cells = [cell for cell in whole.cells if cell.priority != cell.default]
    if not cells:
        return []
    rows = PlanCell.history.filter(crisis=crisis.pk)
    rows = rows.filter(history_date__lte=as_of) if as_of else rows
    rows = rows.select_related("history_user").order_by("history_date", "history_id")
    last, stands = {}, {}
    for row in rows:  # whatever change it came with: of its own, with the crisis as logged, or by a merge
        key, priority = (row.sector_id, row.phase_id), (row.own_priority, row.justification)
        if stands.get(key) != priority:
            last[key], stands[key] = row, priority
    return [{"cell": cell, "change": last[cell.key]} for cell in cells]


@extend_schema_view(
    get=extend_schema(operation_id="get_gaps_of_crisis", summary="The open gaps of a crisis", parameters=[AS_OF])
)
class CrisisGaps(Tagged, OfCrisis):
    """The open gaps of one crisis, each with why it counts: the framework's paragraph, the condition and the fact that
    met it, or the office's justification; since when, and what would close it.

    `open_critical` counts those that no waiver covers; the waived ones are in the list and say so.
    """

    serializer_class = GapsSerializer

    def retrieve(self, request, *args, **kwargs):
        crisis = self.get_object()
        whole = plan_of(crisis, as_of=self.as_of)
        return self.read(GapsSerializer, crisis, whole, gaps=gaps.of_plan(whole, self.as_of))
