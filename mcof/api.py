"""The API's front door: its addresses, the page that explains it, and how it says no."""

import json
import logging
import sys
from typing import NamedTuple

from csp.decorators import csp_update
from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import path, re_path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from knox.models import get_token_model
from rest_framework.exceptions import (
    AuthenticationFailed,
    NotFound,
    ParseError,
    PermissionDenied,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from crises import api as crises
from crises.api import STAFF, changes, edits, figures, intake, overview, plans, said, saved
from crises.api.conditions import Refused, tagged
from exchange.api import exports
from exchange.api.changes import ChangeFeed
from mcof.database import Away, is_away
from mcof.lists import MOST, PAGE_SIZE
from mcof.tokens import HEADER
from offices import api as offices
from sectors import api as sectors

PROBLEM = "application/problem+json"


class Problem(NamedTuple):
    """A way to say no: its anchor on the page that explains the API, its title, and what it says where nothing more
    exact is known."""

    anchor: str
    title: str | Promise
    detail: str | Promise


PROBLEMS = {
    400: Problem(
        "parameter",
        _("Something sent is not understood"),
        _("Mend or remove what “errors” names. Codes are at /api/v1/codes/."),
    ),
    401: Problem("token", _("This needs a token that works"), HEADER),
    403: Problem("right", _("You may not do this"), _("Your account lacks the right.")),
    404: Problem(
        "nothing",
        _("Nothing is here for you"),
        _("Nothing is at this address, or it is not shared with you. Addresses end with a slash; /api/ lists them."),
    ),
    405: Problem("method", _("This address cannot do that"), _("The header Allow names what it can.")),
    406: Problem("json", _("The API answers in JSON"), _("Ask for application/json, or send no Accept header.")),
    409: Problem("closed", _("As it stands, this cannot be changed"), _("The crisis is closed.")),
    410: Problem(
        "restart",
        _("This mirror cannot be followed any further"),
        _(
            "What you may see has changed, or this site has gone back to an older copy of its database. Empty your "
            "store and begin again at /api/v1/changes/ without a cursor."
        ),
    ),
    412: Problem(
        "stale",
        _("Somebody changed it first"),
        _("Nothing of yours was saved. Read it again, compare with “fields”, and send the change with the new ETag."),
    ),
    413: Problem("size", _("What was sent is too large"), _("Send less than 64 KiB.")),
    415: Problem("media", _("Changes are sent in JSON"), _("Send application/json in UTF-8.")),
    422: Problem("key", _("This key was used for another change"), _("Use a new Idempotency-Key for each change.")),
    428: Problem(
        "if-match",
        _("A change needs If-Match"),
        _("Read what you change and send its ETag in the header If-Match."),
    ),
    429: Problem(
        "limit",
        _("Too many requests in this minute"),
        _("Wait as many seconds as Retry-After says. The headers of every answer say how many requests are left."),
    ),
    500: Problem("fault", _("The fault is ours"), _("The server failed. Nothing was changed. Try again later.")),
    503: Problem(
        "away",
        _("The database cannot be reached for now"),
        _("Nothing is wrong with what you sent. Send it again after as many seconds as Retry-After says."),
    ),
}
KINDS = {  # problems that their status alone does not name
    "duplicate": Problem(
        "duplicate",
        _("It may be logged already"),
        _("“candidates” are the like crises that you may see. If it is none of them, confirm that."),
    ),
    "in-flight": Problem(
        "in-flight",
        _("The same is being received just now"),
        _("Send it again in a moment, with the same key: it is made once."),
    ),
}
SAID = AuthenticationFailed | PermissionDenied | ParseError | UnsupportedMediaType | Refused  # know more exactly


def _body(status, detail=None, errors=(), kind=None, **more):
    problem = KINDS.get(kind) or PROBLEMS[status]
    body = {
        "type": f"{reverse('api-landing')}#{problem.anchor}",
        "title": str(problem.title),
        "status": status,
        "detail": str(detail or problem.detail),
    }
    return body | more | ({"errors": list(errors)} if errors else {})


def _errors(wrong, path=""):
    """Each mistake with the path to what it is about, such as other_countries.0."""
    if isinstance(wrong, dict):
        for name, inner in wrong.items():
            if name == "non_field_errors":  # of the thing itself, not of one of its fields
                yield from _errors(inner, path or "body")
            else:
                yield from _errors(inner, f"{path}.{name}" if path else str(name))
    else:
        yield from ({"path": path, "message": line} for line in wrong)


def problem(exc, context):
    """What went wrong as RFC 9457 problem details; None for a fault of ours, which server_error answers.

    What is hidden and what does not exist answer in the same words.
    """
    if is_away(exc):
        logging.getLogger(__name__).error("The database cannot be reached.", exc_info=exc)
        exc = Away()
    response = exception_handler(exc, context)
    if response is None:
        return None
    detail = exc.detail if isinstance(exc, SAID) else None
    errors = list(_errors(exc.detail)) if isinstance(exc, ValidationError) else []
    return Response(
        _body(response.status_code, detail, errors, getattr(exc, "kind", None), **getattr(exc, "more", {})),
        status=response.status_code,
        headers={name: response[name] for name in ("WWW-Authenticate", "Retry-After") if name in response},
        content_type=PROBLEM,
    )


def refusal(status, headers=None):
    """A problem as a response of its own, where no view gives the answer."""
    return JsonResponse(_body(status), status=status, content_type=PROBLEM, headers=headers)


def of_the_api(request):
    return request.path.startswith(reverse("api-landing"))


def server_error(request):
    """The answer to a fault of ours: problem details to readers of the API, a page to everybody else."""
    if not of_the_api(request):
        return defaults.server_error(request)
    if is_away(sys.exc_info()[1]):
        return refusal(503, {"Retry-After": str(Away.wait)})
    return refusal(500)


def bad_request(request, exception):
    """The answer to what no address has been asked about, such as another host's name: as of server_error."""
    return refusal(400) if of_the_api(request) else defaults.bad_request(request, exception)


class Nothing(APIView):
    """Any address below /api/ that is not one of ours."""

    schema = None
    default_response_headers = {}  # no address, so there is nothing that it allows

    def initial(self, request, *args, **kwargs):
        raise NotFound


def describe_problems(result, generator, request, public):
    """Adds to the schema how each address says no: every one in the same shape."""
    text = {"type": "string"}
    error = {"type": "object", "properties": {"path": text, "message": text}, "required": ["path", "message"]}
    result["components"]["schemas"]["Problem"] = {
        "type": "object",
        "description": "RFC 9457. `errors` comes with 400 and names each parameter or field. With 412 come "
        "`changed_by`, `changed_at` and the differing `fields`; with a 409 of the type `duplicate` the `candidates`.",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "errors": {"type": "array", "items": error},
            "changed_by": {"type": "string", "nullable": True},
            "changed_at": {"type": "string", "format": "date-time", "nullable": True},
            "fields": {"type": "array", "items": {"type": "object"}},
            "candidates": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["type", "title", "status", "detail"],
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    for address, methods in result["paths"].items():
        for method, operation in methods.items():
            changes = {"patch": (403, 409, 412, 413, 415, 422, 428), "post": (403, 409, 413, 415, 422)}.get(method, ())
            staff = [403] if operation.pop(STAFF, False) else []
            changes = (*changes, *([410] if address.endswith("/changes/") else []))
            for status in (400, 401, *staff, 406, 429, *([404] if "{" in address else []), *changes):
                described = {"description": str(PROBLEMS[status].title), "content": {PROBLEM: {"schema": schema}}}
                operation["responses"].setdefault(str(status), described)
    return result


def landing(request):
    """The page for who builds on the API. One query."""
    if request.method not in ("GET", "HEAD"):
        return refusal(405, {"Allow": "GET, HEAD"})
    token = get_token_model()
    mistake = {"path": "county", "message": _("There is no parameter “county” here. Did you mean “country”?")}
    return render(
        request,
        "api.html",
        {
            "root": request.build_absolute_uri(reverse("api-landing")) + "v1/",
            "codes": sectors.codes(),
            "problems": PROBLEMS,
            "example": json.dumps(_body(400, errors=[mistake]), indent=2, ensure_ascii=False, default=str),
            "page_size": PAGE_SIZE,
            "most": MOST,
            "days": settings.REST_KNOX["TOKEN_TTL"].days,
            "shortest": token.SHORTEST.days,
            "longest": token.LONGEST.days,
            "limits": [
                (_("One token, reading"), settings.API_READS_PER_MINUTE),
                (_("One token, changing"), settings.API_WRITES_PER_MINUTE),
                (_("One address without a token"), settings.API_VISITORS_PER_MINUTE),
            ],
        },
    )


# The viewer sets styles from its script and draws its signs from data addresses; no other page may.
docs = csp_update({"style-src": ["'unsafe-inline'"], "img-src": ["data:"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api-schema")
)

REFERENCE = r"(?P<reference>[A-Z0-9-]{1,16})"

urlpatterns = [
    path("api/", landing, name="api-landing"),
    path("api/docs/", docs, name="api-docs"),
    path("api/v1/schema/", tagged(SpectacularJSONAPIView.as_view()), name="api-schema"),
    path("api/v1/framework/", tagged(sectors.FrameworkDetail.as_view()), name="api-framework"),
    path(
        "api/v1/framework/complementarities/",
        tagged(sectors.ComplementarityList.as_view()),
        name="api-complementarities",
    ),
    path("api/v1/editions/", tagged(sectors.EditionList.as_view()), name="api-editions"),
    re_path(
        r"^api/v1/editions/(?P<framework>[a-z0-9-]{1,50})/(?P<number>[0-9]{1,4})/$",
        tagged(sectors.EditionDetail.as_view()),
        name="api-edition",
    ),
    path("api/v1/sectors/", sectors.SectorList.as_view(), name="api-sectors"),
    path("api/v1/phases/", sectors.PhaseList.as_view(), name="api-phases"),
    path("api/v1/systems/", sectors.SystemList.as_view(), name="api-systems"),
    path("api/v1/clusters/", sectors.ClusterList.as_view(), name="api-clusters"),
    path("api/v1/regions/", offices.RegionList.as_view(), name="api-regions"),
    path("api/v1/countries/", offices.CountryList.as_view(), name="api-countries"),
    path("api/v1/offices/", tagged(offices.OfficeList.as_view()), name="api-offices"),
    path("api/v1/codes/", crises.CodeList.as_view(), name="api-codes"),
    path("api/v1/crises/", intake.Crises.as_view(), name="api-crises"),
    re_path(rf"^api/v1/crises/{REFERENCE}/$", edits.CrisisFacts.as_view(), name="api-crisis"),
    re_path(rf"^api/v1/crises/{REFERENCE}/plan/$", plans.CrisisPlan.as_view(), name="api-plan"),
    re_path(
        rf"^api/v1/crises/{REFERENCE}/plan/(?P<sector>[A-Z0-9]{{1,8}})/(?P<phase>[a-z0-9-]{{1,20}})/$",
        edits.PlanCellDetail.as_view(),
        name="api-cell",
    ),
    re_path(rf"^api/v1/crises/{REFERENCE}/gaps/$", plans.CrisisGaps.as_view(), name="api-crisis-gaps"),
    re_path(rf"^api/v1/crises/{REFERENCE}/advice/$", crises.CrisisAdvice.as_view(), name="api-advice"),
    re_path(
        rf"^api/v1/crises/{REFERENCE}/coordination/$", crises.CrisisCoordination.as_view(), name="api-coordination"
    ),
    re_path(rf"^api/v1/crises/{REFERENCE}/figures/$", figures.CrisisFigures.as_view(), name="api-crisis-figures"),
    re_path(
        rf"^api/v1/crises/{REFERENCE}/figures/(?P<number>[0-9]{{1,18}})/$",
        figures.FigureDetail.as_view(),
        name="api-figure",
    ),
    re_path(rf"^api/v1/crises/{REFERENCE}/activities/$", said.CrisisActivities.as_view(), name="api-crisis-activities"),
    re_path(rf"^api/v1/crises/{REFERENCE}/levels/$", said.CrisisLevels.as_view(), name="api-crisis-levels"),
    re_path(rf"^api/v1/crises/{REFERENCE}/reviews/$", said.CrisisReviews.as_view(), name="api-crisis-reviews"),
    re_path(rf"^api/v1/crises/{REFERENCE}/history/$", changes.CrisisHistory.as_view(), name="api-history"),
    path("api/v1/cells/", said.CellList.as_view(), name="api-cells"),
    path("api/v1/figures/", said.FigureList.as_view(), name="api-figures"),
    path("api/v1/activities/", said.ActivityList.as_view(), name="api-activities"),
    path("api/v1/levels/", said.LevelList.as_view(), name="api-levels"),
    path("api/v1/reviews/", said.ReviewList.as_view(), name="api-reviews"),
    path("api/v1/age-bands/", said.AgeBandList.as_view(), name="api-age-bands"),
    path("api/v1/changes/", ChangeFeed.as_view(), name="api-changes"),
    path("api/v1/gaps/", crises.GapList.as_view(), name="api-gaps"),
    path("api/v1/dashboard/", overview.Dashboard.as_view(), name="api-dashboard"),
    path("api/v1/worklist/", overview.Worklist.as_view(), name="api-worklist"),
    re_path(r"^api/v1/worklist/(?P<queue>[a-z]{1,20})/$", overview.Queue.as_view(), name="api-queue"),
    path("api/v1/views/", saved.SavedViewList.as_view(), name="api-views"),
    path("api/v1/export/crises.<slug:kind>", exports.CrisisExport.as_view(), name="api-export-crises"),
    path("api/v1/export/cells.<slug:kind>", exports.CellExport.as_view(), name="api-export-cells"),
    path("api/v1/export/gaps.<slug:kind>", exports.GapExport.as_view(), name="api-export-gaps"),
    path("api/v1/export/figures.<slug:kind>", exports.FigureExport.as_view(), name="api-export-figures"),
    path("api/v1/export/dictionary.<slug:kind>", exports.Dictionary.as_view(), name="api-export-dictionary"),
    re_path(r"^api/", Nothing.as_view()),
]
