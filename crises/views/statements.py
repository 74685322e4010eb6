"""What is said of a crisis with a source and a date: figures, lines of work, decisions on the level."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import services
from crises.forms.statements import ActivityForm, FigureForm, LevelForm
from crises.past import recorded
from crises.views.scope import allowed, inside, readers, seen_crisis
from crises.views.sent import SeeOther, sign_in_first, unsent
from crises.views.then import as_of, stood
from sectors import reference as framework

RECEIVED = SeeOther.status_code


@readers
@as_of
@require_safe
def figures(request, reference, then=None):
    """Every statement of how many, each with its date and source. Five queries: the last is of their sectors."""
    crisis = stood(request, seen_crisis(request, reference), then)
    stated = recorded(crisis.figures.all(), then and then.at)
    context = {
        "crisis": crisis,
        "inside": inside(request.user),
        "then": then,
        "figures": stated.select_related("recorded_by").prefetch_related("sectors"),
    }
    return render(request, "crises/figures.html", context)


@require_http_methods(["GET", "POST"])
def add_figure(request, reference):
    """Add a sourced figure."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    form = _form(request, crisis, FigureForm)
    status = _receive(request, crisis, form, services.add_figure, _("The figure is added."))
    if status == RECEIVED:
        return SeeOther(reverse("figure-list", args=[reference]))
    return render(request, "crises/figure_form.html", {"crisis": crisis, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
def add_activity(request, reference):
    """Add a line of work with its money."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    form = _form(request, crisis, ActivityForm)
    status = _receive(request, crisis, form, services.add_activity, _("The line of work is added."))
    if status == RECEIVED:
        return SeeOther(reverse("crisis", args=[reference]) + "#work")
    return render(request, "crises/activity_form.html", {"crisis": crisis, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
def level(request, reference):
    """Record a decision on the level, below those recorded until now."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "decide")
    form = _form(request, crisis, LevelForm)
    status = _receive(request, crisis, form, services.decide_level, _("The decision is recorded."))
    if status == RECEIVED:
        return SeeOther(reverse("crisis-level", args=[reference]))
    decisions = crisis.levels.select_related("recorded_by")
    return render(
        request, "crises/level_form.html", {"crisis": crisis, "form": form, "decisions": decisions}, status=status
    )


def _form(request, crisis, form_class):
    """The form as sent, as kept while its writer signed in again, or new."""
    sectors = framework.content(crisis.edition_id).sectors
    if request.method == "POST":
        return form_class(request.POST, sectors=sectors)
    if kept := unsent(request):
        messages.info(request, _("What you wrote is kept. Check it and save."))
    return form_class(kept, sectors=sectors)


def _receive(request, crisis, form, service, done):
    """Add what was sent, once however often it is sent. Answers RECEIVED, or the status of the page that asks again."""
    if request.method != "POST":
        return 200
    if not form.is_valid():
        if "key" in form.errors:
            form.take_new_key()
        return 400
    try:
        outcome = service(crisis=crisis, by=request.user, **form.values)
    except ValidationError as error:
        form.add_error(None, error)
        return 400
    except services.KeyReused as reused:
        form.add_error(None, _sent_before(reused.receipt))
        form.take_new_key()
        return 422
    if outcome.fresh:
        messages.success(request, done)
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    return RECEIVED


def _sent_before(receipt):
    return _(
        "This form was received at %(time)s UTC with other answers, and those are saved. "
        "If these are to be added too, save again."
    ) % {"time": f"{receipt.received_at:%H:%M}"}
