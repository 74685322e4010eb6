"""The main job in a real browser, from sign-in to the partner's API call; with script and without."""

import re

import pytest

from crises.models import Crisis
from offices.models import Office, Token
from tests.factories import make_field, make_hq, make_office, make_partner, share

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a password for tests"


@pytest.fixture
def people(seeded):
    """A field officer of Tripoli, an HQ reviewer and a partner for Libya."""
    hq = make_office("hq", country=None, kind=Office.Kind.HQ)
    cairo = make_office("cairo", country="EGY", parent=hq, kind=Office.Kind.REGIONAL)
    found = {"field": make_field(make_office("tripoli", parent=cairo)), "hq": make_hq(), "partner": make_partner("LBY")}
    for user in found.values():
        user.set_password(PASSWORD)
        user.save()
    return found


def sign_in(page, username):
    page.goto("/login/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()


def log_libya_2014(page):
    """The facts of the crisis of 2014 as the field officer knows them."""
    page.goto("/crises/new/")
    page.get_by_label("Country most affected").select_option(label="Libya")
    page.get_by_label("Short name").fill("Libya 2014")
    page.get_by_label("Conflict or violence").check()
    page.get_by_label(re.compile("During:")).check()
    started = page.get_by_role("group", name=re.compile("When did it start"))
    started.get_by_label("Month").fill("6")
    started.get_by_label("Year").fill("2014")
    page.get_by_label("Suddenly").check()
    for question in ("Do people cross a border?", "Are foreign nationals affected?"):
        page.get_by_role("group", name=re.compile(re.escape(question))).get_by_label("Yes").check()
    page.get_by_label(re.compile("International migrants")).check()
    page.get_by_label(re.compile("What should HQ know")).fill("Fighting between rival militia groups.")
    page.get_by_role("button", name="Save and see sectors").click()


def walk(page, people, live_server):
    sign_in(page, "field")
    log_libya_2014(page)

    crisis = Crisis.objects.get()
    assert crisis.reference.startswith("LBY-2014-")
    message = page.get_by_text(re.compile(rf"Crisis {crisis.reference} received \d\d:\d\d UTC"))
    assert "7 critical sectors are not active" in message.inner_text()

    page.goto(f"/crises/{crisis.reference}/plan/")
    for code, reason in {"S11": "people cross a border", "S12": "foreign nationals are affected"}.items():
        row = page.locator(f"#{code}-during")
        assert "Critical" in row.inner_text()
        page.goto(f"/crises/{crisis.reference}/plan/#why-{code}-during")
        assert f"Critical because {reason}" in page.locator(f"#why-{code}-during").inner_text()

    transport = page.locator("#S03-during")
    assert "Gap" in transport.inner_text()
    transport.get_by_role("link", name=re.compile("Change")).click()
    form = page.locator("#why-S03-during form")
    form.get_by_label("Status").select_option(label="Active")
    form.get_by_role("button", name="Save").click()
    assert page.get_by_text(re.compile("Its gap is closed")).is_visible()
    assert "Gap" not in page.locator("#S03-during").inner_text()

    page.goto("/account/")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "hq")
    page.goto("/dashboard/")
    assert "6" in page.locator("dd.kf").first.inner_text()
    page.get_by_role("link", name=re.compile("All 6 gaps")).click()
    listed = page.locator("main").inner_text()
    assert "Libya 2014" in listed
    assert "Transport Assistance" not in listed

    share(crisis)
    _row, token = Token.objects.create(people["partner"])
    answer = page.request.get(
        f"{live_server.url}/api/v1/crises/{crisis.reference}/plan/", headers={"Authorization": f"Token {token}"}
    ).json()
    assert len(answer["cells"]) == 45
    assert sum(bool(cell["gap"]) for cell in answer["cells"]) == 6


def test_the_main_job(page, people, live_server):
    walk(page, people, live_server)


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_the_main_job_without_script(page, people, live_server):
    walk(page, people, live_server)


def test_the_error_summary_takes_the_focus_and_leads_to_the_field(page, people, axe):
    sign_in(page, "field")
    page.goto("/crises/new/")
    page.get_by_role("button", name="Save and see sectors").click()

    assert page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.closest('.errors') !== null")
    page.get_by_role("link", name="Enter a short name.").click()
    assert page.evaluate("document.activeElement.name") == "title"
    axe(page)


def test_what_was_typed_survives_a_closed_tab(page, people):
    sign_in(page, "field")
    page.goto("/crises/new/")
    page.get_by_label("Short name").fill("Half a name")
    page.get_by_label("Short name").blur()
    page.wait_for_function("localStorage.length > 0")

    page.goto("/crises/")
    page.goto("/crises/new/")
    page.get_by_role("button", name="Bring them back").click()

    assert page.get_by_label("Short name").input_value() == "Half a name"
