"""The plan of a crisis: its cells by phase, and as a table."""

import uuid

from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crises import plan, printed, rebase, reviewing
from crises.advice import proposals
from crises.forms.plan import PlanFilter
from crises.models import PlanCell, PlanPriority
from crises.models.crisis import newest_edition
from crises.reading import plan_of
from crises.views.scope import inside, readers, seen_crisis
from crises.views.then import as_of, stood
from sectors.exports import table_file
from sectors.models import Priority, Strength

SHOWN = {
    PlanFilter.ALL: lambda cell: True,
    PlanFilter.CRITICAL: lambda cell: cell.priority == Priority.CRITICAL,
    PlanFilter.GAPS: lambda cell: cell.gap and not cell.waived,
    PlanFilter.CHANGED: lambda cell: cell.changed,
}
RANK = list(PlanPriority.values)


# /crises/<reference>/plan/


@readers
@as_of
@require_safe
def plan_page(request, reference, then=None):
    """The 45 cells by phase, gaps first, each with its reason and, for the office, its status to change."""
    also = {"newest_edition": newest_edition(), **reviewing.asked(request.user)}
    crisis = stood(request, seen_crisis(request, reference, **also), then)
    whole = plan_of(crisis, as_of=then and then.at)
    said = {} if then else reviewing.to_answer_by_name(crisis)
    asked = PlanFilter(request.GET, phases=whole.content.phases)
    context = {"crisis": crisis, "then": then, "plan": whole, "may_change": crisis.may_edit and crisis.is_open}
    context["pdf"] = printed.available()
    if not asked.is_valid():
        return render(request, "crises/plan.html", context | {"problems": asked.problems}, status=400)
    phase, show = asked.cleaned_data["phase"], asked.cleaned_data["show"]
    phases = _phases(whole, phase)
    cells = [cell for cell in whole.cells if cell.phase in phases]
    links = {sector.pk: _link_names(whole, sector) for sector in whole.content.sectors}
    changes = _changes(crisis, whole, then) if inside(request.user) else {}
    return render(
        request,
        "crises/plan.html",
        context
        | {
            "inside": inside(request.user),
            "ahead": rebase.ahead(crisis, whole) if inside(request.user) and not then else None,
            "sections": [_section(whole, phase, show, links, changes, said) for phase in phases],
            "tabs": _tabs(whole, phase, show),
            "filters": [
                {"value": value, "name": name, "n": sum(map(SHOWN[value], cells)), "query": _query(phase, value)}
                for value, name in {
                    PlanFilter.ALL: _("All"),
                    PlanFilter.CRITICAL: _("Critical"),
                    PlanFilter.GAPS: _("Gaps"),
                    PlanFilter.CHANGED: _("Changed"),
                }.items()
            ],
            "show": show,
            "query": _query(phase, show),
            "width": 7 if inside(request.user) else 6,
            "phases": phases if len(phases) == 1 else [],
            "tailored": plan.tailored(whole.cells),
            "waiting": sum(cell.phase_open and not (cell.changed or cell.confirmed) for cell in whole.cells),
            "proposals": _proposed(whole, crisis, phases),
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


def _changes(crisis, whole, then):
    """Who set each own priority and when: {cell pk: row of history}. One query, none where the office set none."""
    changed = [cell.entry.pk for cell in whole.cells if cell.changed]
    if not changed:
        return {}
    rows = PlanCell.history.filter(id__in=changed, **({"history_date__lte": then.at} if then else {}))
    return {
        row.id: row
        for row in rows.select_related("history_user").order_by("history_date", "history_id")
        if (row.history_change_reason or {}).get("event") == "priority"
    }


def _section(whole, phase, show, links, changes, said):
    cells = [cell for cell in whole.cells if cell.phase == phase]
    shown = sorted(filter(SHOWN[show], cells), key=_urgency)
    return {
        "phase": phase,
        "period": next((period for period in whole.open_periods if period.phase_id == phase.pk), None),
        "tally": plan.tally(cells),
        "rows": [
            {
                "cell": cell,
                "anchor": anchor(cell),
                "links": links[cell.sector.pk],
                "key": uuid.uuid4(),
                "undo": uuid.uuid4() if cell.changed else None,
                "change": changes.get(cell.entry.pk),
                "said": said.get(anchor(cell), []),
            }
            for cell in shown
        ],
    }


def _urgency(cell):
    """Gaps first, the oldest of them first; then by priority; then by number."""
    uncovered = cell.gap and not cell.waived
    return (not uncovered, cell.open_gap.opened_at if uncovered else 0, RANK.index(cell.priority), cell.sector.number)


def anchor(cell):
    """Where the row of a cell stands in the page."""
    return f"{cell.sector.code}-{cell.phase.slug}"


def _link_names(whole, sector):
    """Whom the sector works with, by their short names: {strength: [names]}."""
    names = {strength.value: [] for strength in Strength}
    for link in whole.content.system_links.get(sector.pk, ()):
        names[link.strength].append(link.system.short_name)
    for link in whole.content.cluster_links.get(sector.pk, ()):
        names[link.strength].append(link.cluster.short_name)
    return names


def _proposed(whole, crisis, phases):
    """What the framework advises to add, where the sector or one that asks for it is in a phase shown."""
    return [
        proposal
        for proposal in proposals(whole.content, whole.cells, crisis)
        if proposal.cell.phase in phases or any(tie.of.phase in phases for tie in proposal.ties)
    ]


# /crises/<reference>/plan.csv, plan.xlsx


HEADER = [
    "reference",
    "sector",
    "sector_name",
    "phase",
    "stated",
    "default",
    "priority",
    "justification",
    "confirmed",
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
    "closes",
    "systems",
    "clusters",
]


@readers
@as_of
@require_safe
def plan_file(request, reference, kind, then=None):
    """The whole plan as a table: one line for each sector and phase. Names of staff are for staff."""
    crisis = stood(request, seen_crisis(request, reference), then)
    whole = plan_of(crisis, as_of=then and then.at)
    own = inside(request.user)

    def line(cell):
        gap = cell.open_gap if cell.gap else None
        return [
            crisis.reference,
            cell.sector.code,
            cell.sector.name,
            cell.phase.slug,
            cell.row.priority,
            cell.default,
            cell.priority,
            cell.entry.justification,
            "yes" if cell.confirmed else "no",
            cell.because,
            cell.row.paragraph,
            cell.row.provenance,
            "yes" if cell.needed else "no",
            cell.status,
            cell.entry.since,
            cell.entry.lead if own else None,
            gap and gap.opened_at,
            gap and gap.days_open(),
            gap.last_waiver.until if cell.waived else None,
            cell.closes,
            "; ".join(f"{link.system.slug} ({link.strength})" for link in whole.system_links(cell)),
            "; ".join(f"{link.cluster.slug} ({link.strength})" for link in whole.cluster_links(cell)),
        ]

    return table_file(kind, f"plan-{crisis.reference}", HEADER, map(line, whole.cells))
