"""HQ makes two crises one, or two again: choosing the one that stands, what will follow, and who was merged."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from crises import listing, services
from crises.duplicates import candidates
from crises.forms.merging import MergeForm, UnmergeForm
from crises.models import Crisis, Merge, PlanCell
from crises.services.merging import copies
from crises.views.scope import allowed, inside, seen_crisis
from crises.views.sent import SeeOther, sign_in_first, unsent
from sectors import reference as framework

OFFERED = 20  # crises to choose among: more words find fewer


# /crises/<reference>/merge/


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request, reference):
    """Merge this crisis into another one: choose which, see what follows, say why. HQ's decision."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    if request.method == "POST" and (done := _received_before(request, reference)):
        return done
    crisis = allowed(request, reference, "decide")
    answers = request.POST if request.method == "POST" else unsent(request)
    into = (answers or request.GET).get("into", "")
    survivor = _standing().filter(reference=into).exclude(pk=crisis.pk).first() if into else None
    if survivor is None:
        return _choose(request, crisis, into)
    if request.method != "POST":
        return _merge_page(request, crisis, survivor, MergeForm(answers, initial=_seen(crisis, survivor)))
    form = MergeForm(request.POST)
    if not form.is_valid():
        return _merge_page(request, crisis, survivor, form, status=400)
    said = form.cleaned_data
    try:
        outcome = services.merge_crisis(
            crisis=crisis,
            survivor=survivor,
            why=said["why"],
            seen=(said["revision"], said["survivor_revision"]),
            by=request.user,
            key=said["key"],
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _merge_page(request, crisis, survivor, form, status=400)
    except services.Stale:
        return _changed_page(request, crisis, survivor)
    except services.KeyReused:
        form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        return _merge_page(request, crisis, survivor, form, status=422)
    messages.success(request, _merged(crisis, outcome))
    return SeeOther(reverse("crisis", args=[survivor.reference]))


def _received_before(request, reference):
    """Where this very form has arrived and its crisis has moved, the first result is the answer; None otherwise."""
    try:
        key = uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None
    merged = Crisis.objects.filter(reference=reference, status=Crisis.Status.MERGED)
    receipt = request.user.receipts.filter(key=key).select_related("crisis").first()
    if receipt is None or not merged.exists():
        return None
    messages.info(request, _("This had already been received. It was saved once."))
    return SeeOther(reverse("crisis", args=[receipt.crisis.reference]))


def _standing():
    return Crisis.objects.standing().select_related("main_country", "office")


def _seen(crisis, survivor):
    return {"revision": crisis.revision, "survivor_revision": survivor.revision, "key": uuid.uuid4()}


def _choose(request, crisis, into):
    """The crises that this one may be: by the words asked for, or the likeliest. Three queries at most."""
    words = request.GET.get("q", "")[:100]
    if words:
        found = _standing().exclude(pk=crisis.pk).matching(words).order_by("-revision")[:OFFERED]
    else:
        found = candidates(Crisis.objects.select_related("main_country", "office"), crisis)[:OFFERED]
    context = {"crisis": crisis, "found": found, "words": words, "missing": bool(into)}
    return render(request, "crises/merge_choose.html", context, status=400 if into else 200)


def _changed_page(request, crisis, survivor):
    """One of the two changed meanwhile: what would follow is shown again, the reason stays, saving is a decision."""
    crisis, survivor = seen_crisis(request, crisis.reference), _standing().get(pk=survivor.pk)
    answers = request.POST.copy()
    for name, value in _seen(crisis, survivor).items():
        answers[name] = str(value)
    form = MergeForm(answers)
    form.add_error(None, _("One of the two has changed meanwhile. Check what follows now, then merge."))
    return _merge_page(request, crisis, survivor, form, status=409)


def _merge_page(request, crisis, survivor, form, *, status=200):
    """Both side by side, and what would follow. Seven queries: session, reader, the two, their rows, phases, cells."""
    these = [crisis.pk, survivor.pk]
    rows = listing.with_people(listing.rows(Crisis.objects.filter(pk__in=these)))
    known = {row.pk: row for row in rows.select_related("main_country__region", "office", "logged_by")}
    content = framework.content(survivor.edition_id)
    said = {pk: {} for pk in these}
    for cell in PlanCell.objects.filter(crisis__in=these):
        said[cell.crisis_id][cell.sector_id, cell.phase_id] = cell
    cells = [
        {
            "sector": row.sector,
            "phase": row.phase,
            "merged": said[crisis.pk].get(key),
            "stays": said[survivor.pk].get(key),
        }
        for row in content.in_order
        if (key := (row.sector_id, row.phase_id)) in said[crisis.pk]
    ]
    context = {
        "crisis": crisis,
        "survivor": survivor,
        "form": form,
        "pair": {"sides": [known[pk] for pk in these]},
        "both": [cell for cell in cells if cell["stays"]],
        "copied": [cell for cell in cells if not cell["stays"]],
    }
    return render(request, "crises/merge.html", context, status=status)


def _merged(crisis, outcome):
    n = len(outcome.changed)
    done = _("%(crisis)s is merged into this crisis.") % {"crisis": crisis.reference}
    if not n:
        return done
    copied = ngettext("%(n)s sector of its plan was taken over.", "%(n)s sectors of its plan were taken over.", n)
    return f"{done} {copied % {'n': n}}"


# /crises/<reference>/merged/


@login_required
@require_safe
def merged(request, reference):
    """The crises that were merged into this one: when, by whom, why. Staff only. Four queries."""
    crisis = seen_crisis(request, reference)
    if not inside(request.user):
        raise Http404
    merges = Merge.objects.filter(survivor=crisis, undone_at=None).select_related("crisis__office", "by")
    return render(request, "crises/merged.html", {"crisis": crisis, "merges": merges})


# /crises/<reference>/unmerge/<other>/


@require_http_methods(["GET", "HEAD", "POST"])
def unmerge(request, reference, other):
    """Undo the merge of another crisis into this one, and say why. HQ's decision."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "decide")
    found = _merge_of(crisis, other)
    if request.method != "POST":
        if found.undone_at:
            raise Http404
        return _unmerge_page(request, crisis, found, UnmergeForm(unsent(request), initial={"key": uuid.uuid4()}))
    form = UnmergeForm(request.POST)
    if not form.is_valid():
        return _unmerge_page(request, crisis, found, form, status=400)
    try:
        outcome = services.unmerge_crisis(crisis=found.crisis, by=request.user, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return _unmerge_page(request, crisis, found, form, status=400)
    except services.KeyReused:
        form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        return _unmerge_page(request, crisis, found, form, status=422)
    if outcome.fresh:
        messages.success(request, _unmerged(crisis, outcome))
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    return SeeOther(reverse("crisis", args=[found.crisis.reference]))


def _merge_of(crisis, other):
    """The last merge of that crisis into this one, undone or not; 404 where there was none. One query."""
    merges = Merge.objects.filter(survivor=crisis, crisis__reference=other).select_related("crisis__merged_into", "by")
    if (found := merges.first()) is None:
        raise Http404
    return found


def _unmerge_page(request, crisis, found, form, *, status=200):
    """What would follow: cells that leave the plan of this crisis, and those that stay since they were changed."""
    cells = PlanCell.objects.filter(crisis=crisis).select_related("sector", "phase")
    leave, stay = copies(found, cells.order_by("sector__number", "phase__number"))
    context = {"crisis": crisis, "found": found, "form": form, "leave": leave, "stay": stay}
    return render(request, "crises/unmerge.html", context, status=status)


def _unmerged(crisis, outcome):
    n = len(outcome.kept)
    done = _("The merge is undone: %(crisis)s is a crisis of its own again.") % {"crisis": outcome.crisis.reference}
    if not n:
        return done
    stay = ngettext(
        "%(n)s sector stays in the plan of %(survivor)s, since it was changed there.",
        "%(n)s sectors stay in the plan of %(survivor)s, since they were changed there.",
        n,
    )
    return f"{done} {stay % {'n': n, 'survivor': crisis.reference}}"
