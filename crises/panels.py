"""The panels of the dashboard: what it says to one reader, all from one board, for its page, its print and its files.

Three queries: how the open crises stand, the countries, the activations of twelve weeks. For a past moment two more:
which of the crises are shown, and what those that are named were called then.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crises import dashboard, past, plan, speed, trend, worldmap
from crises.models import Crisis
from crises.models.statements import SMALL
from crises.places import PLACE, Place, open_phases
from offices.models import Country
from sectors.models import Cluster, Phase, Sector, SectorPriority, System

OLDEST, WHERE, OFFICES = 6, 12, 8  # rows of the tables on the page; the files have them all
SIDES = {"system": _("Systems"), "cluster": _("Clusters"), "group": _("Other clusters, sectors, groups")}


@dataclass(frozen=True)
class Decision:
    """A gap to decide on: of which cell, for how many whole days."""

    row: dashboard.Row
    title: str
    exercise: bool
    sector: Sector
    phase: Phase
    opened_at: datetime
    days: int
    late: bool


@dataclass(frozen=True)
class Listed:
    """An open crisis as the table shows it: with the number of its mark on the map."""

    number: int
    row: dashboard.Row
    title: str
    exercise: bool
    country: Place
    phases: list[Phase]
    people: int | None
    small: bool  # so few that readers outside are not told how many
    stale: bool
    gaps: int


@dataclass(frozen=True)
class Office:
    """An office with open crises: when any of them last changed, and how many have not for too long."""

    slug: str
    name: str
    updated_at: datetime
    days: int
    overdue: bool
    crises: int
    stale: int


@dataclass(frozen=True)
class Covered:
    """A cell of the coverage: a sector in a phase, its default, and how far the plans are met; None where unneeded."""

    sector: Sector
    phase: Phase
    row: SectorPriority
    tally: plan.Tally | None

    @property
    def percent(self):
        return round(100 * self.tally.met / self.tally.needed) if self.tally else 0


@dataclass(frozen=True)
class Side:
    """Systems, clusters or groups with how often a sector linked to each is active, most first, and those without."""

    kind: str
    title: str
    partners: list[tuple[System | Cluster, int]]
    without: list[System | Cluster]


class Panels:
    """The dashboard of these crises, now or as of a past moment; of one phase where named.

    `content` is the edition in force, whose sectors, phases and partners are shown. `inside` is whether the reader is
    staff: others are not told small counts of people. `whole` is for files, whose tables are not cut short. `places`
    are the countries by code, where they have been read already.
    """

    def __init__(self, crises, content, *, phase=None, as_of=None, at=None, inside=True, whole=False, places=None):
        self.crises, self.content, self.phase, self.as_of = crises, content, phase or None, as_of
        self.at = as_of or at or timezone.now()
        self.inside, self.whole, self.places = inside, whole, places
        self.board = dashboard.board(crises, self.at, phase=phase, as_of=as_of)

    def _cut(self, rows, most):
        return rows if self.whole else rows[:most]

    @cached_property
    def counts(self):
        return self.board.counts(suppressed=not self.inside)

    # Whom and where: one query for what was said at a past moment, and one for the countries where they are not given.

    @cached_property
    def _countries(self):
        if self.places is not None:
            return self.places
        return {row[0]: Place(*row) for row in Country.objects.order_by().values_list(*PLACE)}

    @cached_property
    def _then(self):
        """The crises that are named as they stood at the moment, by primary key; none for now."""
        if not self.as_of:
            return {}
        named = {row.pk for row in self._cut(self.board.first, WHERE)}
        named |= {gap.row.pk for gap in self._oldest}
        return past.crises_at([Crisis(pk=pk) for pk in named], self.as_of)

    def _said(self, row):
        return self._then.get(row.pk, row)

    # What needs a decision?

    @cached_property
    def _oldest(self):
        return self.board.oldest(None if self.whole else OLDEST)

    @cached_property
    def decisions(self):
        """The gaps that nobody waived, the oldest first."""
        found = []
        for gap in self._oldest:
            opened_at, said = datetime.fromtimestamp(gap.opened_at, UTC), self._said(gap.row)
            days = (self.at - opened_at).days
            found.append(Decision(gap.row, said.title, said.exercise, gap.sector, gap.phase, opened_at, days, gap.late))
        return found

    # Where are open crises?

    @cached_property
    def listed(self):
        """The crises with most gaps, then most people first."""
        stale = {row.pk for row in self.board.stale}
        found = []
        for number, row in enumerate(self._cut(self.board.first, WHERE), 1):
            said = self._said(row)
            found.append(
                Listed(
                    number,
                    row,
                    said.title,
                    said.exercise,
                    self._countries[said.main_country_id if row.pk in self._then else row.country],
                    open_phases(row),
                    row.people,
                    not self.inside and row.people is not None and 0 < row.people < SMALL,
                    row.pk in stale,
                    self.board.gaps_of[row.pk],
                )
            )
        return found

    @cached_property
    def map(self):
        """A numbered mark for each crisis of the table, and a dot for each country of the others."""
        marks, others = [], {}
        for one in self.listed:
            if one.country.latitude is not None:
                home = worldmap.project(one.country.latitude, one.country.longitude)
                words = f"{one.title}, {one.country.name}: {_people(one)}, {_gaps(one.gaps)}"
                marks.append(worldmap.Mark(one.number, worldmap.size(one.people), bool(one.gaps), home, words))
        for row in self.board.first[len(self.listed) :]:
            country = self._countries[row.country]
            if country.latitude is not None:
                place = country.latitude, country.longitude
                others[place] = others.get(place, False) or bool(self.board.gaps_of[row.pk])
        return worldmap.drawn(marks, others)

    # Is the data fresh?

    @cached_property
    def offices(self):
        """The offices with open crises, the one that has been silent for longest first."""
        by_office, stale = {}, {row.pk for row in self.board.stale}
        for row in self.board.rows:
            by_office.setdefault((row.office_slug, row.office_name), []).append(row)
        before, found = self.at - timedelta(days=settings.CRISIS_STALE_DAYS), []
        for (slug, name), rows in by_office.items():
            last = max(row.last_update for row in rows)
            days, late = (self.at - last).days, sum(row.pk in stale for row in rows)
            found.append(Office(slug, name, last, days, last < before, len(rows), late))
        return sorted(found, key=lambda office: (office.updated_at, office.name))

    @property
    def silent(self):
        """Those that the page shows."""
        return self._cut(self.offices, OFFICES)

    @cached_property
    def overdue(self):
        return sum(office.overdue for office in self.offices)

    # Which sectors are active where the plan needs them?

    @cached_property
    def phases(self):
        return [one for one in self.content.phases if self.phase in (None, one.slug)]

    @cached_property
    def coverage(self):
        """Each sector of the edition in force with a cell for each phase shown."""
        covered = self.board.coverage
        return [
            (
                sector,
                [
                    Covered(
                        sector,
                        phase,
                        self.content.priorities[sector.pk, phase.pk],
                        covered.get((sector.code, phase.slug)),
                    )
                    for phase in self.phases
                ],
            )
            for sector in self.content.sectors
        ]

    @cached_property
    def sums(self):
        """All sectors of each phase shown, those of other editions among them."""
        return [self._sum(lambda _code, slug, one=phase: slug == one.slug) for phase in self.phases]

    @cached_property
    def elsewhere(self):
        """The needed sectors that the grid has no row for: those of plans under an older framework."""
        shown = {(sector.code, phase.slug) for sector in self.content.sectors for phase in self.content.phases}
        return self._sum(lambda *key: key not in shown)

    def _sum(self, wanted):
        return sum((tally for key, tally in self.board.coverage.items() if wanted(*key)), plan.Tally())

    # Who do we work with?

    @cached_property
    def sides(self):
        """Every system, cluster and group of the edition in force, by how often a sector linked to it is active."""
        found = []
        for kind, title in SIDES.items():
            partners = self.content.systems if kind == "system" else self.content.clusters_of(kind)
            counted = sorted(
                ((partner, self.board.links[partner]) for partner in partners), key=lambda one: (-one[1], str(one[0]))
            )
            with_some = [(partner, n) for partner, n in counted if n]
            found.append(Side(kind, title, with_some, [partner for partner, n in counted if not n]))
        return found

    @property
    def unlinked(self):
        return [partner for side in self.sides for partner in side.without]

    @cached_property
    def most_links(self):
        return max((n for side in self.sides for _partner, n in side.partners), default=0)

    # Is response speeding up? How fast is the first critical sector active?

    @cached_property
    def weeks(self):
        return trend.weeks(self.crises, self.at, phase=self.phase, as_of=self.as_of)

    @property
    def last_week(self):
        return self.weeks[-1]

    @property
    def activations(self):
        return sum(week.total for week in self.weeks)

    @property
    def priorities(self):
        """What the columns are made of, from their foot up."""
        return [(priority.value, priority.label) for priority in trend.STACK]

    @cached_property
    def columns(self):
        return trend.columns(self.weeks)

    @cached_property
    def times(self):
        return speed.times(self.board.rows, self.at)

    @cached_property
    def overall(self):
        return speed.overall(self.times)

    @property
    def times_and_all(self):
        return [*self.times, self.overall]

    @cached_property
    def strip(self):
        return speed.strip(self.times)


def _people(one):
    if one.people is None:
        return _("people not reported")
    if one.small:
        return _("fewer than %(n)s people") % {"n": SMALL}
    return ngettext("%(n)s person", "%(n)s people", one.people) % {"n": f"{one.people:,}"}


def _gaps(n):
    return ngettext("%(n)s gap", "%(n)s gaps", n) % {"n": n}
