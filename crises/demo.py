"""The demo: real crises entered through the services on their own dates, and exercises dated from today.

The dates, figures and sources of the real ones are data (fixtures/cases.json). Where a source gives no day for the
start of a sector, the day its phase began is used; where it gives none for a phase, the day of the last figure.
"""

import json
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from crises import demo_contacts, demo_related, services
from crises.dates import Precision
from crises.demo_story import Story, noon, partial, tell
from crises.models import AgeBand, Crisis
from offices.models import Country
from sectors import reference
from sectors.models import Edition


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
            note=row["note"] or "As the source says.",
            decided_by=row.get("decided_by") or "Inter-Agency Standing Committee",
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

    bands = {band.code: band for band in AgeBand.objects.all()}

    def figure(story, at, value, metric="affected", parts=(), **more):
        """`parts` are (sex, code of the band of ages, number)."""
        told = {"source_kind": "own_estimate", "source": "Exercise scenario", "headline": not more.get("sectors")}
        told |= {"as_of": at.date(), "as_of_precision": Precision.DAY, "note": "Exercise: a made-up number."}
        story.then(
            at,
            services.add_figure,
            by=story.field,
            value=value,
            metric=metric,
            parts={(sex, bands[code]): n for sex, code, n in parts},
            **told | more,
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
            decided_by="Headquarters (demo)",
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
    displaced = {"metric": "displaced", "group": "internally_displaced"}
    counted = [
        *[("female", "0-4", 1400), ("female", "5-11", 1900), ("female", "12-17", 1500)],
        *[("female", "18-59", 5100), ("female", "60-plus", 900)],
        *[("male", "0-4", 1500), ("male", "5-11", 2000), ("male", "12-17", 1400)],
        *[("male", "18-59", 3900), ("male", "60-plus", 600), ("unknown", "unknown", 800)],
    ]
    figure(floods, ago(9), 26000, qualifier="at_least", source_kind="government", **displaced)
    figure(floods, ago(8), 21500, qualifier="about", parts=counted, **displaced)
    figure(floods, ago(6), 215000, **displaced)
    floods.withdraw(ago(5, 20), 215000, "A zero too many: the assessment says 21,500.")
    figure(floods, ago(5), None, source_kind="ngo", **displaced)
    figure(floods, ago(4), 19800, source_kind="iom_dtm", **displaced)
    figure(floods, ago(2), 17200, source_kind="iom_dtm", **displaced)
    figure(floods, ago(2), 18500, qualifier="about", **displaced)
    level(floods, ago(8, 12), "2", 30)
    floods.activate(ago(8, 6), "S02", "during", lead="Demo lead", since=ago(8, 6).date())
    floods.activate(ago(6), "S01", "during", lead="Demo lead", since=day(6))
    floods.activate(ago(5), "S04", "during", status="planned", since=day(-2), note="Waiting for the clinic's team.")
    floods.confirm(ago(5), "during", "S01", "S02", "S04", "S10")
    floods.tailor(
        *(ago(5), "S05", "during", "critical"),
        "Exercise: the assessment found acute distress in three of the 40 sites, most of all among children.",
    )
    floods.tailor(
        *(ago(5), "S13", "during", "not_applicable"),
        "Exercise: no diaspora programme exists for these two towns, and none is planned.",
    )
    floods.approve(ago(4), by=floods.lead)
    floods.waive(
        *(ago(3, 6), "S10", "during"),
        reason="The State's own anti-trafficking unit works in both towns until the end of the exercise.",
        until=day(-5),
    )
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
    drought.assign(ago(15), "hq")
    drought.ask(ago(1, 2), "Is the radio partner chosen? And how many people have lost their herds?")

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
    recovery.confirm(ago(60), "after", "S06", "S07", "S09", "S14")
    recovery.tailor(
        *(ago(50), "S03", "after", "recommended"),
        "Exercise: buses run again, and families who return find their own way home.",
    )
    recovery.approve(ago(4), by=recovery.lead)
    return [(floods, ago(10)), (border, ago(2)), (drought, ago(34)), (recovery, ago(159))]


def load(at=None, report=print):
    """Enter what is not there yet. Needs the demo people (offices.demo). Returns how many crises were entered."""
    at = at or timezone.now()
    cases = json.loads((settings.BASE_DIR / "fixtures" / "cases.json").read_text())["cases"]
    entered = tell([*map(_case, cases), *_exercises(at), *demo_related.stories(at)], report)
    demo_contacts.load(at)
    return entered
