"""A regional crisis and its parts, side by side: what each needs, does and lacks. Nothing here is ever added up."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from crises import listing, plan
from crises.models import Crisis, Figure, Gap, PlanCell
from sectors import reference


@dataclass(frozen=True)
class Part:
    """One part with its plan: `crisis` as of listing.rows."""

    crisis: Crisis
    cells: dict  # {(sector pk, phase pk): plan.Cell}
    figure: Figure = None  # the newest key figure, of whatever it counts
    label: str = ""  # the shortest name that tells it from the others here

    def in_phase(self, phase):
        return any(period.phase_id == phase.pk for period in self.crisis.open_periods)

    @property
    def oldest(self):
        """The cell whose gap is open the longest, waivers aside; None where nothing is missing."""
        missing = [cell for cell in self.cells.values() if cell.gap and not cell.waived]
        return min(missing, key=lambda cell: cell.open_gap.opened_at, default=None)

    @property
    def tally(self):
        return plan.tally(self.cells.values())


def side_by_side(parts, at=None):
    """The plans of these crises, by name. Six queries, however many there are: crises, phases, entries, gaps and
    their waivers, figures.
    """
    today = (at or timezone.now()).date()
    rows = list(listing.rows(parts, at).order_by("title", "pk"))
    these = [crisis.pk for crisis in rows]
    entries = _by_crisis(PlanCell.objects.filter(crisis__in=these))
    gaps = _by_crisis(Gap.objects.open().filter(crisis__in=these).with_waiver(today).prefetch_related("waivers"))
    figures = {figure.whose: figure for figure in _newest(these)}
    one_a_country = len({crisis.main_country_id for crisis in rows}) == len(rows)
    return [
        Part(
            crisis,
            {
                cell.key: cell
                for cell in plan.cells(
                    reference.content(crisis.edition_id),
                    crisis,
                    entries.get(crisis.pk, ()),
                    {period.phase_id for period in crisis.open_periods},
                    gaps.get(crisis.pk, ()),
                )
            },
            figures.get(crisis.pk),
            crisis.main_country_id if one_a_country else crisis.reference,
        )
        for crisis in rows
    ]


def _by_crisis(rows):
    found = {}
    for row in rows:
        found.setdefault(row.crisis_id, []).append(row)
    return found


def _newest(crises):
    """The newest key figure of each of these crises that says how many, with the crisis in `whose`."""
    told = Figure.objects.of(Crisis.objects.filter(pk__in=crises)).standing().filter(headline=True, value__isnull=False)
    told = told.annotate(whose=Coalesce("crisis__merged_into", "crisis"))
    newer = told.filter(whose=OuterRef("whose")).filter(
        Q(as_of__gt=OuterRef("as_of")) | Q(as_of=OuterRef("as_of"), pk__gt=OuterRef("pk"))
    )
    return told.filter(~Exists(newer))
