"""The plan of a crisis on one sheet of paper: A4, landscape, to be taken into a meeting.

WeasyPrint draws it, from a page and a style sheet of ours and nothing else. It needs Pango, a library of the system,
and takes seconds to load, so it is imported when the first sheet is asked for.
"""

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext

from crises.listing import in_force
from crises.plan import Cell
from crises.reading import headline, plan_of
from crises.series import figures_of
from sectors.models import Strength

# The libraries that WeasyPrint cannot do without, as Linux and macOS name them.
LIBRARIES = [
    ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib"),
    ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    ("libharfbuzz.so.0", "libharfbuzz.0.dylib"),
    ("libfontconfig.so.1", "libfontconfig.1.dylib"),
]


@dataclass(frozen=True)
class Density:
    """How much is said in how small a print: the first that fits one page is taken, so that little is left out."""

    name: str
    gaps: int  # how many are listed; the others are counted
    reason: int  # characters of why a sector is critical
    notes: int  # how many of the office's own priorities are explained
    note: int  # characters of each


DENSITIES = [
    Density("large", gaps=6, reason=400, notes=6, note=300),
    Density("roomy", gaps=11, reason=400, notes=12, note=300),
    Density("close", gaps=16, reason=260, notes=24, note=180),
    Density("tight", gaps=20, reason=190, notes=40, note=110),
    Density("dense", gaps=22, reason=120, notes=45, note=64),
    Density("last", gaps=12, reason=60, notes=0, note=0),
]
FIGURES = 6  # more do not fit beside the gaps


class Unavailable(Exception):
    """This server cannot make PDF files: WeasyPrint or a library it needs is not installed."""


@cache
def available():
    """Whether this server can make PDF files, found out without loading what makes them."""
    return find_spec("weasyprint") is not None and all(map(_loads, LIBRARIES))


def _loads(names):
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return os.name == "nt"  # there the names differ: WeasyPrint itself says what it misses


@dataclass(frozen=True)
class Mark:
    """A cell of the matrix on paper, with the number of the note that says why its priority is the office's own."""

    cell: Cell
    note: int  # 0 where the priority is the framework's
    days: int  # how long it has been a gap


@dataclass(frozen=True)
class Row:
    """A sector on paper: its cells phase by phase, and its main links by their short names."""

    sector: object
    marks: list[Mark]
    links: str


def _rows(whole, at):
    """The matrix of a plan: one row for each sector, the office's own priorities numbered in the order of reading."""
    numbers = _numbers(whole)
    return [
        Row(
            sector,
            [
                Mark(cell, numbers.get(cell.key, 0), cell.open_gap.days_open(at) if cell.gap else 0)
                for cell in whole.cells
                if cell.sector == sector
            ],
            ", ".join(
                link.target.short_name for link in whole.content.links_of(sector) if link.strength == Strength.MAIN
            ),
        )
        for sector in whole.content.sectors
    ]


def _numbers(whole):
    """The number of the note of each cell with a priority of the office's own, by the key of the cell."""
    return {cell.key: n for n, cell in enumerate((cell for cell in whole.cells if cell.changed), 1)}


def _source(figure):
    """Where a figure comes from as paper can say it: of a web address only whose it is."""
    return _short(urlsplit(figure.source).hostname or figure.source, 60)


def sheet(crisis, *, reader, inside, address, at=None, as_of=None):
    """The plan of a crisis as a WeasyPrint document of one page. Six queries: plan (4), other countries, figures.

    `crisis` as annotated by crises.listing.levels; `inside` whether the reader is staff, for whom names are; `address`
    where the plan is. With `as_of`, the plan as it stood then, and `crisis` as of past.crisis_at.
    Raises Unavailable where this server cannot make PDF files.
    """
    if not available():
        raise Unavailable
    printed_at = at or timezone.now()
    whole, said = plan_of(crisis, printed_at, as_of=as_of), _said(crisis, as_of)
    said |= {"reader": reader, "inside": inside, "address": address, "printed_at": printed_at, "as_of": as_of}
    at = as_of or printed_at
    for density in _worth_trying(whole):
        drawn = draw(render_to_string("crises/plan_pdf.html", said | _shown(whole, density, at)))
        if len(drawn.pages) == 1:
            break
    return drawn


def _worth_trying(whole):
    """The densities that list every gap and every note, then the two that take as many as fit."""
    notes = sum(cell.changed for cell in whole.cells)
    whole_lists = [density for density in DENSITIES[:-2] if len(whole.gaps) <= density.gaps and notes <= density.notes]
    return [*whole_lists, *DENSITIES[-2:]]


def draw(page, style="printed.css", address=None):
    """A page of ours as a WeasyPrint document, in a style of ours. Whatever it names is not fetched, neither a file nor
    an address; its links lead from `address`."""
    try:
        from weasyprint import CSS, HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as missing:
        raise Unavailable from missing
    nothing = URLFetcher(allowed_protocols=())
    sheet = CSS(string=_style(style), url_fetcher=nothing)
    return HTML(string=page, base_url=address, url_fetcher=nothing).render(stylesheets=[sheet])


def _said(crisis, as_of):
    """What the sheet says beside the plan. Two queries."""
    figures = headline(figures_of(crisis, as_of))
    countries = crisis.past.other_countries.select_related("country") if as_of else crisis.other_countries.all()
    level, inter_agency = in_force(crisis)
    return {
        "crisis": crisis,
        "other_countries": [row.country if as_of else row for row in countries],
        "level": level,
        "inter_agency": inter_agency,
        "figures": [(figure, _source(figure)) for figure in figures[:FIGURES]],
        "more_figures": max(0, len(figures) - FIGURES),
    }


def pdf(drawn):
    """The bytes of a drawn document, tagged for people who listen to it."""
    return drawn.write_pdf(pdf_variant="pdf/ua-1")


@cache
def _style(name):
    with open(finders.find(name), encoding="utf-8") as sheet:
        return sheet.read()


def _shown(whole, density, at):
    """The plan as one density shows it."""
    numbers = _numbers(whole)
    notes = [(cell, numbers[cell.key]) for cell in whole.cells if cell.changed]

    def why(cell):
        n = numbers.get(cell.key, 0)
        if 0 < n <= density.notes:
            return gettext("Critical by the office: note %(n)s.") % {"n": n}
        return _short(cell.because, density.reason)

    return {
        "density": density.name,
        "symbol": f"{whole.content.edition.framework.symbol} ",
        "plan": whole,
        "open_phases": {cell.phase for cell in whole.cells if cell.phase_open},
        "rows": _rows(whole, at),
        "gaps": [
            (cell, cell.open_gap.days_open(at), cell.open_gap.late(at), why(cell))
            for cell in whole.gaps[: density.gaps]
        ],
        "more_gaps": max(0, len(whole.gaps) - density.gaps),
        "waived": whole.waived,
        "notes": [(n, cell, _short(cell.entry.justification, density.note)) for cell, n in notes[: density.notes]],
        "more_notes": max(0, len(notes) - density.notes),
    }


def _short(text, most):
    return Truncator(" ".join(text.split())).chars(most, truncate="…")
