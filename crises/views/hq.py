"""Crises side by side: the list, the gaps, the dashboard, and where each reader starts."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crises import dashboard as figures
from crises import gaps, listing
from crises.filters import CrisisFilter
from crises.models import Crisis
from crises.views.scope import readers
from offices.models import Office, Role
from sectors import reference
from sectors.exports import csv_file

PAGE = 50
SORTS = {
    "updated": "revision",
    "title": "title",
    "country": "main_country__name",
    "started": "started_on",
    "gaps": "gap_count",
}


@require_safe
def home(request):
    """Each reader starts where their work is."""
    if not request.user.is_authenticated:
        return render(request, "home.html")
    if request.user.holds(Role.HQ, Role.REGIONAL):
        return redirect("dashboard")
    return redirect("crisis-list")


def _filtered(request, *allowed, content=None):
    """The crises this reader may see, narrowed by the address; and what is wrong with the address, if anything."""
    narrowed = CrisisFilter(request.GET, Crisis.objects.visible_to(request.user), content=content)
    return narrowed, narrowed.problems(allowed)


def _wrong_address(request, problems):
    lines = [line for lines in problems.values() for line in lines]
    return render(request, "crises/wrong_address.html", {"problems": problems, "lines": lines}, status=400)


def _without(request, *names):
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()


@readers
@require_safe
def crisis_list(request):
    """The crises the reader may see: search, filters in the address, sort, count, CSV."""
    narrowed, problems = _filtered(request, "sort", "page", "mine")
    order, problem = _order(request)
    if problems or problem:
        return _wrong_address(request, problems | problem)
    crises = _own(request, narrowed.qs)
    pages = Paginator(listing.rows(crises).order_by(*order), PAGE)
    try:
        page = pages.page(request.GET.get("page", 1))
    except (EmptyPage, PageNotAnInteger):
        return _wrong_address(
            request, {"page": [_("There is no such page. The last one is %(n)s.") % {"n": pages.num_pages}]}
        )
    return render(
        request,
        "crises/list.html",
        {
            "filter": narrowed,
            "chips": narrowed.chips(),
            "page": page,
            "sort": request.GET.get("sort", "-updated"),
            "query": _without(request, "page"),
            "unsorted": _without(request, "page", "sort"),
            "mine": "mine" in request.GET,
            "not_mine": _without(request, "page", "mine"),
            "stale": timezone.now() - timedelta(days=settings.CRISIS_STALE_DAYS),
            "drafts": request.user.drafts.count() if request.user.is_authenticated else 0,
            "may_log": request.user.is_authenticated and request.user.holds(Role.FIELD, Role.LEAD),
        },
    )


def _own(request, crises):
    """Only the crises of the reader's own offices, where the address asks for them."""
    if "mine" not in request.GET or not request.user.is_authenticated:
        return crises
    return crises.filter(office__in=Office.objects.reached_by(request.user, Role.FIELD, Role.LEAD, Role.REGIONAL))


def _order(request):
    """The columns to sort by, ending in a unique one; and what is wrong with the sort asked for."""
    asked = request.GET.get("sort", "-updated")
    name = asked.removeprefix("-")
    if name not in SORTS:
        return [], {"sort": [_("Sort by one of: %(names)s.") % {"names": ", ".join(SORTS)}]}
    column = SORTS[name]
    first = f"-{column}" if asked.startswith("-") else column
    return ([first] if name == "updated" else [first, "-revision"]), {}


@readers
@require_safe
def crisis_list_csv(request):
    """The list as a table: every crisis of the filter, one line each."""
    narrowed, problems = _filtered(request, "sort", "mine", "page")
    order, problem = _order(request)
    if problems or problem:
        return _wrong_address(request, problems | problem)
    header = (
        "reference,title,status,exercise,country,country_name,office,cause,started,phases,iom_level,gaps,updated_at,"
        "revision"
    )

    def line(crisis):
        return [
            crisis.reference,
            crisis.title,
            crisis.status,
            "yes" if crisis.exercise else "no",
            crisis.main_country_id,
            crisis.main_country.name,
            crisis.office.name,
            crisis.cause,
            crisis.started_iso,
            " ".join(period.phase.slug for period in crisis.open_periods),
            None if crisis.level_ended else crisis.level_value,
            crisis.gap_count,
            crisis.updated_at.isoformat(timespec="seconds"),
            crisis.revision,
        ]

    crises = listing.rows(_own(request, narrowed.qs)).order_by(*order)
    return csv_file("crises.csv", header.split(","), map(line, crises.iterator(chunk_size=500)))


@login_required
@require_safe
def gap_list(request):
    """Every open gap the reader may see, the oldest first, each with its reason."""
    content = reference.current()
    narrowed, problems = _filtered(request, "sector", "page", "waived", "format", content=content)
    sector = request.GET.get("sector")
    if sector and content.sector(sector) is None:
        problems["sector"] = [_("“%(code)s” is not the code of a sector, such as S03.") % {"code": sector}]
    if problems:
        return _wrong_address(request, problems)
    found = gaps.of(narrowed.qs, phase=request.GET.get("phase"), sector=sector)
    listed = gaps.listed(found).filter(waived="waived" in request.GET)
    if request.GET.get("format") == "csv":
        return _gaps_csv(listed)
    pages = Paginator(listed, PAGE)
    page = pages.get_page(request.GET.get("page", 1))
    return render(
        request,
        "crises/gaps.html",
        {
            "filter": narrowed,
            "chips": narrowed.chips(),
            "page": page,
            "rows": [gaps.explained(gap) for gap in page],
            "count": gaps.count(gaps.by_cell(found)),
            "waived": "waived" in request.GET,
            "sector": sector,
            "query": _without(request, "page"),
            "without_sector": _without(request, "page", "sector"),
            "unwaived": _without(request, "page", "waived"),
        },
    )


def _gaps_csv(listed):
    header = (
        "reference,crisis,country,sector,sector_name,phase,because,paragraph,provenance,opened_at,days_open,late,"
        "waived_until"
    )

    def line(gap):
        row = gaps.explained(gap)
        return [
            gap.crisis.reference,
            gap.crisis.title,
            gap.crisis.main_country_id,
            gap.sector.code,
            gap.sector.name,
            gap.phase.slug,
            row["because"],
            row["paragraph"],
            row["provenance"],
            gap.opened_at.isoformat(timespec="seconds"),
            row["days"],
            "yes" if row["late"] else "no",
            gap.last_waiver.until if gap.waived else None,
        ]

    return csv_file("gaps.csv", header.split(","), map(line, listed.iterator(chunk_size=500)))


@login_required
@require_safe
def dashboard(request):
    """The picture across crises: what is met, what is missing, and what needs a decision."""
    content = reference.current()
    narrowed, problems = _filtered(request, content=content)
    if problems:
        return _wrong_address(request, problems)
    now, phase = timezone.now(), request.GET.get("phase")
    crises = narrowed.qs
    missing = gaps.of(crises, phase=phase)
    cells = gaps.by_cell(missing, now)
    covered = figures.coverage(crises, cells, phase=phase)
    oldest = gaps.listed(missing, now).filter(waived=False).prefetch_related(None)[:6]
    return render(
        request,
        "crises/dashboard.html",
        {
            "filter": narrowed,
            "chips": narrowed.chips(),
            "query": request.GET.urlencode(),
            "now": now,
            "counts": figures.counts(crises, now),
            "total": figures.total(covered),
            "gaps": gaps.count(cells),
            "oldest": [gaps.explained(gap, now) for gap in oldest],
            "phases": [one for one in content.phases if phase in (None, "", one.slug)],
            "grid": _grid(content, covered, phase),
            "open": listing.rows(crises.open(), now).order_by("-gap_count", "-revision")[:20],
            "stale": now - timedelta(days=settings.CRISIS_STALE_DAYS),
            "stale_days": settings.CRISIS_STALE_DAYS,
            "late_hours": settings.GAP_LATE_HOURS,
        },
    )


def _grid(content, covered, phase):
    """The coverage as rows of the framework's order: (sector, [(phase, tally or None, width of the bar in %)])."""
    return [
        (
            sector,
            [
                {
                    "phase": one,
                    "row": content.priorities[sector.pk, one.pk],
                    "tally": (tally := covered.get((sector.code, one.slug))),
                    "met": round(100 * tally.met / tally.needed) if tally else 0,
                }
                for one in content.phases
                if phase in (None, "", one.slug)
            ],
        )
        for sector in content.sectors
    ]


@login_required
@require_safe
def dashboard_csv(request):
    """The coverage as a table: one line a sector and phase."""
    content = reference.current()
    narrowed, problems = _filtered(request, content=content)
    if problems:
        return _wrong_address(request, problems)
    phase = request.GET.get("phase")
    missing = gaps.by_cell(gaps.of(narrowed.qs, phase=phase))
    grid = _grid(content, figures.coverage(narrowed.qs, missing, phase=phase), phase)
    header = "sector,sector_name,phase,default_priority,provenance,needed,active,completed,waived,gaps"

    def lines():
        for sector, cells in grid:
            for cell in cells:
                tally = cell["tally"] or figures.plan.Tally()
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
                ]

    return csv_file("coverage.csv", header.split(","), lines())
