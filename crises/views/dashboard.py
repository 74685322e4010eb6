"""The dashboard: the picture across crises, from one reading of how each open crisis stands."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crises import dashboard as figures
from crises import gaps, listing, plan
from crises.models import Crisis
from crises.models.statements import SMALL
from crises.views.hq import address, around, file_name, narrow, then_of
from crises.views.kept import kept
from crises.views.scope import inside
from crises.views.then import wrong_address
from sectors.exports import table_file

OLDEST, WHERE = 6, 12  # rows of the tables


# /dashboard/


@login_required
@require_safe
@kept
def dashboard(request):
    """The picture across crises: what is met, what is missing, and what needs a decision."""
    asked, problems = narrow(request)
    if problems:
        return wrong_address(request, problems)
    now, phase, crises = timezone.now(), asked.value("phase"), asked.qs
    board = figures.board(crises, now, phase=phase)
    staff = inside(request.user)
    # The table is cut short, so what it says of waivers is left out and not asked for.
    oldest = gaps.listed(gaps.of(crises, phase=phase), now).filter(waived=False).prefetch_related(None)[:OLDEST]
    return render(
        request,
        "crises/dashboard.html",
        {
            "filter": asked,
            "fields": asked.fields("region level phase exercise"),
            "chips": asked.chips("as_of"),
            "then": then_of(request, asked),
            "around": around(asked),
            "now": now,
            "counts": board.counts(suppressed=not staff),
            "total": board.total,
            "late": board.late,
            "oldest": [gaps.explained(gap, now) for gap in oldest],
            "phases": [one for one in asked.content.phases if phase in ("", one.slug)],
            "grid": list(_grid(asked, board.coverage)),
            "elsewhere": _elsewhere(asked, board.coverage),
            "sums": [_sum(board.coverage, one) for one in asked.content.phases if phase in ("", one.slug)],
            "where": _where(board, now, phase),
            "small": 0 if staff else SMALL,
            "links": {
                "csv": address("dashboard-csv", asked),
                "gaps": address("gap-list", asked),
                "waived": address("gap-list", asked, waived="1"),
                "crises": address("crisis-list", asked, status="open"),
                "most_gaps": address("crisis-list", asked, status="open", sort="-gaps"),
            },
            "content": asked.content,
            "stale_before": now - timedelta(days=settings.CRISIS_STALE_DAYS),
            "stale_days": settings.CRISIS_STALE_DAYS,
            "late_hours": settings.GAP_LATE_HOURS,
        },
    )


def _where(board, now, phase):
    """The crises with most gaps, then with most people, as the list shows them. Two queries."""
    first = sorted(board.rows, key=lambda row: (-board.gaps_of[row.pk], -(row.people or 0), -row.revision))[:WHERE]
    places = {row.pk: n for n, row in enumerate(first)}
    shown = listing.with_people(listing.rows(Crisis.objects.filter(pk__in=places), now, phase=phase))
    return sorted(shown, key=lambda crisis: places[crisis.pk])


def _sum(coverage, phase):
    return sum((tally for (_code, slug), tally in coverage.items() if slug == phase.slug), plan.Tally())


def _elsewhere(asked, covered):
    """The needed sectors that the grid has no row for: those of plans under an older framework."""
    content = asked.content
    shown = {(sector.code, phase.slug) for sector in content.sectors for phase in content.phases}
    return sum((tally for key, tally in covered.items() if key not in shown), plan.Tally())


def _grid(asked, covered):
    """The coverage in the framework's order: each sector with a cell for each phase shown."""
    content, only = asked.content, asked.value("phase")
    for sector in content.sectors:
        cells = []
        for phase in content.phases:
            if only not in ("", phase.slug):
                continue
            tally = covered.get((sector.code, phase.slug))
            cells.append(
                {
                    "phase": phase,
                    "row": content.priorities[sector.pk, phase.pk],
                    "tally": tally,
                    "percent": round(100 * tally.met / tally.needed) if tally else 0,
                    "gaps": address("gap-list", asked, sector=sector.code, phase=phase.slug),
                }
            )
        yield sector, cells


@login_required
@require_safe
def dashboard_csv(request):
    """The coverage as a table: one line a sector and phase."""
    asked, problems = narrow(request)
    if problems:
        return wrong_address(request, problems, csv=True)
    now = timezone.now()
    covered = figures.board(asked.qs, now, phase=asked.value("phase")).coverage
    header = "sector,sector_name,phase,default_priority,provenance,needed,active,completed,waived,gaps,as_of"

    def lines():
        for sector, cells in _grid(asked, covered):
            for cell in cells:
                tally = cell["tally"] or plan.Tally()
                yield [
                    sector.code,
                    sector.name,
                    cell["phase"].slug,
                    cell["row"].priority,
                    cell["row"].provenance,
                    tally.needed,
                    tally.active,
                    tally.completed,
                    tally.waived,
                    tally.gaps,
                    now.isoformat(timespec="seconds"),
                ]

    return table_file("csv", file_name("coverage", asked), header.split(","), lines())
