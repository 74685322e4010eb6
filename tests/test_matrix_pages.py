"""The matrix as page, CSV and JSON: what it shows, what a filter leaves, and whose word it says it is."""

import csv
import gzip
import io
import re
from html import unescape
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

from sectors.exports import safe
from sectors.models import Edition, Fact, SectorPriority

pytestmark = pytest.mark.django_db

NOTE = (
    "Priorities and most links are derived from the text of IC/2012/7. "
    "IOM's own diagram values are not known to us. Edition 1."
)


def get(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return unescape(b"".join(answer).decode())


def sectors_in(html):
    return [int(number) for number in re.findall(r'id="r(\d+)"', html)]


def pills(html):
    return re.findall(r'data-l="(\w+)"><a class="pr (\w)"', html)


def lines(client, query=""):
    return list(csv.DictReader(io.StringIO(get(client, f"/matrix.csv{query}"))))


def test_every_sector_is_shown_with_its_priority_in_every_phase(client):
    html = get(client, "/matrix/")

    assert sectors_in(html) == list(range(1, 16))
    assert len(pills(html)) == 45
    assert pills(html)[:3] == [("Before", "i"), ("During", "c"), ("After", "i")]


def test_count_strips_add_up_each_phase(client):
    html = get(client, "/matrix/")

    assert re.findall(r'role="img" aria-label="([^"]+)"', html) == [
        "3 critical, 5 important, 7 recommended",
        "7 critical, 4 important, 4 recommended",
        "5 critical, 9 important, 1 recommended",
    ]


def test_links_say_in_words_whether_they_are_main_or_supporting(client):
    html = get(client, "/matrix/")

    assert html.count('OCHA<span class="vh">, main link</span></b>') == 8
    assert html.count(", main link</span>") + html.count(", supporting link</span>") == 135


def test_the_last_row_counts_the_sectors_linked_to_each_column(client):
    foot = get(client, "/matrix/").split("<tfoot")[1]

    assert [int(n) for n in re.findall(r">(\d+)</td>", foot)] == [
        *(14, 11, 10, 9),
        *(8, 3, 7, 3, 11, 4, 2, 8, 3, 6),
        *(3, 4, 5, 5, 3, 4, 2, 7, 3),
    ]


def test_a_row_explains_each_priority_and_leads_to_the_sector(client):
    why = get(client, "/matrix/").split('id="s4"')[1].split("</tr>")[0]

    assert "During: critical" in why
    assert "Access to health care is named as what reduces avoidable illness and death." in why
    assert "IC/2012/7 Annex, Phase 2; IC/2012/7 para 8, Sector 4 (derived)" in why
    assert 'href="/sectors/health-support/"' in why


def test_a_priority_that_depends_on_the_crisis_is_marked_and_says_on_what(client):
    html = get(client, "/matrix/")

    assert html.count('Critical*<span class="vh"> depends on the crisis</span>') == 2
    assert "Depends on the crisis. People cross a border: critical. If not: recommended." in html
    assert "Depends on the crisis. Foreign nationals are affected: critical. If not: recommended." in html


def test_only_sector_names_are_tab_stops_of_the_table(client):
    table = get(client, "/matrix/").split("<table")[1].split("</table>")[0]
    shown = re.sub(r'<tr role="row" class="why".*?</tr>', "", table, flags=re.DOTALL)

    assert shown.count("<a ") == 60
    assert shown.count('tabindex="-1"') == 45


def test_the_table_says_its_roles_because_cards_of_a_phone_would_lose_them(client):
    for address in ("/matrix/", "/sectors/"):
        parts = re.findall(r"<(?:table|thead|tbody|tfoot|tr|th|td)\b[^>]*>", get(client, address))
        assert len(parts) > 60
        assert [part for part in parts if " role=" not in part] == []


def test_page_csv_and_json_all_say_that_the_values_are_derived(client):
    assert NOTE in get(client, "/matrix/")
    assert {(row["provenance"], row["note"]) for row in lines(client)} == {("derived", NOTE)}
    assert client.get("/matrix.json").json()["provenance_note"] == NOTE


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?phase=during&priority=critical", [1, 2, 3, 4, 10, 11, 12]),
        ("?priority=critical", [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        ("?system=security-peacebuilding-actors", [5, 6, 7, 9, 10, 11, 13, 14, 15]),
        ("?cluster=environment", [2, 8]),
        ("?cluster=cccm&system=refugee-regime&phase=after&priority=important", [1, 2, 3, 4, 10, 15]),
        ("?phase=&priority=&system=&cluster=", list(range(1, 16))),
    ],
)
def test_a_filter_leaves_the_same_sectors_on_page_csv_and_json(client, query, shown):
    html = get(client, f"/matrix/{query}")
    document = client.get(f"/matrix.json{query}").json()

    assert sectors_in(html) == shown
    assert list(dict.fromkeys(int(row["sector_code"][1:]) for row in lines(client, query))) == shown
    assert [row["number"] for row in document["sectors"]] == shown
    assert (document["shown"], document["total"]) == (len(shown), 15)


def test_a_filter_says_how_much_it_leaves_and_how_to_see_all(client):
    html = get(client, "/matrix/?cluster=environment")

    assert "2 of 15 sectors." in html
    assert '<a href="/matrix/">Show all</a>' in html
    assert 'href="/matrix.csv?cluster=environment"' in html
    assert 'href="/matrix.json?cluster=environment"' in html


def test_a_phase_alone_keeps_every_sector_and_shows_that_phase_only(client):
    html = get(client, "/matrix/?phase=during")

    assert "15 of 15 sectors. Of the phases, only “During”." in " ".join(html.split())
    assert {phase for phase, _ in pills(html)} == {"During"}
    assert "Before: " not in html
    assert {row["phase"] for row in lines(client, "?phase=during")} == {"during"}


def test_a_filter_that_no_sector_meets_says_so(client):
    html = get(client, "/matrix/?phase=after&priority=recommended&system=cluster-system&cluster=education")

    assert "No sector matches these filters." in html
    assert "<table" not in html
    assert lines(client, "?phase=after&priority=recommended&cluster=education") == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?phase=soon", "The filter “phase” has no choice “soon”. Use one of: before, during, after."),
        ("?priority=high", "The filter “priority” has no choice “high”. Use one of: critical, important, recommended."),
        ("?phaze=during", "There is no filter “phaze”. Did you mean “phase”?"),
        ("?sort=name", "There is no filter “sort”. Remove it from the address."),
        ("?phase=before&phase=during", "The filter “phase” is there twice. Keep one."),
        ("?system=ocha", "The filter “system” has no choice “ocha”. Use one of: cluster-system, refugee-regime, "),
    ],
)
def test_a_filter_that_is_not_known_is_said_and_nothing_is_shown(client, query, message):
    html = get(client, f"/matrix/{query}", status=400)
    problem = client.get(f"/matrix.json{query}")

    assert message in html
    assert "<title>Error: " in html
    assert "<table" not in html
    assert message in get(client, f"/matrix.csv{query}", status=400)
    assert (problem.status_code, problem["Content-Type"]) == (400, "application/problem+json")
    assert message in problem.json()["detail"]


def test_the_csv_has_a_line_for_each_sector_and_phase(client):
    answer = client.get("/matrix.csv")
    rows = lines(client)

    assert 'filename="matrix-mcof-2012-edition-1.csv"' in answer["Content-Disposition"]
    assert len(rows) == 45
    assert rows[31] == {
        "sector_code": "S11",
        "sector": "Technical Assistance for Humanitarian Border Management",
        "phase": "during",
        "priority": "critical",
        "condition": "crosses_border",
        "otherwise": "recommended",
        "reason": "Called essential for identity management and referrals, on condition that movements cross borders.",
        "paragraph": "IC/2012/7 Annex, Phase 2; IC/2012/7 para 8, Sector 11",
        "provenance": "derived",
        "confidence": "high",
        "systems": "cluster-system (supporting); refugee-regime (main); development-actors (supporting); "
        "security-peacebuilding-actors (main)",
        "clusters": "protection (main); logistics (supporting); emergency-telecommunications (supporting); "
        "health (supporting)",
        "groups": "gender-based-violence (supporting); rule-of-law-justice (supporting); "
        "safety-security (supporting); child-protection (supporting)",
        "note": NOTE,
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_a_spreadsheet_runs_no_cell(start):
    assert safe(f"{start}SUM(A1)") == f"'{start}SUM(A1)"


def test_the_json_gives_each_statement_with_its_reason(client):
    sector = client.get("/matrix.json").json()["sectors"][10]

    assert sector["code"] == "S11"
    assert sector["priorities"][1] == {
        "phase": "during",
        "priority": "critical",
        "condition": "crosses_border",
        "otherwise": "recommended",
        "reason": "Called essential for identity management and referrals, on condition that movements cross borders.",
        "paragraph": "IC/2012/7 Annex, Phase 2; IC/2012/7 para 8, Sector 11",
        "provenance": "derived",
        "confidence": "high",
    }
    assert sector["priorities"][0]["condition"] is None
    assert [(link["slug"], link["strength"]) for link in sector["systems"]][:2] == [
        ("cluster-system", "supporting"),
        ("refugee-regime", "main"),
    ]


def test_staff_can_log_a_crisis_from_the_matrix(client, field_client, partner_client):
    assert 'href="/crises/new/"' in get(field_client, "/matrix/")
    assert 'href="/crises/new/"' not in get(client, "/matrix/")
    assert 'href="/crises/new/"' not in get(partner_client, "/matrix/")


def test_the_page_follows_the_newest_published_edition(client, django_assert_num_queries):
    first = Edition.objects.get()
    second = Edition.objects.create(framework=first.framework, number=2, note="A second look.")
    for row in first.priorities.all():
        SectorPriority.objects.create(
            edition=second,
            sector=row.sector,
            phase=row.phase,
            priority="important",
            condition="",
            otherwise="",
            confidence="high",
            reason="Agreed in a meeting.",
            paragraph="Minutes",
            provenance="official",
        )
    assert "Edition 1." in get(client, "/matrix/")

    second.published_at = timezone.now()
    second.save()

    assert {priority for _, priority in pills(get(client, "/matrix/"))} == {"i"}
    assert "Priorities are those of IC/2012/7. Edition 2." in get(client, "/matrix/")
    editions = get(client, "/matrix/editions/")
    assert editions.index("Edition 2 of IC/2012/7") < editions.index("Edition 1 of IC/2012/7")


def test_an_edition_that_is_not_published_is_not_listed(client):
    first = Edition.objects.get()
    Edition.objects.create(framework=first.framework, number=2, note="Still being written.")

    html = get(client, "/matrix/editions/")

    assert first.note in html
    assert "Still being written." not in html


def test_the_matrix_costs_one_query_for_the_edition(client, field_client, django_assert_num_queries):
    get(client, "/matrix/")  # the process reads the edition once

    # edition
    with django_assert_num_queries(1):
        get(client, "/matrix/")
    # edition
    with django_assert_num_queries(1):
        get(client, "/matrix.csv?phase=during")
    # session, user (the frame), edition
    with django_assert_num_queries(3):
        get(field_client, "/matrix/")
    # editions
    with django_assert_num_queries(1):
        get(client, "/matrix/editions/")


def test_the_first_view_of_the_matrix_stays_light(field_client):
    page = field_client.get("/matrix/").content
    names = re.findall(r'href="/static/(\w+\.css)"', page.decode())
    styles = [Path(finders.find(name)).read_bytes() for name in names]

    assert names == ["mcof.css", "dark.css", "matrix.css"]
    assert sum(len(gzip.compress(body)) for body in [page, *styles]) <= 20 * 1024


def test_every_fact_a_priority_can_depend_on_reads_as_a_sentence():
    for fact in Fact:
        row = SectorPriority(priority="critical", otherwise="recommended", condition=fact)
        assert row.condition_sentence == f"Depends on the crisis. {fact.label}: critical. If not: recommended."


@pytest.mark.browser
def test_the_first_sector_is_two_keys_away(page):
    page.goto("/matrix/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "r1"


@pytest.mark.browser
def test_fifteen_tabs_pass_the_table(page):
    page.goto("/matrix/#r1")
    page.locator("#r1").focus()

    stops = []
    while page.evaluate("document.activeElement.closest('table') !== null"):
        stops.append(page.evaluate("document.activeElement.id"))
        page.keyboard.press("Tab")

    assert stops == [f"r{n}" for n in range(1, 16)]


@pytest.mark.browser
def test_a_deep_link_opens_the_reasons_and_closing_returns_to_the_sector(page):
    page.goto("/matrix/#s11")
    row = page.locator("#s11")
    assert row.is_visible()
    assert not page.locator("#s10").is_visible()

    row.get_by_role("link", name="Close").click()

    assert not row.is_visible()
    assert page.evaluate("document.activeElement.id") == "r11"


@pytest.mark.browser
def test_an_opened_row_fits_the_narrowest_phone(page):
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto("/matrix/#s11")

    assert page.locator("#s11").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.browser
@pytest.mark.parametrize("address", ["/matrix/", "/matrix/#s11"])
def test_the_matrix_prints_on_one_landscape_sheet(page, address):
    page.goto(address)

    sheet = page.pdf(prefer_css_page_size=True)

    assert re.findall(rb"/Type /Page\b", sheet) == [b"/Type /Page"]
    assert [float(n) for n in re.search(rb"/MediaBox \[([^]]+)\]", sheet)[1].split()][2:] == pytest.approx(
        [842, 595], abs=1
    )
