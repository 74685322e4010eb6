"""Places in the API: regions and countries for everybody, offices for people who are signed in."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated

from offices.models import Country, Office, Region
from offices.serializers import CountrySerializer, OfficeSerializer, RegionSerializer


@extend_schema_view(get=extend_schema(operation_id="list_regions", summary="Regions of the United Nations (M49)"))
class RegionList(ListAPIView):
    """The regions of the world and their parts. A filter by region takes a code and means its parts too."""

    queryset = Region.objects.select_related("parent")
    serializer_class = RegionSerializer
    ordering = ["code"]


@extend_schema_view(get=extend_schema(operation_id="list_countries", summary="Countries and areas"))
class CountryList(ListAPIView):
    """The countries and areas of the United Nations' M49 list, each with its ISO codes and region."""

    queryset = Country.objects.select_related("region")
    serializer_class = CountrySerializer
    ordering = ["iso3"]


@extend_schema_view(get=extend_schema(operation_id="list_offices", summary="Offices"))
class OfficeList(ListAPIView):
    """The offices that record crises, as a tree below headquarters. Who works there is not told. Needs a token."""

    queryset = Office.objects.select_related("parent")
    serializer_class = OfficeSerializer
    permission_classes = [IsAuthenticated]
    ordering = ["slug"]
