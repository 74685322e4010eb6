"""The plan of a crisis: its cells, the status of each, and waivers of gaps."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import plan, services
from crises.forms.plan import CellForm, WaiverForm
from crises.models import Gap, PlanCell
from crises.reading import plan_of
from crises.views.scope import readers, seen_crisis
from sectors.exports import csv_file

SHOWN = {
    "all": lambda cell: True,
    "critical": lambda cell: cell.priority == "critical",
    "gaps": lambda cell: cell.gap and not cell.waived,
    "active": lambda cell: cell.status in PlanCell.MET,
}


@readers
@require_safe
def plan_page(request, reference):
    """The 45 cells by phase, gaps first, with the reason of each and, for the office, its status to change."""
    crisis = seen_crisis(request, reference)
    whole = plan_of(crisis)
    phase, show = request.GET.get("phase", ""), request.GET.get("show", "all")
    slugs = [phase.slug for phase in whole.content.phases]
    if phase not in ("", "all", *slugs) or show not in SHOWN:
        return HttpResponseBadRequest(
            render(request, "400.html", {"exception": _("That part of the plan is not known.")})
        )
    now = {period.phase.slug for period in whole.open_periods}
    chosen = [slug for slug in slugs if phase in ("all", slug)] or [slug for slug in slugs if slug in now] or slugs
    cells = [cell for cell in whole.cells if cell.phase.slug in chosen]
    return render(
        request,
        "crises/plan.html",
        {
            "crisis": crisis,
            "plan": whole,
            "sections": [_section(whole, slug, show, crisis.may_edit and crisis.is_open) for slug in chosen],
            "tabs": [
                {"slug": one.slug, "name": one.short_name, "open": one.slug in now, "on": phase == one.slug}
                for one in whole.content.phases
            ],
            "phase": phase,
            "show": show,
            "counts": {name: sum(map(test, cells)) for name, test in SHOWN.items()},
            "together": _together(whole, cells),
        },
    )


def _section(whole, slug, show, may_change):
    phase = whole.content.phase(slug)
    cells = [cell for cell in whole.cells if cell.phase == phase]
    order = {True: 0, False: 1}
    shown = sorted(
        filter(SHOWN[show], cells),
        key=lambda cell: (order[cell.gap and not cell.waived], order[cell.priority == "critical"], cell.sector.number),
    )
    return {
        "phase": phase,
        "open": [period for period in whole.open_periods if period.phase_id == phase.pk],
        "tally": plan.tally(cells),
        "rows": [_row(whole, cell, may_change) for cell in shown],
    }


def _row(whole, cell, may_change):
    row = {
        "cell": cell,
        "anchor": f"{cell.sector.code}-{cell.phase.slug}",
        "main": [link.system.short_name for link in whole.system_links(cell) if link.strength == "main"]
        + [link.cluster.short_name for link in whole.cluster_links(cell) if link.strength == "main"],
    } | age(cell)
    if may_change:
        row["form"] = _cell_form(cell.entry, prefix=row["anchor"])
    return row


def age(cell):
    """Days since a cell's gap opened, and whether that is late; empty where there is none."""
    if not cell.open_gap:
        return {}
    age = timezone.now() - cell.open_gap.opened_at
    return {"days": age.days, "late": age > timedelta(hours=settings.GAP_LATE_HOURS)}


def _cell_form(entry, prefix="cell"):
    return CellForm(
        entry=entry,
        auto_id=f"id_{prefix}_%s",
        initial={
            "status": entry.status,
            "since": entry.since,
            "lead": entry.lead,
            "cluster_contact": entry.cluster_contact,
            "note": entry.note,
            "revision": entry.revision,
            "key": uuid.uuid4(),
        },
    )


def _together(whole, cells):
    """What the framework says works together, for sectors that are active or critical here. Each pair once."""
    live = [cell for cell in cells if cell.status in PlanCell.MET or cell.needed]
    found = {advice.row.pk: advice for cell in live for advice in whole.works_with(cell)}
    return sorted(found.values(), key=lambda advice: advice.row.pk)


@readers
@require_safe
def plan_csv(request, reference):
    """The plan as a table: one line a cell, every phase."""
    crisis = seen_crisis(request, reference)
    whole = plan_of(crisis)
    header = (
        "reference,sector,sector_name,phase,default,priority,because,paragraph,provenance,needed,status,since,lead,"
        "gap_since,days_open,waived_until,systems,clusters"
    )
    own = not request.user.is_anonymous and not request.user.partner_id

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
            cell.entry.lead if own else "",
            gap.opened_at.isoformat() if gap else None,
            age(cell).get("days") if gap else None,
            gap.last_waiver.until if gap and cell.waived else None,
            " ".join(f"{link.system.slug}:{link.strength}" for link in whole.system_links(cell)),
            " ".join(f"{link.cluster.slug}:{link.strength}" for link in whole.cluster_links(cell)),
        ]

    return csv_file(f"plan-{crisis.reference}.csv", header.split(","), map(line, whole.cells))


@readers
@require_http_methods(["GET", "HEAD", "POST"])
def cell_page(request, reference, sector, phase):
    """One sector in one phase: why it matters, what the office does, who else works on it, and its past."""
    crisis = seen_crisis(request, reference)
    whole = plan_of(crisis)
    cell = whole.cell(sector, phase)
    if cell is None:
        raise Http404
    form, stale, status = _cell_form(cell.entry), None, 200
    if request.method == "POST":
        form, status = CellForm(request.POST, entry=cell.entry, auto_id="id_cell_%s"), 400
        if form.is_valid():
            said = form.cleaned_data
            try:
                outcome = services.change_status(
                    crisis=crisis, sector=cell.sector, phase=cell.phase, by=request.user, **said
                )
            except ValidationError as error:
                form.add_error(None, error)
            except services.KeyReused:
                form.add_error(None, _("This form was sent before with other answers. Check them and save again."))
                form.data = {**form.data.dict(), "key": str(uuid.uuid4())}
            except services.Stale as refusal:
                stale, status = refusal.current, 409
                form.data = {**form.data.dict(), "revision": stale.revision, "key": str(uuid.uuid4())}
            else:
                messages.success(request, _done(cell, said["status"], outcome))
                if "plan" in request.POST:
                    return redirect(f"{reverse('plan', args=[reference])}?phase={phase}#{sector}-{phase}")
                return redirect("cell", reference, sector, phase)
    return render(request, "crises/cell.html", _cell_context(crisis, whole, cell, form, stale), status=status)


def _cell_context(crisis, whole, cell, form, stale):
    here = {"sector": cell.sector, "phase": cell.phase}
    return {
        "crisis": crisis,
        "plan": whole,
        "cell": cell,
        "form": form if crisis.may_edit and crisis.is_open else None,
        "stale": stale,
        "gaps": crisis.gaps.filter(**here).prefetch_related("waivers").order_by("-opened_at"),
        "system_links": whole.system_links(cell),
        "cluster_links": whole.cluster_links(cell),
        "together": whole.works_with(cell),
        "figures": crisis.figures.filter(sectors=cell.sector),
        "activities": crisis.activities.filter(sectors=cell.sector),
        "changes": cell.entry.history.select_related("history_user")[:20] if cell.entry.pk else [],
    } | age(cell)


def _done(cell, status, outcome):
    """What a change of status did, in words."""
    words = {
        "not_started": _("%(sector)s is back to not started."),
        "planned": _("%(sector)s is planned."),
        "active": _("%(sector)s is active."),
        "completed": _("%(sector)s is completed."),
        "stood_down": _("%(sector)s stands down."),
    }[status] % {"sector": cell.sector.short_name}
    if outcome.closed:
        words += " " + _("Its gap is closed.")
    if outcome.opened:
        words += " " + _("A gap is open.")
    return words


@login_required
@require_http_methods(["GET", "POST"])
def waive(request, reference, sector, phase):
    """HQ accepts the gap of a cell until a day, for a reason."""
    crisis = seen_crisis(request, reference)
    if not crisis.may_decide:
        raise PermissionDenied(_("You need to be an HQ reviewer to waive a gap. An administrator grants that."))
    cell = plan_of(crisis).cell(sector, phase)
    if cell is None:
        raise Http404
    form = WaiverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            gap = (
                Gap.objects.open()
                .select_related("crisis", "sector", "phase")
                .get(crisis=crisis, sector=cell.sector, phase=cell.phase)
            )
            services.waive_gap(gap=gap, by=request.user, **form.cleaned_data)
        except Gap.DoesNotExist:
            form.add_error(None, _("This gap has been closed in the meantime. There is nothing to waive."))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The gap is waived."))
            return redirect("cell", reference, sector, phase)
    status = 400 if form.errors else 200
    return render(request, "crises/waive.html", {"crisis": crisis, "cell": cell, "form": form}, status=status)
