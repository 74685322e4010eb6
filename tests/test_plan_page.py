"""The plan page: 45 explained cells, gaps first, and the change of a status in its row."""

import csv
import gzip
import html
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone

from crises import services
from tests.factories import NOON, log, make_field, make_hq, make_lead, phase, sector, set_status, share

pytestmark = pytest.mark.django_db
STATIC = Path(site.BASE_DIR) / "mcof" / "static"
ALL_PHASES = ("before", "during", "after")


def address(crisis, query=""):
    return f"/crises/{crisis.reference}/plan/{query}"


def text(response):
    """What the page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def rows(response):
    """The anchors of the rows, in order: S03-during."""
    return re.findall(r'<tr role="row" id="(S\d\d-\w+)"', response.content.decode())


def row(response, anchor):
    """The two rows of one cell: what it shows, and what it opens."""
    shown = response.content.decode()
    return shown.partition(f'id="{anchor}"')[2].partition('<tr role="row" id="S')[0]


def form_of(response, anchor):
    """The hidden and given answers of the form in a row."""
    form = html.unescape(row(response, anchor).partition("<form")[2].partition("</form>")[0])
    given = dict(re.findall(r'name="(\w+)" (?:maxlength="\d+" )?value="([^"]*)"', form))
    return given | {"status": offered(form)[0], "note": ""}


def offered(form):
    return re.findall(r'<option value="(\w+)"', form)


# what is shown


def test_the_plan_shows_the_open_phases_first_and_all_when_asked(field_client):
    crisis = log(phases=["during", "after"])

    assert {anchor[4:] for anchor in rows(field_client.get(address(crisis)))} == {"during", "after"}
    assert {anchor[4:] for anchor in rows(field_client.get(address(crisis, "?phase=before")))} == {"before"}
    assert len(rows(field_client.get(address(crisis, "?phase=all")))) == 45


def test_gaps_come_first_the_oldest_of_them_first_then_the_more_important(field_client):
    crisis = log(crosses_border=False, foreign_nationals=False)
    set_status(crisis, "S01", "during", "active", at=NOON + timedelta(days=1))
    set_status(crisis, "S02", "during", "active", at=NOON + timedelta(days=2))
    set_status(crisis, "S01", "during", "stood_down", at=NOON + timedelta(days=3))

    shown = [anchor[:3] for anchor in rows(field_client.get(address(crisis)))]

    assert shown[:5] == ["S03", "S04", "S10", "S01", "S02"]
    assert shown[5:] == ["S05", "S06", "S14", "S15", "S07", "S08", "S09", "S11", "S12", "S13"]


def test_the_page_says_how_many_are_needed_and_how_each_is_met(field_client):
    crisis = log()
    set_status(crisis, "S01", "during", "active")
    set_status(crisis, "S02", "during", "active")
    set_status(crisis, "S02", "during", "completed")
    services.waive_gap(
        gap=crisis.gaps.open().get(sector=sector("S03")),
        reason="The State provides transport itself.",
        until=timezone.now().date(),
        by=make_hq(),
    )

    page = text(field_client.get(address(crisis)))

    assert "7 critical sectors needed: 1 active, 1 completed, 1 waived, 4 gaps." in page


def test_where_the_crisis_is_in_several_phases_each_says_its_own_numbers(field_client):
    crisis = log(phases=["during", "after"])
    set_status(crisis, "S01", "during", "active")

    page = text(field_client.get(address(crisis, "?phase=during")))

    assert "12 critical sectors needed: 1 active, 0 completed, 0 waived, 11 gaps." in page
    assert "7 critical sectors needed: 1 active, 0 completed, 0 waived, 6 gaps." in page


@pytest.mark.parametrize(("show", "n"), [("all", 15), ("critical", 7), ("gaps", 6)])
def test_each_filter_says_how_many_cells_it_shows_and_shows_as_many(field_client, show, n):
    crisis = log()
    set_status(crisis, "S01", "during", "active")

    response = field_client.get(address(crisis, f"?show={show}"))

    assert len(rows(response)) == n
    assert f"{show.title()} {n} " in text(response)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?phase=later", "The filter “phase” has no choice “later”. Use one of: before, during, after, all."),
        ("?show=late", "The filter “show” has no choice “late”. Use one of: all, critical, gaps, changed."),
        ("?shows=gaps", "There is no filter “shows”. Did you mean “show”?"),
        ("?q=x", "There is no filter “q”. Remove it."),
    ],
)
def test_an_unknown_filter_is_named_and_nothing_is_shown(field_client, query, words):
    response = field_client.get(address(log(), query))

    assert response.status_code == 400
    assert words in text(response)
    assert rows(response) == []


def test_a_row_shows_why_the_status_the_gap_and_whom_to_work_with(field_client):
    crisis = log(crosses_border=True, at=timezone.now() - timedelta(days=5))
    set_status(crisis, "S11", "during", "planned", at=timezone.now(), note="A team is on its way.")

    shown = re.sub(r"<[^>]+>", "", row(field_client.get(address(crisis)), "S11-during"))

    assert "Critical because people cross a border." in shown
    assert "IC/2012/7 Annex, Phase 2" in shown
    assert "(derived)" in shown
    assert "Planned" in shown
    assert "Gap, 5 days, late" in shown
    assert "UNHCR, Peace, Protection, OCHA" in shown


def test_a_gap_is_late_only_after_the_hours_that_the_site_allows(field_client, settings):
    crisis = log(at=timezone.now() - timedelta(hours=49))

    settings.GAP_LATE_HOURS = 50
    assert "late" not in row(field_client.get(address(crisis)), "S03-during")
    settings.GAP_LATE_HOURS = 48
    assert "Gap, 2 days, late" in row(field_client.get(address(crisis)), "S03-during")


def test_a_fact_not_known_is_asked_for_inside_its_cell(field_client):
    crisis = log(crosses_border=None, foreign_nationals=True)

    response = field_client.get(address(crisis))

    assert "Do people cross a border?" in row(response, "S11-during")
    assert f'action="/crises/{crisis.reference}/answer/"' in row(response, "S11-during")
    assert "Are foreign nationals affected?" not in text(response)


def test_the_answer_link_leads_to_the_question(field_client):
    assert 'id="id_crosses_border"' in field_client.get(f"/crises/{log().reference}/edit/").content.decode()


def test_the_page_says_what_the_framework_advises_to_add_with_its_source(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "active")

    page = text(field_client.get(address(crisis)))

    advice = page.partition("What the framework advises to add")[2]
    assert "Shelter, NFI (not started, gap ) Transport enables Shelter, NFI. Evacuation to safe havens meets" in advice
    assert "IC/2012/7 Annex, Phase 2 (official text)" in advice
    assert "Transport (active" not in advice


def test_the_page_says_that_its_values_are_not_ioms(field_client):
    page = text(field_client.get(address(log())))

    assert "derived from the text of IC/2012/7. IOM&#x27;s own diagram values are not known to us. Edition 1." in page


def test_a_closed_crisis_keeps_its_plan_without_gaps_or_forms(lead_client, office):
    crisis = log()
    services.close_crisis(crisis=crisis, by=make_lead(office))

    response = lead_client.get(address(crisis))

    assert "This crisis is closed." in text(response)
    assert len(rows(response)) == 15
    assert "Gap," not in text(response)
    assert f'action="/crises/{crisis.reference}/plan/' not in response.content.decode()


# who sees what


def test_only_the_crisis_own_office_is_offered_changes(hq_client, partner_client):
    crisis = share(log())

    for client in (hq_client, partner_client):
        response = client.get(address(crisis))
        assert len(rows(response)) == 15
        assert f'action="/crises/{crisis.reference}/plan/' not in response.content.decode()
        assert "/edit/" not in response.content.decode()


def test_partners_and_visitors_see_no_name_of_staff_and_no_note(partner_client, settings):
    crisis = share(log(), "public")
    set_status(crisis, "S03", "during", "active", lead="CANARY-lead", note="CANARY-note", cluster_contact="CANARY-c")
    settings.PUBLIC_CRISES = True

    for client in (partner_client, Client()):
        for path in (address(crisis), f"/crises/{crisis.reference}/plan.csv"):
            response = client.get(path)
            assert response.status_code == 200
            assert b"CANARY" not in response.getvalue()


def test_a_stranger_finds_no_plan_and_a_visitor_is_asked_to_sign_in(other_client):
    crisis = log()

    for path in (address(crisis), f"/crises/{crisis.reference}/plan.csv"):
        assert other_client.get(path).status_code == 404
        assert Client().get(path).url == f"/login/?next={path}"


# changing a status in its row


def test_a_change_in_the_row_is_saved_and_comes_back_to_the_row_as_it_was_shown(field_client):
    crisis = log()
    answers = form_of(field_client.get(address(crisis, "?phase=all&show=critical")), "S03-during")

    response = field_client.post(address(crisis, "S03/during/"), answers | {"lead": "S. Okoro"})

    assert response.status_code == 303
    assert response.url == address(crisis, "?phase=all&show=critical#S03-during")
    assert crisis.cells.get().status == "active"
    assert "Transport is active. Its gap is closed." in text(field_client.get(response.url))


def test_the_first_status_offered_for_a_sector_not_started_is_active(field_client):
    assert offered(row(field_client.get(address(log())), "S03-during")) == ["active", "planned"]


def test_only_legal_moves_are_offered(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "active")

    assert offered(row(field_client.get(address(crisis)), "S03-during")) == ["active", "completed", "stood_down"]


def test_the_short_form_keeps_what_it_does_not_ask(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "planned", cluster_contact="Logistics cluster lead")

    answers = form_of(field_client.get(address(crisis)), "S03-during")
    field_client.post(address(crisis, "S03/during/"), answers | {"status": "active"})

    assert crisis.cells.get().cluster_contact == "Logistics cluster lead"


def test_the_way_back_leads_nowhere_but_to_the_plan(field_client):
    crisis = log()
    answers = form_of(field_client.get(address(crisis)), "S03-during")

    response = field_client.post(
        address(crisis, "S03/during/"), answers | {"plan": "phase=//evil.example/&next=https://evil.example"}
    )

    assert response.url == address(crisis, "?phase=%2F%2Fevil.example%2F#S03-during")


# plan.csv


def test_the_csv_holds_45_lines_that_no_spreadsheet_runs(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "planned", lead="=HYPERLINK(1)")

    response = field_client.get(f"/crises/{crisis.reference}/plan.csv")
    lines = list(csv.DictReader(io.StringIO(response.getvalue().decode())))

    assert response["Content-Disposition"] == f'attachment; filename="plan-{crisis.reference}.csv"'
    assert len(lines) == 45
    assert {line["reference"] for line in lines} == {crisis.reference}
    line = next(line for line in lines if (line["sector"], line["phase"]) == ("S03", "during"))
    assert line["lead"] == "'=HYPERLINK(1)"
    assert (line["default"], line["priority"], line["needed"]) == ("critical", "critical", "yes")
    assert line["provenance"] == "derived"
    assert line["gap_since"] == NOON.isoformat()
    assert int(line["days_open"]) == (timezone.now() - NOON).days
    assert line["systems"].startswith("cluster-system (main); refugee-regime (main)")


def test_the_csv_and_the_page_say_the_same(field_client):
    crisis = log(crosses_border=False)
    set_status(crisis, "S03", "during", "active")

    response = field_client.get(f"/crises/{crisis.reference}/plan.csv")
    lines = list(csv.DictReader(io.StringIO(response.getvalue().decode())))

    gaps = {f"{line['sector']}-{line['phase']}" for line in lines if line["gap_since"]}
    assert gaps == set(rows(field_client.get(address(crisis, "?show=gaps"))))
    lowered = next(line for line in lines if (line["sector"], line["phase"]) == ("S11", "during"))
    assert (lowered["stated"], lowered["default"], lowered["priority"]) == ("critical", "recommended", "recommended")
    assert (lowered["needed"], lowered["closes"]) == ("no", "")


# budgets


@pytest.mark.parametrize("path", ["plan/", "plan/?phase=all&show=gaps", "plan.csv"])
@pytest.mark.parametrize("n", [0, 45])
def test_a_plan_takes_seven_queries_however_much_the_office_has_said(field_client, django_assert_num_queries, path, n):
    crisis = log(phases=ALL_PHASES)
    for number in range(n):
        set_status(crisis, f"S{number // 3 + 1:02}", ALL_PHASES[number % 3], "planned", lead="S. Okoro")
    field_client.get(address(crisis))

    # session, reader, crisis with rights, entries, periods, gaps, waivers
    with django_assert_num_queries(7):
        field_client.get(f"/crises/{crisis.reference}/{path}").getvalue()


def test_the_plan_with_all_phases_open_and_its_style_take_20_kb_at_most(field_client):
    crisis = log(phases=ALL_PHASES)
    for number in range(45):
        code, slug = f"S{number // 3 + 1:02}", ALL_PHASES[number % 3]
        set_status(crisis, code, slug, "planned", lead=f"Officer {number}", note=f"Step {number} is being prepared.")

    sent = field_client.get(address(crisis)).content
    styles = [(STATIC / name).read_bytes() for name in ("mcof.css", "plan.css", "dark.css")]

    assert sum(len(gzip.compress(part, 9)) for part in (sent, *styles)) <= 20 * 1024


# in a browser


@pytest.fixture
def shown(page, sign_in):
    """The plan of a crisis with gaps, an active, a planned, a waived and a stood-down sector, open in a browser."""
    crisis = log(phases=ALL_PHASES, at=timezone.now() - timedelta(days=4))
    for code, status in (("S01", "active"), ("S02", "planned"), ("S03", "active"), ("S03", "stood_down")):
        set_status(crisis, code, "during", status, at=timezone.now(), lead="S. Okoro")
    services.waive_gap(
        gap=crisis.gaps.open().get(sector=sector("S04"), phase=phase("during")),
        reason="The State provides health care itself.",
        until=timezone.now().date(),
        by=make_hq(),
    )
    sign_in(make_field(crisis.office))
    page.goto(address(crisis))
    return crisis


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everybody_can_use_the_plan_and_a_cell(page, shown, axe, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})

    for path in (address(shown, "#why-S10-during"), address(shown, "S03/during/"), address(shown, "?phase=x")):
        page.goto(path)
        axe(page)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_nothing_runs_off_the_side_of_a_narrow_screen(page, shown):
    page.set_viewport_size({"width": 320, "height": 700})

    for path in (address(shown, "#why-S10-during"), address(shown, "S03/during/")):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_three_phases_print_on_two_sheets(page, shown):
    printed = page.pdf(prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_sector_is_activated_in_its_row_in_two_clicks(page, shown):
    page.locator("#S10-during").get_by_role("link", name="Change").click()
    page.locator("#why-S10-during").get_by_role("button", name="Save").click()

    page.wait_for_url("**/plan/#S10-during")
    assert "Active" in page.locator("#S10-during").inner_text()
