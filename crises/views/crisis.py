"""One crisis: its page, figures and lines of work, phases, end, sharing and levels."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from crises import services
from crises.forms.lifecycle import CloseForm, PhaseForm, SharingForm
from crises.forms.statements import ActivityForm, FigureForm, LevelForm
from crises.models import Crisis
from crises.reading import plan_of
from crises.services.amend import RIGHTS
from crises.timeline import timeline
from crises.views.scope import readers, seen_crisis

RECENT = 12


@readers
@require_safe
def crisis_page(request, reference):
    """Where a crisis stands: its state, what to do next, key figures, gaps, facts and what happened."""
    crisis = seen_crisis(request, reference)
    plan = plan_of(crisis)
    figures = list(crisis.figures.all())
    levels = list(crisis.levels.all())
    inside = request.user.is_authenticated and not request.user.partner_id
    every = "all" in request.GET
    return render(
        request,
        "crises/crisis.html",
        {
            "crisis": crisis,
            "plan": plan,
            "levels": _current(levels),
            "next": _next_tasks(crisis, plan, figures, levels) if inside else [],
            "headline": _headline(figures),
            "others": len(figures),
            "strips": [
                (period, [cell for cell in plan.cells if cell.phase == period.phase]) for period in plan.open_periods
            ],
            "gaps": [
                {"cell": cell, "days": cell.open_gap.days_open(), "late": cell.open_gap.late()} for cell in plan.gaps
            ],
            "waived": plan.waived,
            "activities": crisis.activities.prefetch_related("sectors"),
            "other_countries": crisis.other_countries.all(),
            "timeline": timeline(crisis, None if every else RECENT) if inside else [],
            "every": every,
            "inside": inside,
            "sharing_words": SharingForm.MEANINGS[crisis.sharing],
        },
    )


def _current(levels):
    """The decision in force in each scheme: the newest one, unless it has ended."""
    newest = {}
    for decision in levels:  # newest first
        newest.setdefault(decision.scheme, decision)
    return {scheme: decision for scheme, decision in newest.items() if decision.ended_on is None}


def _headline(figures):
    """The newest key figure of each metric and group: statements side by side, never added."""
    newest = {}
    for figure in figures:  # newest first
        if figure.headline:
            newest.setdefault((figure.metric, figure.group), figure)
    return list(newest.values())


def _next_tasks(crisis, plan, figures, levels):
    """What this reader can do next: (words, address name, more arguments)."""
    tasks = []
    if crisis.is_open and crisis.may_edit:
        n = len(plan.gaps)
        if n:
            words = ngettext("Activate or plan %(n)s critical sector", "Activate or plan %(n)s critical sectors", n)
            tasks.append((words % {"n": n}, "plan", ""))
        tasks += [
            (_("Answer: %(question)s") % {"question": cell.question_words}, "crisis-edit", f"#id_{cell.question}_0")
            for cell in plan.cells
            if cell.question and cell.phase_open
        ]
        if not figures:
            tasks.append((_("Add the first figure with its source"), "figure-add", ""))
    if crisis.is_open and crisis.may_decide:
        if not any(decision.scheme == "iom" for decision in levels):
            tasks.append((_("Decide the emergency level: not assessed yet"), "crisis-level", ""))
        late = [cell for cell in plan.gaps if cell.open_gap.late()]
        if late:
            words = ngettext(
                "%(n)s gap is late: ask the office, or waive",
                "%(n)s gaps are late: ask the office, or waive",
                len(late),
            )
            tasks.append((words % {"n": len(late)}, "plan", "?show=gaps"))
    return tasks


@readers
@require_safe
def figures(request, reference):
    """Every statement of how many, each with its date and source."""
    crisis = seen_crisis(request, reference)
    return render(
        request,
        "crises/figures.html",
        {
            "crisis": crisis,
            "figures": crisis.figures.select_related("recorded_by").prefetch_related("sectors"),
            "inside": request.user.is_authenticated and not request.user.partner_id,
        },
    )


def _allowed(request, reference, right):
    """The crisis, if the reader holds this right on it; 403 that names the missing right otherwise."""
    crisis = seen_crisis(request, reference)
    if not getattr(crisis, f"may_{right}"):
        raise PermissionDenied(RIGHTS[right][1])
    return crisis


def _statement(request, reference, *, right, form, service, words, template, context=None):
    """Ask for a statement and add it, once however often it is sent."""
    crisis = _allowed(request, reference, right)
    sectors = plan_of(crisis).content.edition.framework.sectors.all()
    form = form(request, sectors)
    if request.method == "POST" and form.is_valid():
        try:
            service(crisis=crisis, by=request.user, **form.values)
        except ValidationError as error:
            form.add_error(None, error)
        except services.KeyReused:
            form.add_error(None, _("This form was sent before with other answers. Open it again for a second entry."))
        else:
            messages.success(request, words)
            return redirect("crisis", reference)
    status = 400 if form.errors else 200
    return render(request, template, {"crisis": crisis, "form": form} | (context or {}), status=status)


@login_required
@require_http_methods(["GET", "POST"])
def add_figure(request, reference):
    """Add a sourced figure."""
    return _statement(
        request,
        reference,
        right="edit",
        form=lambda request, sectors: FigureForm(
            request.POST or None,
            sectors=sectors,
            initial={"key": uuid.uuid4(), "group": "all", "qualifier": "exact", "unit": "people", "headline": True},
        ),
        service=services.add_figure,
        words=_("The figure is added."),
        template="crises/figure_form.html",
    )


@login_required
@require_http_methods(["GET", "POST"])
def add_activity(request, reference):
    """Add a line of work with its money."""
    return _statement(
        request,
        reference,
        right="edit",
        form=lambda request, sectors: ActivityForm(
            request.POST or None, sectors=sectors, initial={"key": uuid.uuid4(), "currency": "USD"}
        ),
        service=services.add_activity,
        words=_("The line of work is added."),
        template="crises/activity_form.html",
    )


@login_required
@require_http_methods(["GET", "POST"])
def level(request, reference):
    """Decide an emergency level; earlier decisions stay."""
    crisis = _allowed(request, reference, "decide")
    return _statement(
        request,
        reference,
        right="decide",
        form=lambda request, sectors: LevelForm(request.POST or None, initial={"key": uuid.uuid4()}),
        service=services.decide_level,
        words=_("The decision is recorded."),
        template="crises/level_form.html",
        context={"decisions": crisis.levels.select_related("recorded_by")},
    )


@login_required
@require_http_methods(["GET", "POST"])
def phases(request, reference):
    """The phases the crisis has been in; enter or leave one."""
    crisis = _allowed(request, reference, "edit")
    plan = plan_of(crisis)
    form = PhaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        phase = plan.content.phase(request.POST.get("phase"))
        if phase is None:
            raise Http404
        leaves = "leave" in request.POST
        service, day = (services.close_phase, "left_on") if leaves else (services.open_phase, "entered_on")
        try:
            outcome = service(crisis=crisis, phase=phase, by=request.user, **{day: form.cleaned_data["day"]})
        except ValidationError as error:
            form.add_error(None, [line for lines in error.message_dict.values() for line in lines])
        else:
            messages.success(request, _phase_done(phase, leaves, outcome))
            return redirect("crisis-phases", reference)
    now = {period.phase_id for period in plan.open_periods}
    rows = [
        {
            "phase": phase,
            "open": phase.pk in now,
            "periods": [period for period in plan.periods if period.phase_id == phase.pk],
            "critical": sum(cell.phase == phase and cell.priority == "critical" for cell in plan.cells),
        }
        for phase in plan.content.phases
    ]
    context = {"crisis": crisis, "rows": rows, "form": form}
    return render(request, "crises/phases.html", context, status=400 if form.errors else 200)


def _phase_done(phase, leaves, outcome):
    if leaves:
        words, n = _("The crisis has left the phase “%(phase)s”."), len(outcome.closed)
        follows = ngettext("%(n)s gap is closed.", "%(n)s gaps are closed.", n)
    else:
        words, n = _("The crisis is in the phase “%(phase)s”."), len(outcome.opened)
        follows = ngettext("%(n)s gap has opened.", "%(n)s gaps have opened.", n)
    return f"{words % {'phase': phase.short_name}} {follows % {'n': n} if n else ''}".strip()


@login_required
@require_http_methods(["GET", "POST"])
def close(request, reference):
    """Close a crisis."""
    crisis = _allowed(request, reference, "close")
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ended_on, end_precision = form.cleaned_data["ended"] or (None, "")
        try:
            services.close_crisis(
                crisis=crisis,
                by=request.user,
                ended_on=ended_on,
                end_precision=end_precision,
                why=form.cleaned_data["why"],
            )
        except ValidationError as error:
            said = getattr(error, "error_dict", {})
            form.add_error("ended" if "ended_on" in said else None, said.get("ended_on", error))
        else:
            messages.success(request, _("The crisis is closed. Its gaps have ended."))
            return redirect("crisis", reference)
    context = {"crisis": crisis, "form": form, "gaps": len(plan_of(crisis).gaps)}
    return render(request, "crises/close.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["POST"])
def reopen(request, reference):
    """Open a closed crisis again."""
    crisis = _allowed(request, reference, "close")
    try:
        services.reopen_crisis(crisis=crisis, by=request.user)
        messages.success(request, _("The crisis is open again."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("crisis", reference)


@login_required
@require_http_methods(["GET", "POST"])
def sharing(request, reference):
    """Change who can see a crisis."""
    crisis = seen_crisis(request, reference)
    own, outside = [Crisis.Sharing.OFFICE, Crisis.Sharing.STAFF], [Crisis.Sharing.PARTNERS, Crisis.Sharing.PUBLIC]
    if crisis.may_decide:
        allowed = own + outside
    elif crisis.may_edit and crisis.sharing not in outside:
        allowed = own
    else:
        raise PermissionDenied(RIGHTS["decide"][1] if crisis.may_edit else RIGHTS["edit"][1])
    form = SharingForm(request.POST or None, allowed=allowed, initial={"sharing": crisis.sharing})
    if request.method == "POST" and form.is_valid():
        services.share_crisis(crisis=crisis, sharing=form.cleaned_data["sharing"], by=request.user)
        messages.success(request, _("Saved."))
        return redirect("crisis", reference)
    return render(request, "crises/sharing.html", {"crisis": crisis, "form": form}, status=400 if form.errors else 200)
