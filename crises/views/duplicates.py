"""Crises that may be one, for HQ alone: the queue, and one pair side by side."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import listing, services
from crises.duplicates import Likeness
from crises.forms.merging import ApartForm
from crises.models import Crisis, PossibleDuplicate
from crises.services.rights import RIGHTS
from crises.views.pages import numbered
from crises.views.sent import SeeOther, sign_in_first, unsent
from offices.models import Role

DECIDED = "decided"


@dataclass(frozen=True)
class Pair:
    """Two crises side by side, why they may be one, and a form to say that they are not."""

    found: PossibleDuplicate
    sides: list[Crisis]  # the one logged later, the older one
    form: ApartForm

    @property
    def likeness(self):
        return Likeness(self.found.score, self.found.reasons)


def _require_hq(request):
    if not request.user.holds(Role.HQ):
        raise PermissionDenied(RIGHTS["decide"][1])


def _pairs(found):
    """The pairs with all that their cards show. Two queries, however many there are: crises, their open phases."""
    these = {pk for one in found for pk in (one.crisis_id, one.other_id)}
    crises = listing.with_people(listing.rows(Crisis.objects.filter(pk__in=these))).select_related(
        "main_country__region", "office", "logged_by"
    )
    known = {crisis.pk: crisis for crisis in crises}
    return [
        Pair(
            one,
            [known[one.crisis_id], known[one.other_id]],
            ApartForm(initial={"key": uuid.uuid4()}, auto_id=f"id_{one.pk}_%s"),
        )
        for one in found
    ]


# /duplicates/


@login_required
@require_safe
def duplicate_list(request):
    """The pairs that may be one and wait for a decision, the likeliest first; or those that are decided.

    Seven queries, however many there are: session, reader, right, how many, the pairs, crises, phases.
    """
    _require_hq(request)
    decided = request.GET.get("show") == DECIDED
    found = PossibleDuplicate.objects.select_related("decided_by")
    found = found.decided().order_by("-decided_at", "-pk") if decided else found.undecided()
    n = found.count()
    number = request.GET.get("page", "")
    page = numbered(found, number if number.isdecimal() and len(number) < 7 else 1, n)
    kept = {"show": DECIDED} if decided else {}
    return render(
        request,
        "crises/duplicate_list.html",
        {
            "pairs": _pairs(page.rows),
            "n": n,
            "decided": decided,
            "page": page,
            "before": _address(page.previous and page.previous | kept),
            "after": _address(page.next and page.next | kept),
        },
    )


def _address(query):
    return "?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""


# /duplicates/<reference>/<other>/


@require_http_methods(["GET", "HEAD", "POST"])
def duplicate(request, reference, other):
    """One pair: say that the two are different, and why; or go on to merge them."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    _require_hq(request)
    found = get_object_or_404(
        PossibleDuplicate.objects.select_related("decided_by"), crisis__reference=reference, other__reference=other
    )
    if request.method != "POST":
        return _pair_page(request, found, ApartForm(unsent(request), initial={"key": uuid.uuid4()}))
    form = ApartForm(request.POST)
    if not form.is_valid():
        return _pair_page(request, found, form, status=400)
    try:
        _decided, fresh = services.tell_apart(duplicate=found, by=request.user, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _pair_page(request, found, form, status=400)
    except services.KeyReused:
        form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        return _pair_page(request, found, form, status=422)
    if fresh:
        messages.success(request, _("%(one)s and %(other)s are different.") % {"one": reference, "other": other})
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    return SeeOther(reverse("duplicate-list"))


def _pair_page(request, found, form, *, status=200):
    [pair] = _pairs([found])
    return render(request, "crises/duplicate.html", {"pair": pair, "form": form}, status=status)
