"""The history of a crisis in the API: what its history page shows, for the same readers."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView

from crises import history
from crises.api import described, inside
from crises.api.conditions import Tagged
from crises.filters import HistoryFilter
from crises.models import Crisis
from crises.models.audit import audited_by, told_to
from crises.models.crisis import readable_by
from crises.serializers.changes import ChangeSerializer

CHANGES = {
    "kind": "What the change is about.",
    "by": "Username of the person who made it.",
    "since": "The first day, as 2026-03-01.",
    "until": "The last day.",
}


@extend_schema_view(
    get=extend_schema(
        operation_id="list_changes",
        summary="Who changed what of a crisis",
        filters=False,
        parameters=described(HistoryFilter, CHANGES),
    )
)
class CrisisHistory(Tagged, ListAPIView):
    """Every change of a crisis, the last one first: who, what, from what to what, and why. For staff.

    A change made while you might not have read the crisis is left out.
    """

    queryset = Crisis.history.none()
    serializer_class = ChangeSerializer
    filterset_class = HistoryFilter
    ordering = ["-revision"]

    def get_queryset(self):
        reader = self.request.user
        crises = Crisis.objects.filter(readable_by(reader) | audited_by(reader), reference=self.kwargs["reference"])
        crisis = crises.first() if inside(reader) else None
        if crisis is None:
            raise NotFound
        return history.rows().filter(told_to(reader), id=crisis.pk)

    def paginate_queryset(self, queryset):
        return history.told(super().paginate_queryset(queryset))
