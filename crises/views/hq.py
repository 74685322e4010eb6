"""Crises side by side: the list, the gaps, and where each reader starts."""

import re
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.db.models.functions import Lower
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crises import gaps, listing
from crises.filters import CrisisFilter, GapFilter
from crises.models import Crisis, PossibleDuplicate
from crises.views.pages import by_revision, numbered
from crises.views.scope import readers
from crises.views.then import Then, wrong_address
from crises.worklist import SLUGS as QUEUES
from offices.models import Office, Role
from sectors.exports import table_file

LOGS = {Role.FIELD, Role.LEAD}  # who logs crises
WORKS = LOGS | {Role.REGIONAL}  # whose offices are a part of the whole
COUNTED = 1_000  # a list is counted so far: beyond it the number helps nobody and costs the more the longer the list
NEWEST_FIRST = "-updated"
SORTS = {
    "title": Lower("title"),
    "country": F("main_country__name"),
    "gaps": F("gap_count"),
    "started": F("started_on"),
    "updated": F("revision"),
}
# What the pages read from the address beside the filters: what it may be, and the words where it is something else.
PARAMETERS = {
    "sort": (
        f"-?({'|'.join(SORTS)})",
        _("“sort” is one of title, country, gaps, started, updated; with a “-” in front for the reverse."),
    ),
    "mine": ("1", _("“mine” is 1, for the crises of your own offices, or is left out.")),
    "page": ("[1-9][0-9]{0,5}", _("“page” is a whole number from 1 on.")),
    "older": ("[0-9]{1,18}", _("“older” is a whole number: follow the links “Previous” and “Next”.")),
    "newer": ("[0-9]{1,18}", _("“newer” is a whole number: follow the links “Previous” and “Next”.")),
    "format": ("csv", _("“format” is csv, or is left out for the page.")),
    "queue": (
        "|".join(QUEUES),
        _("“queue” is one of gaps, waiting, level, changed, waivers, stale, duplicates; or is left out."),
    ),
    "all": ("1", _("“all” is 1, for every row of the queue, or is left out.")),
    "to": (r"[\w.@+-]{1,150}", _("“to” is the username of a person; empty for nobody.")),
}


@require_safe
def home(request):
    """Each reader starts where their work is."""
    if not request.user.is_authenticated:
        return render(request, "home.html")
    roles = _roles(request.user)
    if roles & {Role.HQ, Role.REGIONAL}:
        return redirect("dashboard")
    if roles == {Role.AUDITOR}:
        return redirect("history")
    mine = "?mine=1" if roles & LOGS else ""
    return redirect(reverse("crisis-list") + mine)


def _roles(user):
    return user.roles if user.is_authenticated else set()


def narrow(request, *allowed, kind=CrisisFilter):
    """The crises this reader may see, narrowed by the address; and what is wrong with the address, if anything."""
    crises = Crisis.objects.visible_to(request.user)
    if "mine" in allowed and request.GET.get("mine"):
        crises = crises.filter(office__in=Office.objects.reached_by(request.user, *WORKS))
    narrowed = kind(request.GET, crises, request=request)
    return narrowed, understood(request, narrowed, *allowed)


def understood(request, narrowed, *allowed):
    """What is wrong with the address, if anything: its filters, and what the page reads beside them."""
    problems = narrowed.problems(allowed)
    for name in allowed:
        pattern, words = PARAMETERS[name]
        if (asked := request.GET.get(name)) and not re.fullmatch(pattern, asked):
            problems.setdefault(name, [words])
    return problems


def address(name, narrowed, **changes):
    """The address of a page with the same filters and these changes."""
    return reverse(name) + narrowed.query(**changes).removesuffix("?")


def turns(narrowed, page):
    """The addresses of the pages before and after; empty where there is none."""
    return {
        "before": narrowed.query(**page.previous) if page.previous else "",
        "after": narrowed.query(**page.next) if page.next else "",
    }


def file_name(name, narrowed):
    """A file name, without its ending, that says of what filter and moment the file is."""
    asked = [slugify(value) for value in narrowed.form.cleaned_data.values() if value]
    return "-".join(filter(None, [name, *asked, f"{timezone.now():%Y%m%dT%H%MZ}"]))


AROUND = ("dashboard", "worklist", "grid", "gap-list", "crisis-list", "country-list")


def around(narrowed, **changes):
    """The addresses of HQ's pages with the same filters and these changes, for the links from one to the next."""
    changes = {"sort": None, "queue": None} | changes
    return {name.replace("-", "_"): address(name, narrowed, **changes) for name in AROUND}


def then_of(request, narrowed):
    """The past moment that a page with filters is of, if any."""
    if at := narrowed.value("as_of"):
        return Then(at, narrowed.data["as_of"], f"{request.path}{narrowed.query(as_of=None)}")
    return None


# /crises/


@readers
@require_safe
def crisis_list(request):
    """The crises the reader may see: search, filters in the address, sort, count, CSV."""
    narrowed, problems = narrow(request, "sort", "mine", "page", "older", "newer")
    if problems:
        return wrong_address(request, problems)
    rows, sort = listing.rows(narrowed.qs), request.GET.get("sort") or NEWEST_FIRST
    n = narrowed.qs.order_by()[: COUNTED + 1].count()
    if sort == NEWEST_FIRST:
        page = by_revision(rows, older=request.GET.get("older"), newer=request.GET.get("newer"))
    else:
        page = numbered(_sorted(rows, sort), request.GET.get("page"), n)
    roles = _roles(request.user)
    mine = bool(request.GET.get("mine"))
    return render(
        request,
        "crises/list.html",
        {
            "filter": narrowed,
            "fields": narrowed.fields("region country office phase level needs cause status review exercise"),
            "chips": narrowed.chips(),
            "page": page,
            **turns(narrowed, page),
            "n": n,
            "most": COUNTED,
            "columns": {name: column(narrowed, name, sort) for name in SORTS},
            "mine": mine,
            "other_scope": narrowed.query(mine=None if mine else "1") if roles & WORKS else "",
            "csv": address("crisis-list-csv", narrowed),
            "stale_before": timezone.now() - timedelta(days=settings.CRISIS_STALE_DAYS),
            "drafts": request.user.drafts.count() if roles & LOGS else 0,
            "may_log": bool(roles & LOGS),
            "duplicates": PossibleDuplicate.objects.undecided().count() if Role.HQ in roles else None,
        },
    )


def _sorted(rows, sort):
    column = SORTS[sort.removeprefix("-")]
    first = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return rows.order_by(first, "-revision")


def column(narrowed, name, sort):
    """The head of a column: how a list is sorted by it now, and the address that sorts by it the other way."""
    up, down = name, f"-{name}"
    first = up if name in ("title", "country") else down
    return {
        "aria": {up: "ascending", down: "descending"}.get(sort, ""),
        "sort": narrowed.query(sort={up: down, down: up}.get(sort, first)),
    }


@readers
@require_safe
def crisis_list_csv(request):
    """The list as a table: every crisis of the filter, one line each."""
    narrowed, problems = narrow(request, "sort", "mine")
    if problems:
        return wrong_address(request, problems, csv=True)
    header = (
        "reference,title,status,exercise,country,country_name,region,office,cause,glide,started,phases,iom_level,"
        "critical_gaps,sharing,review,approved_at,logged_at,updated_at,revision"
    )

    def line(crisis):
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

    crises = _sorted(listing.rows(narrowed.qs), request.GET.get("sort") or NEWEST_FIRST)
    return table_file(
        "csv", file_name("crises", narrowed), header.split(","), map(line, crises.iterator(chunk_size=500))
    )


# /gaps/


@login_required
@require_safe
def gap_list(request):
    """Every open gap the reader may see, the oldest first, each with its reason; the waived ones on their own.

    With `as_of`, the gaps that were open then, each with the facts, priority and waiver of then: one query more.
    """
    narrowed, problems = narrow(request, "page", "format", kind=GapFilter)
    csv = request.GET.get("format") == "csv"
    if problems:
        return wrong_address(request, problems, csv=csv)
    waived = narrowed.value("waived")
    listed = narrowed.qs if waived else narrowed.qs.filter(waived=False)
    if csv:
        return _gap_csv(file_name("gaps", narrowed), listed)
    then = then_of(request, narrowed)
    cells = gaps.by_cell(narrowed.gaps, as_of=then and then.at)
    counted = gaps.count(cells)
    n = counted["waived" if narrowed.wants_waived else "gaps"]
    page = numbered(listed, request.GET.get("page"), n)
    return render(
        request,
        "crises/gaps.html",
        {
            "filter": narrowed,
            "fields": narrowed.fields("sector phase region country office level exercise"),
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
            "csv": narrowed.query(format="csv"),
            "around": around(narrowed),
            "content": narrowed.content,
            "late_hours": settings.GAP_LATE_HOURS,
        },
    )


def _gap_csv(name, listed):
    header = (
        "reference,crisis,exercise,country,country_name,sector,sector_name,phase,because,paragraph,provenance,"
        "opened_at,opened_why,days_open,late,waived_until,closes"
    )

    def line(gap):
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

    return table_file("csv", name, header.split(","), map(line, gaps.streamed(listed)))
