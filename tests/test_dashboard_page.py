"""The dashboard as its readers meet it: every panel narrowed alike, its links, its file, what outsiders are told."""

import csv
import re
from datetime import date, timedelta
from html import unescape
from io import StringIO

import pytest
from django.utils import timezone

from crises import dashboard, services
from crises.models import Crisis
from crises.reading import plan_of
from tests.factories import (
    NOON,
    add_figure,
    log,
    make_field,
    make_lead,
    make_office,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
NOT_NEEDED = "\N{EN DASH} not needed now"


def read(client, address="/dashboard/"):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def bare(markup):
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def key_figures(page):
    """{what: (number, what it counts)}."""
    block = page.split('<dl class="card kpi">')[1].split("</dl>")[0]
    terms = [re.findall(r"<d[td][^>]*>(.*?)</d[td]>", one) for one in block.split("<div>")[1:]]
    return {bare(term): (bare(number), bare(note)) for term, number, note in terms}


def panel(page, title):
    return page.split(f"<h2>{title}", 1)[1].split("</section>")[0]


def gaps_in_grid(page):
    """The gaps of each cell of the coverage, and those of its last line."""
    body, sums = panel(page, "Which sectors are active").split("<tbody>")[1].split("<tfoot>")
    cell = r'class="flag"[^>]*>(\d+)<'
    return [int(n) for n in re.findall(cell, body)], [int(n) for n in re.findall(cell, sums)]


def crises_in_table(page):
    """{crisis: (people, gaps)} of the table under the map."""
    found = {}
    for line in panel(page, "Where are open crises").split("<tbody>")[1].split("<tr>")[1:]:
        title = bare(re.search(r"<bdi>(.*?)</bdi>", line)[1])
        people, _updated, gaps = [bare(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", line)][-3:]
        found[title] = (people, 0 if gaps == "none" else int(gaps))
    return found


@pytest.fixture
def cast(office):
    """Libya in two phases with something met and something waived; Peru; one that is over."""
    libya = log(office=office, title="libya", phases=["during", "after"])
    set_status(libya, "S03", "during", "active")
    set_status(libya, "S04", "during", "active")
    set_status(libya, "S04", "during", "completed")
    waive(libya, "S13")
    lima = make_office("lima", country="PER")
    peru = log(office=lima, by=make_field(lima, "lima-field"), title="peru", country="PER", foreign_nationals=False)
    over = log(office=office, title="over")
    services.close_crisis(crisis=over, by=make_lead(office))
    return {"libya": libya, "peru": peru, "over": over}


@pytest.mark.parametrize(
    "query", ["", "phase=during", "phase=after", "region=019", "level=none&phase=during", "office=tripoli"]
)
def test_every_panel_of_the_page_and_the_gap_list_count_the_same_gaps(cast, hq_client, query):
    page = read(hq_client, f"/dashboard/?{query}")
    asked = re.search(r"phase=(\w+)", query)
    plans = [
        cell
        for crisis in Crisis.objects.open()
        if not query or crisis.title in page
        for cell in plan_of(crisis).gaps
        if not asked or cell.phase.slug == asked[1]
    ]

    grid, sums = gaps_in_grid(page)
    listed = read(hq_client, f"/gaps/?{query}")

    assert len(plans) > 0
    assert int(key_figures(page)["Critical gaps"][0]) == len(plans)
    assert sum(grid) == sum(sums) == len(plans)
    assert sum(gaps for _people, gaps in crises_in_table(page).values()) == len(plans)
    assert f"{len(plans)} critical sectors are not active" in listed
    assert listed.split("<tbody>")[1].count("<tr>") == len(plans)


def test_the_key_figures_say_what_they_count(cast, hq_client):
    add_figure(cast["libya"], 12000, as_of=date(2024, 6, 1), as_of_precision="month")
    log(title="drill", exercise=True, phases=["before"], at=timezone.now())

    figures = key_figures(read(hq_client))

    assert figures["Open crises"] == ("3", "1 logged in 30 days, 1 exercise")
    assert figures["People affected"] == ("12,000", "1 of 3 report, Jun 2024")
    assert figures["Critical sectors met"] == ("10 %", "2 of 21 needed, 1 waived")  # 7 + 5, 6 and 3
    assert figures["Critical gaps"] == ("18", "15 older than 72 hours")
    assert figures["Time to first critical sector"] == ("0 days", "median; target 3 days; 2 still without")
    assert figures["Offices overdue"] == ("1", "of 2; no update in 14 days")  # Tripoli: libya was changed by the waiver


def test_nobody_reporting_is_said_and_is_no_zero(cast, hq_client):
    add_figure(cast["libya"], None)

    page = read(hq_client)

    assert key_figures(page)["People affected"] == ("not reported", "0 of 2 report")
    assert crises_in_table(page)["libya"][0] == "not reported"


def test_a_part_is_counted_in_the_crisis_it_is_part_of(cast):
    add_figure(cast["libya"], 100)
    add_figure(cast["peru"], 30)
    Crisis.objects.filter(title="peru").update(part_of=cast["libya"])

    both = dashboard.board(Crisis.objects.all()).counts()
    alone = dashboard.board(Crisis.objects.filter(title="peru")).counts()
    Crisis.objects.filter(title="peru").update(part_of=cast["over"])
    of_a_closed_one = dashboard.board(Crisis.objects.all()).counts()

    assert (both["people"], both["reporting"], both["whole"], both["open"]) == (100, 1, 1, 2)
    assert (alone["people"], alone["whole"]) == (30, 1)
    assert of_a_closed_one["people"] == 130


def test_figures_of_one_group_are_no_figure_of_all(cast):
    add_figure(cast["libya"], 100)
    add_figure(cast["libya"], 900, group="returnees", as_of=date(2026, 2, 20))
    add_figure(cast["libya"], 800, headline=False, as_of=date(2026, 2, 20))

    assert dashboard.board(Crisis.objects.all()).counts()["people"] == 100


def test_outsiders_cannot_tell_a_small_figure_from_the_table_or_the_sum(cast, hq_client, partner_client):
    second = log(title="second")
    add_figure(cast["libya"], 3)
    add_figure(second, 500)
    for crisis in (cast["libya"], second):
        share(crisis)

    inside, outside = read(hq_client), read(partner_client)

    assert key_figures(inside)["People affected"][0] == "503"
    assert crises_in_table(inside)["libya"][0] == "3"
    assert key_figures(outside)["People affected"] == ("500", "1 of 2 report, Feb 2026")
    assert crises_in_table(outside)["libya"][0] == "<5"


def test_each_reader_has_the_picture_of_their_own_scope(cast, field_client, partner_client, other_client, client):
    share(cast["peru"])

    assert set(crises_in_table(read(field_client))) == {"libya"}
    assert set(crises_in_table(read(other_client))) == {"peru"}
    assert "There is no open crisis that you may see." in read(partner_client)
    for address in ("/dashboard/", "/dashboard.pdf", "/dashboard/coverage.csv", "/dashboard/crises.xlsx"):
        assert client.get(address).url == f"/login/?next={address}"


def test_the_oldest_gaps_that_nobody_waived_need_a_decision(office, hq_client):
    now = timezone.now()
    log(office=office, title="third", phases=["before"], at=now - timedelta(days=1))
    log(office=office, title="second", phases=["before"], at=now - timedelta(days=4))
    oldest = log(office=office, title="first", phases=["before"], at=now - timedelta(days=1318))
    waive(oldest, "S14")

    decisions = panel(read(hq_client), "What needs a decision today?")
    said = [bare(line) for line in decisions.split("<tbody>")[1].split("<tr>")[1:]]

    assert len(said) == dashboard_rows(decisions) == 6
    assert said[0] == "DRR, resilience first , before 1,318 days"
    assert said[1] == "Communications first , before 1,318 days"
    assert [line.split()[-5] for line in said[2:5]] == ["second"] * 3
    assert '<a href="/gaps/">All 8 gaps</a>' in decisions


def dashboard_rows(part):
    return part.split("<tbody>")[1].count("<tr>")


def test_filters_stay_in_the_links_of_every_panel(cast, hq_client):
    page = read(hq_client, "/dashboard/?region=002&phase=during")

    assert 'href="/gaps/?region=002&phase=during">' in page
    assert 'href="/crises/?region=002&phase=during&status=open">' in page
    assert 'href="/crises/?region=002&phase=during&status=open&sort=-gaps">' in page
    assert 'href="/dashboard/coverage.csv?region=002&phase=during">CSV' in page
    assert 'href="/dashboard.pdf?region=002&phase=during">Print brief' in page
    assert 'href="/gaps/?region=002&sector=S02&phase=during">1<' in page
    assert 'href="/gaps/?region=002&phase=after&waived=1">1 waived' in read(
        hq_client, "/dashboard/?region=002&phase=after"
    )
    assert "Remove the filter </span>Region: Africa" in page
    assert "The open crises of this filter." in page


def test_the_page_says_of_what_moment_it_is(cast, hq_client):
    assert re.search(r"Data as of \d{1,2} \w{3} \d{4}, \d\d:\d\d UTC\.", read(hq_client))


def test_each_panel_is_titled_with_its_question(cast, hq_client):
    titles = re.findall(r"<h2>(.*?)</h2>", read(hq_client))

    assert titles == [
        "What needs a decision today?",
        "Where are open crises, and where is a critical sector missing?",
        "Is the data fresh?",
        "Which sectors are active where the plan needs them?",
        "Who do we work with?",
        "Is response speeding up?",
        "How fast is the first critical sector active?",
    ]


def test_a_cell_that_nobody_needs_is_a_dash(cast, hq_client):
    grid = panel(read(hq_client), "Which sectors are active")
    cells = dict(re.findall(r'<th scope="row"><a href="/sectors/[^"]+">([^<]+)</a></th>(.*?)</tr>', grid))

    assert [bare(cell) for cell in cells["Psychosocial"].split("</td>")[:3]] == [NOT_NEEDED] * 3
    assert [bare(cell) for cell in cells["Transport"].split("</td>")[:3]] == [
        NOT_NEEDED,
        "1 /2 1 gap",
        NOT_NEEDED,
    ]
    assert '<rect class="fc" width="50" height="5"/>' in cells["Transport"]
    assert [bare(cell) for cell in cells["Diaspora, HR"].split("</td>")[:3]][2] == "0 /1 1 waived"


def test_the_file_is_the_grid(cast, hq_client):
    answer = hq_client.get("/dashboard/coverage.csv?region=002")
    lines = list(csv.DictReader(StringIO(answer.getvalue().decode())))
    by_cell = {(line["sector"], line["phase"]): line for line in lines}

    assert len(lines) == 45
    assert by_cell["S04", "during"] | {"as_of": ""} == {
        "sector": "S04",
        "sector_name": "Health Support",
        "phase": "during",
        "default_priority": "critical",
        "provenance": "derived",
        "needed": "1",
        "active": "0",
        "completed": "1",
        "waived": "0",
        "gaps": "0",
        "as_of": "",
    }
    assert sum(int(line["needed"]) for line in lines) == 12
    for line in lines:
        parts = [int(line[name]) for name in ("active", "completed", "waived", "gaps")]
        assert int(line["needed"]) == sum(parts)
    assert (
        len(list(csv.DictReader(StringIO(hq_client.get("/dashboard/coverage.csv?phase=after").getvalue().decode()))))
        == 15
    )


@pytest.mark.parametrize(
    "address",
    ["/dashboard/?levle=3", "/dashboard/coverage.csv?levle=3", "/dashboard.pdf?levle=3", "/dashboard/?level=4"],
)
def test_an_address_that_is_not_understood_shows_no_figure(cast, hq_client, address):
    answer = hq_client.get(address)

    assert answer.status_code == 400
    assert "level" in answer.content.decode()
    assert "kpi" not in answer.content.decode()


def test_a_long_table_is_cut_and_leads_to_the_list(office, hq_client):
    for n in range(14):
        log(office=office, title=f"crisis {n}", phases=["before"], at=NOON)

    table = panel(read(hq_client), "Where are open crises")

    assert dashboard_rows(table) == 12
    assert '<a href="/crises/?status=open&sort=-gaps">All 14 open crises</a>' in table


def test_without_an_open_crisis_the_page_says_so(office, hq_client):
    services.close_crisis(crisis=log(office=office), by=make_lead(office))

    assert "There is no open crisis that you may see." in read(hq_client)
    assert "No open crises in this filter." in read(hq_client, "/dashboard/?level=3")
