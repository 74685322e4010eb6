"""The plan of a crisis: its cells, the status of each, and waivers of gaps."""

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
from django.views.decorators.http import require_http_methods, require_safe

from crises import plan, services
from crises.dates import Precision, spoken
from crises.forms.plan import CellForm, PlanFilter, WaiverForm
from crises.models import Figure, PlanCell
from crises.reading import plan_of
from crises.views.scope import allowed, inside, readers, seen_crisis
from crises.views.sent import SeeOther, keep_and_sign_in, unsent
from sectors.exports import csv_file
from sectors.models import Priority, Strength

SHOWN = {
    PlanFilter.ALL: lambda cell: True,
    PlanFilter.CRITICAL: lambda cell: cell.priority == Priority.CRITICAL,
    PlanFilter.GAPS: lambda cell: cell.gap and not cell.waived,
}
RANK = list(Priority.values)
CHANGES_SHOWN = 20


# /crises/<reference>/plan/


@readers
@require_safe
def plan_page(request, reference):
    """The 45 cells by phase, gaps first, each with its reason and, for the office, its status to change."""
    crisis = seen_crisis(request, reference)
    whole = plan_of(crisis)
    asked = PlanFilter(request.GET, phases=whole.content.phases)
    context = {"crisis": crisis, "plan": whole, "may_change": crisis.may_edit and crisis.is_open}
    if not asked.is_valid():
        return render(request, "crises/plan.html", context | {"problems": asked.problems}, status=400)
    phase, show = asked.cleaned_data["phase"], asked.cleaned_data["show"]
    phases = _phases(whole, phase)
    cells = [cell for cell in whole.cells if cell.phase in phases]
    links = {sector.pk: _link_names(whole, sector) for sector in whole.content.sectors}
    return render(
        request,
        "crises/plan.html",
        context
        | {
            "inside": inside(request.user),
            "sections": [_section(whole, phase, show, links) for phase in phases],
            "tabs": _tabs(whole, phase, show),
            "filters": [
                {"value": value, "name": name, "n": sum(map(SHOWN[value], cells)), "query": _query(phase, value)}
                for value, name in {
                    PlanFilter.ALL: _("All"),
                    PlanFilter.CRITICAL: _("Critical"),
                    PlanFilter.GAPS: _("Gaps"),
                }.items()
            ],
            "show": show,
            "query": _query(phase, show),
            "width": 6 if inside(request.user) else 5,
            "phases": phases if len(phases) == 1 else [],
            "together": _together(whole, cells),
        },
    )


def _phases(whole, asked):
    """The phases shown: the one asked for, all, or those the crisis is in."""
    if asked == PlanFilter.OPEN:
        return [period.phase for period in whole.open_periods]
    return [phase for phase in whole.content.phases if asked in (PlanFilter.ALL, phase.slug)]


def _query(phase, show):
    """The address's query for these filters; what is shown without asking is left out."""
    asked = {"phase": phase, "show": "" if show == PlanFilter.ALL else show}
    return urlencode({name: value for name, value in asked.items() if value})


def _tabs(whole, phase, show):
    now = {period.phase_id for period in whole.open_periods}
    return [
        {"name": name, "now": now_too, "on": value == phase, "query": _query(value, show)}
        for value, name, now_too in (
            (PlanFilter.OPEN, _("Open phases"), False),
            *((one.slug, one.short_name, one.pk in now) for one in whole.content.phases),
            (PlanFilter.ALL, _("All phases"), False),
        )
    ]


def _section(whole, phase, show, links):
    cells = [cell for cell in whole.cells if cell.phase == phase]
    shown = sorted(filter(SHOWN[show], cells), key=_urgency)
    return {
        "phase": phase,
        "period": next((period for period in whole.open_periods if period.phase_id == phase.pk), None),
        "tally": plan.tally(cells),
        "rows": [
            {"cell": cell, "anchor": _anchor(cell), "links": links[cell.sector.pk], "key": uuid.uuid4()}
            for cell in shown
        ],
    }


def _urgency(cell):
    """Gaps first, the oldest of them first; then by priority; then by number."""
    uncovered = cell.gap and not cell.waived
    return (not uncovered, cell.open_gap.opened_at if uncovered else 0, RANK.index(cell.priority), cell.sector.number)


def _anchor(cell):
    return f"{cell.sector.code}-{cell.phase.slug}"


def _link_names(whole, sector):
    """Whom the sector works with, by their short names: {strength: [names]}."""
    names = {strength.value: [] for strength in Strength}
    for link in whole.content.system_links.get(sector.pk, ()):
        names[link.strength].append(link.system.short_name)
    for link in whole.content.cluster_links.get(sector.pk, ()):
        names[link.strength].append(link.cluster.short_name)
    return names


def _together(whole, cells):
    """Pairs of sectors that the framework says work together, where one is active or needed here; each pair once."""
    live = [cell for cell in cells if cell.status == PlanCell.Status.ACTIVE or cell.needed]
    rows = {advice.row.pk: advice.row for cell in live for advice in whole.works_with(cell)}
    return [
        {
            "row": row,
            "one": whole.cell(row.from_sector.code, row.from_phase.slug),
            "other": whole.cell(row.to_sector.code, row.to_phase.slug),
        }
        for _pk, row in sorted(rows.items())
    ]


# /crises/<reference>/plan.csv


CSV_HEADER = [
    "reference",
    "sector",
    "sector_name",
    "phase",
    "default",
    "priority",
    "because",
    "paragraph",
    "provenance",
    "needed",
    "status",
    "since",
    "lead",
    "gap_since",
    "days_open",
    "waived_until",
    "systems",
    "clusters",
]


@readers
@require_safe
def plan_csv(request, reference):
    """The whole plan as a table: one line for each sector and phase. Names of staff are for staff."""
    crisis = seen_crisis(request, reference)
    whole = plan_of(crisis)
    own = inside(request.user)

    def line(cell):
        gap = cell.open_gap if cell.gap else None
        return [
            crisis.reference,
            cell.sector.code,
            cell.sector.name,
            cell.phase.slug,
            cell.row.priority,
            cell.priority,
            cell.because,
            cell.row.paragraph,
            cell.row.provenance,
            "yes" if cell.needed else "no",
            cell.status,
            cell.entry.since,
            cell.entry.lead if own else None,
            gap and gap.opened_at.isoformat(),
            gap and gap.days_open(),
            gap.last_waiver.until if cell.waived else None,
            "; ".join(f"{link.system.slug} ({link.strength})" for link in whole.system_links(cell)),
            "; ".join(f"{link.cluster.slug} ({link.strength})" for link in whole.cluster_links(cell)),
        ]

    return csv_file(f"plan-{crisis.reference}.csv", CSV_HEADER, map(line, whole.cells))


# /crises/<reference>/plan/<sector>/<phase>/


@require_http_methods(["GET", "HEAD", "POST"])
def cell_page(request, reference, sector, phase):
    """One sector in one phase: why it matters, what the office does, who else works on it, and its past."""
    if request.method == "POST":
        return _change(request, reference, sector, phase)
    return _show_cell(request, reference, sector, phase)


@readers
def _show_cell(request, reference, sector, phase):
    crisis = seen_crisis(request, reference)
    whole, cell = _cell(crisis, sector, phase)
    if answers := unsent(request):
        messages.info(request, _("What you wrote is kept. Check it and save."))
        form = CellForm(answers, entry=cell.entry)
        form.full_clean()
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


def _cell(crisis, sector, phase):
    whole = plan_of(crisis)
    cell = whole.cell(sector, phase)
    if cell is None:
        raise Http404
    return whole, cell


def _change(request, reference, sector, phase):
    """Change the status of a cell, once however often it is sent; what was typed stays until it is saved."""
    if not request.user.is_authenticated:
        return keep_and_sign_in(request)
    crisis = seen_crisis(request, reference)
    whole, cell = _cell(crisis, sector, phase)
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
        changed = stale.current.history.select_related("history_user").first()
        clash = {"by": changed.history_user, "at": changed.history_date}
        return _clash_page(request, crisis, form, stale.current, clash, status=409)
    except services.KeyReused as reused:
        clash = {"sent": reused.receipt.received_at}
        return _clash_page(request, crisis, form, cell.entry, clash, status=422)
    if outcome.fresh:
        messages.success(request, _done(whole, cell, form.cleaned_data["status"], outcome))
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    if "plan" in request.POST:
        return SeeOther(_back_to_plan(request, crisis, cell))
    return SeeOther(reverse("cell", args=[reference, sector, phase]))


def _back_to_plan(request, crisis, cell):
    """The plan as it was shown, at the row of the cell."""
    shown = QueryDict(request.POST["plan"])
    query = urlencode({name: shown[name] for name in PlanFilter.base_fields if name in shown})
    return f"{reverse('plan', args=[crisis.reference])}{'?' if query else ''}{query}#{_anchor(cell)}"


def _clash_page(request, crisis, form, current, clash, *, status):
    """What stands now beside what was typed. The form keeps it and takes the new revision: saving is a decision."""
    typed = form.cleaned_data
    answers = request.POST.copy()
    answers["revision"], answers["key"] = str(current.revision), str(uuid.uuid4())
    shown = CellForm(answers, entry=current)
    now, yours = (
        {
            "status": PlanCell.Status(said["status"]).label,
            "since": spoken(said["since"], Precision.DAY),
            **{name: said[name] for name in ("lead", "cluster_contact", "note")},
        }
        for said in (vars(current), typed)
    )
    clash["rows"] = [
        {"label": shown.fields[name].label, "now": now[name], "yours": yours[name]}
        for name in now
        if now[name] or yours[name]
    ]
    whole, cell = _cell(crisis, current.sector.code, current.phase.slug)
    return _cell_page(request, crisis, whole, cell, shown, clash=clash, status=status)


def _cell_page(request, crisis, whole, cell, form, *, clash=None, status=200):
    """Ten queries for staff: session, reader, crisis, plan (4), figures, activities, changes."""
    own = inside(request.user)
    context = {
        "crisis": crisis,
        "plan": whole,
        "cell": cell,
        "form": form if crisis.may_edit and crisis.is_open else None,
        "clash": clash,
        "inside": own,
        "gaps": whole.gaps_of(cell),
        "links": [(link, link.system, "system") for link in whole.system_links(cell)]
        + [(link, link.cluster, "cluster") for link in whole.cluster_links(cell)],
        "together": whole.works_with(cell),
        "figures": crisis.figures.filter(
            sectors=cell.sector, metric__in=[Figure.Metric.TARGETED, Figure.Metric.REACHED]
        ),
        "activities": crisis.activities.filter(sectors=cell.sector),
        "changes": _changes(crisis, cell) if own else [],
        "neighbours": [one for one in whole.cells if one.sector == cell.sector],
        "phases": [cell.phase],
    }
    return render(request, "crises/cell.html", context, status=status)


def _changes(crisis, cell):
    """The last changes of the cell: (row, the row before it), the newest first. One query."""
    rows = PlanCell.history.filter(crisis=crisis, sector=cell.sector, phase=cell.phase).select_related("history_user")
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
    _whole, cell = _cell(crisis, sector, phase)
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
