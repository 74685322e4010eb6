"""Figures as pages read them: those of a crisis, and the series of one kind over time. Nothing here adds figures up."""

from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crises.disclosure import is_small
from crises.models import Figure


def figures_of(crisis, at=None):
    """The figures that stand, the newest first, each with `sector_codes`. One query: a row for each sector of a figure.

    With `at`, those that stood at that moment.
    """
    figures = {}
    for row in Figure.objects.of(crisis, at).standing(at).annotate(sector_code=F("sectors__code")):
        figure = figures.setdefault(row.pk, row)
        figure.sector_codes = sorted({*getattr(figure, "sector_codes", []), *filter(None, [row.sector_code])})
    return list(figures.values())


@dataclass(frozen=True)
class Series:
    """What makes figures comparable over time: the same thing, counted of the same people in the same place."""

    metric: str
    group: str
    unit: str
    place: str = ""
    activity: str = ""
    sectors: tuple = ()  # codes

    @classmethod
    def of(cls, figure, sectors):
        """The series that a figure belongs to; `sectors` are the codes of its sectors."""
        return cls(figure.metric, figure.group, figure.unit, figure.place, figure.activity, tuple(sorted(sectors)))

    def among(self, figures):
        """Those of these figures (of figures_of) that are of the series, the oldest first."""
        found = [figure for figure in figures if self.of(figure, figure.sector_codes) == self]
        return sorted(found, key=lambda figure: (figure.as_of, figure.pk))

    def name(self, content):
        """What the series is of, in words; `content` is that of the crisis's edition."""
        figure = Figure(metric=self.metric, group=self.group, unit=self.unit)
        words = [figure.get_metric_display()]
        if self.group != Figure.ALL:
            words.append(figure.get_group_display().lower())
        if self.unit != Figure.Unit.PEOPLE:
            words.append(figure.get_unit_display())
        words += filter(None, [self.place, self.activity])
        words += [sector.short_name for sector in content.sectors if sector.code in self.sectors]
        return ", ".join(map(str, words))


def in_words(figures, *, inside):
    """What a chart of these figures, the oldest first, shows: how many, from when to when, the lowest and the highest.

    Readers outside the organisation are told no small count.
    """
    n, first, last = len(figures), figures[0], figures[-1]
    words = {"n": n, "first": first.as_of_spoken, "last": last.as_of_spoken}
    said = ngettext("%(n)s figure, of %(first)s.", "%(n)s figures, from %(first)s to %(last)s.", n) % words
    known = [figure for figure in figures if figure.value is not None and (inside or not is_small(figure.value))]
    if known:
        low, high = min(known, key=_value), max(known, key=_value)
        lowest = {"number": intcomma(low.value), "unit": low.get_unit_display(), "day": low.as_of_spoken}
        highest = {"number": intcomma(high.value), "unit": high.get_unit_display(), "day": high.as_of_spoken}
        if low.value == high.value:
            said += " " + _("%(number)s %(unit)s.") % highest
        else:
            said += " " + _("The highest is %(number)s %(unit)s, %(day)s;") % highest
            said += " " + _("the lowest is %(number)s, %(day)s.") % lowest
    if not_known := sum(figure.value is None for figure in figures):
        said += " " + ngettext("%(n)s is not known.", "%(n)s are not known.", not_known) % {"n": not_known}
    return said


def _value(figure):
    return figure.value
