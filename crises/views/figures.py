"""Figures of a crisis: the list of every statement with its source, the history of one, to add and to withdraw one."""

from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import services
from crises.chart import chart
from crises.disclosure import is_small, parts_withheld
from crises.forms.statements import FigureForm
from crises.models import Figure, FigurePart
from crises.models.statements import SMALL
from crises.past import recorded
from crises.series import Series, figures_of, in_words
from crises.views.scope import allowed, inside, readers, seen_crisis
from crises.views.sent import SeeOther, sign_in_first
from crises.views.statements import RECEIVED, form_for, receive, withdraw
from crises.views.then import as_of, stood
from sectors import reference as framework
from sectors.exports import table_file

# /crises/<reference>/figures/


@readers
@as_of
@require_safe
def figure_list(request, reference, then=None):
    """Every statement of how many, each with its date and source; for staff also those withdrawn, and why.

    Six queries: session, reader, crisis, figures with who recorded and withdrew them, their sectors, their parts.
    """
    crisis = stood(request, seen_crisis(request, reference), then)
    own, at = inside(request.user), then and then.at
    told = Figure.objects.of(crisis, at)
    figures = list(_with_parts(recorded(told, at) if own else told.standing(at)))
    for figure in figures:
        figure.gone = figure.withdrawn_at and not (at and figure.withdrawn_at > at)
        figure.over_time = series_address(crisis, figure, [sector.code for sector in figure.sectors.all()], then)
        figure.parts_kept = not own and parts_withheld(figure.value, figure.parts.all())
    context = {"crisis": crisis, "inside": own, "then": then, "figures": figures}
    return render(request, "crises/figures.html", context)


def _with_parts(figures):
    """Figures with who recorded and withdrew them, their sectors, and their parts with the bands of ages."""
    parts = Prefetch("parts", FigurePart.objects.select_related("band"))
    return figures.select_related("recorded_by", "withdrawn_by").prefetch_related("sectors", parts)


# /crises/<reference>/figures.csv, figures.xlsx

HEADER = [
    "crisis",
    "metric",
    "group",
    "value",
    "below",
    "qualifier",
    "unit",
    "as_of",
    "as_of_precision",
    "source_kind",
    "source",
    "place",
    "activity",
    "sectors",
    "headline",
    "parts",
    "note",
]


@readers
@as_of
@require_safe
def figure_file(request, reference, kind, then=None):
    """The figures that stand as a table, one line for each statement. No line is a total, and none is to be added."""
    crisis = stood(request, seen_crisis(request, reference), then)
    own = inside(request.user)

    def line(figure):
        small = not own and is_small(figure.value)
        parts = [] if not own and parts_withheld(figure.value, figure.parts.all()) else figure.parts.all()
        return [
            crisis.reference,
            figure.metric,
            figure.group,
            None if small else figure.value,
            SMALL if small else None,
            figure.qualifier,
            figure.unit,
            figure.as_of_iso,
            figure.as_of_precision,
            figure.source_kind,
            figure.source,
            figure.place,
            figure.activity,
            "; ".join(sector.code for sector in figure.sectors.all()),
            "yes" if figure.headline else "no",
            "; ".join(f"{part.sex} {part.band.code}: {part.value}" for part in parts),
            figure.note,
        ]

    figures = list(_with_parts(Figure.objects.of(crisis, then and then.at).standing(then and then.at)))
    return table_file(kind, f"figures-{crisis.reference}", HEADER, map(line, figures))


# /crises/<reference>/figures/<metric>/<group>/<unit>/

WIDE, NARROW = (760, 300), (340, 300)


def series_address(crisis, figure, sectors, then=None):
    """Where the history of a figure is; `sectors` are the codes of its sectors."""
    said = {"place": figure.place, "work": figure.activity, "sectors": ",".join(sectors), "as_of": then and then.said}
    query = urlencode({name: value for name, value in said.items() if value})
    path = reverse("figure-series", args=[crisis.reference, figure.metric, figure.group, figure.unit])
    return f"{path}?{query}" if query else path


@readers
@as_of
@require_safe
def figure_series(request, reference, metric, group, unit, then=None):
    """How one figure has changed: each statement as a mark on a scale of dates, and as a line of a table.

    Four queries: session, reader, crisis, figures with the codes of their sectors.
    """
    crisis = stood(request, seen_crisis(request, reference), then)
    asked = request.GET
    series = Series(
        *(metric, group, unit, asked.get("place", ""), asked.get("work", "")),
        sectors=tuple(sorted(filter(None, asked.get("sectors", "").split(",")))),
    )
    figures = series.among(figures_of(crisis, then and then.at))
    if not figures or asked.keys() - {"place", "work", "sectors"}:
        raise Http404
    own = inside(request.user)
    wide, narrow = (chart(figures, width=width, height=height, inside=own) for width, height in (WIDE, NARROW))
    context = {
        "crisis": crisis,
        "inside": own,
        "then": then,
        "name": series.name(framework.content(crisis.edition_id)),
        "figures": figures[::-1],
        "wide": wide,
        "narrow": narrow,
        "sentence": in_words(figures, inside=own),
        "kinds": dict.fromkeys((mark.figure.get_source_kind_display(), mark.shape, mark.tone) for mark in wide.marks),
        "signs": _signs(wide),
    }
    return render(request, "crises/series.html", context)


def _signs(drawn):
    """What the signs beside the marks of this chart mean."""
    meanings = {"≈": _("about"), "≥": _("at least"), "<": _("fewer than 5")}
    used = {mark.sign for mark in drawn.marks}
    signs = [(sign, words) for sign, words in meanings.items() if sign in used]
    if drawn.some_unknown:
        signs.append(("?", _("not known: a hollow mark under the line, never zero")))
    if any(mark.dated_wide for mark in drawn.marks):
        signs.append(("▬", _("dated to the month or the year only")))
    return signs


# /crises/<reference>/figures/new/, /<number>/withdraw/


@require_http_methods(["GET", "POST"])
def add_figure(request, reference):
    """Add a sourced figure."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    form = form_for(request, crisis, FigureForm)
    status = receive(request, form, services.add_figure, _("The figure is added."), crisis=crisis)
    if status == RECEIVED:
        return SeeOther(reverse("figure-list", args=[reference]))
    return render(request, "crises/figure_form.html", {"crisis": crisis, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
def withdraw_figure(request, reference, number):
    """Withdraw a figure that is wrong, and say what is wrong with it."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    figure = get_object_or_404(crisis.figures, pk=number)
    return withdraw(
        request,
        crisis,
        figure,
        done=_("The figure is withdrawn. It stays in the list and no longer counts."),
        back=reverse("figure-list", args=[reference]),
    )
