"""Crises of more than one country: of which wider crisis one is part, and its parts side by side."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import services
from crises.forms.regional import NONE, PartOfForm, PartsFilter
from crises.models import Crisis
from crises.regional import side_by_side
from crises.services.rights import RIGHTS
from crises.views.scope import gone, inside, readers, seen_crises, seen_crisis
from crises.views.sent import SeeOther, sign_in_first, unsent
from sectors import reference as framework

OFFERED = 20  # crises to choose among: more words find fewer


# /crises/<reference>/part-of/


@require_http_methods(["GET", "HEAD", "POST"])
def part_of(request, reference):
    """Choose the wider crisis that this one is part of, among those the reader may see; or none."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = seen_crises(request).with_family(request.user).filter(reference=reference).first()
    if crisis is None:
        raise gone(request, reference)
    if not (crisis.may_edit or crisis.may_decide):
        raise PermissionDenied(RIGHTS["edit"][1])
    if request.method == "POST":
        return _place(request, crisis)
    words = request.GET.get("q", "")[:100]
    offered = list(_offered(request, crisis, words)[: OFFERED + 1])
    sent = unsent(request)
    now = crisis.part_of.reference if crisis.part_of in offered else NONE
    initial = {"whole": now, "revision": crisis.revision, "key": uuid.uuid4()}
    form = PartOfForm(sent, offered=offered[:OFFERED], initial=initial)
    return _part_of_page(request, crisis, form, words=words, more=len(offered) > OFFERED)


def _offered(request, crisis, words=""):
    """The crises this one can be part of, the last changed first; the present one whatever the words. One query."""
    may_be = Crisis.objects.visible_to(request.user).open().filter(part_of=None).exclude(pk=crisis.pk)
    found = may_be.matching(words) | may_be.filter(pk=crisis.part_of_id) if words else may_be
    return found.select_related("main_country").order_by("-revision")


def _place(request, crisis):
    """Take what was chosen, once however often it is sent."""
    offered = _offered(request, crisis)
    chosen = offered.filter(reference=request.POST.get("whole", ""))  # it may have been found with words
    form = PartOfForm(request.POST, offered=[*chosen, *offered[:OFFERED]])
    if not form.is_valid():
        return _part_of_page(request, crisis, form, status=400)
    said = form.cleaned_data
    try:
        outcome = services.set_part_of(
            crisis=crisis, whole=form.chosen, by=request.user, revision=said["revision"], key=said["key"]
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _part_of_page(request, crisis, form, status=400)
    except services.Stale as stale:
        return _clash_page(request, stale.current, form)
    except services.KeyReused:
        form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        return _part_of_page(request, crisis, form, status=422)
    if form.chosen:
        messages.success(request, _("The crisis is part of “%(whole)s”.") % {"whole": form.chosen})
    else:
        messages.success(request, _("The crisis is part of no wider crisis."))
    return SeeOther(reverse("crisis", args=[outcome.crisis.reference]))


def _clash_page(request, crisis, form):
    """Somebody else gave it another place meanwhile: the form says so, keeps the choice, and takes the new revision."""
    answers = request.POST.copy()
    answers["revision"], answers["key"] = str(crisis.revision), str(uuid.uuid4())
    again = PartOfForm(answers, offered=form.offered.values())
    again.add_error(
        None, _("Somebody else changed this while you were choosing. Check what stands now, then save yours again.")
    )
    now = seen_crises(request).with_family(request.user).get(pk=crisis.pk)
    return _part_of_page(request, now, again, status=409)


def _part_of_page(request, crisis, form, *, words="", more=False, status=200):
    context = {"crisis": crisis, "form": form, "words": words, "more": more, "most": OFFERED}
    return render(request, "crises/part_of.html", context, status=status)


# /crises/<reference>/parts/


@readers
@require_safe
def parts(request, reference):
    """The parts of a crisis side by side, sectors down and parts across, for the open phases or one.

    Nine queries, however many parts: session, reader, crisis, parts, phases, entries, gaps, waivers, figures.
    """
    crisis = seen_crisis(request, reference)
    content = framework.content(crisis.edition_id)
    asked = PartsFilter(request.GET, phases=content.phases)
    context = {"crisis": crisis, "inside": inside(request.user), "content": content}
    if not asked.is_valid():
        return render(request, "crises/parts.html", context | {"problems": asked.problems}, status=400)
    found = side_by_side(Crisis.objects.visible_to(request.user).standing().filter(part_of=crisis))
    phase = asked.cleaned_data["phase"]
    phases = [one for one in content.phases if _shown(one, phase, found)]
    return render(
        request,
        "crises/parts.html",
        context
        | {
            "parts": found,
            "phases": [
                {
                    "phase": one,
                    "parts": [(part, part.in_phase(one)) for part in found],
                    "rows": list(_rows(content, one, found)),
                }
                for one in phases
            ],
            "tabs": [
                {"name": name, "on": value == phase, "query": f"?phase={value}" if value else ""}
                for value, name in (
                    (PartsFilter.OPEN, _("Open phases")),
                    *((one.slug, one.short_name) for one in content.phases),
                    (PartsFilter.ALL, _("All phases")),
                )
            ],
        },
    )


def _shown(phase, asked, found):
    """Whether a phase is shown: the one asked for, all, or where nothing is asked those that a part is in."""
    if asked == PartsFilter.OPEN:
        return any(part.in_phase(phase) for part in found)
    return asked in (PartsFilter.ALL, phase.slug)


def _rows(content, phase, found):
    """Each sector with the cell of each part in the phase; None where a part's own edition has no such sector."""
    for sector in content.sectors:
        yield sector, [(part, part.cells.get((sector.pk, phase.pk))) for part in found]
