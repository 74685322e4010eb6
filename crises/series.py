"""Figures as pages read them: those of a crisis, and the series of one kind over time. Nothing here adds figures up."""

from django.db.models import F


def figures_of(crisis, at=None):
    """The figures that stand, the newest first, each with `sector_codes`. One query: a row for each sector of a figure.

    With `at`, those that stood at that moment.
    """
    figures = {}
    for row in crisis.figures.standing(at).annotate(sector_code=F("sectors__code")):
        figure = figures.setdefault(row.pk, row)
        figure.sector_codes = sorted({*getattr(figure, "sector_codes", []), *filter(None, [row.sector_code])})
    return list(figures.values())
