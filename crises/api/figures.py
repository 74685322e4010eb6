"""The figures of a crisis in the API: read, add one, withdraw one that is wrong."""

from django.db.models import Value
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from crises import services
from crises.api import AS_OF, inside
from crises.api.conditions import Refused
from crises.api.edits import Editable
from crises.api.plans import OfCrisis
from crises.api.said import BANDED, OfOne, figures_of, of_one
from crises.api.writing import (
    IF_MATCH,
    KEY,
    NEW_KEY,
    needed_key,
    refusals,
    refuse_parameters,
    require_writer,
    seen_with,
    told,
)
from crises.models import Figure
from crises.serializers.intake import AddedSerializer, FigureAlone, Withdrawal
from crises.serializers.rows import FigureRowSerializer, OneFigureSerializer
from sectors import reference


@extend_schema_view(
    get=of_one("list_figures_of_crisis", "Figures of a crisis"),
    post=extend_schema(
        operation_id="add_figure",
        summary="Add a figure",
        parameters=[NEW_KEY],
        request=FigureAlone,
        responses={201: AddedSerializer},
        description="A statement of how many, with its source. It stays: the right number in place of a wrong one is "
        "another figure. Takes the right to edit the crisis; a token that may change.",
    ),
)
class CrisisFigures(OfOne):
    """The figures of one crisis that stand, each with its source."""

    serializer_class = FigureRowSerializer

    def rows(self, crisis):
        return figures_of(crisis, self.as_of)

    def post(self, request, *args, **kwargs):
        require_writer(request)
        refuse_parameters(request)
        crisis = seen_with("edit", request, self.kwargs["reference"])
        key, content = needed_key(request), reference.content(crisis.edition_id)
        said = told(FigureAlone, request, context={"content": content})
        with refusals():
            outcome = services.add_figure(crisis=crisis, by=request.user, key=key, **said)
        body = AddedSerializer(outcome, context=self.get_serializer_context()).data
        tag = f'"{outcome.result["revision"]}"'
        return Response(body, status=201, headers={"Location": body["url"], "ETag": tag})


@extend_schema_view(
    get=extend_schema(operation_id="get_figure", summary="One figure", parameters=[AS_OF]),
    patch=extend_schema(
        operation_id="change_figure",
        summary="Withdraw a figure",
        parameters=[IF_MATCH, KEY],
        request=Withdrawal(partial=True),
        responses=OneFigureSerializer,
        description="Say what is wrong with it: it stays readable and no longer counts. Takes the right to edit the "
        "crisis; a token that may change.",
    ),
)
class FigureDetail(Editable, OfCrisis):
    """A figure of one crisis, withdrawn or not."""

    serializer_class = OneFigureSerializer
    edit = Withdrawal

    def _figure(self, crisis):
        figures = Figure.objects.of(crisis, self.as_of).prefetch_related("sectors", BANDED)
        figures = figures.filter(recorded_at__lte=self.as_of) if self.as_of else figures
        figure = figures.annotate(reference=Value(crisis.reference)).filter(pk=self.kwargs["number"]).first()
        if figure is None:
            raise NotFound
        return figure

    def retrieve(self, request, *args, **kwargs):
        figure = self._figure(self.get_object())
        if self.as_of and figure.withdrawn_at and figure.withdrawn_at > self.as_of:
            figure.withdrawn_at, figure.withdrawn_why = None, ""
        self.revision = figure.revision
        context = self.get_serializer_context() | {"inside": inside(request.user)}
        return Response(OneFigureSerializer(figure, context=context).data)

    def change(self, crisis, said, *, by, revision, key, strict):
        """A figure changes once at most: where it is withdrawn already it is of a later version."""
        services.withdraw_statement(
            statement=self._figure(crisis), why=said["withdrawn_why"], by=by, key=key, revision=revision
        )

    def _stale(self, current, revision):
        was = {"path": "withdrawn_why", "was": None, "now": current.withdrawn_why or None}
        by = current.withdrawn_by and str(current.withdrawn_by)
        return Refused(
            412,
            changed_by=by,
            changed_at=current.withdrawn_at,
            fields=[was | {"yours": self.request.data.get("withdrawn_why")}],
        )
