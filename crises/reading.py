"""One crisis as pages and API read it."""

from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone

from crises import past, plan
from crises.models import Figure, Gap, PhasePeriod, Waiver
from sectors import reference
from sectors.reference import Content


@dataclass(frozen=True)
class CrisisPlan:
    """The plan of one crisis with the recorded gaps: what the plan page, the crisis page and the API show."""

    content: Content
    cells: list[plan.Cell]  # 45 for the framework of 2012, by sector then phase
    periods: list[PhasePeriod]  # every period, the framework's order
    recorded: list[Gap]  # every gap there ever was, the oldest first

    @property
    def open_periods(self):
        return [period for period in self.periods if period.left_on is None]

    @property
    def gaps(self):
        """Cells that are gaps and not waived, the oldest first."""
        return sorted((cell for cell in self.cells if cell.gap and not cell.waived), key=_age)

    @property
    def waived(self):
        return sorted((cell for cell in self.cells if cell.gap and cell.waived), key=_age)

    @property
    def tally(self):
        return plan.tally(self.cells)

    def cell(self, sector_code, phase_slug):
        """The cell of this sector and phase; None where the framework has none."""
        return next(
            (cell for cell in self.cells if (cell.sector.code, cell.phase.slug) == (sector_code, phase_slug)), None
        )

    def gaps_of(self, cell):
        """Every gap this cell has had, the newest first."""
        return [gap for gap in reversed(self.recorded) if (gap.sector_id, gap.phase_id) == cell.key]

    def works_with(self, cell):
        return plan.works_with(self.content, cell, self.cells)

    def system_links(self, cell):
        """Links of the cell's sector to systems, main ones first."""
        return self.content.system_links.get(cell.sector.pk, ())

    def cluster_links(self, cell):
        return self.content.cluster_links.get(cell.sector.pk, ())


def _age(cell):
    return cell.open_gap.opened_at


def plan_of(crisis, at=None, *, as_of=None):
    """The plan of a crisis now. Four queries once the process holds the edition: entries, periods, gaps, waivers.

    With `as_of`, the plan as it was shown at that past moment, in as many; `crisis` is then as of past.crisis_at.
    """
    content = reference.content(crisis.edition_id)
    today = (as_of or at or timezone.now()).date()
    waivers = Waiver.objects.select_related("by")
    gaps = crisis.gaps.with_waiver(today, as_of)
    if as_of:
        waivers = waivers.filter(at__lte=as_of)
        periods, entries = past.periods_at(crisis, content, as_of), past.entries_at(crisis, as_of)
    else:
        periods, entries = list(crisis.periods.select_related("phase")), crisis.cells.all()
    recorded = list(gaps.prefetch_related(Prefetch("waivers", waivers)))
    if as_of:
        recorded = past.gaps_at(recorded, as_of)
    cells = plan.cells(
        content,
        crisis,
        entries,
        {period.phase_id for period in periods if period.left_on is None},
        [gap for gap in recorded if gap.closed_at is None],
    )
    return CrisisPlan(content, cells, periods, recorded)


def headline(figures):
    """The newest key figure of each metric and group: statements side by side, never added."""
    newest = {}
    for figure in figures:  # newest first
        if figure.headline:
            newest.setdefault((figure.metric, figure.group), figure)
    groups, metrics = list(dict(Figure.GROUPS)), Figure.Metric.values
    return sorted(newest.values(), key=lambda figure: (metrics.index(figure.metric), groups.index(figure.group)))
