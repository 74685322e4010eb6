"""The page of a review: everything that is reviewed, what changed, comments, and the steps."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from crises import services
from crises.models import Crisis
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    phase,
    sector,
    send,
    send_back,
    set_priority,
    set_status,
    share,
)

pytestmark = pytest.mark.django_db


def address(crisis, name="crisis-review"):
    return reverse(name, args=[crisis.reference])


def page(client, crisis, name="crisis-review"):
    response = client.get(address(crisis, name))
    assert response.status_code == 200
    return response.content.decode()


def text(markup):
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def answers(client, crisis, act, **more):
    """The form as it was shown, with a step and words."""
    shown = page(client, crisis)
    hidden = dict(re.findall(r'<input type="hidden" name="(key|seen)" value="([^"]*)"', shown))
    return hidden | {"act": act} | more


def take(client, crisis, act, **more):
    return client.post(address(crisis), answers(client, crisis, act, **more))


def state(crisis):
    return Crisis.objects.with_review().get(pk=crisis.pk).review


def buttons(client, crisis):
    return re.findall(r'name="act" value="(\w+)"', page(client, crisis))


def full():
    crisis = log(phases=["during", "after"], summary="Roads are cut.", foreign_nationals=True)
    set_status(crisis, "S03", "during", "active", lead="A. Example", note="Buses leave daily.")
    set_priority(crisis, "S05", "during", "critical", why="The camps have no doctor at all.")
    add_figure(crisis, 64_000, source="Flash update 3")
    add_activity(crisis, "Evacuation", sectors=["S03"], required=2_000_000)
    return crisis


def test_everything_that_is_reviewed_is_on_one_page_in_order(field_client):
    said = text(page(field_client, full()))

    parts = [
        *("Short name Fighting around Tripoli", "Roads are cut.", "Phases During", "The plan, during"),
        *("The camps have no doctor at all.", "64,000", "Flash update 3", "Lines of work Evacuation"),
    ]
    places = [said.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert "Buses leave daily." in said
    assert "2,000,000 USD required" in said


def test_each_person_is_offered_the_steps_they_may_take(field_client, lead_client, hq_client, office):
    crisis = log(office=office)
    assert [buttons(client, crisis) for client in (field_client, lead_client, hq_client)] == [["sent"], ["sent"], []]
    send(crisis)
    assert [buttons(client, crisis) for client in (field_client, lead_client, hq_client)] == [
        [],
        ["approved", "sent_back"],
        ["approved", "sent_back"],
    ]
    approve(crisis)
    assert [buttons(client, crisis) for client in (field_client, lead_client, hq_client)] == [[], [], []]
    set_status(crisis, "S03", "during", "active", by=make_lead(office))
    assert [buttons(client, crisis) for client in (field_client, lead_client, hq_client)] == [
        ["sent"],
        ["sent_back", "sent"],
        ["approved", "sent_back"],
    ]


def test_an_office_sends_hq_sends_back_the_office_answers_hq_approves(field_client, hq_client, office):
    crisis = log(office=office)
    assert take(field_client, crisis, "sent", note="Please check.").status_code == 303
    assert state(crisis) == "in_review"
    asked = {"note": "Two things.", "on-S03-during": "By when?", "on-places": "Which districts?"}
    assert take(hq_client, crisis, "sent_back", **asked).status_code == 303
    assert state(crisis) == "sent_back"
    shown = text(page(field_client, crisis))
    assert "Two things." in shown
    assert shown.count("From the review:") == 2
    assert take(field_client, crisis, "sent", note="Answered.").status_code == 303
    assert "By when?" in text(page(hq_client, crisis))
    assert take(hq_client, crisis, "approved").status_code == 303
    assert state(crisis) == "approved"


def test_comments_are_offered_where_they_can_be_sent_only(hq_client, office):
    crisis = log(office=office)
    assert 'name="on-' not in page(hq_client, crisis)
    send(crisis)
    assert 'name="on-S03-during"' in page(hq_client, crisis)
    approve(crisis)
    assert 'name="on-' not in page(hq_client, crisis)


def test_the_level_in_force_is_shown_beside_what_is_approved(hq_client, office):
    crisis = log(office=office)
    assert "IOM level: not assessed" in text(page(hq_client, crisis))
    decide_level(crisis, "2")
    assert "IOM Level 2" in text(page(hq_client, crisis))


def test_what_changed_since_the_approval_comes_first_and_is_marked(field_client, hq_client, office):
    crisis = log(office=office, summary="Before.")
    add_figure(crisis, 100)
    send(crisis)
    approve(crisis)
    crisis.refresh_from_db()
    services.update_facts(
        crisis=crisis, by=make_field(office), revision=crisis.facts_revision, summary="After.", at=NOON
    )
    set_status(crisis, "S03", "during", "active")
    add_figure(crisis, 200)
    markup = page(hq_client, crisis)
    changed = text(markup.partition('id="changed"')[2].partition("</section>")[0])

    assert "Summary Before. After." in changed
    assert "Transport (during) is active." in changed
    assert "Figure added. People affected: 200 people." in changed
    assert markup.index('id="changed"') < markup.index("<h2>Facts")
    assert re.findall(r'id="about-(\S+)">(?:(?!id="about).)*?<strong class="tag">changed', markup, re.S) == [
        "summary",
        "S03-during",
    ]
    assert markup.count('<strong class="tag">new</strong>') == 1


def test_an_approval_of_what_changed_meanwhile_is_refused_and_shows_the_change(hq_client, office):
    crisis = log(office=office)
    send(crisis)
    form = answers(hq_client, crisis, "approved", note="Good.", **{"on-places": "Where?"})
    set_status(crisis, "S03", "during", "active", at=NOON + timedelta(hours=1))

    response = hq_client.post(address(crisis), form)
    shown = response.content.decode()

    assert response.status_code == 409
    assert state(crisis) == "in_review"
    alert = text(shown.partition('role="alert"')[2].partition("</div>")[0])
    assert "Nothing was approved." in alert
    assert "Transport (during) is active." in alert
    assert ">\nGood.</textarea>" in shown
    assert ">\nWhere?</textarea>" in shown
    again = dict(re.findall(r'<input type="hidden" name="(key|seen)" value="([^"]*)"', shown))
    assert again["key"] != form["key"]
    assert hq_client.post(address(crisis), again | {"act": "approved", "note": "Good."}).status_code == 303
    assert state(crisis) == "approved"


def test_sent_twice_is_taken_once(hq_client, office):
    crisis = log(office=office)
    send(crisis)
    form = answers(hq_client, crisis, "sent_back", note="Why?")

    assert [hq_client.post(address(crisis), form).status_code for _ in range(2)] == [303, 303]
    assert crisis.reviews.filter(kind="sent_back").count() == 1
    assert hq_client.post(address(crisis), form | {"note": "Other."}).status_code == 422


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"act": "sent_back"}, "Say what the office is to change"),
        ({"act": "sent_back", "note": "x" * 1001}, "Note must be 1,000 characters or fewer"),
        ({"act": "sent_back", "on-places": "x" * 501}, "Comment must be 500 characters or fewer"),
        ({"act": "abolish"}, "Choose what to do"),
        ({"act": "approved", "seen": "x"}, "Enter a whole number"),
    ],
)
def test_a_form_that_cannot_be_taken_says_why_and_keeps_what_was_typed(hq_client, office, answer, words):
    crisis = log(office=office)
    send(crisis)

    response = hq_client.post(address(crisis), answers(hq_client, crisis, "") | answer)

    assert response.status_code == 400
    assert words in text(response.content.decode())
    assert answer.get("note", "") in response.content.decode()
    assert state(crisis) == "in_review"


def test_an_author_is_told_that_somebody_else_approves(lead_client, office):
    crisis = log(office=office)
    send(crisis, by=make_lead(office))
    assert "approved" not in buttons(lead_client, crisis)

    response = take(lead_client, crisis, "approved", note="Mine.")

    assert response.status_code == 403
    assert "somebody else approves it" in text(response.content.decode())
    assert "Mine.</textarea>" in response.content.decode()


def test_who_may_not_take_a_step_is_told_what_is_missing(field_client, hq_client, office):
    crisis = log(office=office)
    send(crisis)
    answer = {"act": "approved", "seen": "1", "key": str(uuid.uuid4())}

    assert (
        "a regional officer above it or an HQ reviewer" in field_client.post(address(crisis), answer).content.decode()
    )
    refused = hq_client.post(address(crisis), answer | {"act": "sent"})
    assert refused.status_code == 403
    assert state(crisis) == "in_review"


def test_reviews_their_notes_and_comments_stay_inside(partner_client, client, settings):
    settings.PUBLIC_CRISES = True
    hq = make_hq()
    hq.first_name = "Canary"
    hq.save()
    crisis = log()
    send(crisis, note="Canary sent")
    send_back(crisis, note="Canary note", comments=[{"field": "places", "text": "Canary comment"}])
    share(crisis, "public")
    set_status(crisis, "S03", "during", "active")
    send(crisis)
    send_back(
        crisis, note="Canary again", comments=[{"sector": sector("S03"), "phase": phase("during"), "text": "Canary"}]
    )
    pages = ["", "plan/", "plan/S03/during/", "figures/", "coordination/"]

    assert partner_client.get(address(crisis)).status_code == 403
    assert client.get(address(crisis)).status_code == 302
    for reader in (partner_client, client):
        for where in [f"/crises/{crisis.reference}/{name}" for name in pages] + [f"/api/v1/crises/{crisis.reference}/"]:
            response = reader.get(where)
            assert response.status_code == 200
            assert b"Canary" not in response.content, where


def test_the_page_costs_the_same_whatever_there_is_to_check(hq_client, office, django_assert_num_queries):
    crisis = log(office=office)
    page(hq_client, crisis)

    # session, reader, crisis; entries, periods, gaps; figures, lines of work, reviews
    with django_assert_num_queries(9):
        page(hq_client, crisis)
    for n in range(3):
        send(crisis)
        send_back(crisis, comments=[{"field": "places", "text": "?"}, {"text": "!"}])
        add_figure(crisis, n)
        add_activity(crisis, f"{n}", sectors=["S01", "S03"])
    send(crisis)
    approve(crisis)
    for code in ("S01", "S02", "S03"):
        set_status(crisis, code, "during", "active")
    # and what changed since the approval
    with django_assert_num_queries(10):
        page(hq_client, crisis)


def test_an_office_that_had_to_sign_in_again_finds_its_note(client, office):
    crisis = log(office=office)
    field = make_field(office)
    answer = answers(signed_in(field), crisis, "sent", note="Kept.", writer=field.pk)
    client.post(address(crisis), answer)
    client.force_login(field)

    assert "Kept.</textarea>" in page(client, crisis)


def test_after_it_was_sent_back_the_office_meets_each_comment_where_it_belongs(field_client, office):
    crisis = log(office=office)
    send(crisis)
    cell = {"sector": sector("S03"), "phase": phase("during"), "text": "By when?"}
    send_back(crisis, comments=[cell, {"field": "places", "text": "Which districts?"}])
    where = reverse("cell", args=[crisis.reference, "S03", "during"])

    assert "From the review : By when?" in text(field_client.get(where).content.decode())
    assert text(page(field_client, crisis, "plan")).count("1 comment from review") == 1
    assert "Which districts?" in page(field_client, crisis, "crisis-edit")
    assert "Answer the review: 2 comments" in page(field_client, crisis, "crisis")

    send(crisis)

    for markup in (field_client.get(where).content.decode(), page(field_client, crisis, "crisis-edit")):
        assert "From the review" not in markup
