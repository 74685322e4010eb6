"""The site, and beside it what its pages and the answers of its API are measured against."""

from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Prefetch, Subquery
from django.http import HttpResponse
from django.urls import include, path
from django_filters import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from crises import api
from crises.api.merged import with_statements
from crises.models import Crisis, PhasePeriod
from crises.reading import plan_of
from crises.serializers import CrisisRowSerializer, CrisisSerializer, PlanSerializer

PAGE = ("<!doctype html><title>Static</title>" + "<p>The same words every time.</p>" * 1000).encode()
ANSWER = b'{"results": [' + b", ".join([b'{"reference": "SDN-2026-AAA", "title": "The same words every time"}'] * 450)
ANSWER += b"]}"


@login_required
def static(request):
    """A page of 33 KB for a reader who is signed in, through the same middleware as every other."""
    return HttpResponse(PAGE)


class Answer(APIView):
    """An answer of 30 KB for the owner of a token, who is counted as everywhere in the API."""

    def get(self, request):
        return HttpResponse(ANSWER, content_type="application/json")


class ByRevision(CursorPagination):
    page_size, ordering = 50, "-revision"


class Plainly(FilterSet):
    class Meta:
        model = Crisis
        fields = ("status", "cause", "office__slug", "main_country", "sharing", "kept_level", "kept_review", "exercise")


class TunedCrises(ListAPIView):
    """The list as it is written with the framework's own parts: joined, prefetched, one serializer."""

    renderer_classes = (JSONRenderer,)
    serializer_class = CrisisRowSerializer
    filter_backends = (DjangoFilterBackend,)
    filterset_class = Plainly
    pagination_class = ByRevision

    def get_queryset(self):
        return api.rows(Crisis.objects.visible_to(self.request.user))

    def get_serializer_context(self):
        return super().get_serializer_context() | {"expand": ["office", "country"]}


class TunedPlan(RetrieveAPIView):
    """The plan of a crisis in the same way."""

    renderer_classes = (JSONRenderer,)
    filter_backends = ()
    lookup_field = "reference"

    def get_queryset(self):
        return Crisis.objects.visible_to(self.request.user)

    def retrieve(self, request, *args, **kwargs):
        crisis = self.get_object()
        whole = plan_of(crisis)
        context = self.get_serializer_context() | {"crisis": crisis, "plan": whole, "inside": api.inside(request.user)}
        return Response(PlanSerializer(whole, context=context).data)


class TunedCrisis(RetrieveAPIView):
    """A crisis with all that is said of it in the same way."""

    renderer_classes = (JSONRenderer,)
    serializer_class = CrisisSerializer
    filter_backends = ()
    lookup_field = "reference"

    def get_queryset(self):
        visible = Crisis.objects.visible_to(self.request.user)
        phased = Prefetch("periods", PhasePeriod.objects.select_related("phase"))
        parts = Prefetch("parts", visible.standing().order_by("reference"), to_attr="seen_parts")
        wider = visible.standing().filter(pk=OuterRef("part_of")).values("reference")
        return (
            api.rows(visible)
            .annotate(seen_part_of=Subquery(wider))
            .select_related("main_country__region", "office", "focal_point", "edition__framework")
            .prefetch_related(None)
            .prefetch_related(phased, "other_countries", parts)
        )

    def get_object(self):
        return with_statements(super().get_object())

    def get_serializer_context(self):
        return super().get_serializer_context() | {"inside": api.inside(self.request.user)}


urlpatterns = [
    path("bench/static/", static),
    path("api/v1/bench/static/", Answer.as_view()),
    path("api/v1/bench/crises/", TunedCrises.as_view()),
    path("api/v1/bench/crises/<reference>/", TunedCrisis.as_view()),
    path("api/v1/bench/plans/<reference>/", TunedPlan.as_view()),
    path("", include("mcof.urls")),
]
