"""The grid: open crises by sector, where each critical sector that is not active is one click away."""

from html import escape

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crises import dashboard, listing
from crises.filters import GridFilter
from crises.grid import SORTS, Grid, State, in_order
from crises.models import Crisis
from crises.places import people_of
from crises.spoken import by_language, spoken_days
from crises.views.hq import address, addresses, around, column, file_name, narrow, then_of, turns
from crises.views.kept import kept
from crises.views.pages import numbered
from crises.views.scope import inside
from crises.views.then import wrong_address
from sectors.exports import table_file

# /grid/


@login_required
@require_safe
@kept
def grid(request):
    """Every open crisis of the filter with the state of each sector, most gaps first, in pages of 50.

    Eight queries: session, reader, what a kept page follows from, framework, how the crises stand, countries, offices,
    and which of those shown have changed since their approval (for a past moment the last and how they stand take two).
    """
    asked, problems = narrow(request, "page", kind=GridFilter)
    if problems:
        return wrong_address(request, problems)
    whole, rows = _grid(request, asked)
    page = numbered(rows, request.GET.get("page"), len(rows))
    shown = [whole.line(row) for row in page.rows]
    then = then_of(request, asked)
    query, own = then.query if then else "", inside(request.user)
    crisis, country, plan = map(addresses, ("crisis", "country", "plan"))
    stale = {row.pk for row in whole.board.stale}
    changed = listing.changed_since_approval(
        Crisis.objects.filter(pk__in=[row.pk for row in page.rows]), asked.value("as_of")
    )
    return render(
        request,
        "crises/grid.html",
        {
            "filter": asked,
            "fields": asked.fields("region country office phase level"),
            "more": asked.fields("cause period part_of exercise"),
            "chips": asked.chips("as_of", "sort"),
            "then": then,
            "around": around(asked),
            "grid": whole,
            "phase": asked.value("phase"),
            "n": len(rows),
            "total": whole.board.total,
            "page": page,
            **turns(asked, page),
            "rows": [
                _row(
                    line,
                    country=asked.countries.known[line.row.country],
                    people=people_of(line.row, inside=own).spoken,
                    stale=line.row.pk in stale,
                    changed=line.row.pk in changed,
                    address=crisis(line.row.reference) + query,
                    of_country=country(line.row.country) + query,
                    cells=_cells(line, plan(line.row.reference), escape(query)),
                )
                for line in shown
            ],
            "columns": {name: column(asked, name, asked.order) for name in SORTS},
            "key": [state for state in State if state in {cell.state for line in shown for cell in line.cells if cell}],
            "files": {kind: address(f"grid-{kind}", asked) for kind in ("csv", "xlsx")},
            "foot": [(foot, address("gap-list", asked, sort=None, sector=foot.sector.code)) for foot in whole.foot],
            "content": asked.content,
            "stale_days": settings.CRISIS_STALE_DAYS,
        },
    )


def _row(line, *, country, people, stale, changed, address, of_country, cells):
    """A crisis as a row of the page, written in one go: a template would look up every name of fifty rows."""
    row, days = line.row, escape(spoken_days(line.days))
    exercise = f" · {escape(_('exercise'))}" if row.exercise else ""
    changed = f" · <b>{escape(_('changed since approval'))}</b>" if changed else ""
    phases = escape(", ".join(phase.short_name for phase in line.phases))
    level = escape(row.level) if row.level else _small(_("not assessed"))
    if stale:
        days = f'<span class="flag">{days}<span class="vh"> {escape(_("stale"))}</span></span>'
    gaps = f'<span class="flag">{line.gaps}</span>' if line.gaps else _small(_("none"))
    if line.elsewhere:
        gaps += _small(_("%(n)s in no column") % {"n": line.elsewhere})
    return mark_safe(
        f'<tr><th scope="row"><a href="{escape(address)}"><bdi>{escape(row.title)}</bdi></a>'
        f"<small>{row.reference}{exercise}{changed}</small></th>"
        f'<td class="o"><a href="{escape(of_country)}">{escape(country)}</a></td>'
        f'<td class="o">{phases}</td><td class="o">{level}</td>'
        f'<td class="o n">{escape(people) if people else _small(_("not reported"))}</td>'
        f'<td class="o n">{days}</td><td class="n">{gaps}</td>{cells}</tr>'
    )


def _small(words):
    return f"<small>{escape(words)}</small>"


def _cells(line, plan, query):
    """The cells of a crisis as markup: a page has 750, and a template would look up five names for each."""
    nothing = escape(_("not in its plan"))
    return "".join(
        f'<td><a class="c {cell.state.value}" href="{plan}{cell.sector.code}/{cell.phase.slug}/{query}"'
        f"{_face(cell.said)}</a></td>"
        if cell
        else f'<td><span class="vh">{nothing}</span></td>'
        for cell in line.cells
    )


@by_language
def _face(said):
    """What a cell says, from its title on."""
    return f' title="{escape(said.label)}"><i aria-hidden="true">{escape(said.letter)}</i>'


def _grid(request, asked):
    """The grid of the crises asked for, and its rows in the order asked for. Two queries: crises, countries; three for
    the past."""
    board = dashboard.board(asked.qs, phase=asked.value("phase"), as_of=asked.value("as_of"))
    own = inside(request.user)
    return Grid(board, asked.content), in_order(board, asked.order, countries=asked.countries.known, inside=own)


# /grid.csv, /grid.xlsx

HEADER = (
    "reference,title,exercise,country,country_name,phases,iom_level,people,below,people_as_of,last_update,"
    "changed_since_approval,critical_gaps,waived,gaps_without_column"
)


@login_required
@require_safe
def grid_file(request, kind):
    """The grid as a table: every crisis of the filter, one line each, a column for each sector, in words."""
    asked, problems = narrow(request, "page", kind=GridFilter)
    if problems:
        return wrong_address(request, problems, csv=True)
    whole, rows = _grid(request, asked)
    changed = listing.changed_since_approval(
        Crisis.objects.filter(pk__in=[row.pk for row in rows]), asked.value("as_of")
    )
    own = inside(request.user)

    def line(row):
        told, (people, small) = whole.line(row), people_of(row, inside=own)
        return [
            row.reference,
            row.title,
            "yes" if row.exercise else "no",
            row.country,
            asked.countries.known[row.country],
            " ".join(phase.slug for phase in told.phases),
            row.level or None,
            None if small else people,
            people if small else None,
            row.people_on,
            row.last_update,
            "yes" if row.pk in changed else "no",
            told.gaps,
            told.waived,
            told.elsewhere,
            *(cell and cell.said.words for cell in told.cells),
        ]

    header = [*HEADER.split(","), *(f"{sector.code} {sector.short_name}" for sector in whole.columns)]
    return table_file(kind, file_name("grid", asked), header, map(line, rows))
