"""Emergency levels: the dated decisions of a crisis in two schemes, and what each level means."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import services
from crises.forms.statements import DefinitionForm, LevelForm
from crises.models import LevelDecision, LevelDefinition
from crises.views.scope import allowed, inside, readers, seen_crisis
from crises.views.sent import SeeOther, sign_in_first, unsent
from crises.views.statements import RECEIVED, form_for, receive
from crises.views.then import as_of, stood
from offices.models import Role


def _definitions():
    """{(scheme, value): the definition}. One query."""
    return {(row.scheme, row.value): row for row in LevelDefinition.objects.select_related("updated_by")}


def _schemes(definitions, decisions=()):
    """Each scheme with its levels, each with its definition, and with the decisions of a crisis, the newest first."""
    return [
        {
            "scheme": scheme,
            "levels": [(value, definitions.get((scheme.value, value.value))) for value in values],
            "decisions": (own := [row for row in decisions if row.scheme == scheme]),
            "in_force": own[0] if own and not own[0].ended_on else None,
        }
        for scheme, values in LevelDecision.VALUES.items()
    ]


# /crises/<reference>/levels/


@readers
@as_of
@require_safe
def levels(request, reference, then=None):
    """The decisions on the level of a crisis, scheme by scheme, each with who, why and when to look again.

    Five queries for staff: session, reader, crisis, decisions, definitions.
    """
    crisis = stood(request, seen_crisis(request, reference), then)
    at = then.at if then else None
    decisions = LevelDecision.objects.of(crisis, at).select_related("recorded_by")
    decisions = decisions.filter(recorded_at__lte=at) if at else decisions
    context = {
        "crisis": crisis,
        "then": then,
        "inside": inside(request.user),
        "schemes": _schemes(_definitions(), list(decisions)),
        "today": (at or timezone.now()).date(),
    }
    return render(request, "crises/levels.html", context)


# /crises/<reference>/level/


@require_http_methods(["GET", "POST"])
def decide(request, reference):
    """Record a decision on the level, beside those recorded until now."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "decide")
    form = form_for(request, crisis, LevelForm)
    status = receive(request, form, services.decide_level, _("The decision is recorded."), crisis=crisis)
    if status == RECEIVED:
        return SeeOther(reverse("crisis-levels", args=[reference]))
    decisions = list(LevelDecision.objects.of(crisis).select_related("recorded_by"))
    context = {"crisis": crisis, "form": form, "schemes": _schemes(_definitions(), decisions), "decisions": decisions}
    return render(request, "crises/level_form.html", context, status=status)


# /levels/


@require_safe
def definitions(request):
    """What each level means, as far as the organisation has written it down here."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    context = {
        "schemes": _schemes(_definitions()),
        "may_define": request.user.holds(Role.HQ),
        "inside": inside(request.user),
    }
    return render(request, "crises/level_definitions.html", context)


# /levels/<scheme>/<value>/


@require_http_methods(["GET", "POST"])
def define(request, scheme, value):
    """Write down what a level means. HQ's; what was typed stays where somebody else was faster."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    if value not in {level.value for level in LevelDecision.VALUES.get(scheme, ())}:
        raise Http404
    if not request.user.holds(Role.HQ):
        raise PermissionDenied(_("You need to be an HQ reviewer. An administrator grants that."))
    row = _definitions().get((scheme, value)) or LevelDefinition(scheme=scheme, value=value)
    initial = {"text": row.text, "source": row.source, "revision": row.revision}
    form = DefinitionForm(request.POST if request.method == "POST" else unsent(request), initial=initial)
    status, theirs = 200, None
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                services.define_level(scheme=scheme, value=value, by=request.user, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
            except services.Stale as stale:
                theirs, status, answers = stale.current, 409, request.POST.copy()
                answers["revision"] = str(stale.current.revision)
                form = DefinitionForm(answers)
            else:
                messages.success(request, _("The definition is saved."))
                return SeeOther(reverse("levels"))
    context = {"row": row, "form": form, "theirs": theirs}
    return render(request, "crises/level_definition.html", context, status=status)
