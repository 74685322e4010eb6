"""What HQ sees across crises, in the API: the figures of the dashboard and the queues of the worklist."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.reverse import reverse

from crises import worklist
from crises.api import FILTERS, STAFF, described, inside
from crises.api.conditions import Tagged
from crises.api.said import staff_only
from crises.api.stretches import Stretches
from crises.filters import BoardFilter, CrisisFilter
from crises.models import Crisis
from crises.panels import Panels
from crises.serializers.overview import DashboardSerializer, ItemSerializer, WorklistSerializer
from crises.services.rights import RIGHTS
from offices.models import Role

DASHBOARD = FILTERS | {"phase": "Slug of a phase: what of it is needed, active or missing."}


class OpenCrises(Tagged, GenericAPIView):
    """What is counted across the open crises that the reader may see."""

    queryset = Crisis.objects.none()
    permission_classes = [IsAuthenticated]
    pagination_class = None

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)


@extend_schema_view(
    get=extend_schema(
        operation_id="get_dashboard",
        summary="The figures of the dashboard",
        filters=False,
        parameters=described(BoardFilter, DASHBOARD),
    )
)
class Dashboard(OpenCrises):
    """The numbers of the dashboard page, counted from the same rows at one moment, so that none contradicts another.

    Readers outside the organisation get no small counts of people, and sums without them.
    """

    serializer_class = DashboardSerializer
    filterset_class = BoardFilter

    def get(self, request):
        crises = self.filter_queryset(self.get_queryset())
        phase, as_of = self.asked.value("phase"), self.asked.value("as_of")
        panels = Panels(crises, self.asked.content, phase=phase, as_of=as_of, inside=inside(request.user))
        return Response(self.get_serializer(panels).data)


class OfWorklist(OpenCrises):
    filterset_class = CrisisFilter

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        staff_only(request)

    def read(self):
        """The queues of this reader, as the page has them."""
        crises = self.filter_queryset(self.get_queryset())
        return worklist.Worklist(
            crises,
            self.request.user,
            timezone.now(),
            phase=self.asked.value("phase"),
            as_of=self.asked.value("as_of"),
            decides=Role.HQ in self.request.user.roles,
        )


@extend_schema_view(
    get=extend_schema(
        operation_id="get_worklist",
        summary="Queues of work",
        filters=False,
        parameters=described(CrisisFilter),
        extensions={STAFF: True},
    )
)
class Worklist(OfWorklist):
    """What needs somebody, as queues with their numbers: those of the worklist page, for the same reader. For staff."""

    serializer_class = WorklistSerializer

    def get(self, request):
        found, asked = self.read(), request.query_params.urlencode()

        def address(slug):
            return reverse("api-queue", kwargs={"queue": slug}, request=request) + (f"?{asked}" if asked else "")

        context = self.get_serializer_context() | {"address": address}
        return Response(WorklistSerializer(found, context=context).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="list_queue",
        summary="The rows of a queue",
        filters=False,
        parameters=[
            OpenApiParameter(
                "queue", location="path", enum=worklist.SLUGS, description="Which queue; duplicates are for HQ."
            ),
            *described(CrisisFilter),
        ],
        extensions={STAFF: True},
    )
)
class Queue(OfWorklist, ListAPIView):
    """What one queue of the worklist holds, what has waited longest first. For staff."""

    serializer_class = ItemSerializer
    pagination_class = Stretches

    @staticmethod
    def place(item):
        """Where a row stands in its queue: by what it is sorted by, and what no two rows share."""
        return (item.until or item.since).isoformat(), item.crisis, item.key

    def list(self, request, *args, **kwargs):
        slug = self.kwargs["queue"]
        if slug == "duplicates" and Role.HQ not in request.user.roles:
            raise PermissionDenied(RIGHTS["decide"][1])
        queue = self.read().queue(slug) if slug in worklist.SLUGS else None
        if queue is None:
            raise NotFound
        page = self.paginate_queryset(sorted(queue.items(), key=self.place))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
