"""Who changed what of a crisis, when, from what to what, and why: the rows of its history, set side by side.

A row of a crisis's history is one change; the rows of its cells, phases and levels that were written with it say what
that change made of them.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crises import timeline
from crises.dates import Precision, iso, spoken
from crises.models import AffectedGroup, Crisis, Figure, LevelDecision, PhasePeriod, PlanCell
from crises.past import countries_of
from offices.models import User
from sectors import reference
from sectors.models import Phase, Sector

SAID = {True: _("Yes"), False: _("No")}
NOTHING = (None, "")
TOGETHER = ("office", "main_country", "focal_point", "edition", "history_user")


class Kind(models.TextChoices):
    """What a change is about."""

    FACTS = "facts", _("Facts")
    PLAN = "plan", _("Plan")
    FIGURES = "figures", _("Figures and lines of work")
    LEVELS = "levels", _("Levels")
    PHASES = "phases", _("Phases, closing and reopening")
    SHARING = "sharing", _("Who can see it")
    REVIEW = "review", _("Review")
    RELATED = "related", _("Merging and wider crises")
    OVERSIGHT = "oversight", _("Requests and assignments")


EVENTS = {
    Kind.FACTS: ("logged", "facts"),
    Kind.PLAN: ("status", "priority", "confirmed", "waived", "edition", "kept"),
    Kind.FIGURES: ("figure", "activity", "withdrawn"),
    Kind.LEVELS: ("level",),
    Kind.PHASES: ("phase_opened", "phase_closed", "closed", "reopened"),
    Kind.SHARING: ("shared",),
    Kind.REVIEW: ("sent", "approved", "sent_back"),
    Kind.RELATED: ("part_of", "merged", "merged_into", "unmerged", "unmerged_from"),
    Kind.OVERSIGHT: ("asked", "ask_withdrawn", "assigned", "unassigned"),
}
KINDS = {event: kind for kind, events in EVENTS.items() for event in events}


@dataclass(frozen=True)
class Difference:
    """One thing that a change made different, as codes and in words; None and "" where there was or is nothing."""

    name: str
    label: str
    was: object
    now: object
    was_words: str
    now_words: str
    sector: Sector = None  # of the cell
    phase: Phase = None  # of the cell, or the phase itself


@dataclass(frozen=True)
class Change:
    """One change of a crisis."""

    reference: str
    title: str
    revision: int
    at: datetime
    by: User
    event: str
    sentence: str
    why: str
    differences: list[Difference] = field(default_factory=list)

    @property
    def kind(self):
        return KINDS.get(self.event, Kind.FACTS)


def of_kind(kind):
    """The condition on rows of history of this kind."""
    return Q(history_change_reason__event__in=EVENTS[kind])


def rows():
    """The changes of all crises, the newest first: to be narrowed, then handed to `told` in stretches."""
    older = Crisis.history.filter(id=OuterRef("id"), revision__lt=OuterRef("revision")).order_by("-revision")
    changes = Crisis.history.annotate(before=Subquery(older.values("history_id")[:1]))
    return changes.select_related(*TOGETHER).order_by("-revision")


def told(changes):
    """These rows of history, as of `rows`, as Changes. Five queries, however many: the rows before them, the other
    countries, cells, phases, levels."""
    changes = list(changes)
    before = Crisis.history.select_related(*TOGETHER).in_bulk([row.before for row in changes if row.before])
    countries = countries_of([*changes, *before.values()])
    parts = _parts(changes)
    found = []
    for row in changes:
        content, said = reference.content(row.edition_id), row.history_change_reason or {}
        entry = timeline.entry(row, content)
        was = before.get(row.before)
        differences = _differ(Crisis, was and _facts(was, countries), _facts(row, countries))
        for part, one, two in parts.get((row.id, row.history_date), ()):
            differences += _differ(part.instance_type, one, two, **_place(part, content))
        differences += _stated(said, content) + parts.get((row.id, row.revision), [])
        found.append(
            Change(
                reference=row.reference,
                title=row.title,
                revision=row.revision,
                at=row.history_date,
                by=row.history_user,
                event=said.get("event", ""),
                sentence=entry.sentence,
                why=entry.why,
                differences=differences,
            )
        )
    return found


def streamed(changes, size=200):
    """Changes as of `told`, however many, read in stretches."""
    found = changes.iterator(chunk_size=size)
    while stretch := list(islice(found, size)):
        yield from told(stretch)


def _place(part, content):
    """The sector, if any, and the phase that a row is of."""
    sector = getattr(part, "sector_id", None)
    return {
        "sector": next((one for one in content.sectors if one.pk == sector), None),
        "phase": next((one for one in content.phases if one.pk == part.phase_id), None),
    }


def _parts(changes):
    """What was written with these changes: cells and phases by (crisis, moment), levels by (crisis, revision).

    Three queries.
    """
    crises, moments = {row.id for row in changes}, {row.history_date for row in changes}
    parts = {}
    for model, told_of in ((PlanCell, _cell), (PhasePeriod, _period)):
        older = model.history.filter(id=OuterRef("id"), history_date__lt=OuterRef("history_date"))
        older = older.order_by("-history_date", "-history_id").values("history_id")[:1]
        known = model.history.filter(crisis__in=crises).annotate(before=Subquery(older))
        then = known.filter(history_date__in=moments)
        known = known.filter(Q(history_date__in=moments) | Q(pk__in=then.values("before"))).in_bulk()
        for row in known.values():
            if row.history_date in moments:
                part = (row, told_of(known.get(row.before) or model()), told_of(row))
                parts.setdefault((row.crisis_id, row.history_date), []).append(part)
    for crisis, revision, difference in _levels(crises):
        parts[crisis, revision] = [difference]
    return parts


def _levels(crises):
    """Each decision on the level of these crises: (crisis, revision, from what was in force to what is). One query."""
    known = {}
    for decision in LevelDecision.objects.filter(crisis__in=crises).order_by("pk"):
        decisions = known.setdefault((decision.crisis_id, decision.scheme), [])
        was = _in_force(decisions)
        decisions.append(decision)
        now = _in_force(decisions)
        words = [value and LevelDecision.Value(value).label for value in (was, now)]
        label = LevelDecision.Scheme(decision.scheme).label
        yield (
            decision.crisis_id,
            decision.revision,
            Difference(decision.scheme, label, was, now, words[0] or "", words[1] or ""),
        )


def _in_force(decisions):
    newest = max(decisions, key=lambda one: (one.decided_on, one.pk), default=None)
    return newest.value if newest and not newest.ended_on else None


def _differ(model, was, now, **cell):
    """What differs between two states, each {name: (code, words)}; the first is None where there was none."""
    was = was or dict.fromkeys(now, NOTHING)
    return [
        Difference(name, _label(model, name), *(was[name][0], now[name][0]), *(was[name][1], now[name][1]), **cell)
        for name in now
        if was[name][0] != now[name][0]
    ]


def _label(model, name):
    named = {"started": "started_on", "ended": "ended_on"}.get(name, name)
    return capfirst(str(LABELS.get(name) or model._meta.get_field(named).verbose_name))


LABELS = {
    "edition": _("edition of the framework"),
    "entered_on": _("in the phase since"),
    "left_on": _("left the phase on"),
}


def _choice(row, name):
    value = getattr(row, name)
    return (value, str(getattr(row, f"get_{name}_display")())) if value else NOTHING


def _text(row, name):
    return (getattr(row, name), getattr(row, name)) if getattr(row, name) else NOTHING


def _answer(row, name):
    value = getattr(row, name)
    return NOTHING if value is None else (value, str(SAID[value]))


def _day(day, precision=Precision.DAY):
    return (iso(day, precision), spoken(day, precision)) if day else NOTHING


def _many(codes, names):
    return (codes, "; ".join(names)) if codes else NOTHING


def _facts(row, countries):
    """The facts of a row of history, each as (code, words)."""
    others = sorted(countries.get(row.pk, ()), key=lambda country: country.name)
    groups = [AffectedGroup(group) for group in sorted(row.groups)]
    return {
        "title": _text(row, "title"),
        "main_country": (row.main_country_id, row.main_country.name),
        "other_countries": _many([country.pk for country in others], [country.name for country in others]),
        "places": _text(row, "places"),
        "cause": _choice(row, "cause"),
        "cause_detail": _text(row, "cause_detail"),
        "onset": _choice(row, "onset"),
        "started": _day(row.started_on, row.start_precision),
        "ended": _day(row.ended_on, row.end_precision),
        "crosses_border": _answer(row, "crosses_border"),
        "foreign_nationals": _answer(row, "foreign_nationals"),
        "state_request": _answer(row, "state_request"),
        "groups": _many([group.value for group in groups], [str(group.label) for group in groups]),
        "glide": _text(row, "glide"),
        "level_proposed": (row.level_proposed, str(row.level_proposed or "")),
        "summary": _text(row, "summary"),
        "status": _choice(row, "status"),
        "sharing": _choice(row, "sharing"),
        "office": (row.office.slug, row.office.name),
        "focal_point": (str(row.focal_point), str(row.focal_point)),
        "edition": (row.edition.number, str(row.edition.number)),
    }


def _cell(row):
    return {
        "status": _choice(row, "status"),
        "since": _day(row.since),
        "lead": _text(row, "lead"),
        "cluster_contact": _text(row, "cluster_contact"),
        "note": _text(row, "note"),
        "own_priority": _choice(row, "own_priority"),
        "justification": _text(row, "justification"),
        "confirmed": _choice(row, "confirmed"),
    }


def _period(row):
    return {"entered_on": _day(row.entered_on), "left_on": _day(row.left_on)}


def _stated(said, content):
    """What an event itself tells of: the number of a figure, the money of a line of work, the end of a waiver."""
    if said.get("event") == "waived":
        was, now = (_day(day and date.fromisoformat(day)) for day in (said.get("was_until"), said["until"]))
        cell = {"sector": content.sector(said["sector"]), "phase": content.phase(said["phase"])}
        return [Difference("waived_until", gettext("Waived until"), was[0], now[0], was[1], now[1], **cell)]
    if "value" in said and "metric" in said:
        return _told("value", gettext("Number"), _amount(said["value"], Figure.Unit(said["unit"]).label), said)
    if "required" in said:
        names = {"required": gettext("Required"), "confirmed": gettext("Confirmed")}
        amounts = {name: _amount(said.get(name), said["currency"]) for name in names}
        return [one for name in names for one in _told(name, names[name], amounts[name], said)]
    return []


def _amount(number, of):
    return NOTHING if number is None else (number, f"{intcomma(number)} {of}")


def _told(name, label, stated, said):
    """From nothing to what is stated; the other way round where that is withdrawn."""
    if stated == NOTHING:
        return []
    was, now = (stated, NOTHING) if "kind" in said else (NOTHING, stated)
    return [Difference(name, label, was[0], now[0], was[1], now[1])]
