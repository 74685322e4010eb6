"""Whole tables as files in the API: the scope and filters of the lists, every row, streamed."""

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from crises.api import FILTERS, described, inside
from crises.api.said import WORDS
from crises.filters import CellFilter, CrisisFilter, FigureFilter, GapFilter
from crises.models import Crisis
from crises.sight import followed
from exchange.exports import CELLS, CRISES, FIGURES, GAPS, TABLES
from exchange.exports.cells import STATUS
from exchange.exports.dictionary import HEADER, lines
from exchange.exports.files import TYPES, File
from exchange.exports.gaps import contents
from offices.models import Office, Role
from sectors.exports import csv_file

HXL = OpenApiParameter(
    "hxl", enum=["", "1"], description="`1`: a second line with the HXL hashtags; in NDJSON they are the names."
)
KIND = OpenApiParameter("kind", location=OpenApiParameter.PATH, enum=list(TYPES), description="What kind of file.")


def _described(summary, filterset, words=FILTERS):
    now = [one for one in described(filterset, words) if one.name != "as_of"]
    answers = {(200, kind.partition(";")[0]): {"type": "string", "format": "binary"} for kind in TYPES.values()}
    return extend_schema_view(
        get=extend_schema(
            operation_id=f"export_{summary.lower()}",
            summary=f"{summary}, whole",
            filters=False,
            parameters=[KIND, HXL, *now],
            responses=answers,
        )
    )


class Whole(GenericAPIView):
    """Answers with a file, whatever the header Accept says: its name says what it is."""

    queryset = Crisis.objects.none()
    pagination_class = None
    parameters = {"hxl"}
    columns = {}  # the SQL of the columns by which the address narrows the rows

    def perform_content_negotiation(self, request, force=False):
        return JSONRenderer(), JSONRenderer.media_type

    def get_queryset(self):
        followed(self.request.user)  # of rights that are known the statement is shorter, and made in half the time
        return Crisis.objects.visible_to(self.request.user)

    def chosen(self):
        """The keys of the rows that the address asks for, or of the crises they belong to."""
        return self.filter_queryset(self.get_queryset())

    def narrower(self):
        """What else the address asks of the rows: (SQL, value)."""
        asked = {sql: self.asked.value(name) for name, sql in self.columns.items()}
        return [(f"{sql} = %s", value) for sql, value in asked.items() if value]

    def get(self, request, kind):
        if kind not in TYPES:
            raise NotFound
        chosen, hxl = self.chosen(), request.query_params.get("hxl")
        if self.asked.value("as_of"):
            words = _("These files say what holds now. The lists of the API and the files of the pages have a past.")
            raise ValidationError({"as_of": [words]})
        if hxl and hxl != "1":
            raise ValidationError({"hxl": [_("“hxl” is 1, or is left out.")]})
        user = request.user
        scopes = {
            "chosen": chosen,
            "visible": Crisis.objects.visible_to(user).standing(),
            "own": Office.objects.reached_by(user, Role.FIELD, Role.LEAD),
        }
        file = File(
            self.table,
            kind,
            scopes,
            narrower=self.narrower(),
            inside=inside(user),
            now=timezone.now(),
            hxl=bool(hxl),
            contents=contents() if self.table.computed else None,
        )
        answer = StreamingHttpResponse(
            iter(()) if request.method == "HEAD" else file.pieces(), content_type=TYPES[kind]
        )
        answer["Content-Disposition"] = f'attachment; filename="{self.table.name}.{kind}"'
        answer["Cache-Control"] = "private, no-store"
        patch_vary_headers(answer, ["Authorization", "Cookie"])
        return answer


@_described("Crises", CrisisFilter)
class CrisisExport(Whole):
    """Every crisis you may see and the filters find, one a row, as of one moment. The last changed first.

    The columns are described at /api/v1/export/dictionary.json.
    """

    table, filterset_class = CRISES, CrisisFilter


@_described("Cells", CellFilter, WORDS)
class CellExport(Whole):
    """Every sector in every phase of those crises, with who does what, where and when (4W).

    The list has the cells of which an office has said something; here are the others too, which are not started.
    `sector_status=active` leaves what is being done. Each row says whose word its priority is: `derived` is ours.
    """

    table, filterset_class = CELLS, CellFilter
    columns = {"sector": "t.code", "phase": "h.slug", "sector_status": STATUS}

    def chosen(self):
        super().chosen()
        return self.asked.found


@_described("Gaps", GapFilter)
class GapExport(Whole):
    """Every open gap with why it is one, the oldest first. Waived ones are among them and say so."""

    table, filterset_class = GAPS, GapFilter


@_described("Figures", FigureFilter, WORDS)
class FigureExport(Whole):
    """Every figure that stands, as its source states it. Never add them to one another.

    A number from 1 to 4 is withheld from readers outside the organisation. Figures of the protected sectors are in no
    file but those of the office that keeps them. Parts by sex and age are in the answer for one crisis only.
    """

    table, filterset_class = FIGURES, FigureFilter


@extend_schema_view(
    get=extend_schema(
        operation_id="export_dictionary",
        summary="What the columns of the files mean",
        parameters=[
            OpenApiParameter("kind", location=OpenApiParameter.PATH, enum=["json", "csv"], description="Kind of file.")
        ],
        responses={
            (200, "application/json"): {"type": "array", "items": {"type": "object"}},
            (200, "text/csv"): OpenApiResponse({"type": "string"}),
        },
    )
)
class Dictionary(Whole):
    """Every column of every file: what it means, what it holds, its unit, who says it, and its HXL hashtag."""

    parameters = set()

    def get(self, request, kind):
        self.filter_queryset(self.get_queryset())
        rows = list(lines(TABLES.values()))
        if kind == "csv":
            return csv_file("dictionary.csv", HEADER, rows)
        if kind == "json":
            return Response([dict(zip(HEADER, row, strict=True)) for row in rows])
        raise NotFound
