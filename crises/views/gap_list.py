"""The list of gaps: every open one with its reason, now or at a past moment, and the same as a file."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crises import gaps
from crises.filters import GapFilter
from crises.views.hq import address, around, file_name, narrow, then_of, turns
from crises.views.pages import numbered
from crises.views.then import wrong_address
from offices.models import Role
from sectors.exports import table_file

HEADER = (
    "reference,crisis,exercise,country,country_name,sector,sector_name,phase,because,paragraph,provenance,"
    "opened_at,opened_why,days_open,late,waived_until,closes"
)


def _listed(narrowed):
    """What the address asks for: the waived gaps, or the others."""
    return narrowed.qs if narrowed.value("waived") else narrowed.qs.filter(waived=False)


# /gaps/


@login_required
@require_safe
def gap_list(request):
    """Every open gap the reader may see, the oldest first, each with its reason; the waived ones on their own.

    With `as_of`, the gaps that were open then, each with the facts, priority and waiver of then: one query more.
    """
    narrowed, problems = narrow(request, "page", kind=GapFilter)
    if problems:
        return wrong_address(request, problems)
    then = then_of(request, narrowed)
    cells = gaps.by_cell(narrowed.gaps, as_of=then and then.at)
    counted = gaps.count(cells)
    n = counted["waived" if narrowed.wants_waived else "gaps"]
    page = numbered(_listed(narrowed), request.GET.get("page"), n)
    return render(
        request,
        "crises/gaps.html",
        {
            "filter": narrowed,
            "fields": narrowed.fields("sector phase region country office level period exercise"),
            "more": narrowed.fields("cause part_of"),
            "chips": narrowed.chips("waived", "as_of"),
            "then": then,
            "page": page,
            **turns(narrowed, page),
            "rows": [gaps.explained(gap) for gap in gaps.as_then(page.rows)],
            "may_decide": not then and request.user.holds(Role.HQ),
            "count": counted,
            "waived": narrowed.wants_waived,
            "open_ones": narrowed.query(waived=None),
            "waived_ones": narrowed.query(waived="1"),
            "csv": address("gap-list-csv", narrowed),
            "xlsx": address("gap-list-xlsx", narrowed),
            "around": around(narrowed),
            "content": narrowed.content,
            "late_hours": settings.GAP_LATE_HOURS,
        },
    )


# /gaps.csv, /gaps.xlsx


@login_required
@require_safe
def gap_list_file(request, kind):
    """The list as a table: every gap of the filter, one line each."""
    narrowed, problems = narrow(request, kind=GapFilter)
    if problems:
        return wrong_address(request, problems, csv=True)
    lines = map(_line, gaps.streamed(_listed(narrowed)))
    return table_file(kind, file_name("gaps", narrowed), HEADER.split(","), lines)


def _line(gap):
    row = gaps.explained(gap)
    return [
        gap.crisis.reference,
        gap.crisis.title,
        "yes" if gap.crisis.exercise else "no",
        gap.crisis.main_country_id,
        gap.crisis.main_country.name,
        gap.sector.code,
        gap.sector.name,
        gap.phase.slug,
        row["because"],
        row["paragraph"],
        row["provenance"],
        gap.opened_at.isoformat(timespec="seconds"),
        gap.opened_why,
        row["days"],
        "yes" if row["late"] else "no",
        gap.last_waiver.until if gap.waived else None,
        row["closes"],
    ]
