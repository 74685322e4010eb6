"""The edition of the framework that a crisis follows: what a newer one would change, and the office's decision."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from crises import rebase, services
from crises.forms.editions import FollowForm
from crises.models.crisis import newest_edition
from crises.reading import plan_of
from crises.views.scope import allowed, inside, seen_crises
from crises.views.sent import SeeOther

# /crises/<reference>/edition/


@login_required
@require_http_methods(["GET", "POST"])
def edition(request, reference):
    """Each cell of this crisis that the newest edition changes, to follow it or to keep the crisis's own."""
    if request.method == "POST":
        return _decide(request, reference)
    if not inside(request.user):
        raise Http404
    return _page(request, _crisis(request, reference))


def _crisis(request, reference):
    """The crisis with the newest edition of its framework. One query."""
    crises = seen_crises(request).select_related("edition__framework").annotate(newest_edition=newest_edition())
    return get_object_or_404(crises, reference=reference)


def _page(request, crisis, *, problems=(), status=200):
    """Seven queries for staff: session, reader, crisis, plan (4)."""
    whole = plan_of(crisis)
    context = {
        "crisis": crisis,
        "plan": whole,
        "ahead": rebase.ahead(crisis, whole),
        "problems": problems,
        "may_follow": crisis.may_edit and crisis.is_open,
    }
    return render(request, "crises/edition.html", context, status=status)


def _decide(request, reference):
    """Follow the edition, as it was shown, or keep the crisis's own."""
    allowed(request, reference, "edit")
    crisis = _crisis(request, reference)
    form = FollowForm(request.POST, framework=crisis.edition.framework)
    if not form.is_valid():
        return _page(request, crisis, problems=form.problems, status=400)
    newer, said = form.cleaned_data["edition"], form.cleaned_data
    try:
        if said["choice"] == FollowForm.KEEP:
            services.keep_edition(crisis=crisis, edition=newer, by=request.user)
            words = _("The crisis stays with edition %(own)s. You will be asked again for the next one.")
            messages.success(request, words % {"own": crisis.edition.number})
        else:
            outcome = services.rebase_crisis(crisis=crisis, edition=newer, by=request.user, revision=said["revision"])
            messages.success(request, _followed(newer, outcome))
    except ValidationError as error:
        return _page(request, crisis, problems=error.messages, status=400)
    except services.Stale:
        changed = _("The crisis was changed after you opened this page. Look at the cells again, then decide.")
        return _page(request, _crisis(request, reference), problems=[changed], status=409)
    return SeeOther(reverse("plan", args=[reference]))


def _followed(newer, outcome):
    """What following the edition did, in sentences."""
    words = [_("The crisis follows edition %(number)s.") % {"number": newer.number}]
    if n := len(outcome.opened):
        words.append(ngettext("%(n)s gap has opened.", "%(n)s gaps have opened.", n) % {"n": n})
    if n := len(outcome.closed):
        words.append(ngettext("%(n)s gap has ended.", "%(n)s gaps have ended.", n) % {"n": n})
    return " ".join(words)
