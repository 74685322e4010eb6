"""The demo: real crises entered through the services on their own dates, and exercises dated from today.

The dates, figures and sources of the real ones are data (fixtures/cases.json). Where a source gives no day for the
start of a sector, the day its phase began is used; where it gives none for a phase, the day of the last figure.
"""

import json
import uuid
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crises import demo_contacts, services
from crises.dates import Precision
from crises.models import Crisis, Gap, Receipt
from offices.models import Country, Membership, Office, Role
from sectors import reference
from sectors.models import Edition

NAMESPACE = uuid.UUID("5f0e2d3c-6f3b-4a55-9d0a-3f5f7f1c2014")


def partial(text):
    """ "2014-06" as (2014-06-01, month)."""
    parts = [int(part) for part in text.split("-")]
    precision = [Precision.YEAR, Precision.MONTH, Precision.DAY][len(parts) - 1]
    return date(*[*parts, 1, 1][:3]), precision


def noon(day):
    return datetime.combine(day, time(12), UTC)


class Story:
    """One crisis told in order: what happened when, and who of its office entered it."""

    def __init__(self, slug, country, facts, phases, *, exercise=False):
        self.slug, self.country, self.facts, self.phases, self.exercise = slug, country, facts, phases, exercise
        self.office = Office.objects.get(kind=Office.Kind.COUNTRY, country=country)
        self.field = self._person(Role.FIELD, self.office)
        self.lead = self._person(Role.LEAD, self.office)
        self.hq = self._person(Role.HQ)
        self.content = reference.content(Edition.objects.current().pk)
        self.events = []

    def _person(self, role, office=None):
        grants = Membership.objects.filter(role=role, **({"office": office} if office else {}))
        return grants.select_related("user").order_by("pk")[0].user

    @property
    def key(self):
        return uuid.uuid5(NAMESPACE, self.slug)

    def then(self, at, act, **what):
        """Add an event; `act` is a service, called with the crisis."""
        self.events.append((at, len(self.events), act, what))

    def activate(self, at, code, slug, *, status="active", **entry):
        self.then(at, self._change, code=code, slug=slug, status=status, by=self.field, **entry)

    def _change(self, *, crisis, code, slug, **what):
        sector, phase = self.content.sector(code), self.content.phase(slug)
        cell = crisis.cells.filter(sector=sector, phase=phase).first()
        services.change_status(crisis=crisis, sector=sector, phase=phase, revision=cell.revision if cell else 0, **what)

    def waive(self, at, code, slug, **what):
        self.then(at, self._waive, code=code, slug=slug, by=self.hq, **what)

    def _waive(self, *, crisis, code, slug, **what):
        gap = Gap.objects.open().get(crisis=crisis, sector__code=code, phase__slug=slug)
        services.waive_gap(gap=gap, **what)

    def approve(self, at, *, by):
        """The field officer sends the crisis to review, and a day later somebody else approves it."""
        self.then(at - timedelta(days=1), services.send_to_review, by=self.field)
        self.then(at, self._judge, step=services.approve, by=by)

    def send_back(self, at, **what):
        self.then(at, self._judge, step=services.send_back, by=self.hq, **what)

    def _judge(self, *, crisis, step, **what):
        crisis.refresh_from_db()
        step(crisis=crisis, seen=crisis.content_revision, **what)

    def tell(self, at):
        """Enter everything in order of time, all or nothing. Returns whether anything was entered."""
        if Receipt.objects.filter(user=self.field, key=self.key).exists():
            return False
        with transaction.atomic():
            crisis = services.log_crisis(
                by=self.field,
                key=self.key,
                office=self.office,
                main_country=Country.objects.get(pk=self.country),
                phases=self.phases,
                exercise=self.exercise,
                at=at,
                **self.facts,
            ).crisis
            for at_, _order, act, what in sorted(self.events, key=lambda event: event[:2]):
                act(crisis=crisis, at=at_, **what)
        return True


def _statements(story, case, logged_at):
    """The dated figures, lines of work and inter-agency levels of a real crisis."""
    content = story.content
    for row in case["figures"]:
        as_of, precision = partial(row["as_of"])
        values = {name: row[name] for name in ("metric", "group", "value", "unit", "qualifier")}
        values |= {name: row.get(name, "") for name in ("place", "activity", "note", "source", "source_kind")}
        general = not (row.get("sectors") or row.get("place") or row.get("activity"))
        story.then(
            max(noon(as_of), logged_at),
            services.add_figure,
            by=story.field,
            sectors=[content.sector(code) for code in row.get("sectors", [])],
            as_of=as_of,
            as_of_precision=precision,
            headline=general,
            **values,
        )
    for row in case["activities"]:
        as_of, precision = partial(row["as_of"])
        values = {name: row.get(name) or "" for name in ("name", "note", "source", "source_kind", "currency")}
        story.then(
            max(noon(as_of), logged_at),
            services.add_activity,
            by=story.field,
            sectors=[content.sector(code) for code in row["sectors"]],
            required=row.get("required"),
            confirmed=row.get("confirmed"),
            whole_plan=row.get("whole_plan", False),
            as_of=as_of,
            as_of_precision=precision,
            **values,
        )
    for row in case["levels"]:
        ended_on = partial(row["ended_on"])[0] if row["ended_on"] else None
        story.then(
            noon(ended_on or partial(row["decided_on"])[0]),
            services.decide_level,
            by=story.hq,
            scheme=row["scheme"],
            value=row["value"],
            decided_on=partial(row["decided_on"])[0],
            ended_on=ended_on,
            source=row["source"],
            note=row["note"],
        )


def _case(case):
    """One real crisis of fixtures/cases.json as a story."""
    started_on, start_precision = partial(case["start"])
    logged_at = noon(started_on)
    content = reference.content(Edition.objects.current().pk)
    last = max([noon(partial(figure["as_of"])[0]) for figure in case["figures"]] + [logged_at])
    entered = {
        content.phase(period["phase"]): partial(period["entered"])[0] if period["entered"] else None
        for period in case["phases"]
        if period["entered"] or period["state"] == "past"
    }
    facts = {name: case[name] for name in ("title", "onset", "cause", "cause_detail", "glide")}
    facts |= {name: case[name] for name in ("crosses_border", "foreign_nationals")}
    facts |= {
        "started_on": started_on,
        "start_precision": start_precision,
        "other_countries": list(Country.objects.filter(pk__in=case["other_countries"])),
    }
    story = Story(case["slug"], case["country"], facts, entered)

    for period in case["phases"]:
        phase = content.phase(period["phase"])
        if phase not in entered:
            story.then(last, services.open_phase, phase=phase, by=story.field)
    for row in case["sectors"]:
        phase = content.phase(row["phase"])
        day = partial(row["on"])[0] if "on" in row else entered.get(phase) or (started_on if phase in entered else None)
        at = noon(day) if day else last
        story.activate(max(at, logged_at), row["sector"], row["phase"], since=at.date(), note=row["note"])
    _statements(story, case, logged_at)
    end = max([last, *(event[0] for event in story.events)])
    for period in case["phases"]:
        if period["state"] == "past":
            phase = content.phase(period["phase"])
            left = entered[phase] or started_on if phase.slug == "before" else end.date()
            story.then(max(noon(left), logged_at), services.close_phase, phase=phase, left_on=left, by=story.field)
    if case["shared"]:
        end += timedelta(days=1)
        story.approve(end, by=story.lead)
        story.then(end, services.share_crisis, sharing=Crisis.Sharing.PARTNERS, by=story.hq)
    if not case["continues"]:
        story.then(
            end + timedelta(days=1),
            services.close_crisis,
            by=story.lead,
            why="The sources describe the crisis up to this day.",
        )
        if case["shared"]:
            story.approve(end + timedelta(days=3), by=story.hq)
    return story, logged_at


def _exercises(now):
    """Four exercises dated from the day of loading, so that days open, late gaps and stale crises are live."""
    content = reference.content(Edition.objects.current().pk)
    before, during, after = content.phases

    def ago(days, hours=0):
        return now - timedelta(days=days, hours=hours)

    def day(days):
        return (now - timedelta(days=days)).date()

    def figure(story, at, value, metric="affected", **more):
        story.then(
            at,
            services.add_figure,
            by=story.field,
            value=value,
            metric=metric,
            source_kind="own_estimate",
            source="Exercise scenario",
            as_of=at.date(),
            as_of_precision=Precision.DAY,
            headline=not more.get("sectors"),
            **more,
        )

    def level(story, at, value, review_in):
        story.then(
            at,
            services.decide_level,
            by=story.hq,
            scheme="iom",
            value=value,
            decided_on=at.date(),
            review_on=(at + timedelta(days=review_in)).date(),
            note="Exercise: not a real decision.",
        )

    floods = Story(
        "exercise-floods",
        "LBY",
        {
            "title": "Exercise: river floods",
            "cause": "natural_hazard",
            "cause_detail": "flood",
            "onset": "sudden",
            "started_on": day(10),
            "start_precision": Precision.DAY,
            "crosses_border": False,
            "foreign_nationals": None,
            "state_request": True,
            "groups": ["internally_displaced", "local_communities"],
            "level_proposed": 2,
            "summary": "Exercise: two towns under water, 40 sites of displaced people, roads cut.",
        },
        {during: day(10)},
        exercise=True,
    )
    figure(floods, ago(9, 20), 64000)
    figure(floods, ago(8), 21500, "displaced", group="internally_displaced", qualifier="about")
    level(floods, ago(8, 12), "2", 30)
    floods.activate(ago(8, 6), "S02", "during", lead="Demo lead", since=ago(8, 6).date())
    floods.activate(ago(6), "S01", "during", lead="Demo lead", since=day(6))
    floods.activate(ago(5), "S04", "during", status="planned", since=day(-2), note="Waiting for the clinic's team.")
    floods.approve(ago(4), by=floods.lead)
    figure(floods, ago(3), 9800, "reached", sectors=[content.sector("S02")], qualifier="at_least")
    floods.then(ago(3), services.share_crisis, sharing=Crisis.Sharing.PARTNERS, by=floods.hq)

    border = Story(
        "exercise-border",
        "TUN",
        {
            "title": "Exercise: stranded migrants at a border",
            "cause": "conflict",
            "cause_detail": "fighting in a neighbouring country",
            "onset": "sudden",
            "started_on": day(3),
            "start_precision": Precision.DAY,
            "crosses_border": None,
            "foreign_nationals": True,
            "groups": ["international_migrants"],
            "summary": "Exercise: people wait at two crossing points; whether the border is open is not known yet.",
        },
        {during: day(3)},
        exercise=True,
    )
    figure(border, ago(1, 12), 3100, "present", group="international_migrants", qualifier="at_least")
    border.activate(ago(1), "S03", "during", lead="Demo lead", since=day(1))
    border.then(
        ago(0, 20),
        services.send_to_review,
        by=border.field,
        note="The crossing points are still being visited; the number is a first one.",
    )

    drought = Story(
        "exercise-drought",
        "ETH",
        {
            "title": "Exercise: drought and pastoral displacement",
            "cause": "natural_hazard",
            "cause_detail": "drought",
            "onset": "slow",
            "crosses_border": None,
            "foreign_nationals": False,
            "groups": ["local_communities"],
            "summary": "Exercise: second failed rainy season, herders begin to move.",
        },
        {before: None},
        exercise=True,
    )
    figure(drought, ago(33), 410000, qualifier="about")
    drought.activate(ago(30), "S08", "before", lead="Demo lead", since=day(30))
    drought.then(ago(28), services.send_to_review, by=drought.field)
    drought.send_back(
        ago(27),
        note="The plan reads well. Two things before it can be approved.",
        comments=[
            {
                "field": "figures",
                "text": "Is this the number of people in the area, or of people who lost their herds?",
            },
            {
                "sector": content.sector("S15"),
                "phase": before,
                "text": "Herders move already: why is there no plan yet to tell them where water is?",
            },
        ],
    )
    drought.activate(ago(20), "S15", "before", status="planned", since=day(-10), note="Radio partner is being chosen.")

    recovery = Story(
        "exercise-recovery",
        "NPL",
        {
            "title": "Exercise: recovery after an earthquake",
            "cause": "natural_hazard",
            "cause_detail": "earthquake",
            "onset": "sudden",
            "started_on": day(160),
            "start_precision": Precision.DAY,
            "crosses_border": False,
            "foreign_nationals": False,
            "state_request": True,
            "groups": ["internally_displaced", "returnees", "local_communities"],
            "summary": "Exercise: most sites are closed, families rebuild, land papers were lost.",
        },
        {during: day(160)},
        exercise=True,
    )
    figure(recovery, ago(150), 230000)
    level(recovery, ago(158), "3", 90)
    for code, days in (("S01", 158), ("S02", 157), ("S03", 157), ("S04", 156), ("S10", 150)):
        recovery.activate(ago(days), code, "during", lead="Demo lead", since=day(days))
    recovery.then(ago(70), services.open_phase, phase=after, entered_on=day(70), by=recovery.field)
    for code, days in (("S06", 65), ("S07", 60), ("S14", 44)):
        recovery.activate(ago(days), code, "after", lead="Demo lead", since=day(days))
    level(recovery, ago(40), "2", 60)
    recovery.activate(ago(30), "S03", "during", status="completed", since=day(30))
    recovery.activate(ago(21), "S10", "during", status="stood_down", since=day(21), note="The partner took over.")
    recovery.waive(
        ago(20),
        "S13",
        "after",
        reason="The ministry runs its own programme for returning experts until the summer.",
        until=day(-25),
    )
    figure(recovery, ago(6), 48000, "returned", group="returnees")
    recovery.approve(ago(4), by=recovery.lead)
    return [(floods, ago(10)), (border, ago(2)), (drought, ago(34)), (recovery, ago(159))]


def load(at=None, report=print):
    """Enter what is not there yet. Needs the demo people (offices.demo). Returns how many crises were entered."""
    cases = json.loads((settings.BASE_DIR / "fixtures" / "cases.json").read_text())["cases"]
    stories = [_case(case) for case in cases] + _exercises(at or timezone.now())
    entered = 0
    for story, logged_at in stories:
        if story.tell(logged_at):
            entered += 1
            report(f"  {story.facts['title']}")
    demo_contacts.load(at)
    return entered
