"""The page of one crisis: what it says to whom, and that it says no more than is known."""

import ast
import html
import re
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from crises import services
from crises.models import Crisis
from crises.timeline import TELL
from offices.models import Country, Office, Role
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_user,
    phase,
    send,
    send_back,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
SEND = "Check what you say, and send it to review"
LATER = NOON + timedelta(days=2)


def page(client, crisis, query=""):
    response = client.get(reverse("crisis", args=[crisis.reference]) + query)
    assert response.status_code == 200
    return response.content.decode()


def text(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def card(client, crisis, heading, query=""):
    """What a part of the page says, by its heading."""
    parts = re.split(r"<h2[^>]*>", page(client, crisis, query))
    [found] = [part for part in parts if text(part.partition("</h2>")[0]) == heading]
    return text(found.partition("</h2>")[2].partition("</section>")[0])


def head(client, crisis):
    return text(page(client, crisis).partition('class="head"')[2].partition('class="two"')[0])


def steps(client, crisis):
    markup = page(client, crisis)
    if "What to do next" not in markup:
        return []
    return [
        text(step)
        for step in re.findall(r"<li>(.*?)</li>", markup.partition("What to do next")[2].partition("</ul>")[0], re.S)
    ]


def links(client, crisis):
    """The actions at the head of the page."""
    acts = page(client, crisis).partition('class="acts"')[2].partition("</div>")[0]
    return [text(name) for name in re.findall(r"<a[^>]*>(.*?)</a>", acts, re.S)]


# the head of the page


def test_the_head_says_where_the_crisis_stands(hq_client):
    crisis = log(phases=["during"], exercise=True)
    services.open_phase(crisis=crisis, phase=phase("after"), by=make_field(), entered_on=date(2026, 3, 2), at=LATER)
    decide_level(crisis, "3", at=LATER)
    decide_level(crisis, "scale_up", at=LATER)

    said = head(hq_client, crisis)

    assert "Exercise Not reviewed Open · During · After since 2 Mar 2026 · IOM Level 3 · Scale-Up" in said
    assert "Last change 3 Mar 2026, 12:00 UTC, hq . Libya , Tripoli , focal point field ." in said


def test_the_head_tells_the_offices_last_update_from_what_others_decided(hq_client):
    crisis = log(phases=["during"])
    decide_level(crisis, "3", at=LATER)

    assert "Last change 3 Mar 2026, 12:00 UTC, hq . Its office's last update 1 Mar 2026" in head(hq_client, crisis)


def test_a_level_that_nobody_decided_or_that_has_ended_is_not_assessed(hq_client):
    crisis = log()
    assert "level not assessed" in head(hq_client, crisis)

    decide_level(crisis, "3")
    decide_level(crisis, "3", ended_on=date(2026, 2, 20))

    assert "level not assessed" in head(hq_client, crisis)


@pytest.mark.parametrize(
    ("client_name", "actions"),
    [
        ("field_client", ["Edit facts", "Phases", "Add a figure", "Sharing"]),
        ("lead_client", ["Edit facts", "Phases", "Add a figure", "Sharing", "Close"]),
        ("hq_client", ["Level", "Sharing", "Ask for an update", "Assign"]),
        ("partner_client", []),
    ],
)
def test_each_person_is_offered_what_they_may_do(request, client_name, actions):
    crisis = log()
    if client_name == "partner_client":
        share(crisis, at=LATER)

    assert links(request.getfixturevalue(client_name), crisis) == actions


def test_a_closed_crisis_is_offered_to_be_reopened_and_takes_figures_still(lead_client):
    crisis = log()
    services.close_crisis(crisis=crisis, by=make_lead(), at=LATER)

    assert links(lead_client, crisis) == ["Add a figure", "Sharing", "Reopen"]
    assert card(lead_client, crisis, "Which critical sectors are not active?") == "A closed crisis has no gaps."


# what to do next


def test_an_officer_is_told_what_the_crisis_lacks(field_client):
    assert steps(field_client, log()) == [
        "Activate: 7 critical sectors are not active",
        "Confirm the priorities of 15 sectors",
        "Answer: Do people cross a border?",
        "Answer: Are foreign nationals affected?",
        "Add the first figure with its source",
        "Propose an emergency level",
        SEND,
    ]


def test_nothing_is_asked_twice_or_once_it_is_known(field_client):
    crisis = log(phases=["before", "during", "after"], crosses_border=False, level_proposed=2)
    add_figure(crisis, 12500)
    for slug in ("before", "during", "after"):
        for cell in {gap.sector.code for gap in crisis.gaps.open().filter(phase__slug=slug)}:
            set_status(crisis, cell, slug, "active")

    assert steps(field_client, crisis) == [
        "Confirm the priorities of 45 sectors",
        "Answer: Are foreign nationals affected?",
        SEND,
    ]


def test_each_is_told_what_the_review_waits_for(field_client, lead_client, hq_client, partner_client):
    changed = "Changed since it was approved: "
    crisis = log(at=timezone.now() - timedelta(days=3))

    def told(client):
        return [step for step in steps(client, crisis) if "review" in step or "approved" in step]

    assert (told(field_client), told(hq_client)) == ([SEND], [])
    send(crisis, at=timezone.now() - timedelta(days=2, hours=1))
    assert (told(field_client), told(hq_client)) == ([], ["In review for 2 days: check it"])
    send_back(crisis, comments=[{"field": "places", "text": "Where?"}, {"text": "Why?"}], at=timezone.now())
    assert (told(field_client), told(hq_client)) == (["Answer the review: 2 comments"], [])
    share(crisis, at=timezone.now())
    assert (told(field_client), told(hq_client)) == ([], [])
    set_status(crisis, "S03", "during", "active", by=make_lead(), at=timezone.now())
    assert told(field_client) == [changed + "send it to review"]
    assert told(lead_client) == [changed + "send it to review"]
    assert told(hq_client) == [changed + "check what changed"]
    assert "Changed since approval" in text(page(partner_client, crisis))


def test_a_question_of_a_phase_to_come_waits_for_it(field_client):
    assert not [step for step in steps(field_client, log(phases=["before"])) if step.startswith("Answer")]


def test_hq_is_told_of_late_gaps_and_of_a_level_to_decide(hq_client):
    crisis = log(level_proposed=2, at=timezone.now() - timedelta(hours=settings.GAP_LATE_HOURS + 1))
    waive(crisis, "S03")

    assert steps(hq_client, crisis) == [
        "6 gaps are late: ask the office for them, or waive them",
        "Decide the emergency level: the office proposes 2",
    ]


def test_a_fresh_gap_is_not_late(hq_client):
    crisis = log(at=timezone.now() - timedelta(hours=settings.GAP_LATE_HOURS - 1))
    decide_level(crisis, "1", at=timezone.now())

    assert steps(hq_client, crisis) == []


def test_who_may_change_nothing_and_who_reads_a_closed_crisis_is_told_of_nothing_to_do(lead_client, partner_client):
    crisis = share(log())
    assert steps(partner_client, crisis) == []

    services.close_crisis(crisis=crisis, by=make_lead(), at=LATER)

    assert steps(lead_client, crisis) == []


# figures


def test_key_figures_are_the_newest_of_each_kind_and_never_added(field_client):
    crisis = log()
    add_figure(crisis, 1000, as_of=date(2026, 1, 1))
    add_figure(crisis, 12500, qualifier="about")
    add_figure(crisis, 300, metric="displaced", group="returnees", qualifier="at_least", as_of_precision="month")
    add_figure(crisis, None, metric="dead")
    add_figure(crisis, 999, metric="reached", headline=False)

    said = card(field_client, crisis, "Key figures")

    assert said.startswith(
        "People affected about 12,500 people United Nations, 1 Feb 2026 "
        "Displaced, returnees at least 300 people United Nations, Feb 2026 "
        "Dead not known United Nations, 1 Feb 2026 "
    )
    assert "All 5 figures with their sources" in said
    assert not {"1,000", "999", "12,800", "13,500"} & set(said.split())


def test_no_figure_is_said_and_not_shown_as_zero(field_client):
    assert card(field_client, log(), "Key figures") == "No figures yet. Add the first figure with its source."


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 people"), (1, "fewer than 5 people"), (4, "fewer than 5 people"), (5, "5 people")]
)
def test_a_count_that_could_point_to_a_person_is_blurred_for_partners(partner_client, field_client, value, shown):
    crisis = share(log())
    add_figure(crisis, value)

    assert f"People affected {shown} United Nations" in card(partner_client, crisis, "Key figures")
    assert f"People affected {value} people" in card(field_client, crisis, "Key figures")


# sectors and gaps


def test_the_strip_shows_fifteen_sectors_for_each_open_phase_in_words(field_client):
    crisis = log(phases=["during", "after"], foreign_nationals=False)
    set_status(crisis, "S01", "during", "active")
    set_status(crisis, "S03", "during", "planned")
    waive(crisis, "S04", at=timezone.now())

    markup = page(field_client, crisis)
    during, after = [
        [text(mark) for mark in re.findall(r"<li.*?</li>", strip.partition("</ul>")[0], re.S)]
        for strip in markup.split('class="strip"')[1:]
    ]

    assert (len(during), len(after)) == (15, 15)
    assert during[:4] == [
        "1 , Critical Active Camp management, tracking",
        "2 , Critical Gap Shelter, NFI",
        "3 , Critical Gap Transport",
        "4 , Critical Waived Health",
    ]
    assert during[11] == "12 , Recommended Not started Consular assistance"
    assert "7 , Critical Gap Stabilization" in after


def test_gaps_come_with_why_they_are_critical_and_how_old_they_are(field_client):
    crisis = log(crosses_border=True, at=timezone.now() - timedelta(days=5, hours=1))
    set_status(crisis, "S03", "during", "planned", at=timezone.now())
    until = timezone.now().date() + timedelta(days=30)
    waive(crisis, "S04", at=timezone.now())

    said = card(field_client, crisis, "Which critical sectors are not active?")
    open_ones, waived = said.split("Waived by HQ")

    assert open_ones.count("Gap, 5 days, late") == 6
    assert "Transport Assistance for Affected Populations" in open_ones
    assert "During Planned Gap" in open_ones
    assert "Critical because people cross a border." in open_ones
    assert "Health Support" not in open_ones
    assert waived.strip().startswith("Health Support , during, until")
    assert f"{until:%b %Y}: The State does this by itself." in waived


def test_a_crisis_whose_plan_is_met_says_so(field_client):
    crisis = log()
    for gap in crisis.gaps.open():
        set_status(crisis, gap.sector.code, "during", "active")

    assert card(field_client, crisis, "Which critical sectors are not active?") == (
        "None: every critical sector of the open phases is active, completed or waived."
    )


# facts and money


def test_what_is_not_known_is_said_to_be_not_known(field_client):
    said = card(field_client, log(), "Facts")

    for question in ("Summary", "Other countries", "Start", "People cross a border", "GLIDE number", "Places"):
        assert f"{question} Not known yet" in said
    assert "Main cause Conflict or violence" in said


def test_facts_are_said_as_exactly_as_they_are_known(field_client):
    crisis = log(
        other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])),
        started_on=date(2014, 6, 1),
        start_precision="month",
        cause_detail="fighting between armed groups",
        crosses_border=True,
        foreign_nationals=False,
        groups=["refugees", "returnees"],
        glide="EQ-2015-000048-NPL",
    )

    said = card(field_client, crisis, "Facts")

    assert "Other countries Egypt, Tunisia" in said
    assert "Main cause Conflict or violence: fighting between armed groups" in said
    assert "Start Jun 2014" in said
    assert "People cross a border Yes Foreign nationals are affected No" in said
    assert "Who is affected Refugees and asylum seekers; Returnees" in said


def test_lines_of_work_of_one_currency_are_summed_as_lines_and_not_as_the_plan(hq_client):
    crisis = log()
    add_activity(crisis, "Evacuation", sectors=["S03", "S12"], required=2_000_000, confirmed=500_000)
    add_activity(crisis, "Water", required=1_000_000)
    add_activity(crisis, "Cash", currency="EUR", required=70)
    add_activity(crisis, "Radio", sectors=["S15"])

    said = card(hq_client, crisis, "Lines of work")

    assert "Evacuation Transport; Consular assistance. IOM, 1 Feb 2026. 2,000,000 USD 500,000 USD" in said
    assert "Water No sector of the framework's list. IOM, 1 Feb 2026. 1,000,000 USD not known" in said
    assert (
        "Sum of these lines 2 of 3 say what is required, 1 what is confirmed. Not the cost of the plan. "
        "3,000,000 USD 500,000 USD" in said
    )
    assert said.count("Sum of these lines") == 1


def test_a_single_line_of_work_needs_no_sum(field_client):
    crisis = log()
    add_activity(crisis, "Evacuation", required=2_000_000)

    assert "Sum" not in card(field_client, crisis, "Lines of work")


# who reads


@pytest.mark.parametrize(
    ("sharing", "readers"),
    [
        ("office", ["Staff of Tripoli and of the offices above it, and HQ"]),
        ("staff", ["Staff of the other offices of the region, while the crisis is open"]),
        ("partners", ["Partner organisations whose agreement names Libya"]),
        ("public", ["Partner organisations whose agreement names Libya", "Anybody, once this site publishes crises"]),
    ],
)
def test_the_page_says_who_can_see_it(hq_client, sharing, readers):
    crisis = log()
    if sharing == "office":
        services.share_crisis(crisis=crisis, sharing=sharing, by=make_field(), at=LATER)
    elif sharing != "staff":
        share(crisis, sharing)

    said = card(hq_client, crisis, "Who can see this crisis?")

    assert said.startswith("Staff of Tripoli and of the offices above it, and HQ")
    assert said.endswith(" ".join(readers))


def test_the_page_says_that_what_is_shared_outside_is_seen_once_it_is_approved(hq_client):
    crisis, waits = log(), "Nobody outside the organisation yet: they see it once it is approved"
    services.share_crisis(crisis=crisis, sharing="partners", by=make_hq(), at=LATER)
    assert card(hq_client, crisis, "Who can see this crisis?").endswith(waits)

    assert waits not in card(hq_client, share(crisis), "Who can see this crisis?")


def test_partners_and_visitors_see_the_office_and_no_name_of_staff_and_no_history(partner_client, client, settings):
    settings.PUBLIC_CRISES = True
    field = make_field()
    field.first_name = "Canary"
    field.save()
    crisis = share(log(by=field), "public")
    set_status(crisis, "S03", "during", "active", by=field, lead="Canary lead")
    add_figure(crisis, 12500, by=field)

    for reader in (partner_client, client):
        for address in ("crisis", "figure-list"):
            markup = reader.get(reverse(address, args=[crisis.reference])).content.decode()
            assert "Canary" not in markup
            assert "What happened" not in markup
        assert "Tripoli" in head(reader, crisis)
    assert "Canary" in page(signed_in(field), crisis)


def test_a_crisis_that_is_not_shared_is_not_found(other_client, partner_client):
    crisis = log(title="Hidden")

    for client in (other_client, partner_client):
        response = client.get(reverse("crisis", args=[crisis.reference]))
        assert response.status_code == 404
        assert b"Hidden" not in response.content


def test_a_visitor_signs_in_first_unless_the_site_publishes_crises(client, settings):
    crisis = share(log(), "public")
    address = reverse("crisis", args=[crisis.reference])
    assert client.get(address).url.endswith(f"?next={address}")

    settings.PUBLIC_CRISES = True

    assert client.get(address).status_code == 200


def test_a_regional_officer_reads_everything_and_is_offered_no_change_but_to_ask(office):
    cairo = make_office("cairo", country="EGY", parent=office.parent, kind=Office.Kind.REGIONAL)
    tunis = make_office("tunis", country="TUN", parent=cairo)
    crisis = log(office=tunis, by=make_field(tunis, "tunis-field"))
    regional = signed_in(make_user("regional", Role.REGIONAL, office=cairo))

    assert links(regional, crisis) == ["Ask for an update", "Assign"]
    assert steps(regional, crisis) == []
    assert "What happened" in page(regional, crisis)


def test_what_people_write_is_shown_as_text(field_client):
    crisis = log(title="<b>Floods</b>", summary="<script>alert(1)</script>", places="<i>Sindh</i>")

    markup = page(field_client, crisis)

    assert "&lt;script&gt;alert(1)" in markup
    assert "<script>alert" not in markup
    assert "<b>Floods" not in markup
    assert "<i>Sindh" not in markup


# history


def changes(client, crisis, query=""):
    listed = page(client, crisis, query).partition("What happened")[2].partition("</ol>")[0]
    return [text(item.partition("<small>")[0]) for item in re.findall(r"<li>(.*?)</li>", listed, re.S)]


def test_history_is_told_in_sentences_the_newest_first(hq_client):
    lead, hq = make_lead(), make_hq()
    crisis = log(by=lead)
    moments = (LATER + timedelta(hours=n) for n in range(20))
    services.open_phase(crisis=crisis, phase=phase("after"), by=lead, at=next(moments))
    services.close_phase(crisis=crisis, phase=phase("during"), by=lead, at=next(moments))
    set_status(crisis, "S06", "after", "planned", at=next(moments))
    set_status(crisis, "S06", "after", "planned", lead="A. Example", at=next(moments))
    set_status(crisis, "S06", "after", "active", at=next(moments))
    set_status(crisis, "S06", "after", "stood_down", at=next(moments))
    add_figure(crisis, 12500, qualifier="about", metric="displaced", group="returnees", at=next(moments))
    add_figure(crisis, None, metric="dead", at=next(moments))
    add_activity(crisis, "Evacuation", at=next(moments))
    decide_level(crisis, "2", at=next(moments))
    waive(crisis, "S07", at=next(moments))
    services.share_crisis(crisis=crisis, sharing="partners", by=hq, at=next(moments))
    services.update_facts(crisis=crisis, by=lead, revision=crisis.facts_revision, crosses_border=True, at=next(moments))
    services.close_crisis(crisis=crisis, by=lead, why="The State leads now.", at=next(moments))
    services.reopen_crisis(crisis=crisis, by=lead, why="Closed too early.", at=next(moments))

    assert changes(hq_client, crisis) == [
        "Reopened. Closed too early.",
        "Closed. The State leads now.",
        "Facts changed: people cross a border.",
        "Shared with “Partners”, before with “IOM staff”.",
        "Gap of Stabilization (after) waived until 2 Apr 2026. The State does this by itself.",
        "IOM emergency level decided: Level 2.",
        "Line of work added: Evacuation.",
        "Figure added. Dead: not known.",
        "Figure added. Displaced, returnees: about 12,500 people.",
        "(Re)integration (after) stands down.",
        "(Re)integration (after) is active.",
        "(Re)integration (after): lead, date or note changed.",
        "(Re)integration (after) is planned.",
        "No longer in the phase “During”.",
        "Now in the phase “After”.",
        "Logged.",
    ]


def test_every_event_that_the_services_record_has_its_sentence():
    recorded = set()
    for path in (settings.BASE_DIR / "crises" / "services").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], (ast.Constant, ast.Name)):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ("record", "_step") and isinstance(node.args[0], ast.Constant):
                    recorded.add(node.args[0].value)
                if name == "_add":
                    recorded.add(node.args[1].value)
            if isinstance(node, ast.Dict):
                told = zip(node.keys, node.values, strict=True)
                recorded |= {
                    text.value
                    for key, text in told
                    if getattr(key, "value", "") == "event" and isinstance(text, ast.Constant)
                }

    assert recorded == set(TELL)


def test_history_says_when_and_who(field_client):
    markup = page(field_client, log())

    assert "1 Mar 2026, 12:00" in card(field_client, Crisis.objects.get(), "What happened")
    assert '<time datetime="2026-03-01T12:00:00+00:00">' in markup


def test_the_newest_twenty_changes_are_shown_and_lead_to_all_of_them(field_client):
    crisis = log()
    for n in range(25):
        add_figure(crisis, n, at=LATER + timedelta(minutes=n))

    assert len(changes(field_client, crisis)) == 20
    assert f'href="/crises/{crisis.reference}/history/">Every change' in page(field_client, crisis)


# cost


def test_the_page_costs_the_same_whatever_there_is_to_show(field_client, hq_client, django_assert_num_queries):
    small = log()
    waive(small, "S01")
    full = log(
        phases=["before", "during", "after"],
        other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY", "TCD"])),
    )
    for n in range(10):
        add_figure(full, n, metric="displaced", at=LATER + timedelta(minutes=n))
        add_activity(full, f"Line {n}", sectors=["S03", "S04"], required=n, at=LATER + timedelta(hours=n + 1))
    for code in ("S01", "S02", "S03"):
        waive(full, code, at=timezone.now())
    for code in ("S04", "S10"):
        set_status(full, code, "during", "active", at=timezone.now())
    for value in "123":
        decide_level(full, value, at=timezone.now())
    page(field_client, small)  # the process holds the edition from here on

    # session, reader, crisis with its levels and countries, entries, periods, gaps, waivers, figures,
    # lines of work with their sectors, history
    for client in (field_client, hq_client):
        for crisis in (small, full):
            with django_assert_num_queries(10):
                page(client, crisis)


def test_a_partner_costs_one_query_less(partner_client, django_assert_num_queries):
    crisis = share(log())
    page(partner_client, crisis)

    # as above, without the history
    with django_assert_num_queries(9):
        page(partner_client, crisis)
