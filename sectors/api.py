"""The framework in the API: whole in one answer, or list by list. Everybody may read it."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.response import Response

from sectors import reference
from sectors.filters import ComplementarityFilter
from sectors.models import Cluster, Complementarity, Edition, Framework, Phase, Priority, Sector, System
from sectors.serializers import (
    ClusterSerializer,
    ComplementaritySerializer,
    EditionSerializer,
    FrameworkSerializer,
    PhaseSerializer,
    SectorSerializer,
    SystemSerializer,
)


def codes():
    """The codes that most answers use and what they stand for, for a page: [(words, [(code, label)])]. One query."""
    content = reference.current()
    return [
        (_("Sector"), [(sector.code, sector.name) for sector in content.sectors]),
        (_("Phase"), [(phase.slug, phase.name) for phase in content.phases]),
        (_("Priority"), Priority.choices),
    ]


@extend_schema_view(get=extend_schema(operation_id="get_framework", summary="The framework in force, whole"))
class FrameworkDetail(GenericAPIView):
    """Everything the newest published edition says: priorities, links and complementarities, with their reasons.

    `provenance` and `provenance_note` say which values are IOM's own words and which are derived from them.
    """

    serializer_class = FrameworkSerializer
    pagination_class = None

    def get(self, request):
        return Response(self.get_serializer(self.filter_queryset(reference.current())).data)


@extend_schema_view(get=extend_schema(operation_id="list_editions", summary="Published editions"))
class EditionList(ListAPIView):
    """Every published edition of every framework, in the order of publication. A published edition never changes."""

    queryset = Edition.objects.none()
    serializer_class = EditionSerializer
    ordering = ["id"]

    def get_queryset(self):
        return Edition.objects.filter(published_at__isnull=False).select_related("framework")


@extend_schema_view(get=extend_schema(operation_id="get_edition", summary="One edition, whole"))
class EditionDetail(GenericAPIView):
    """Everything a published edition says: what a crisis that names it follows."""

    serializer_class = FrameworkSerializer
    queryset = Edition.objects.none()
    pagination_class = None

    def get(self, request, framework, number):
        found = Edition.objects.published().filter(framework__slug=framework, number=number).first()
        if found is None:
            raise NotFound
        return Response(self.get_serializer(self.filter_queryset(reference.content(found.pk))).data)


@extend_schema_view(
    get=extend_schema(
        operation_id="list_complementarities",
        summary="How sectors help one another",
        filters=False,
        parameters=[
            OpenApiParameter("phase", description="Slug of a phase at one end."),
            OpenApiParameter(
                "sector", description="Code of the sector at one end: in that phase, where both are asked."
            ),
        ],
    )
)
class ComplementarityList(ListAPIView):
    """What the framework in force says of sectors that reinforce or rely on one another, each with its paragraph."""

    queryset = Complementarity.objects.none()
    serializer_class = ComplementaritySerializer
    filterset_class = ComplementarityFilter
    ordering = ["id"]

    def get_queryset(self):
        tied = ("from_sector", "from_phase", "to_sector", "to_phase")
        return Complementarity.objects.filter(edition=Edition.objects.current()).select_related(*tied)


@extend_schema_view(get=extend_schema(operation_id="list_sectors", summary="Sectors of assistance"))
class SectorList(ListAPIView):
    """The sectors of the framework in force. Other answers name them by `code`."""

    queryset = Sector.objects.none()
    serializer_class = SectorSerializer
    ordering = ["number"]

    def get_queryset(self):
        return Sector.objects.filter(framework=Framework.objects.current())


@extend_schema_view(get=extend_schema(operation_id="list_phases", summary="Phases of a crisis"))
class PhaseList(ListAPIView):
    """The phases of the framework in force. Other answers name them by `slug`."""

    queryset = Phase.objects.none()
    serializer_class = PhaseSerializer
    ordering = ["number"]

    def get_queryset(self):
        return Phase.objects.filter(framework=Framework.objects.current())


@extend_schema_view(get=extend_schema(operation_id="list_systems", summary="External systems"))
class SystemList(ListAPIView):
    """The systems outside IOM that the framework complements."""

    queryset = System.objects.all()
    serializer_class = SystemSerializer
    ordering = ["number"]


@extend_schema_view(get=extend_schema(operation_id="list_clusters", summary="Clusters and other groups"))
class ClusterList(ListAPIView):
    """The humanitarian clusters, and the other clusters, sectors and groups that the framework names."""

    queryset = Cluster.objects.all()
    serializer_class = ClusterSerializer
    ordering = ["kind", "number"]
