"""Two people at one cell of a plan: what only one changed survives, what both changed is shown twice, with names."""

import random
import re
import uuid
from datetime import timedelta

import pytest

from crises.models import Gap
from crises.reading import plan_of
from tests.factories import NOON, log, make_field, make_hq, make_lead, reader, set_priority, set_status
from tests.test_cell_page import said, value
from tests.test_journeys import PASSWORD, sign_in

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)
WHY = "Assessment found acute distress in three sites."


def words(markup):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup)).strip()


def box(response):
    """What the alert of a clash says."""
    return words(response.content.decode().partition('class="errors"')[2].partition("</table>")[0])


def plan(crisis, more=""):
    return f"/crises/{crisis.reference}/plan/{more}"


def sent(begun, **typed):
    """What a form sends that was opened when the cell stood so."""
    seen = {"status": begun.status, "since": begun.since, "lead": begun.lead, "note": begun.note}
    return seen | {"revision": begun.revision, "key": uuid.uuid4()} | typed


@pytest.fixture
def crisis():
    crisis = log()
    set_status(crisis, "S03", "during", "planned", lead="A. Diallo")
    return crisis


def theirs(crisis, **changed):
    """The lead changes the cell while the officer's page is open; the cell as the officer saw it."""
    begun = crisis.cells.get()
    values = {"since": begun.since, "lead": begun.lead, "note": begun.note} | changed
    set_status(crisis, "S03", "during", "planned", by=make_lead(), at=LATER, **values)
    return begun


def test_what_others_changed_stays_and_is_told_with_their_name_and_time(field_client, crisis):
    begun = theirs(crisis, note="Buses are hired.")

    response = field_client.post(plan(crisis, "S03/during/"), sent(begun, lead="S. Okoro"))

    assert said(field_client, response) == [
        "The entry for Transport is saved.",
        "lead changed this meanwhile, on 3 Mar 2026, 12:00 UTC, and it stays: note.",
    ]
    entry = crisis.cells.get()
    assert (entry.lead, entry.note) == ("S. Okoro", "Buses are hired.")


def test_a_clash_shows_only_what_both_changed_and_all_that_others_did(field_client, crisis):
    begun = theirs(crisis, lead="B. Traore", note="Buses are hired.")

    response = field_client.post(plan(crisis, "S03/during/"), sent(begun, lead="S. Okoro"))

    assert response.status_code == 409
    assert "lead changed on 3 Mar 2026, 12:00 UTC: lead, note." in re.sub(r" +", " ", box(response))
    assert "Lead B. Traore S. Okoro" in box(response)
    assert "Status" not in box(response)


def test_saving_again_after_a_clash_takes_nothing_back_that_only_others_changed(field_client, crisis):
    begun = theirs(crisis, lead="B. Traore", note="Buses are hired.")
    clash = field_client.post(plan(crisis, "S03/during/"), sent(begun, lead="S. Okoro"))
    shown = clash.content.decode()
    note = re.search(r'<textarea name="note"[^>]*>\s*([^<]*)</textarea>', shown)[1]

    again = sent(begun, lead=value(clash, "lead"), note=note, revision=value(clash, "revision"))
    assert field_client.post(plan(crisis, "S03/during/"), again).status_code == 303

    entry = crisis.cells.get()
    assert (entry.lead, entry.note) == ("S. Okoro", "Buses are hired.")


def test_a_clash_of_priorities_names_who_set_it_and_not_who_changed_the_cell_last(field_client, lead_client):
    crisis = log()
    set_priority(crisis, "S05", "during", "recommended", by=make_lead(), why="The lead sees no need for it.", at=LATER)
    set_status(crisis, "S05", "during", "planned", by=make_field(username="third"), at=LATER + timedelta(days=1))

    answers = {"priority": "critical", "justification": WHY, "revision": 0, "key": uuid.uuid4()}
    response = field_client.post(plan(crisis, "S05/during/priority/"), answers)

    assert response.status_code == 409
    found = re.sub(r" +", " ", box(response))
    assert "lead changed on 3 Mar 2026, 12:00 UTC: own priority, justification." in found
    assert "Recommended Critical" in found
    assert f"The lead sees no need for it. {WHY}" in found
    again = answers | {"revision": value(response, "revision"), "key": value(response, "key")}
    assert field_client.post(plan(crisis, "S05/during/priority/"), again).status_code == 303
    entry = crisis.cells.get()
    assert (entry.own_priority, entry.status) == ("critical", "planned")


def test_the_page_of_gaps_the_api_the_database_and_the_rules_count_the_same(hq_client):
    rolls = random.Random(7)
    token = reader(make_hq())
    for number in range(8):
        phases = rolls.sample(["before", "during", "after"], rolls.randint(1, 3))
        crisis = log(title=f"Crisis {number}", phases=phases, crosses_border=rolls.choice([True, False, None]))
        for cell in rolls.sample([cell for cell in plan_of(crisis).cells if cell.gap], 2):
            set_status(crisis, cell.sector.code, cell.phase.slug, rolls.choice(["active", "planned"]))
        for cell in rolls.sample([one for one in plan_of(crisis).cells if one.status == "not_started"], 4):
            own = rolls.choice([one for one in ("critical", "important", "not_applicable") if one != cell.default])
            set_priority(crisis, cell.sector.code, cell.phase.slug, own)
        whole, stored = plan_of(crisis), Gap.objects.filter(crisis=crisis, closed_at=None).count()

        page = hq_client.get(f"/crises/{crisis.reference}/gaps/").content.decode()
        tally = token.get(f"/api/v1/crises/{crisis.reference}/plan/").json()["tally"]

        assert page.count("What would close it") == tally["gaps"] == stored == sum(cell.gap for cell in whole.cells)
        assert tally["needed"] == tally["active"] + tally["completed"] + tally["waived"] + tally["gaps"]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("script", [True, False])
def test_a_plan_is_set_right_by_hand(browser, seeded, base_url, script):
    crisis = log()
    user = make_field()
    user.set_password(PASSWORD)
    user.save()
    page = browser.new_context(base_url=base_url, java_script_enabled=script).new_page()
    sign_in(page, "field")

    page.goto(plan(crisis))
    page.locator("#S05-during").get_by_role("link", name="Change").click()
    page.locator("#why-S05-during").get_by_role("link", name="Change the priority").click()
    page.get_by_label("Critical").check()
    page.get_by_label("Why does it differ").fill(WHY)
    page.get_by_role("button", name="Save").click()
    assert page.get_by_text("Psychosocial is now critical in this plan. A gap is open.").is_visible()

    page.goto(plan(crisis, "?show=changed"))
    assert "raised" in page.locator("#S05-during").inner_text()
    page.get_by_role("button", name="Undo Psychosocial").click()
    assert page.get_by_text("Psychosocial has the framework's priority again: important.").is_visible()

    page.goto(plan(crisis, "S13/during/priority/"))
    page.get_by_label("Not applicable").check()
    page.get_by_label("Why does it differ").fill("No diaspora is known to take part here.")
    page.get_by_role("button", name="Save").click()

    page.goto(plan(crisis))
    page.locator("#S11-during").get_by_role("button", name="No").click()
    assert page.get_by_text("because people do not cross a border").first.is_visible()
    assert "Recommended" in page.locator("#S11-during").inner_text()

    page.get_by_role("link", name="Confirm 14 priorities").click()
    page.get_by_role("button", name="Confirm as default").click()
    assert page.get_by_text("14 sectors are confirmed as default.").is_visible()
    page.get_by_role("link", name="Changed 1").click()
    assert page.locator("#S13-during .pr.n").inner_text() == "Not applicable"
    page.context.close()
