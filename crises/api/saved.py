"""Saved views in the API: which ones the caller may use."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated

from crises.api.conditions import Tagged
from crises.models import SavedView
from crises.serializers.saved import SavedViewSerializer


@extend_schema_view(get=extend_schema(operation_id="list_views", summary="Saved views"))
class SavedViewList(Tagged, ListAPIView):
    """The views that you may use: your own, and for staff those that others share. They are saved on the pages.

    `view` names one in the lists of crises and gaps, where its filters hold unless the address says otherwise.
    """

    queryset = SavedView.objects.none()
    permission_classes = [IsAuthenticated]
    serializer_class = SavedViewSerializer
    ordering = ["id"]
    keeps = False  # a view is saved, shared and removed without a number

    def get_queryset(self):
        return SavedView.objects.usable_by(self.request.user)
