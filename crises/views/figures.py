"""Figures of a crisis: the list of every statement with its source, one to add, one to withdraw."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import services
from crises.forms.statements import FigureForm
from crises.past import recorded
from crises.views.scope import allowed, inside, readers, seen_crisis
from crises.views.sent import SeeOther, sign_in_first
from crises.views.statements import RECEIVED, form_for, receive, withdraw
from crises.views.then import as_of, stood

# /crises/<reference>/figures/


@readers
@as_of
@require_safe
def figure_list(request, reference, then=None):
    """Every statement of how many, each with its date and source; for staff also those withdrawn, and why.

    Five queries: the last is of their sectors.
    """
    crisis = stood(request, seen_crisis(request, reference), then)
    own, at = inside(request.user), then and then.at
    figures = recorded(crisis.figures.all(), at) if own else crisis.figures.standing(at)
    figures = list(figures.select_related("recorded_by", "withdrawn_by").prefetch_related("sectors"))
    for figure in figures:
        figure.gone = figure.withdrawn_at and not (at and figure.withdrawn_at > at)
    context = {"crisis": crisis, "inside": own, "then": then, "figures": figures}
    return render(request, "crises/figures.html", context)


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
