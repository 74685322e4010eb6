"""Offices and countries: each crisis once, totals that are the sum of their rows, each reader's own scope."""

import csv
import re
import uuid
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
from django.utils import timezone

from crises import dashboard, services
from crises.models import Crisis, Draft
from crises.places import Sum, sums
from offices.models import Country, Office, Role
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_contact,
    add_figure,
    log,
    make_field,
    make_lead,
    make_office,
    make_partner,
    make_user,
    set_status,
    share,
    waive,
)
from tests.test_dashboard_page import bare, read

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def tree():
    """Headquarters; Cairo below it, Tripoli and Tunis below Cairo; Lima directly below headquarters."""
    hq = make_office("hq", country=None, kind=Office.Kind.HQ)
    cairo = make_office("cairo", country="EGY", parent=hq, kind=Office.Kind.REGIONAL)
    return {
        "hq": hq,
        "cairo": cairo,
        "tripoli": make_office("tripoli", parent=cairo),
        "tunis": make_office("tunis", country="TUN", parent=cairo),
        "lima": make_office("lima", country="PER", parent=hq),
    }


@pytest.fixture
def cast(tree):
    """Two crises in Libya, one of them part of one in Tunisia; one in Cairo itself, one in Peru, one that is over."""

    def logged(office, title, country, **facts):
        return log(
            office=tree[office], by=make_field(tree[office], f"field-{office}"), title=title, country=country, **facts
        )

    found = {
        "war": logged("tripoli", "war", "LBY", phases=["during", "after"]),
        "flood": logged(
            "tripoli", "flood", "LBY", at=NOW - timedelta(days=1), other_countries=[Country.objects.get(pk="TUN")]
        ),
        "boats": logged("tunis", "boats", "TUN"),
        "region": logged("cairo", "region", "EGY", phases=["before"]),
        "quake": logged("lima", "quake", "PER"),
        "over": logged("tripoli", "over", "LBY", cause="epidemic"),
    }
    set_status(found["war"], "S03", "during", "active")
    services.close_crisis(crisis=found["over"], by=make_lead(tree["tripoli"]), at=NOON + timedelta(hours=1))
    add_figure(found["war"], 700)
    add_figure(found["boats"], 40)
    waive(found["quake"], "S01")
    Crisis.objects.filter(title="war").update(part_of=found["boats"])
    return found


def table(page, n=0):
    """{name: the numbers of its cells} of a table of sums, the total among them."""
    part = page.split("<table")[n + 1].split("</table>")[0]
    found = {}
    for line in re.findall(r"<tr[^>]*>(.*?)</tr>", part)[1:]:
        name, *cells = [bare(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line)]
        found[name] = [cell.replace("none", "0") for cell in cells]
    return found


def lines(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.getvalue().decode())))


# --- sums


def test_groups_add_up_to_the_whole_and_the_whole_is_what_the_dashboard_says(cast):
    board = dashboard.board(Crisis.objects.all())

    for group_of in (lambda row: row.office, lambda row: row.country, lambda row: row.reference):
        total = sum(sums(board, group_of, inside=True).values(), Sum())
        counts = board.counts()
        assert (total.crises, total.gaps, total.waived, total.late) == (
            *(counts["open"], board.total.gaps, board.total.waived, len(board.late)),
        )
        assert (total.stale, total.whole, total.reporting) == (counts["stale"], counts["whole"], counts["reporting"])
        assert total.people == counts["people"] == 40  # war gives its people to boats, of which it is a part
    assert sums(board, lambda row: None, inside=True)[None].last == max(row.last_update for row in board.rows)


def test_sums_leave_small_numbers_out_where_outsiders_read_them(cast):
    add_figure(cast["boats"], 4, at=NOON + timedelta(days=1), as_of=NOON.date())
    board = dashboard.board(Crisis.objects.all())

    inside, outside = (sum(sums(board, lambda row: 1, inside=one).values(), Sum()) for one in (True, False))

    assert (inside.people, inside.reporting) == (4, 1)
    assert (outside.people, outside.reporting) == (0, 0)


# --- offices


def test_headquarters_sees_one_row_for_each_office_below_and_their_sum(cast, hq_client):
    page = read(hq_client, "/offices/hq/")

    found = table(page)

    assert list(found) == ["Cairo", "Lima", "Together"]
    assert [row[0] for row in found.values()] == ["4", "1", "5"]  # open crises
    assert [row[1] for row in found.values()] == ["28", "6", "34"]  # gaps: 6 + 5, 7, 7 and 3
    assert [row[2] for row in found.values()] == ["21", "6", "27"]  # late
    assert [row[3] for row in found.values()] == ["0", "1", "1"]  # waived
    assert [row[5] for row in found.values()] == ["3", "1", "4"]  # stale: to waive a gap is no update of the office
    assert [row[6] for row in found.values()] == ["40 1 of 3 report", "not reported 0 of 1 report", "40 1 of 4 report"]
    assert "5 open crises, 34 critical gaps, 27 of them late." in page
    assert "Only the crises that you may see" not in page


def test_a_regional_office_has_a_row_for_what_is_its_own(cast, tree):
    client = signed_in(make_user("regional", Role.REGIONAL, office=tree["cairo"]))

    page = read(client, "/offices/cairo/")
    found = table(page)

    assert {name: row[0] for name, row in found.items()} == {
        **{"Tripoli": "2", "Tunis": "1", "Its own crises": "1", "Together": "4"},
    }
    assert "Only the crises that you may see" not in page
    rows = lines(client, "/offices/cairo.csv")
    assert [(row["office"], row["open_crises"], row["critical_gaps"]) for row in rows] == [
        *(("tripoli", "2", "18"), ("tunis", "1", "7"), ("cairo", "1", "3")),
    ]


def test_numbers_are_those_of_the_readers_scope_and_the_page_says_so(cast, tree):
    services.share_crisis(crisis=cast["boats"], sharing="office", by=make_field(tree["tunis"], "field-tunis"))
    field = signed_in(make_field(tree["tripoli"], "amina"))

    page = read(field, "/offices/cairo/")

    assert {name: row[0] for name, row in table(page).items()} == {"Tripoli": "2", "Tunis": "0", "Together": "2"}
    assert "Only the crises that you may see are counted here." in page
    assert "Only the crises that you may see" not in read(field, "/offices/tripoli/")
    assert "No open crisis in this office." in read(field, "/offices/tunis/")
    assert "boats" not in read(field, "/offices/tunis/")
    assert lines(field, "/offices/tunis.csv") == []


def test_a_country_office_lists_its_open_crises_people_and_activity(cast, tree, hq_client):
    page = read(hq_client, "/offices/tripoli/")

    assert [bare(title) for title in re.findall(r"<bdi>(\w+)</bdi></a><small", page)] == ["war", "flood"]
    war = bare(page.split("<tbody>")[1].split("</tr>")[0])
    assert war.startswith(f"war {cast['war'].reference} During, After not assessed 700 ")
    assert war.endswith(" days stale 11 11 late")
    assert "<bdi>field-tripoli</bdi> <small>Field officer</small>" in page
    assert "<bdi>lead</bdi> <small>Office lead</small>" in page
    assert re.search(r'<a href="/sectors/transport-assistance/">Transport</a> <b>1</b>', page)
    lately = page.split("What has changed lately")[1]
    assert "Transport (during) is active." in lately
    assert "over" in lately
    assert "boats" not in lately
    assert 'href="/history/?office=tripoli">All changes' in lately
    assert [row["title"] for row in lines(hq_client, "/offices/tripoli.csv")] == ["war", "flood"]


def test_the_pages_across_crises_are_one_click_away_for_the_office(cast, hq_client):
    page = read(hq_client, "/offices/tripoli/?as_of=2026-03-02")

    for name in ("dashboard", "grid", "gaps", "crises", "countries"):
        assert f'href="/{name}/?as_of=2026-03-02&office=tripoli"' in page
    assert 'href="/offices/cairo/?as_of=2026-03-02"' in page
    assert 'href="/countries/LBY/?as_of=2026-03-02"' in page
    assert [bare(title) for title in re.findall(r"<bdi>(\w+)</bdi></a><small", page)] == ["war"]


def test_drafts_are_told_to_the_people_of_the_office_alone(cast, tree, hq_client):
    mine, other = make_field(tree["tripoli"], "amina"), make_field(tree["tunis"], "omar")
    for user in (mine, mine, other):
        Draft.objects.create(key=uuid.uuid4(), user=user, answers={}, saved_at=NOON)

    assert "2 drafts of its people are waiting; see yours" in read(signed_in(mine), "/offices/tripoli/")
    assert "1 draft of its people is waiting; see yours" in read(signed_in(other), "/offices/tunis/")
    assert "draft" not in read(hq_client, "/offices/tripoli/").split('<main id="main"')[1]
    assert "draft" not in read(signed_in(mine), "/offices/tunis/").split('<main id="main"')[1]


def test_an_auditor_reads_what_changed_and_no_crisis(cast, tree):
    page = read(signed_in(make_user("auditor", Role.AUDITOR, office=tree["hq"])), "/offices/tripoli/")

    assert "No open crisis in this office." in page
    assert "Only the crises that you may see are counted here." in page
    assert "Transport (during) is active." in page


def test_offices_are_for_staff(cast):
    for user in (make_partner("LBY"), make_user("new")):
        for address in ("/offices/tripoli/", "/offices/tripoli.csv", "/offices/nowhere/"):
            answer = signed_in(user).get(address)
            assert answer.status_code == 403
            assert "Only people with a role in an office" in answer.text


def test_an_office_that_is_not_there_is_not_found(cast, hq_client):
    assert hq_client.get("/offices/nowhere/").status_code == 404
    assert hq_client.get("/offices/tripoli/?levle=3").status_code == 400


def test_the_list_of_offices_leads_to_each(cast, hq_client):
    assert '<a href="/offices/tripoli/">Tripoli</a>' in read(hq_client, "/offices/")


@pytest.mark.parametrize(("slug", "n"), [("tripoli", 8), ("hq", 8)])
def test_the_page_of_an_office_costs_the_same_for_few_and_many(
    cast, tree, hq_client, django_assert_num_queries, slug, n
):
    read(hq_client, f"/offices/{slug}/")
    # session, reader, roles, offices, editions in use, how the crises stand, people, activity
    with django_assert_num_queries(n):
        read(hq_client, f"/offices/{slug}/")
    for number in range(10):
        log(office=tree["tripoli"], title=f"more {number}", phases=["during", "after"])
        make_office(f"office-{number}", parent=tree["cairo"])
    with django_assert_num_queries(n):
        read(hq_client, f"/offices/{slug}/")


# --- countries


def test_countries_stand_below_their_region_with_sums_that_count_each_crisis_once(cast, hq_client):
    found = table(read(hq_client, "/countries/"))

    assert list(found) == [
        *("Northern Africa Africa", "Egypt", "Libya", "Tunisia"),
        *("South America Americas", "Peru", "Together"),
    ]
    opened = {name: row[0] for name, row in found.items()}
    assert opened["Northern Africa Africa"] == "4"
    assert (opened["Egypt"], opened["Libya"], opened["Tunisia"], opened["Peru"]) == ("1", "2", "1", "1")
    assert opened["Together"] == "5"
    assert {name: row[7] for name, row in found.items() if row[7]} == {"Tunisia": "1"}  # the flood in Libya
    assert found["Together"][1] == "34"
    assert found["Together"][6] == "40 1 of 4 report"


def test_a_country_that_is_only_affected_too_is_listed_with_nothing_of_its_own(cast, hq_client):
    services.close_crisis(crisis=cast["boats"], by=make_lead(Office.objects.get(slug="tunis"), "lead-tunis"))

    page = read(hq_client, "/countries/")

    assert table(page)["Tunisia"] == ["0", "", "", "", "", "", "", "1"]
    line = next(row for row in lines(hq_client, "/countries.csv") if row["country"] == "TUN")
    assert (line["open_crises"], line["also_affected"], line["last_update"], line["people"]) == ("0", "1", "", "")


def test_the_filters_narrow_the_countries(cast, hq_client):
    found = table(read(hq_client, "/countries/?region=015"))

    assert "Peru" not in found
    assert found["Together"][0] == "4"
    page = read(hq_client, "/countries/?region=015&phase=before")
    assert list(table(page)) == ["Northern Africa Africa", "Egypt", "Together"]
    assert 'href="/crises/?phase=before&region=015&status=open">Northern Africa' in page
    assert "No open crises in this filter." in read(hq_client, "/countries/?level=3")


def test_a_country_tells_what_affects_it_most_from_what_affects_it_too(cast, hq_client):
    page = read(hq_client, "/countries/TUN/")

    most, too = page.split("Open crises of other countries that affect it too</h2>")
    assert "<bdi>boats</bdi>" in most
    assert "<bdi>flood</bdi>" not in most
    assert "<bdi>flood</bdi>" in too
    assert '<a href="/countries/LBY/">Libya</a>' in too
    assert "2 open crises, 14 critical gaps." in page
    assert 'href="/gaps/?country=TUN">All 14 gaps, with their reasons</a>' in page
    assert "14 critical sectors are not active" in read(hq_client, "/gaps/?country=TUN")
    assert [row["title"] for row in lines(hq_client, "/countries/TUN.csv")] == ["boats", "flood"]


def test_a_country_tells_of_gaps_offices_contacts_and_the_past(cast, hq_client):
    add_contact(name="Head of protection")

    page = read(hq_client, "/countries/LBY/")

    age = (timezone.now() - NOON).days
    gaps = page.split("Which critical sectors are not active?")[1].split("</section>")[0]
    assert bare(gaps.split("<tbody>")[1].split("</tr>")[0]).endswith(f"{age} days")
    assert '<a href="/offices/tripoli/">Tripoli</a>' in page
    assert "<bdi>Head of protection</bdi>" in page
    assert 'href="/crises/?country=LBY&status=closed">1 closed crisis</a>' in page
    assert '<a href="/crises/?region=015">Northern Africa</a>' in page
    assert "Closed." in page.split("What has changed lately")[1]


def test_a_past_country_has_no_contacts_and_no_later_crisis(cast, hq_client):
    add_contact(name="Head of protection")

    page = read(hq_client, "/countries/LBY/?as_of=2026-03-01T12:30Z")

    assert "Head of protection" not in page
    assert "<bdi>over</bdi>" in page  # which was open then
    assert "<bdi>flood</bdi>" not in page
    assert "closed crisis" not in page


def test_partners_read_what_is_shared_and_nothing_of_the_organisation(cast, partner_client):
    add_contact(name="Head of protection")
    add_figure(cast["flood"], 3, by=make_field(Office.objects.get(slug="tripoli"), "field-tripoli"))
    share(cast["flood"], at=NOW)

    country, countries = read(partner_client, "/countries/LBY/"), read(partner_client, "/countries/")

    assert "<bdi>flood</bdi>" in country
    assert "<bdi>war</bdi>" not in country
    for hidden in ("Head of protection", "field-tripoli", "Tripoli", "What has changed lately", "closed crisis"):
        assert hidden not in country
    assert "<5" in country
    assert table(countries)["Libya"][0] == "1"
    assert table(countries)["Libya"][6] == "not reported 0 of 1 report"
    assert [(row["people"], row["below"]) for row in lines(partner_client, "/countries/LBY.csv")] == [("", "5")]
    assert "No open crisis here that you may see." in read(partner_client, "/countries/PER/")


def test_visitors_read_countries_where_the_site_publishes_crises(cast, client, settings):
    assert client.get("/countries/").url == "/login/?next=/countries/"
    settings.PUBLIC_CRISES = True
    share(cast["flood"], "public", at=NOW)

    page = read(client, "/countries/LBY/")

    assert "<bdi>flood</bdi>" in page
    assert "<bdi>war</bdi>" not in page
    assert "/dashboard/" not in page
    assert table(read(client, "/countries/"))["Together"][0] == "1"


def test_a_country_that_is_not_there_is_not_found(hq_client):
    for address in ("/countries/XXX/", "/countries/lby/", "/countries/XXX.csv"):
        assert hq_client.get(address).status_code == 404
    assert "No open crisis here that you may see." in read(hq_client, "/countries/NOR/")


@pytest.mark.parametrize(("address", "n"), [("/countries/", 8), ("/countries/LBY/", 10), ("/countries.csv", 5)])
def test_countries_cost_the_same_for_few_and_many(cast, tree, hq_client, django_assert_num_queries, address, n):
    whole(hq_client, address)
    # session, reader, regions and offices to choose, editions in use, how the crises stand, whom they affect too,
    # countries; of one country: session, reader, editions, crises, country, contacts, whose to keep, offices, closed,
    # activity
    with django_assert_num_queries(n):
        whole(hq_client, address)
    for number, country in enumerate(("EGY", "DZA", "MAR", "LBY")):
        more = log(office=tree["tripoli"], title=f"more {number}", country=country, phases=["during", "after"])
        more.other_countries.add("LBY", "SDN")
    with django_assert_num_queries(n):
        whole(hq_client, address)


def whole(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(b"".join(answer).decode())
