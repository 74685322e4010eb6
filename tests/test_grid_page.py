"""The grid as its readers meet it: one click to the explained cell, its order, its files, what outsiders are told."""

import csv
import re
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest

from crises import services
from crises.models import Crisis
from crises.reading import plan_of
from tests import second_framework
from tests.factories import (
    NOON,
    add_figure,
    approve,
    decide_level,
    log,
    make_field,
    make_lead,
    make_office,
    send,
    set_status,
    share,
    waive,
)
from tests.test_dashboard_page import bare, read

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)


@pytest.fixture
def cast(office):
    """Libya in two phases, with a waiver and a level; Peru, in one phase."""
    libya = log(office=office, title="libya", phases=["during", "after"])
    set_status(libya, "S03", "during", "active")
    decide_level(libya, "2")
    add_figure(libya, 64_000)
    waive(libya, "S13")
    lima = make_office("lima", country="PER")
    peru = log(office=lima, by=make_field(lima, "lima-field"), title="peru", country="PER", foreign_nationals=False)
    return {"libya": libya, "peru": peru}


def rows(page):
    """{title: [(state, letter, words, address) or None for each sector]} of the table, in its order."""
    found = {}
    for line in page.split("<tbody>")[1].split("</tbody>")[0].split("<tr>")[1:]:
        title = re.search(r"<bdi>(.*?)</bdi>", line)[1]
        cells = r'<a class="c (\w+)" href="([^"]+)" title="([^"]+)"><i aria-hidden="true">([^<]+)</i></a>'
        found[title] = re.findall(cells, line)
    return found


def heads(page):
    """{title: the head of its row in words}."""
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    lines = [line.split('<td><a class="c')[0] for line in body.split("<tr>")[1:]]
    return {re.search(r"<bdi>(.*?)</bdi>", line)[1]: bare(line) for line in lines}


def foot(page):
    """The two last lines of the table, as numbers."""
    lines = page.split("<tfoot>")[1].split("</tfoot>")[0].split("<tr>")[1:]
    return [[int(n) for n in re.findall(r"<td>(?:<a[^>]*>)?(\d+)", line)] for line in lines]


def test_each_cell_is_one_click_from_its_explanation(cast, hq_client):
    found = rows(read(hq_client, "/grid/"))

    assert list(found) == ["libya", "peru"]  # most gaps first
    assert [len(cells) for cells in found.values()] == [15, 15]
    for title, cells in found.items():
        whole = plan_of(cast[title])
        for state, address, words, _letter in cells:
            code, slug = address.split("/")[4:6]
            cell = whole.cell(code, slug)
            assert words.startswith(f"{cell.sector.short_name}: ")
            assert cell.phase.short_name.lower() in words
            assert (state in ("gap", "waived")) == cell.gap
            assert (state == "waived") == cell.waived
    page = read(hq_client, found["libya"][0][1])
    assert "Camp Management" in page
    assert "Gap" in page


def test_the_table_is_one_for_a_screen_reader_too(cast, hq_client):
    page = read(hq_client, "/grid/")
    table = page.split("<table>")[1].split("</table>")[0]

    assert table.count('scope="col"') == 7 + 15
    assert table.count('scope="row"') == 2 + 2
    assert '<div class="roll" role="region" tabindex="0" aria-label="Open crises by sector">' in page
    key = bare(page.split('aria-label="Key">')[1].split("</ul>")[0])
    assert key == "G Gap W Waived gap A Active \N{EN DASH} Not started"


def test_the_head_of_a_row_tells_where_when_and_how_many(cast, hq_client):
    found = heads(read(hq_client, "/grid/?as_of=2026-03-01T13:00Z"))

    reference = cast["libya"].reference
    assert found["libya"] == f"libya {reference} Libya During, After 2 64,000 today 11"
    assert found["peru"] == f"peru {cast['peru'].reference} Peru During not assessed not reported today 6"


def test_a_crisis_without_an_update_is_marked(cast, hq_client):
    on_time, late = (
        heads(read(hq_client, f"/grid/?as_of=2026-03-{moment}"))["peru"] for moment in ("15T12:00Z", "15T12:01Z")
    )

    assert "14 days 6" in on_time
    assert "14 days stale 6" in late


def test_what_changed_since_its_approval_says_so(cast, hq_client):
    libya = cast["libya"]
    send(libya)
    approve(libya, at=NOON)
    assert "changed since approval" not in read(hq_client, "/grid/")

    set_status(libya, "S05", "during", "active", at=LATER)

    assert "changed since approval" in heads(read(hq_client, "/grid/"))["libya"]
    assert "changed since approval" not in heads(read(hq_client, "/grid/"))["peru"]
    assert "changed since approval" not in read(hq_client, "/grid/?as_of=2026-03-02")
    files = {line["reference"]: line["changed_since_approval"] for line in lines(hq_client, "/grid.csv")}
    assert files == {libya.reference: "yes", cast["peru"].reference: "no"}


def test_a_past_moment_stays_in_every_link(cast, hq_client):
    set_status(cast["libya"], "S04", "during", "active", at=LATER)

    page = read(hq_client, "/grid/?as_of=2026-03-02")
    cell = rows(page)["libya"][3]

    assert cell[0] == "gap"
    assert cell[1].endswith("/plan/S04/during/?as_of=2026-03-02")
    assert "Not started" in read(hq_client, cell[1])
    assert f'href="/crises/{cast["libya"].reference}/?as_of=2026-03-02"' in page
    assert 'href="/gaps/?as_of=2026-03-02&sector=S01"' in page
    assert 'href="/dashboard/?as_of=2026-03-02"' in page
    assert 'href="/countries/LBY/?as_of=2026-03-02"' in page
    assert rows(read(hq_client, "/grid/"))["libya"][3][0] == "active"


def test_a_title_is_words_and_not_markup(cast, hq_client):
    wild = "<img src=x> \"' &amp;"
    Crisis.objects.update(title=wild)

    page = hq_client.get("/grid/").content.decode()

    assert "<img" not in page
    assert page.count("<bdi>&lt;img src=x&gt; &quot;&#x27; &amp;amp;</bdi>") == 2


def test_gaps_in_no_column_are_told_beside_the_others(cast, hq_client, tmp_path):
    second_framework.load(tmp_path)

    table = read(hq_client, "/grid/").split("<tbody>")[1].split("</tbody>")[0]

    assert re.search(r'<span class="flag">(\d+)</span><small>\1 in no column</small>', table)


@pytest.mark.parametrize(
    "query",
    ["", "phase=during", "phase=after", "region=019", "office=tripoli", "level=none", "needs=S01", "part_of=LBY-1"],
)
def test_the_sums_are_those_of_the_dashboard_and_of_the_gap_list(cast, hq_client, query):
    page, listed = read(hq_client, f"/grid/?{query}"), read(hq_client, f"/gaps/?{query.replace('needs', 'sector')}")
    if query.startswith("part_of"):
        assert "No open crises in this filter." in page
        return
    crises, gaps = foot(page)
    shown = [int(n) for n in re.findall(r'<td class="n"><span class="flag">(\d+)', page)]

    n = sum(gaps)
    assert n == sum(shown) > 0
    assert all(one <= many for one, many in zip(crises, gaps, strict=True))
    assert f"{n} critical gaps." in page
    dashboard = read(hq_client, f"/dashboard/?{query}")
    assert re.search(r'<dd class="kf"><a href="[^"]+">(\d+)</a>', dashboard)[1] == str(n)
    if not query.startswith("needs"):
        assert f"{n} critical sectors are not active" in listed


def test_the_order_stays_in_the_address_and_is_said(cast, hq_client):
    page = read(hq_client, "/grid/?phase=during&sort=-title")

    assert list(rows(page)) == ["peru", "libya"]
    assert re.findall(r'aria-sort="(\w+)"', page) == ["descending"]
    assert 'aria-sort="descending"><a href="?phase=during&sort=title">Crisis' in page
    assert '<a href="?phase=during&sort=-gaps">Gaps' in page
    assert 'href="/grid.csv?phase=during&sort=-title"' in page
    assert 'href="/grid.xlsx?phase=during&sort=-title"' in page
    assert 'href="/dashboard/?phase=during"' in page  # which knows no order
    assert '<input type="hidden" name="sort" value="-title">' in page
    assert "Remove the filter </span>Phase: During" in page
    assert "Sorted by" not in page
    assert re.findall(r'aria-sort="(\w+)"', read(hq_client, "/grid/")) == ["descending"]


@pytest.mark.parametrize("address", ["/grid/?sort=age", "/grid/?levle=3", "/grid/?page=0", "/grid/?phase=then"])
def test_an_address_that_is_not_understood_shows_no_crisis(cast, hq_client, address):
    answer = hq_client.get(address)

    assert answer.status_code == 400
    assert "libya" not in answer.text


def test_each_reader_sees_their_own_scope(cast, field_client, partner_client, other_client, client):
    assert list(rows(read(field_client, "/grid/"))) == ["libya"]
    assert list(rows(read(other_client, "/grid/"))) == ["peru"]
    assert "There is no open crisis that you may see." in read(partner_client, "/grid/")
    assert client.get("/grid/").url == "/login/?next=/grid/"
    for kind in ("csv", "xlsx"):
        assert client.get(f"/grid.{kind}").url == f"/login/?next=/grid.{kind}"


def test_outsiders_are_told_no_small_number_nor_by_the_order(cast, partner_client, hq_client):
    few, fewer = log(title="few"), log(title="fewer")
    add_figure(few, 4)
    add_figure(fewer, 2)
    for crisis in (few, fewer):
        share(crisis)

    page = read(partner_client, "/grid/?sort=-people")

    assert page.count('<td class="o n"><5</td>') == 2
    assert list(rows(page)) == ["fewer", "few"]  # equal to the partner: the last changed first
    assert list(rows(read(hq_client, "/grid/?sort=-people")))[1:3] == ["few", "fewer"]
    told = {line["title"]: (line["people"], line["below"]) for line in lines(partner_client, "/grid.csv")}
    assert told == {"few": ("", "5"), "fewer": ("", "5")}


def lines(client, address):
    return list(csv.DictReader(StringIO(client.get(address).getvalue().decode())))


def test_the_file_says_in_words_what_the_page_shows(cast, hq_client):
    first, second = lines(hq_client, "/grid.csv")

    assert first["S01 Camp management, tracking"] == "gap since 2026-03-01 (during)"
    assert first["S03 Transport"] == "active, critical, during"
    assert first["S13 Diaspora, HR"] == "waived gap since 2026-03-01 (after)"
    assert (first["critical_gaps"], first["waived"], first["iom_level"], first["people"]) == ("10", "1", "2", "64000")
    assert (first["phases"], first["country_name"], first["changed_since_approval"]) == ("during after", "Libya", "no")
    assert second["title"] == "peru"
    assert [line["title"] for line in lines(hq_client, "/grid.csv?sort=title&country=PER")] == ["peru"]


def test_a_page_shows_50_and_its_foot_and_file_tell_of_all(office, hq_client):
    for n in range(53):
        log(office=office, title=f"crisis {n:02}", phases=["before"])

    first, second = (read(hq_client, f"/grid/?sort=title&page={n}") for n in (1, 2))

    assert (len(rows(first)), len(rows(second))) == (50, 3)
    assert foot(first) == foot(second)
    assert max(foot(first)[0]) == 53
    assert "The last two lines count all 53 crises." in first
    assert 'href="?sort=title&page=2">Next' in first
    assert len(lines(hq_client, "/grid.csv?sort=title")) == 53


def test_without_an_open_crisis_the_page_says_so(office, hq_client):
    services.close_crisis(crisis=log(office=office), by=make_lead(office))

    assert "There is no open crisis that you may see." in read(hq_client, "/grid/")
    assert "No open crises in this filter." in read(hq_client, "/grid/?level=3")


@pytest.mark.parametrize(("address", "n"), [("/grid/", 8), ("/grid/?as_of=2026-03-05", 10), ("/grid.csv", 6)])
def test_the_grid_costs_the_same_for_one_crisis_and_for_many(office, hq_client, django_assert_num_queries, address, n):
    log(office=office, title="first")
    read_all(hq_client, address)
    # session, reader, what a kept page follows from, editions in use, how the crises stand, countries with their
    # regions, offices, changed since approval; as of a past moment which of the crises are shown, and those of the page
    # as they were; the file is not kept and has no offices to choose
    with django_assert_num_queries(n):
        read_all(hq_client, address)
    for number in range(20):
        log(office=office, title=f"more {number}", phases=["during", "after"])
    with django_assert_num_queries(n):
        read_all(hq_client, address)


def read_all(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(b"".join(answer).decode())
