"""The gaps of one crisis: why each is one, since when, and what would close it."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from crises.reading import plan_of
from crises.views.scope import inside, readers, seen_crisis
from crises.views.then import as_of, stood
from sectors.exports import table_file

HEADER = (
    "reference,sector,sector_name,phase,priority,default,because,paragraph,provenance,justification,opened_at,opened_why,"
    "days_open,late,waived_until,waiver,closes"
)


# /crises/<reference>/gaps/


@readers
@as_of
@require_safe
def crisis_gaps(request, reference, then=None):
    """Every open gap of a crisis explained, the waived ones apart, and the gaps there were. Seven queries for staff."""
    crisis = stood(request, seen_crisis(request, reference), then)
    whole = plan_of(crisis, as_of=then and then.at)
    labels = {cell.key: cell for cell in whole.cells}
    context = {
        "crisis": crisis,
        "then": then,
        "plan": whole,
        "inside": inside(request.user),
        "past": [(labels[gap.sector_id, gap.phase_id], gap) for gap in reversed(whole.recorded) if gap.closed_at],
    }
    return render(request, "crises/crisis_gaps.html", context)


# /crises/<reference>/gaps.csv, gaps.xlsx


@readers
@as_of
@require_safe
def crisis_gaps_file(request, reference, kind, then=None):
    """The open gaps of a crisis as a table, waived ones among them."""
    crisis = stood(request, seen_crisis(request, reference), then)
    whole = plan_of(crisis, as_of=then and then.at)
    at = then and then.at

    def line(cell):
        gap = cell.open_gap
        return [
            crisis.reference,
            cell.sector.code,
            cell.sector.name,
            cell.phase.slug,
            cell.priority,
            cell.default,
            cell.because,
            cell.row.paragraph,
            cell.row.provenance,
            cell.entry.justification,
            gap.opened_at,
            gap.opened_why,
            gap.days_open(at),
            "yes" if gap.late(at) else "no",
            gap.last_waiver.until if cell.waived else None,
            gap.last_waiver.reason if cell.waived else None,
            cell.closes,
        ]

    return table_file(kind, f"gaps-{crisis.reference}", HEADER.split(","), map(line, [*whole.gaps, *whole.waived]))
