"""Every figure HQ sees across crises: a scoped queryset of crises in, plain data out.

One query reads how each open crisis stands (crises.standing); all figures of a page are counted from those rows, so
that no panel can contradict another, and the same code answers for a past moment.
"""

from collections import Counter
from datetime import date, datetime, timedelta
from functools import cached_property
from heapq import nsmallest
from typing import NamedTuple

import orjson
from django.conf import settings
from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from crises import plan
from crises.models import Figure, PlanCell, Standing
from crises.models.statements import SMALL
from crises.standing import SIGNS
from sectors import reference
from sectors.models import Phase, Sector

RECENT = timedelta(days=30)


class Row(NamedTuple):
    """How one open crisis stands. `last_update` is that of its office."""

    pk: int
    reference: str
    title: str
    exercise: bool
    country: str  # ISO3
    office: int
    office_slug: str
    office_name: str
    logged_at: datetime
    part_of: int | None
    edition: int
    last_update: datetime
    revision: int
    cells: str
    level: str
    review_on: date | None
    activation: str
    people: int | None
    people_on: date | None
    first_met_on: date | None
    gaps: list


OF_CRISIS = (
    *("pk", "reference", "title", "exercise", "main_country", "office", "office__slug", "office__name", "logged_at"),
    *("part_of", "edition"),
)
KEPT = ("last_update", "revision", "cells", "level", "review_on", "activation", "people", "people_on", "first_met_on")


def rows(crises, as_of=None):
    """How those of these crises that are open stand, now or at a past moment. One query; two for the past."""
    found = _stood(crises, as_of) if as_of else list(_stand(crises))
    every = orjson.loads(f"[{','.join(row[-1] for row in found)}]")  # at once: one by one takes twice as long
    return [Row._make((*row[:-1], gaps)) for row, gaps in zip(found, every, strict=True)]


def _stand(crises):
    # From the crises, not from how they stand: the table of crises is read once, and the archive is not.
    found = crises.open().filter(standings__isnull=False, standings__until=None).order_by()
    return found.values_list(*OF_CRISIS, *(f"standings__{name}" for name in KEPT), Cast("standings__gaps", TextField()))


def _stood(crises, moment):
    """All that stood then, and of these the ones among the crises, which are asked for by name: what they follow from
    at a past moment is a matter of history, which is long."""
    every = Standing.objects.at(moment).order_by()
    every = every.values_list(*(f"crisis__{name}" for name in OF_CRISIS), *KEPT, Cast("gaps", TextField()))
    every = list(every)
    among = set(crises.order_by().filter(pk__in=[row[0] for row in every]).values_list("pk", flat=True))
    return [row for row in every if row[0] in among]


class Missing(NamedTuple):
    """An open gap: of which crisis and cell, since when, and whether it is waived, or open for too long."""

    row: Row
    sector: Sector
    phase: Phase
    opened_at: int  # seconds
    waived: bool
    late: bool
    waived_until: str | None  # ISO


class Board:
    """The figures of the open crises in `rows`, at a moment; of one phase where named."""

    def __init__(self, rows, at=None, *, phase=None):
        self.at = at or timezone.now()
        self.phase = phase or None
        self.rows = [row for row in rows if self._in_phase(row)] if self.phase else rows

    def _in_phase(self, row):
        places = self.places(row.edition)
        return any(SIGNS[sign].phase_open and places[n][1].slug == self.phase for n, sign in enumerate(row.cells))

    def places(self, edition):
        """The (sector, phase) of each place of a plan of this edition."""
        return reference.content(edition).places

    def shows(self, phase):
        return self.phase in (None, phase.slug)

    # The open gaps, waived ones among them, are (opened at, crisis pk, place, waived until, row): a page counts and
    # sorts ten thousand of them and shows fifty, and only those are made into Missing.

    @cached_property
    def _open(self):
        """Those that nobody waived, those that are waived, and of the former the late ones: told apart in one pass."""
        uncovered, waived, late, today, before = [], [], [], self._today, self._late_before
        for row in self.rows:
            pk, shown = row.pk, self.phase and self._shown[row.edition]
            for place, at, until in row.gaps:
                if shown and not shown[place]:
                    continue
                gap = (at, pk, place, until, row)
                if until is not None and until >= today:
                    waived.append(gap)
                    continue
                uncovered.append(gap)
                if at < before:
                    late.append(gap)
        return uncovered, waived, late

    @cached_property
    def _shown(self):
        """Whether each place of the plans of an edition is shown: {edition: [bool]}."""
        editions = {row.edition for row in self.rows}
        return {edition: [self.shows(phase) for _, phase in self.places(edition)] for edition in editions}

    @property
    def uncovered(self):
        """The gaps that nobody waived. Sorted, the oldest come first; `missing` makes one of them readable."""
        return self._open[0]

    @property
    def waived(self):
        """The waived gaps, like `uncovered`."""
        return self._open[1]

    @property
    def late(self):
        """Of the uncovered gaps those that are open for longer than a critical sector may wait."""
        return self._open[2]

    @cached_property
    def _today(self):
        return self.at.date().isoformat()

    @cached_property
    def _late_before(self):
        return (self.at - timedelta(hours=settings.GAP_LATE_HOURS)).timestamp()

    def missing(self, gap):
        """One of the open gaps as Missing."""
        opened_at, _pk, place, until, row = gap
        sector, phase = self.places(row.edition)[place]
        waived = until is not None and until >= self._today
        return Missing(row, sector, phase, opened_at, waived, opened_at < self._late_before, until)

    def missing_of(self, row):
        """The open gaps of one crisis: {place in its plan: Missing}."""
        places = self.places(row.edition)
        return {
            place: self.missing((at, row.pk, place, until, row))
            for place, at, until in row.gaps
            if self.shows(places[place][1])
        }

    def oldest(self, most=None):
        """The gaps that nobody waived as Missing, the oldest first: all, or the first of them."""
        found = sorted(self.uncovered) if most is None else nsmallest(most, self.uncovered)
        return [self.missing(gap) for gap in found]

    @cached_property
    def _signs(self):
        """How often each sign stands in each cell that is shown: [(edition, sector, phase, {sign: n})]."""
        found = []
        for edition in {row.edition for row in self.rows}:
            plans = [row.cells for row in self.rows if row.edition == edition]
            every, places = "".join(plans), self.places(edition)
            for n, (sector, phase) in enumerate(places):
                if self.shows(phase):
                    column = every[n :: len(places)]
                    counted = {letter: column.count(letter) for letter in SIGNS}
                    found.append((edition, sector, phase, {SIGNS[one]: k for one, k in counted.items() if k}))
        return found

    @cached_property
    def coverage(self):
        """How far the plans are met: {(sector code, phase slug): plan.Tally} of needed sectors."""
        counted = {}
        for _edition, sector, phase, signs in self._signs:
            tally = counted.setdefault((sector.code, phase.slug), Counter())
            for sign, n in signs.items():
                if sign.needed and not sign.gap:
                    tally[sign.status] += n
        for name, gaps in (("gaps", self.uncovered), ("waived", self.waived)):
            for edition in {row.edition for row in self.rows}:
                places = self.places(edition)
                for place, n in Counter([gap[2] for gap in gaps if gap[4].edition == edition]).items():
                    sector, phase = places[place]
                    counted[sector.code, phase.slug][name] += n
        return {key: plan.Tally(**tally) for key, tally in counted.items() if tally}

    @cached_property
    def total(self):
        """The needed sectors of all crises."""
        return sum(self.coverage.values(), plan.Tally())

    @cached_property
    def first(self):
        """The crises with most gaps first, then those with most people."""
        return sorted(self.rows, key=lambda row: (-self.gaps_of[row.pk], -(row.people or 0), -row.revision))

    @cached_property
    def gaps_of(self):
        """{crisis pk: how many gaps it has that are not waived}."""
        return Counter([gap[1] for gap in self.uncovered])

    @cached_property
    def stale(self):
        """The crises without an update for longer than one may stay so."""
        before = self.at - timedelta(days=settings.CRISIS_STALE_DAYS)
        return [row for row in self.rows if row.last_update < before]

    def counts(self, *, suppressed=False):
        """How many crises are open, recent and stale, and how many people they report affected.

        `people` adds one figure a crisis, its newest key figure; nothing within one crisis is added. A crisis that is
        part of another one here is counted there: `whole` are the others. None where no crisis reports: then it is
        not known, and not zero. `suppressed` leaves out small figures, so that no sum gives one away.
        """
        here = {row.pk for row in self.rows}
        whole = [row for row in self.rows if row.part_of not in here]
        told = [row for row in whole if row.people is not None and not (suppressed and 0 < row.people < SMALL)]
        return {
            "open": len(self.rows),
            "exercises": sum(row.exercise for row in self.rows),
            "recent": sum(row.logged_at >= self.at - RECENT for row in self.rows),
            "stale": len(self.stale),
            "whole": len(whole),
            "people": sum(row.people for row in told) if told else None,
            "reporting": len(told),
            "first": min((row.people_on for row in told), default=None),
            "last": max((row.people_on for row in told), default=None),
        }

    @cached_property
    def active(self):
        """How often each sector is active in an open phase: {(edition, sector): n}."""
        found = Counter()
        for edition, sector, _phase, signs in self._signs:
            active = (sign for sign in signs if sign.phase_open and sign.status == PlanCell.Status.ACTIVE)
            found[edition, sector] += sum(signs[sign] for sign in active)
        return found

    @cached_property
    def active_sectors(self):
        """The same by the code of the sector, of every edition: {sector code: n}."""
        found = Counter()
        for (_edition, sector), n in self.active.items():
            found[sector.code] += n
        return found

    @cached_property
    def links(self):
        """How often a sector is active that is linked to each system and cluster, by the edition its crisis follows."""
        found = Counter()
        for (edition, sector), n in self.active.items():
            for link in reference.content(edition).links_of(sector):
                found[link.target] += n
        return found


def board(crises, at=None, *, phase=None, as_of=None):
    """The figures of those of these crises that are open, now or at a past moment. One query."""
    return Board(rows(crises, as_of), as_of or at, phase=phase)


def newest_affected(column):
    """A column of the newest key figure of people affected, of all groups, as a subquery of a crisis."""
    figures = Figure.objects.of(OuterRef("pk")).standing().affected()
    return Subquery(figures.order_by("-as_of", "-pk").values(column)[:1])
