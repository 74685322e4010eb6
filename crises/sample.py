"""A made-up archive of any size, for trials of speed: the same rows every time, written in bulk.

Every crisis is marked as an exercise and keeps the rules of the plan: its gaps are those that its phases, facts and
cells leave open. Their plans follow a few hundred patterns, so that a million crises take minutes.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from types import SimpleNamespace
from typing import NamedTuple

from django.db import connection, models, transaction

from crises import bulk, plan, standing
from crises.models import Counter, Crisis, Figure, Gap, LevelDecision, PhasePeriod, PlanCell, Review, Standing
from crises.models.crisis import fold
from crises.services.facts import SIGNS
from offices.models import Country, Office, User
from sectors import reference
from sectors.models import Edition, Fact

PATTERNS = 599
TOUCHED = 10  # cells of each plan that the office has spoken of
FIRST_DAY = date(2012, 9, 17)
STATUSES = ["not_started", "planned", "active", "active", "active", "completed", "stood_down"]
LEVELS = ["", "", "1", "2", "3"]
REVIEWS = ["approved", "approved", "approved", "changed", "in_review", "sent_back", "not_reviewed", "not_reviewed"]
CAUSES = {
    "conflict": "fighting",
    "natural_hazard": "flood",
    "epidemic": "cholera",
    "economic_other": "price rise",
    "several": "drought and fighting",
}


class Pattern(NamedTuple):
    """A plan that many crises share: facts, phases, and what the office did, in days after logging."""

    facts: dict
    cause: str
    onset: str
    phases: list  # phase pks: the crisis is in the last ones
    cells: list  # (sector pk, phase pk, status, days)
    missing: list  # (sector pk, phase pk, days until it was met, or None)
    people: int | None
    sharing: str
    signs: str  # how the plan stands while the crisis is open
    places: dict  # (sector pk, phase pk): place in the plan
    level: str
    review: str


def patterns(content):
    """The plans that the sample is made of. Pure: the same edition gives the same patterns."""
    keys = list(content.priorities)
    found = []
    for number in range(PATTERNS):
        dice = Random(number)  # noqa: S311 (not for secrets)
        facts = {fact: dice.choice([True, False, None]) for fact in Fact.values}
        phases = dice.choice([[0], [1], [1], [1], [1], [1, 2], [1, 2], [2]])
        phases = [content.phases[n].pk for n in phases if n < len(content.phases)]
        cells = [
            (*key, dice.choice(STATUSES), dice.randrange(1, 20))
            for key in sorted(dice.sample(keys, min(TOUCHED, len(keys))))
        ]
        met = {(sector, phase): days for sector, phase, status, days in cells if status in PlanCell.MET}
        entries = [PlanCell(sector_id=sector, phase_id=phase, status=status) for sector, phase, status, _days in cells]
        planned = plan.cells(content, SimpleNamespace(is_open=True, **facts), entries, set(phases))
        critical = [cell.key for cell in planned if cell.needed]
        found.append(
            Pattern(
                facts,
                dice.choice(list(CAUSES)),
                dice.choice(Crisis.Onset.values),
                phases,
                cells,
                [(*key, met.get(key)) for key in critical],
                dice.choice([None, dice.randrange(50, 2_000_000)]),
                dice.choice(["staff"] * 7 + ["partners"] * 2 + ["office"]),
                standing.signs(planned),
                {cell.key: place for place, cell in enumerate(planned)},
                LEVELS[number % len(LEVELS)],
                REVIEWS[number % len(REVIEWS)],
            )
        )
    return found


@transaction.atomic
def make(crises, *, open_ones, today, history=True, report=lambda words: None):
    """Add so many crises, the last `open_ones` of them open. Each has its plan, gaps, periods and a figure.

    Returns the revision of the last one. With `history` every row has its row of history, as services would write.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")  # a million rows take longer than a page may
    content = reference.content(Edition.objects.current().pk)
    scene = Scene(content, crises, min(open_ones, crises), today)
    for model, rows in (
        (Crisis, scene.crises()),
        (PhasePeriod, scene.periods()),
        (PlanCell, scene.cells()),
        (Gap, scene.gaps()),
        (Figure, scene.figures()),
        (Standing, scene.standings()),
        (LevelDecision, scene.levels()),
        (Review, scene.reviews()),
    ):
        report(f"  {bulk.write(model, rows):>12,} {model._meta.verbose_name_plural}")
    if history:
        for model in (Crisis, PhasePeriod, PlanCell):
            _write_history(model, scene)
    Counter.objects.filter(pk=1).update(n=scene.revision + crises)
    return scene.revision + crises


class Scene:
    """What each row of the sample says: generators of {column: value}, in the order of the crises."""

    def __init__(self, content, crises, open_ones, today):
        self.content, self.n, self.closed, self.today = content, crises, crises - open_ones, today
        self.patterns = patterns(content)
        self.user = User.objects.get_or_create(username="sample", defaults={"is_active": False})[0]
        self.offices = list(_offices())
        self.first = (Crisis.objects.aggregate(last=models.Max("pk"))["last"] or 0) + 1
        self.revision = Counter.objects.get(pk=1).n
        self.days = max(1, (today - FIRST_DAY).days - 90)

    def each(self):
        """(number, pk, pattern, day logged, day closed or None) of every crisis."""
        for number in range(self.n):
            if number < self.closed:
                logged = FIRST_DAY + timedelta(days=number * self.days // max(1, self.closed))
                closed = logged + timedelta(days=20 + number % 60)
            else:
                logged, closed = self.today - timedelta(days=1 + number % 59), None
            yield number, self.first + number, self.patterns[number % PATTERNS], logged, closed

    def crises(self):
        for number, pk, pattern, logged, closed in self.each():
            office, country = self.offices[number % len(self.offices)]
            title = f"Sample {number + 1}: {CAUSES[pattern.cause]} in {country.name}"[:80]
            reference_ = f"{country.iso3}-{logged.year}-{_letters(self.first - 1 + number)}"
            yield {
                "id": pk,
                "reference": reference_,
                "title": title,
                "office_id": office.pk,
                "focal_point_id": self.user.pk,
                "main_country_id": country.pk,
                "cause": pattern.cause,
                "onset": pattern.onset,
                "started_on": logged,
                "start_precision": "day",
                "ended_on": closed,
                "end_precision": "day" if closed else "",
                **pattern.facts,
                "groups": "[]",
                "exercise": True,
                "edition_id": self.content.edition.pk,
                "status": "closed" if closed else "open",
                "sharing": pattern.sharing,
                "logged_at": noon(logged),
                "logged_by_id": self.user.pk,
                "updated_at": noon(closed or self._last_touched(logged, pattern)),
                "updated_by_id": self.user.pk,
                "last_update": noon(closed or self._last_touched(logged, pattern)),
                "revision": self.revision + 1 + number,
                "facts_revision": self.revision + 1 + number,
                "content_revision": self.revision + 1 + number,
                "kept_review": self._review(pattern),
                "kept_level": pattern.level,
                "search": fold(f"{title} {reference_} {country.name} {country.iso3}"),
            }

    def _last_touched(self, logged, pattern):
        days = [days for *_key, days in pattern.cells if logged + timedelta(days=days) <= self.today]
        return logged + timedelta(days=max(days, default=0))

    def periods(self):
        for _number, pk, pattern, logged, _closed in self.each():
            for phase in pattern.phases:
                yield {"crisis_id": pk, "phase_id": phase, "entered_on": logged, "left_on": None}

    def cells(self):
        for number, pk, pattern, logged, _closed in self.each():
            for sector, phase, status, days in pattern.cells:
                since = min(logged + timedelta(days=days), self.today)
                yield {
                    "crisis_id": pk,
                    "sector_id": sector,
                    "phase_id": phase,
                    "status": status,
                    "since": None if status == "not_started" else since,
                    "activated_on": since if status in ("active", "completed", "stood_down") else None,
                    "lead": "Sample lead",
                    "note": "Made up." if status == "stood_down" else "",
                    "revision": self.revision + 1 + number,
                }

    def gaps(self):
        for _number, pk, pattern, logged, closed in self.each():
            for sector, phase, days in pattern.missing:
                met = min(logged + timedelta(days=days), self.today) if days is not None else None
                ended = met or closed
                yield {
                    "crisis_id": pk,
                    "sector_id": sector,
                    "phase_id": phase,
                    "opened_at": noon(logged),
                    "closed_at": ended and noon(ended),
                    "opened_why": "logged",
                    "closed_why": "status" if met else "crisis" if closed else "",
                }

    def figures(self):
        for number, pk, pattern, logged, _closed in self.each():
            if pattern.people is not None:
                yield {
                    "crisis_id": pk,
                    "metric": "affected",
                    "group": "all",
                    "value": pattern.people,
                    "headline": True,
                    "as_of": logged,
                    "as_of_precision": "day",
                    "source_kind": "own_estimate",
                    "source": "Sample",
                    "recorded_at": noon(logged),
                    "recorded_by_id": self.user.pk,
                    "revision": self.revision + 1 + number,
                }

    def standings(self):
        """How each crisis stood: until today, or until it was closed."""
        for number, pk, pattern, logged, closed in self.each():
            opened = int(noon(logged).timestamp())
            missing = [
                [pattern.places[sector, phase], opened, None] for sector, phase, days in pattern.missing if days is None
            ]
            met = [days for *_key, days in pattern.missing if days is not None]
            yield {
                "crisis_id": pk,
                "since": noon(logged if closed else self._last_touched(logged, pattern)),
                "until": closed and noon(closed),
                "last_update": noon(logged if closed else self._last_touched(logged, pattern)),
                "revision": self.revision + 1 + number,
                "cells": pattern.signs,
                "gaps": json.dumps(missing),
                "level": pattern.level,
                "people": pattern.people,
                "people_on": logged if pattern.people is not None else None,
                "first_met_on": logged + timedelta(days=min(met)) if met else None,
            }

    def levels(self):
        for number, pk, pattern, logged, _closed in self.each():
            if pattern.level:
                yield {
                    "crisis_id": pk,
                    "scheme": "iom",
                    "value": pattern.level,
                    "decided_on": logged,
                    "decided_by": "Sample",
                    "recorded_at": noon(logged),
                    "recorded_by_id": self.user.pk,
                    "revision": self.revision + 1 + number,
                }

    def reviews(self):
        """One step for each crisis, of the content that stands, or of an older one where it has changed since."""
        kinds = {"approved": "approved", "changed": "approved", "in_review": "sent", "sent_back": "sent_back"}
        for number, pk, pattern, logged, _closed in self.each():
            state = self._review(pattern)
            if state in kinds:
                yield {
                    "crisis_id": pk,
                    "kind": kinds[state],
                    "content_revision": self.revision + 1 + number - (state == "changed"),
                    "at": noon(logged),
                    "by_id": self.user.pk,
                    "revision": self.revision + 1 + number,
                }

    @staticmethod
    def _review(pattern):
        """What is shared with partners has been approved: they see nothing else."""
        return "approved" if pattern.sharing == "partners" else pattern.review


def noon(day):
    return datetime.combine(day, time(12), UTC)


def _letters(number):
    """A number in the signs of references: never the same twice."""
    signs = ""
    while True:
        number, rest = divmod(number, len(SIGNS))
        signs = SIGNS[rest] + signs
        if not number:
            return signs.rjust(4, SIGNS[0])


def _offices():
    """An office for each country that lies in a region, below headquarters and its regional office."""
    countries = Country.objects.filter(region__isnull=False).select_related("region").order_by("pk")
    top = Office.objects.filter(kind=Office.Kind.HQ).order_by("pk").first() or Office.objects.create(
        slug="sample-hq", name="Sample headquarters", kind=Office.Kind.HQ
    )
    there = Office.objects.in_bulk(field_name="slug")

    def office(slug, name, kind, country, parent):
        if slug not in there:
            there[slug] = Office.objects.create(slug=slug, name=name, kind=kind, country=country, parent=parent)
        return there[slug]

    for country in countries:
        region = country.region
        above = office(f"sample-{region.code}", f"Sample office {region.name}", Office.Kind.REGIONAL, None, top)
        yield (
            office(f"sample-{country.iso3.lower()}", f"Sample office {country}", Office.Kind.COUNTRY, country, above),
            country,
        )


def _write_history(model, scene):
    """One row of history for each row of the sample, as if entered when its crisis was logged."""
    past = model.history.model
    kept = {field.column for field in past._meta.concrete_fields}
    columns = [field.column for field in model._meta.concrete_fields if field.column in kept]
    names = bulk.names(columns)
    own = ", ".join(f"r.{name}" for name in map(connection.ops.quote_name, columns))
    crisis = "id" if model is Crisis else "crisis_id"
    said = json.dumps({"event": "logged", "distinct_from": [], "why": ""})
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {past._meta.db_table} ({names}, history_date, history_type, history_user_id,"  # noqa: S608
            f" history_change_reason) SELECT {own}, k.logged_at, '+', %s, %s FROM {model._meta.db_table} r"
            f" JOIN crises_crisis k ON k.id = r.{crisis} WHERE k.id >= %s",
            [scene.user.pk, said, scene.first],
        )
