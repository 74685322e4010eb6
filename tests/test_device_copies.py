"""What the browser keeps of an unfinished form: offered again until it has arrived, and to its writer alone."""

import re

import pytest

from crises.models import Crisis
from tests.factories import log, make_field, make_office

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADDRESS = "/crises/new/"


@pytest.fixture
def writer(page, sign_in):
    """A field officer, signed in."""
    writer = make_field(make_office())
    sign_in(writer)
    return writer


def copies(page):
    return page.evaluate("Object.keys(localStorage)")


def write_title(page, title):
    page.get_by_label("Short name").fill(title)
    page.get_by_label("Short name").blur()
    page.wait_for_function("document.getElementById('kept').textContent.startsWith('Saved on this device')")


def test_an_untouched_form_leaves_no_copy(page, writer):
    page.goto(ADDRESS)
    page.get_by_label("Short name").focus()
    page.goto("/drafts/")

    assert copies(page) == []


def test_a_copy_keeps_every_answer_and_no_token(page, writer):
    page.goto(ADDRESS)
    page.get_by_label("Natural hazard").check()
    page.get_by_label(re.compile("After:")).check()
    page.get_by_role("group", name=re.compile("When did it start")).get_by_label("Year").fill("2014")
    page.get_by_role("group", name="Do people cross a border?").get_by_label("No", exact=True).check()
    page.get_by_label("What should HQ know?").fill("Roads are cut.\nTwo towns.")
    key = page.locator("[name=key]").input_value()
    write_title(page, "Half a name")
    page.goto(ADDRESS)

    page.get_by_role("button", name="Bring them back").click()

    assert "csrf" not in page.evaluate("JSON.stringify(localStorage)")
    assert page.locator("[name=key]").input_value() == key
    assert page.get_by_label("Short name").input_value() == "Half a name"
    assert page.get_by_label("Natural hazard").is_checked()
    assert page.get_by_label(re.compile("After:")).is_checked()
    assert page.get_by_role("group", name="Do people cross a border?").get_by_label("No", exact=True).is_checked()
    assert page.get_by_label("What should HQ know?").input_value() == "Roads are cut.\nTwo towns."
    assert page.get_by_text("Characters left: 975").is_visible()
    assert page.get_by_role("button", name="Bring them back").is_hidden()


def test_a_crisis_logged_from_a_copy_removes_it_and_nothing_is_offered_afterwards(page, writer):
    page.goto(ADDRESS)
    page.get_by_label("Conflict or violence").check()
    page.get_by_label(re.compile("During:")).check()
    write_title(page, "Libya 2014")
    assert len(copies(page)) == 1

    page.get_by_role("button", name="Save and see sectors").click()
    page.wait_for_url(re.compile(Crisis.objects.get().reference))
    page.wait_for_function("localStorage.length === 0")
    page.goto(ADDRESS)

    assert page.get_by_role("button", name="Bring them back").is_hidden()
    assert "received=" not in page.evaluate("document.cookie")


def test_a_refused_form_keeps_its_copy(page, writer):
    page.goto(ADDRESS)
    write_title(page, "Half a name")

    page.get_by_role("button", name="Save and see sectors").click()
    page.wait_for_selector(".errors")

    assert len(copies(page)) == 1


def test_discarding_a_copy_removes_it_and_offers_the_one_before(page, writer):
    for title in ("First", "Second"):
        page.goto(ADDRESS)
        write_title(page, title)
    page.goto(ADDRESS)

    page.get_by_role("button", name="Discard").click()
    assert len(copies(page)) == 1
    page.get_by_role("button", name="Bring them back").click()

    assert page.get_by_label("Short name").input_value() == "First"


def test_another_person_on_the_same_machine_is_offered_nothing(page, writer, sign_in):
    page.goto(ADDRESS)
    write_title(page, "Canary")

    sign_in(make_field(make_office(), "other"))
    page.goto(ADDRESS)

    assert page.get_by_role("button", name="Bring them back").is_hidden()
    assert len(copies(page)) == 1  # it still waits for its writer


def test_typing_a_date_says_that_it_is_known(page, writer):
    page.goto(ADDRESS)
    page.get_by_role("group", name=re.compile("When did it start")).get_by_label("Not known yet").check()

    page.get_by_role("group", name=re.compile("When did it start")).get_by_label("Year").fill("2014")

    assert (
        not page.get_by_role("group", name=re.compile("When did it start")).get_by_label("Not known yet").is_checked()
    )


def test_a_browser_that_cannot_keep_drafts_says_so(page, writer):
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('refused', 'QuotaExceededError'); }"
    )

    page.goto(ADDRESS)

    assert page.get_by_text("This browser cannot keep drafts. Save before you leave.").is_visible()


def test_changes_to_a_crisis_are_kept_too_until_they_arrive(page, writer, axe):
    crisis = log(by=writer)
    edit = f"/crises/{crisis.reference}/edit/"
    page.goto(edit)
    write_title(page, "Another name")
    page.goto(ADDRESS)
    assert page.get_by_role("button", name="Bring them back").is_hidden()  # not a crisis to be logged

    page.goto(edit)
    axe(page)
    page.get_by_role("button", name="Bring them back").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_function("localStorage.length === 0")

    crisis.refresh_from_db()
    assert crisis.title == "Another name"
