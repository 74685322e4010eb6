"""The dashboard: the picture across crises, from one reading of how each open crisis stands; on paper, and as files."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crises import brief, printed
from crises.filters import BoardFilter
from crises.models.statements import SMALL
from crises.panels import Panels
from crises.views.hq import address, around, file_name, narrow, then_of
from crises.views.kept import kept
from crises.views.panel_files import TABLES
from crises.views.scope import inside
from crises.views.then import wrong_address
from sectors.exports import table_file


def _panels(request, *, whole=False):
    """What the address asks for, what is wrong with it, and the panels of it where nothing is."""
    asked, problems = narrow(request, kind=BoardFilter)
    if problems:
        return asked, problems, None
    panels = Panels(
        asked.qs,
        asked.content,
        phase=asked.value("phase"),
        as_of=asked.value("as_of"),
        inside=inside(request.user),
        whole=whole,
        places=None if whole else asked.places,  # the page has read them for its filters
    )
    return asked, problems, panels


def _shown(asked, panels):
    """What the page and its print say beside the panels."""
    return {
        "panels": panels,
        "counts": panels.counts,
        "total": panels.board.total,
        "late": len(panels.board.late),
        "chips": asked.chips("as_of"),
        "small": SMALL,
        "stale_days": settings.CRISIS_STALE_DAYS,
        "late_hours": settings.GAP_LATE_HOURS,
        "target": settings.FIRST_ACTIVATION_TARGET_DAYS,
    }


# /dashboard/


@login_required
@require_safe
@kept
def dashboard(request):
    """The picture across crises: what is met, what is missing, and what needs a decision.

    Eight queries: session, reader, what a kept page follows from, editions, countries, offices, how the crises stand
    and the activations. Two more for the past: which of the crises are shown, and what those that are named were
    called.
    """
    asked, problems, panels = _panels(request)
    if problems:
        return wrong_address(request, problems)
    return render(
        request,
        "crises/dashboard.html",
        _shown(asked, panels)
        | {
            "filter": asked,
            "fields": asked.fields("region level phase period exercise"),
            "more": asked.fields("country office cause part_of"),
            "then": then_of(request, asked),
            "around": around(asked),
            "pdf": printed.available(),
            "query": asked.query().removesuffix("?"),
            "rows": list(_linked(asked, panels)),
            "links": {
                "gaps": address("gap-list", asked),
                "waived": address("gap-list", asked, waived="1"),
                "crises": address("crisis-list", asked, status="open"),
                "most_gaps": address("crisis-list", asked, status="open", sort="-gaps"),
            },
        },
    )


def _linked(asked, panels):
    """The coverage, each cell with the address of its gaps."""
    for sector, cells in panels.coverage:
        yield (
            sector,
            [(cell, address("gap-list", asked, sector=sector.code, phase=cell.phase.slug)) for cell in cells],
        )


# /dashboard/<panel>.csv, /dashboard/<panel>.xlsx


@login_required
@require_safe
def dashboard_file(request, panel, kind):
    """A panel as a table, with every line of it, also those for which the page has no room."""
    if panel not in TABLES:
        raise Http404
    asked, problems, panels = _panels(request, whole=True)
    if problems:
        return wrong_address(request, problems, csv=True)
    header, lines = TABLES[panel](panels)
    return table_file(kind, file_name(panel, asked), header.split(","), lines)


# /dashboard.pdf


@login_required
@require_safe
def dashboard_pdf(request):
    """The dashboard on two A4 pages. A server without the libraries that draw it answers 501 and offers the page."""
    asked, problems, panels = _panels(request)
    if problems:
        return wrong_address(request, problems)
    page = reverse("dashboard") + asked.query().removesuffix("?")
    said = _shown(asked, panels) | {"reader": request.user, "address": request.build_absolute_uri(page)}
    try:
        drawn = brief.sheets(said)
    except printed.Unavailable:
        return render(request, "crises/no_pdf.html", {"page": page}, status=501)
    response = HttpResponse(printed.pdf(drawn), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{file_name("brief", asked)}.pdf"'
    return response
