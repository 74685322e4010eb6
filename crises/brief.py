"""The dashboard on two sheets of paper, A4 upright: the brief that goes into a meeting. Drawn as the plan is."""

from functools import cache

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from crises import printed

SHEETS = 2
SIZES = ["large", "close", "tight"]  # of print: the first that fits is taken


def sheets(said, at=None):
    """The brief as a WeasyPrint document of two pages or one. No query beyond those of the panels in `said`.

    Raises printed.Unavailable where this server cannot make PDF files.
    """
    if not printed.available():
        raise printed.Unavailable
    paper = {"land": _land(), "paper": _marks(), "printed_at": at or timezone.now()}
    for size in SIZES:
        page = render_to_string("crises/dashboard_pdf.html", said | paper | {"size": size})
        drawn = printed.draw(page, "brief.css", said["address"])
        if len(drawn.pages) <= SHEETS:
            break
    return drawn


@cache
def _land():
    """The outline of the land as a path, since a sheet fetches nothing."""
    with open(finders.find("land.svg"), encoding="utf-8") as drawing:
        return mark_safe(drawing.read().split(">", 1)[1].rsplit("</svg>", 1)[0])


@cache
def _marks():
    """The style of drawings on paper: it must stand inside each of them."""
    with open(finders.find("brief-marks.css"), encoding="utf-8") as sheet:
        return mark_safe(f"<style>{sheet.read()}</style>")
