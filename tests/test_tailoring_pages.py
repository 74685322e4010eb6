"""Pages that set a plan right: own priorities, questions answered in their cell, defaults confirmed, gaps explained."""

import csv
import io
import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from crises import services
from crises.models import Crisis
from tests.conftest import signed_in
from tests.factories import NOON, log, make_field, make_partner, set_priority, set_status, share, waive

pytestmark = pytest.mark.django_db
WHY = "Assessment found acute distress in three sites."


def page(response):
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def row(response, anchor):
    return response.content.decode().partition(f'id="{anchor}"')[2].partition('<tr role="row" id="S')[0]


def change(client, crisis, code="S05", *, priority="critical", why=WHY, revision=0, key=None, **more):
    answers = {"priority": priority, "justification": why, "revision": revision, "key": key or uuid.uuid4(), **more}
    return client.post(f"/crises/{crisis.reference}/plan/{code}/during/priority/", answers)


def test_a_raised_sector_is_shown_beside_its_default_with_the_reason_and_who_gave_it(field_client):
    crisis = log()

    done = change(field_client, crisis, plan="show=changed")

    assert done.url == f"/crises/{crisis.reference}/plan/?show=changed#S05-during"
    shown = field_client.get(done.url)
    assert "is now critical in this plan. A gap is open." in page(shown)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", row(shown, "S05-during")))
    assert "Important Critical ↑ raised" in said
    assert f"Changed by field, {timezone.now():%-d %b %Y}: {WHY} Undo" in said
    assert "1 raised, 0 lowered, 0 not applicable" in page(shown)


def test_changed_only_shows_exactly_what_the_office_changed(field_client):
    crisis = log()
    set_priority(crisis, "S05", "during", "critical")
    set_priority(crisis, "S03", "during", "not_applicable")

    shown = field_client.get(f"/crises/{crisis.reference}/plan/?phase=all&show=changed").content.decode()

    assert set(re.findall(r'<tr role="row" id="(\S+)"', shown)) == {"S05-during", "S03-during"}
    assert "Changed 2" in shown


def test_undo_is_one_press_and_goes_back_to_the_framework(field_client):
    crisis = log()
    set_priority(crisis, "S05", "during", "critical")
    form = row(field_client.get(f"/crises/{crisis.reference}/plan/"), "S05-during").partition("/priority/")[2]
    answers = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.partition("</form>")[0]))

    field_client.post(f"/crises/{crisis.reference}/plan/S05/during/priority/", answers)

    assert not crisis.gaps.open().filter(sector__code="S05").exists()
    assert crisis.cells.get().own_priority == ""


@pytest.mark.parametrize(
    ("priority", "why", "problem"),
    [
        ("critical", "Too short.", "Justification must be 20 characters or more. It has 10."),
        ("critical", "x" * 501, "Justification must be 500 characters or fewer. It has 501."),
        ("urgent", WHY, "Select one of the priorities."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(field_client, priority, why, problem):
    answer = change(field_client, log(), priority=priority, why=why)

    assert answer.status_code == 400
    assert problem in page(answer)
    assert why in answer.content.decode()
    assert "Error: " in answer.content.decode()


def test_two_people_who_set_one_priority_see_each_other_and_saving_again_is_a_decision(office):
    crisis, other = log(office=office), make_field(office, "other")
    change(signed_in(other), crisis, why="The partner has left the region for good.")

    mine = signed_in(make_field(office))
    clash = change(mine, crisis, priority="recommended", why="Another partner takes this over in May.")

    assert clash.status_code == 409
    assert "The partner has left the region for good." in page(clash)
    assert "Another partner takes this over in May." in clash.content.decode()
    answers = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', clash.content.decode()))
    change(
        mine,
        crisis,
        priority="recommended",
        why="Another partner takes this over.",
        **{"revision": answers["revision"]},
    )
    assert crisis.cells.get().own_priority == "recommended"


def test_one_changes_the_status_while_another_changes_the_lead_and_the_page_says_what_stayed(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "planned", lead="A. Example")
    seen = crisis.cells.get().revision
    set_status(crisis, "S03", "during", "active", lead="A. Example")

    answers = {"status": "planned", "lead": "B. Example", "revision": seen, "key": uuid.uuid4()}
    done = field_client.post(f"/crises/{crisis.reference}/plan/S03/during/", answers, follow=True)

    assert "field changed this meanwhile, on 1 Mar 2026, 12:00 UTC, and it stays: status." in page(done)
    cell = crisis.cells.get()
    assert (cell.status, cell.lead) == ("active", "B. Example")


def test_a_question_is_answered_in_its_cell_and_the_page_says_what_followed(field_client):
    crisis = log(crosses_border=None)
    shown = row(field_client.get(f"/crises/{crisis.reference}/plan/"), "S11-during")
    answers = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown.partition("/answer/")[2].partition("<button")[0]))

    done = field_client.post(f"/crises/{crisis.reference}/answer/", answers | {"answer": "no"}, follow=True)

    assert done.redirect_chain[0][0].endswith("/plan/#S11-during")
    assert "now recommended (was critical), because people do not cross a border" in page(done)
    crisis.refresh_from_db()
    assert (crisis.crosses_border, crisis.foreign_nationals) == (False, None)


def test_an_answer_that_somebody_else_gave_first_leads_to_the_form(field_client):
    crisis = log(crosses_border=None)
    services.update_facts(crisis=crisis, by=make_field(), revision=crisis.facts_revision, crosses_border=True)

    answers = {"fact": "crosses_border", "answer": "no", "revision": crisis.facts_revision}
    done = field_client.post(f"/crises/{crisis.reference}/answer/", answers)

    assert done.url == f"/crises/{crisis.reference}/edit/#id_crosses_border_0"
    said = page(field_client.get(done.url))
    assert "field answered “Do people cross a border?” with “Yes” on " in said
    assert "Your “No” is not saved." in said
    assert Crisis.objects.get().crosses_border is True


@pytest.mark.parametrize(
    "answers", [{"fact": "title", "answer": "yes"}, {"fact": "crosses_border", "answer": "maybe"}, {}]
)
def test_only_a_question_of_the_plan_can_be_answered_there(field_client, answers):
    assert field_client.post(f"/crises/{log().reference}/answer/", answers).status_code == 404


def test_many_priorities_are_confirmed_at_once_and_say_so(field_client):
    crisis = log()
    address, key = f"/crises/{crisis.reference}/plan/confirm/", str(uuid.uuid4())
    offered = re.findall(r'name="cell" value="(\S+)" id="\S+" checked', field_client.get(address).content.decode())

    done = field_client.post(address, {"cell": offered, "key": key}, follow=True)
    again = field_client.post(address, {"cell": offered, "key": key}, follow=True)

    assert len(offered) == 15
    assert "15 sectors are confirmed as default." in page(done)
    assert "It was saved once." in page(again)
    assert row(field_client.get(f"/crises/{crisis.reference}/plan/"), "S03-during").count("confirmed") == 1


def test_nothing_selected_is_said(field_client):
    answer = field_client.post(f"/crises/{log().reference}/plan/confirm/", {"key": uuid.uuid4()})

    assert (answer.status_code, "Select at least one sector." in page(answer)) == (400, True)


def test_the_gaps_of_a_crisis_say_why_since_when_and_what_would_close_them(field_client):
    crisis = log(crosses_border=True, at=timezone.now() - timedelta(days=9))
    set_priority(crisis, "S05", "during", "critical", why=WHY, at=timezone.now() - timedelta(days=3))
    set_status(crisis, "S03", "during", "active", at=timezone.now())
    waive(crisis, "S04")

    shown = page(field_client.get(f"/crises/{crisis.reference}/gaps/"))

    assert "Critical because people cross a border." in shown
    assert f"Critical, the office says: {WHY} By the framework it is important." in shown
    assert "Gap, 9 days, late" in shown
    assert "priority, which is important." in shown
    assert "The State does this by itself." in shown.partition("Waived by HQ")[2]
    assert "Transport Assistance" in shown.partition("Gaps that were closed")[2]


def test_the_file_of_the_gaps_has_what_the_page_shows(field_client):
    crisis = log()
    waive(crisis, "S04")

    lines = list(
        csv.DictReader(io.StringIO(field_client.get(f"/crises/{crisis.reference}/gaps.csv").getvalue().decode()))
    )

    assert {line["sector"] for line in lines} == {gap.sector.code for gap in crisis.gaps.open()}
    assert [line["sector"] for line in lines if line["waived_until"]] == ["S04"]
    assert all(line["because"] and line["closes"] and line["paragraph"] for line in lines)


def test_the_plan_and_the_gaps_cost_the_same_however_much_was_changed(field_client, django_assert_num_queries):
    crisis = log(phases=["before", "during", "after"])
    field_client.get(f"/crises/{crisis.reference}/plan/")
    set_priority(crisis, "S05", "during", "critical")

    def cost():
        # session, reader, crisis; entries, periods, gaps, waivers; who changed priorities
        with django_assert_num_queries(8):
            field_client.get(f"/crises/{crisis.reference}/plan/?phase=all")
        # session, reader, crisis; entries, periods, gaps, waivers
        with django_assert_num_queries(7):
            field_client.get(f"/crises/{crisis.reference}/gaps/")

    cost()
    for code in ("S06", "S07", "S09", "S14"):
        set_priority(crisis, code, "during", "critical", at=NOON + timedelta(hours=1))
    cost()


def test_a_partner_reads_the_reason_and_no_name(office):
    crisis = log(office=office)
    set_priority(crisis, "S05", "during", "critical", why=WHY, by=make_field(office, "hidden-name"))
    share(crisis)

    shown = signed_in(make_partner("LBY")).get(f"/crises/{crisis.reference}/plan/")

    assert WHY in page(shown)
    assert "hidden-name" not in shown.content.decode()
