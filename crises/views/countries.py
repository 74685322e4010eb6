"""Countries: where crises are open, summed up by region; and the page of one country."""

from itertools import groupby

from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crises import dashboard
from crises.models import Contact, Crisis
from crises.models.contacts import kept_by
from crises.places import Sum, lines, sums
from crises.timeline import recent
from crises.views.hq import address, around, file_name, narrow, then_of
from crises.views.office import ACTIVITY, LINES, SUMS, as_line, as_sum
from crises.views.pages import PAGE
from crises.views.scope import inside, readers
from crises.views.then import wrong_address
from offices.models import Country, Region
from sectors.exports import table_file

DAY = 86_400  # seconds
OLDEST = 10  # gaps that the page of a country shows


# /countries/


@readers
@require_safe
def country_list(request):
    """Countries with an open crisis of the filter, by region, with sums that count each crisis once.

    Eight queries: session, reader, regions and offices of the filter, framework, how the crises stand, countries also
    affected, and countries with their regions.
    """
    asked, problems = narrow(request)
    if problems:
        return wrong_address(request, problems)
    rows, at = _countries(request, asked)
    regions = [_region(asked, region, list(group), at) for region, group in groupby(rows, lambda row: row["region"])]
    total = sum((row["sum"] for row in rows), Sum())
    return render(
        request,
        "crises/countries.html",
        {
            "filter": asked,
            "fields": asked.fields("region phase level exercise"),
            "more": asked.fields("office cause period part_of"),
            "chips": asked.chips("as_of"),
            "then": then_of(request, asked),
            "around": around(asked),
            "regions": regions,
            "total": total,
            "total_days": total.last and (at - total.last).days,
            "files": {kind: address(f"country-list-{kind}", asked) for kind in ("csv", "xlsx")},
            "content": asked.content,
        },
    )


def _countries(request, asked):
    """A row for each country with an open crisis, in the order of the regions; and the moment they are of."""
    board = dashboard.board(asked.qs, phase=asked.value("phase"), as_of=asked.value("as_of"))
    found = sums(board, lambda row: row.country, inside=inside(request.user))
    others = Crisis.other_countries.through.objects.filter(crisis__in=[row.pk for row in board.rows])
    also = dict(others.values_list("country").annotate(n=Count("pk")).order_by())
    countries = Country.objects.filter(pk__in=[*found, *also]).select_related("region__parent")
    rows = [
        {
            "country": country,
            "region": country.region,
            "sum": one,
            "days": one.last and (board.at - one.last).days,
            "also": also.get(country.pk, 0),
        }
        for country in countries
        for one in [found.get(country.pk, Sum())]
    ]
    return sorted(rows, key=lambda row: (_place(row["region"]), row["country"].name)), board.at


def _place(region):
    """Where a region stands among all: under the one that it is part of; what is in none comes last."""
    return (region is None, str(region.parent or region), str(region)) if region else (True, "", "")


def _region(asked, region, rows, at):
    total = sum((row["sum"] for row in rows), Sum())
    return {
        "region": region,
        "rows": rows,
        "sum": total,
        "days": total.last and (at - total.last).days,
        "crises": address("crisis-list", asked, region=region.code, status="open") if region else "",
    }


@readers
@require_safe
def country_list_file(request, kind):
    """The countries as a table, one line each."""
    asked, problems = narrow(request)
    if problems:
        return wrong_address(request, problems, csv=True)
    header = ["country", "country_name", "region", "region_name", *SUMS.split(","), "also_affected"]

    def line(row):
        region = row["region"] or Region(code="", name="")
        return [
            row["country"].pk,
            row["country"].name,
            region.code,
            region.name,
            *as_sum(row["sum"]),
            row["also"],
        ]

    rows, _at = _countries(request, asked)
    return table_file(kind, file_name("countries", asked), header, map(line, rows))


# /countries/<iso3>/


@readers
@require_safe
def country(request, iso3):
    """A country: its open crises and those of others that affect it, gaps, and for staff contacts, offices, activity.

    Ten queries for staff: session, reader, country, framework, how the crises stand, contacts, whose they are to keep,
    offices, closed crises, activity. What is past has no contacts, which are for now.
    """
    asked, problems = narrow(request)
    if problems:
        return wrong_address(request, problems)
    own, then = inside(request.user), then_of(request, asked)
    crises = asked.in_country(asked.qs, "country", iso3)
    board = dashboard.board(crises, phase=asked.value("phase"), as_of=asked.value("as_of"))
    told = lines(board, inside=own)
    countries = Country.objects.select_related("region__parent").in_bulk([iso3, *{row.country for row in board.rows}])
    if iso3 not in countries:
        raise Http404
    found = countries[iso3]
    here = [line for line in told if line.row.country == iso3]
    return render(
        request,
        "crises/country.html",
        {
            "country": found,
            "regions": [
                (region, address("crisis-list", asked, region=region.code))
                for region in (found.region and found.region.parent, found.region)
                if region
            ],
            "filter": asked,
            "chips": asked.chips("as_of"),
            "then": then,
            "around": around(asked, country=iso3),
            "here": [(line, None) for line in here[:PAGE]],
            "elsewhere": [(line, countries[line.row.country]) for line in told if line.row.country != iso3][:PAGE],
            "n": len(told),
            "total": board.total,
            "gaps": [(gap, int(board.at.timestamp() - gap.opened_at) // DAY) for gap in board.oldest(OLDEST)],
            "n_gaps": len(board.uncovered),
            "inside": own,
            "contacts": Contact.objects.visible_to(request.user).of_countries([found]) if own and not then else [],
            "kept": set(kept_by(request.user).filter(pk=iso3).values_list("pk", flat=True)) if own else set(),
            "offices": found.offices.all() if own else [],
            "closed": 0 if then else crises.filter(status=Crisis.Status.CLOSED).order_by().count(),
            "closed_ones": address("crisis-list", asked, country=iso3, status=Crisis.Status.CLOSED),
            "recent": recent(ACTIVITY, reader=request.user, of=crises, as_of=asked.value("as_of")) if own else [],
            "files": {
                kind: reverse(f"country-{kind}", args=[iso3]) + asked.query().removesuffix("?")
                for kind in ("csv", "xlsx")
            },
            "content": asked.content,
        },
    )


@readers
@require_safe
def country_file(request, iso3, kind):
    """The open crises of a country's page as a table, one line each."""
    get_object_or_404(Country, pk=iso3)
    asked, problems = narrow(request)
    if problems:
        return wrong_address(request, problems, csv=True)
    crises = asked.in_country(asked.qs, "country", iso3)
    board = dashboard.board(crises, phase=asked.value("phase"), as_of=asked.value("as_of"))
    rows = map(as_line, lines(board, inside=inside(request.user)))
    return table_file(kind, file_name(f"country-{iso3}", asked), LINES.split(","), rows)
