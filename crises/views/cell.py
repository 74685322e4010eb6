"""One cell of a plan: a sector in a phase, its status to change, and HQ's waiver of its gap."""

import uuid
from itertools import zip_longest

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crises import coordination, reviewing, services
from crises.advice import consular_safeguard
from crises.forms.plan import CellForm, PlanFilter, WaiverForm
from crises.models import Contact, Figure, PlanCell
from crises.models.audit import told_to
from crises.money import lines_of
from crises.reading import plan_of
from crises.views import clash
from crises.views.plan import anchor
from crises.views.scope import allowed, inside, readers, seen_crisis
from crises.views.sent import SeeOther, keep_and_sign_in, unsent
from crises.views.then import as_of, stood

CHANGES_SHOWN = 20


# /crises/<reference>/plan/<sector>/<phase>/


@require_http_methods(["GET", "HEAD", "POST"])
def cell_page(request, reference, sector, phase):
    """One sector in one phase: why it matters, what the office does, who else works on it, and its past."""
    if request.method == "POST":
        return _change(request, reference, sector, phase)
    return _show_cell(request, reference, sector, phase)


@readers
@as_of
def _show_cell(request, reference, sector, phase, then=None):
    crisis = stood(request, seen_crisis(request, reference, **_with_it(request)), then)
    whole, cell = cell_of(crisis, sector, phase, then)
    if then:
        crisis.contacts = None  # they are for now
        return _cell_page(request, crisis, whole, cell, None, then=then)
    if answers := unsent(request):
        messages.info(request, _("What you wrote is kept. Check it and save."))
        form = CellForm(answers, entry=cell.entry)
        return _cell_page(request, crisis, whole, cell, form)
    entry = cell.entry
    form = CellForm(
        entry=entry,
        initial={
            "status": entry.statuses[0],
            "lead": entry.lead,
            "cluster_contact": entry.cluster_contact,
            "note": entry.note,
            "revision": entry.revision,
            "key": uuid.uuid4(),
        },
    )
    return _cell_page(request, crisis, whole, cell, form)


def _with_it(request):
    """What to annotate the crisis with: contacts in its main country and comments from review cost no query."""
    return {"contacts": Contact.objects.visible_to(request.user).of_main_country(), **reviewing.asked(request.user)}


def cell_of(crisis, sector, phase, then=None):
    whole = plan_of(crisis, as_of=then and then.at)
    cell = whole.cell(sector, phase)
    if cell is None:
        raise Http404
    return whole, cell


def _change(request, reference, sector, phase):
    """Change the status of a cell, once however often it is sent; what was typed stays until it is saved."""
    if not request.user.is_authenticated:
        return keep_and_sign_in(request)
    crisis = allowed(request, reference, "edit", **_with_it(request))
    whole, cell = cell_of(crisis, sector, phase)
    form = CellForm(request.POST, entry=cell.entry)
    if not form.is_valid():
        return _cell_page(request, crisis, whole, cell, form, status=400)
    try:
        outcome = services.change_status(
            crisis=crisis, sector=cell.sector, phase=cell.phase, by=request.user, **form.cleaned_data
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _cell_page(request, crisis, whole, cell, form, status=400)
    except services.Stale as stale:
        shown = CellForm(clash.decided_again(request.POST, form, stale), entry=stale.current)
        whole, cell = cell_of(crisis, sector, phase)
        return _cell_page(request, crisis, whole, cell, shown, clash=clash.found(form, stale), status=409)
    except services.KeyReused as reused:
        return _reused_page(request, crisis, cell.entry, form, reused)
    if outcome.fresh:
        messages.success(request, _done(whole, cell, form.cleaned_data["status"], outcome))
        for sentence in clash.kept(crisis, cell, form.cleaned_data["revision"], outcome.kept):
            messages.info(request, sentence)
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    if "plan" in request.POST:
        return SeeOther(back_to_plan(request, crisis, cell))
    return SeeOther(reverse("cell", args=[reference, sector, phase]))


def back_to_plan(request, crisis, cell):
    """The plan as it was shown, at the row of the cell."""
    shown = QueryDict(request.POST["plan"])
    query = urlencode({name: shown[name] for name in PlanFilter.base_fields if name in shown})
    return f"{reverse('plan', args=[crisis.reference])}{'?' if query else ''}{query}#{anchor(cell)}"


def _reused_page(request, crisis, entry, form, reused):
    """The form was sent before with other answers: what stands beside what was typed, which a new key lets through."""
    found = {"sent": reused.receipt.received_at, "rows": clash.sides(form, entry, form.fields)}
    answers = request.POST.copy()
    answers["revision"], answers["key"] = str(entry.revision), str(uuid.uuid4())
    whole, cell = cell_of(crisis, entry.sector.code, entry.phase.slug)
    return _cell_page(request, crisis, whole, cell, CellForm(answers, entry=entry), clash=found, status=422)


def _cell_page(request, crisis, whole, cell, form, *, then=None, status=200, **more):
    """Ten queries for staff: session, reader, crisis, plan (4), figures, activities, changes. One more for the past."""
    own, at = inside(request.user), then and then.at
    changes = _changes(crisis, cell, request.user, at) if own else []
    context = {
        "crisis": crisis,
        "then": then,
        "said": [] if then else reviewing.to_answer_by_name(crisis).get(anchor(cell), []),
        "plan": whole,
        "cell": cell,
        "form": form
        if form and crisis.may_edit and (crisis.is_open or form.is_bound)
        else None,  # what was typed stays
        "inside": own,
        "gaps": whole.gaps_of(cell),
        "parties": coordination.of_cell(whole, cell, crisis),
        "safeguard": consular_safeguard(cell, crisis),
        "together": whole.works_with(cell),
        "figures": Figure.objects.of(crisis, at)
        .standing(at)
        .filter(sectors=cell.sector, metric__in=[Figure.Metric.TARGETED, Figure.Metric.REACHED]),
        "lines": _lines(crisis, cell.sector, at),
        "changes": changes,
        "set": next((row for row, _before in changes if _sets_priority(row)), None),
        "neighbours": [one for one in whole.cells if one.sector == cell.sector],
        "phases": [cell.phase],
    }
    return render(request, "crises/cell.html", context | more, status=status)


def _lines(crisis, sector, at):
    """The lines of work that cover the sector, each with the `others` it covers too. One query."""
    lines = [line for line in lines_of(crisis, at) if sector.code in line.sector_codes]
    for line in lines:
        line.others = [name for name in line.sector_names if name != sector.short_name]
    return lines


def _sets_priority(row):
    """Whether this change gave the cell its priority, or took it back: by itself, or with the crisis as logged."""
    event = (row.history_change_reason or {}).get("event")
    return event == "priority" or (event == "logged" and bool(row.own_priority))


def _changes(crisis, cell, reader, as_of):
    """The last changes of the cell that the reader may read: (row, the row before it), the newest first. One query."""
    rows = PlanCell.history.filter(crisis=crisis, sector=cell.sector, phase=cell.phase).select_related("history_user")
    rows = rows.filter(revision__in=crisis.history.filter(told_to(reader)).values("revision"))
    rows = rows.filter(history_date__lte=as_of) if as_of else rows
    rows = list(rows[: CHANGES_SHOWN + 1])
    return list(zip_longest(rows, rows[1:]))[:CHANGES_SHOWN]


def _done(whole, cell, status, outcome):
    """What a change did, in sentences."""
    words = {"sector": cell.sector.short_name}
    if status == cell.status:
        return _("The entry for %(sector)s is saved.") % words
    done = {
        PlanCell.Status.NOT_STARTED: _("%(sector)s is not started."),
        PlanCell.Status.PLANNED: _("%(sector)s is planned."),
        PlanCell.Status.ACTIVE: _("%(sector)s is active."),
        PlanCell.Status.COMPLETED: _("%(sector)s is completed."),
        PlanCell.Status.STOOD_DOWN: _("%(sector)s stands down."),
    }[status] % words
    if outcome.closed:
        return f"{done} {_('Its gap is closed.')}"
    if outcome.opened:
        return f"{done} {_('A gap is open again.') if whole.gaps_of(cell) else _('A gap is open.')}"
    if cell.gap:
        return f"{done} {_('Its gap stays open until it is active.')}"
    return done


# /crises/<reference>/plan/<sector>/<phase>/waive/


@login_required
@require_http_methods(["GET", "POST"])
def waive(request, reference, sector, phase):
    """HQ accepts the gap of a cell until a day, for a reason."""
    crisis = allowed(request, reference, "decide")
    _whole, cell = cell_of(crisis, sector, phase)
    back = reverse("cell", args=[reference, sector, phase])
    closed = _("This gap has been closed in the meantime. There is nothing to waive.")
    if request.method == "GET":
        if not cell.gap:
            messages.info(request, closed)
            return SeeOther(back)
        return render(
            request,
            "crises/waive.html",
            {"crisis": crisis, "cell": cell, "form": WaiverForm(initial={"key": uuid.uuid4()})},
        )
    form = WaiverForm(request.POST)
    if form.is_valid() and not cell.gap:
        form.add_error(None, closed)
    elif form.is_valid():
        try:
            services.waive_gap(gap=cell.open_gap, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except services.KeyReused:
            form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        else:
            words = {"sector": cell.sector.short_name, "day": date_format(form.cleaned_data["until"], "j M Y")}
            messages.success(request, _("The gap of %(sector)s is waived until %(day)s.") % words)
            return SeeOther(back)
    return render(request, "crises/waive.html", {"crisis": crisis, "cell": cell, "form": form}, status=400)
