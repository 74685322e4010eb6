"""Setting a plan right for its crisis: own priorities, open questions answered, defaults confirmed."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from crises import services
from crises.forms.plan import PriorityForm
from crises.models import PlanPriority
from crises.plan import QUESTIONS
from crises.reading import plan_of
from crises.views import clash
from crises.views.cell import back_to_plan, cell_of
from crises.views.log import facts_since, what_followed
from crises.views.scope import allowed
from crises.views.sent import SeeOther, sign_in_first, unsent
from sectors.models import Fact

ANSWERS = {"yes": True, "no": False}


# /crises/<reference>/plan/<sector>/<phase>/priority/


@require_http_methods(["GET", "POST"])
def priority(request, reference, sector, phase):
    """Raise or lower the priority of a cell, say that it does not apply, or go back to the framework's."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    _whole, cell = cell_of(crisis, sector, phase)
    if request.method == "GET":
        return _priority_page(request, crisis, cell, PriorityForm(unsent(request), cell=cell, initial=_now(cell)))
    form = PriorityForm(request.POST, cell=cell)
    if not form.is_valid():
        return _priority_page(request, crisis, cell, form, status=400)
    try:
        outcome = services.set_priority(
            crisis=crisis, sector=cell.sector, phase=cell.phase, by=request.user, **form.cleaned_data
        )
    except ValidationError as error:
        form.refuse(error)
        return _priority_page(request, crisis, cell, form, status=400)
    except services.Stale as stale:
        shown = PriorityForm(clash.decided_again(request.POST, form, stale), cell=cell)
        return _priority_page(request, crisis, cell, shown, clash=clash.found(form, stale), status=409)
    except services.KeyReused:
        form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        return _priority_page(request, crisis, cell, form, status=422)
    messages.success(request, _said(cell, form.cleaned_data["priority"], outcome))
    if "plan" in request.POST:
        return SeeOther(back_to_plan(request, crisis, cell))
    return SeeOther(reverse("cell", args=[reference, sector, phase]))


def _now(cell):
    entry = cell.entry
    return {
        "priority": entry.own_priority,
        "justification": entry.justification,
        "revision": entry.revision,
        "key": uuid.uuid4(),
    }


def _priority_page(request, crisis, cell, form, *, clash=None, status=200):
    context = {"crisis": crisis, "cell": cell, "form": form, "clash": clash, "plan": request.POST.get("plan")}
    return render(request, "crises/priority.html", context, status=status)


def _said(cell, own, outcome):
    """What a change of priority did, in sentences."""
    words = {"sector": cell.sector.short_name, "default": cell.default_label.lower()}
    if not outcome.fresh:
        return _("This had already been received. It was saved once.")
    if own:
        words["own"] = PlanPriority(own).label.lower()
        done = _("%(sector)s is now %(own)s in this plan.") % words
    else:
        done = _("%(sector)s has the framework's priority again: %(default)s.") % words
    if outcome.opened:
        return f"{done} {_('A gap is open.')}"
    return f"{done} {_('Its gap is closed.')}" if outcome.closed else done


# /crises/<reference>/answer/


@require_http_methods(["GET", "POST"])
def answer(request, reference):
    """Answer one question that the plan asks, where it asks it; everything else stays as it is."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    fact, said = request.POST.get("fact"), ANSWERS.get(request.POST.get("answer"))
    at_the_form = f"{reverse('crisis-edit', args=[reference])}#id_{fact}_0"
    if request.method == "GET":
        return SeeOther(reverse("plan", args=[reference]))
    if fact not in Fact.values or said is None:
        raise Http404
    try:
        revision = int(request.POST.get("revision", ""))
    except ValueError:
        revision = 0
    try:
        outcome = services.update_facts(crisis=crisis, by=request.user, revision=revision, **{fact: said})
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return SeeOther(at_the_form)
    except services.Stale as stale:
        messages.error(request, _both(stale.current, fact, said, revision))
        return SeeOther(at_the_form)
    for sentence in what_followed(outcome, revision):
        messages.success(request, sentence)
    sector, phase = request.POST.get("sector", ""), request.POST.get("phase", "")
    cell = plan_of(crisis).cell(sector, phase)
    if cell is None:
        return SeeOther(reverse("plan", args=[reference]))
    if "plan" in request.POST:
        return SeeOther(back_to_plan(request, crisis, cell))
    return SeeOther(reverse("cell", args=[reference, sector, phase]))


def _both(crisis, fact, said, revision):
    """Both answers to a question that two people answered differently, whose the other is, and when it was given."""
    last = {"by": crisis.updated_by, "at": crisis.updated_at}
    theirs = next((change for change in facts_since(crisis, revision) if fact in change["names"]), last)
    answers = {True: _("Yes"), False: _("No"), None: _("Not known yet")}
    return _(
        "%(by)s answered “%(question)s” with “%(theirs)s” on %(at)s UTC, after you opened the page. "
        "Your “%(yours)s” is not saved. Change the answer here if theirs is wrong."
    ) % {
        "by": theirs["by"],
        "question": QUESTIONS[fact],
        "theirs": answers[getattr(crisis, fact)],
        "at": date_format(theirs["at"], "j M Y, H:i"),
        "yours": answers[said],
    }


# /crises/<reference>/plan/confirm/


@require_http_methods(["GET", "POST"])
def confirm(request, reference):
    """Look through the framework's priorities and keep them, many in one go; those of the open phases first."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    whole = plan_of(crisis)
    if request.method == "GET":
        return _confirm_page(request, crisis, whole, unsent(request))
    cells = [whole.cell(*name.split("-", 1)) for name in request.POST.getlist("cell") if "-" in name]
    if not cells or None in cells:
        return _confirm_page(request, crisis, whole, request.POST, _("Select at least one sector."))
    try:
        outcome = services.confirm_defaults(
            crisis=crisis,
            cells=[(cell.sector, cell.phase) for cell in cells],
            by=request.user,
            key=_uuid(request.POST.get("key")),
        )
    except ValidationError as error:
        return _confirm_page(request, crisis, whole, request.POST, " ".join(error.messages))
    except services.KeyReused:
        again = _("This form was sent before with other answers. What was sent first stands.")
        return _confirm_page(request, crisis, whole, request.POST, again, status=422)
    n = len(outcome.changed)
    done = ngettext("%(n)s sector is confirmed as default.", "%(n)s sectors are confirmed as default.", n) % {"n": n}
    messages.success(request, done if outcome.fresh else _("This had already been received. It was saved once."))
    return SeeOther(reverse("plan", args=[reference]))


def _uuid(text):
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _confirm_page(request, crisis, whole, sent, problem="", status=400):
    chosen = set(sent.getlist("cell")) if sent else None
    waiting = [cell for cell in whole.cells if not (cell.changed or cell.confirmed)]
    context = {
        "crisis": crisis,
        "plan": whole,
        "problem": problem,
        "key": uuid.uuid4(),
        "sections": [
            {
                "phase": phase,
                "rows": [
                    (cell, f"{cell.sector.code}-{phase.slug}" in chosen if chosen is not None else cell.phase_open)
                    for cell in waiting
                    if cell.phase == phase
                ],
            }
            for phase in whole.content.phases
        ],
        "n": len(waiting),
    }
    return render(request, "crises/confirm.html", context, status=status if problem else 200)
