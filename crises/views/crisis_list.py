"""The list of crises: search, filters, order and pages, now or at a past moment, and the same as a file."""

from datetime import timedelta

from django.conf import settings
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crises import listing
from crises.views.hq import LOGS, WORKS, address, around, file_name, narrow, roles_of, then_of, turns
from crises.views.pages import by_revision, numbered
from crises.views.scope import readers
from crises.views.then import wrong_address
from offices.models import Role
from sectors.exports import table_file

COUNTED = 1_000  # a list is counted so far: beyond it the number helps nobody and costs the more the longer the list
FIELDS, MORE = "region country office phase level needs cause status review period exercise", "part_of sharing"
HEADER = (
    "reference,title,status,exercise,country,country_name,region,office,cause,glide,started,phases,iom_level,"
    "critical_gaps,sharing,review,approved_at,logged_at,updated_at,revision"
)


# /crises/


@readers
@require_safe
def crisis_list(request):
    """The crises the reader may see: search, filters in the address, sort, count.

    With `as_of`, those that the reader might have seen then, each as it stood then, in as many queries.
    """
    roles = roles_of(request.user)  # read first, they make the question of what the reader may see a short one
    narrowed, problems = narrow(request, "sort", "mine", "page", "older", "newer")
    if problems:
        return wrong_address(request, problems)
    then = then_of(request, narrowed)
    moment, sort = then and then.at, request.GET.get("sort") or listing.NEWEST_FIRST
    phase = narrowed.value("phase")
    rows = listing.listed(narrowed.rows, moment, phase=phase)
    by_key = listing.Sorted(narrowed.rows, sort, COUNTED, phase=phase)
    n = narrowed.rows.order_by()[: COUNTED + 1].count() if moment else by_key.n
    if sort == listing.NEWEST_FIRST:
        page = by_revision(rows, older=request.GET.get("older"), newer=request.GET.get("newer"))
    else:
        page = numbered(listing.in_order(rows, sort) if moment else by_key, request.GET.get("page"), n)
    mine, works_now = bool(request.GET.get("mine")), not then
    return render(
        request,
        "crises/list.html",
        {
            "filter": narrowed,
            "fields": narrowed.fields(FIELDS),
            "more": narrowed.fields(MORE),
            "chips": narrowed.chips("as_of"),
            "then": then,
            "around": around(narrowed),
            "page": page,
            "rows": listing.as_then(page.rows, moment),
            **turns(narrowed, page),
            "n": n,
            "most": COUNTED,
            "columns": {name: _column(narrowed, name, sort) for name in listing.SORTS},
            "mine": mine,
            "other_scope": narrowed.query(mine=None if mine else "1") if roles & WORKS else "",
            "csv": address("crisis-list-csv", narrowed),
            "xlsx": address("crisis-list-xlsx", narrowed),
            "stale_before": (moment or timezone.now()) - timedelta(days=settings.CRISIS_STALE_DAYS),
            "drafts": request.user.drafts.count() if works_now and roles & LOGS else 0,
            "may_log": bool(works_now and roles & LOGS),
            "duplicates": works_now and Role.HQ in roles,
        },
    )


def _column(narrowed, name, sort):
    """The head of a column: how the list is sorted by it now, and the address that sorts by it the other way."""
    up, down = name, f"-{name}"
    first = up if name in ("title", "country") else down
    return {
        "aria": {up: "ascending", down: "descending"}.get(sort, ""),
        "sort": narrowed.query(sort={up: down, down: up}.get(sort, first)),
    }


# /crises.csv, /crises.xlsx


@readers
@require_safe
def crisis_list_file(request, kind):
    """The list as a table: every crisis of the filter, one line each."""
    narrowed, problems = narrow(request, "sort", "mine")
    if problems:
        return wrong_address(request, problems, csv=True)
    moment = narrowed.value("as_of")
    rows = listing.listed(narrowed.rows, moment, phase=narrowed.value("phase"))
    rows = listing.in_order(rows, request.GET.get("sort") or listing.NEWEST_FIRST)
    lines = map(_line, listing.streamed(rows, moment))
    return table_file(kind, file_name("crises", narrowed), HEADER.split(","), lines)


def _line(crisis):
    return [
        crisis.reference,
        crisis.title,
        crisis.status,
        "yes" if crisis.exercise else "no",
        crisis.main_country_id,
        crisis.main_country.name,
        crisis.main_country.region.name if crisis.main_country.region else None,
        crisis.office.name,
        crisis.cause,
        crisis.glide,
        crisis.started_iso,
        " ".join(period.phase.slug for period in crisis.open_periods),
        None if crisis.level_ended else crisis.level_value,
        crisis.gap_count,
        crisis.sharing,
        crisis.review,
        crisis.approved_at and crisis.approved_at.isoformat(timespec="seconds"),
        crisis.logged_at.isoformat(timespec="seconds"),
        crisis.updated_at.isoformat(timespec="seconds"),
        crisis.revision,
    ]
