"""Every open gap a reader may see, the oldest first, with its reason; the waived ones on their own."""

import csv
import re
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
from django.utils import timezone

from crises import services
from crises.models import Gap
from crises.views.pages import PAGE
from tests.factories import NOON, log, make_field, make_lead, make_office, set_status, share, waive

pytestmark = pytest.mark.django_db


def read(client, address="/gaps/"):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def rows(client, address="/gaps/"):
    """What the table says, without markup: a line for each gap."""
    body = re.sub("</?bdi>", "", read(client, address)).split("<tbody>")[-1].split("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in body.split("<tr>")[1:]]


def lines(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.getvalue().decode())))


def test_the_oldest_gap_stands_first_with_its_reason_its_age_and_why_it_opened(hq_client, office):
    now = timezone.now()
    old = log(office=office, title="old", phases=["before"], at=now - timedelta(days=10))
    log(office=office, title="new", phases=["before"], at=now - timedelta(hours=1))

    first, *_others, last = rows(hq_client)

    assert first.startswith("8 DRR, resilience old, Libya, before")
    assert "Before" in first
    assert "IC/2012/7" in first
    assert "(derived)" in first
    assert (now - timedelta(days=10)).strftime("%-d %b %Y") in first
    assert "the crisis was logged" in first
    assert "10 days late" in first
    assert " 0 days" in last
    assert f'href="/crises/{old.reference}/plan/S08/before/"' in read(hq_client)


def test_a_conditional_gap_says_what_it_hangs_on(hq_client, office):
    log(office=office, crosses_border=True)

    [border] = [row for row in rows(hq_client) if row.startswith("11 ")]

    assert "Critical because people cross a border." in border


def test_waived_gaps_stand_apart_with_their_last_day_and_reason(hq_client, office):
    crisis = log(office=office)
    n = crisis.gaps.count()
    waive(crisis, "S03", days=3)
    until = (timezone.now() + timedelta(days=3)).strftime("%-d %b %Y")

    gaps, waived = rows(hq_client), rows(hq_client, "/gaps/?waived=1")

    assert len(gaps) == n - 1
    assert not [row for row in gaps if row.startswith("3 ")]
    assert len(waived) == 1
    assert waived[0].startswith("3 Transport")
    assert waived[0].endswith(f"{until} The State does this by itself.")
    page = read(hq_client)
    assert f"Gaps {n - 1}</a>" in page
    assert "Waived 1</a>" in page
    assert f"{n - 1} critical sectors are not active" in page


def test_a_lapsed_waiver_is_a_gap_again(hq_client, office):
    crisis = log(office=office)
    waive(crisis, "S03", at=NOON, days=1)  # long ago

    assert [row for row in rows(hq_client) if row.startswith("3 ")]
    assert rows(hq_client, "/gaps/?waived=1") == []


def test_only_what_the_reader_may_see_is_listed_and_counted(office, field_client, other_client, partner_client, client):
    lima = make_office("lima", country="PER")
    log(office=lima, by=make_field(lima, "lima-field"), title="far", country="PER")
    shared = log(office=office, title="shared", phases=["before"])
    log(office=office, title="inside", phases=["before"])
    share(shared)

    assert len(rows(field_client)) == 6
    assert "6 critical sectors are not active" in read(field_client)
    assert len(rows(partner_client)) == 3
    assert all(" shared, Libya, before " in row for row in rows(partner_client))
    assert "3 critical sectors are not active" in read(partner_client)
    assert len(rows(other_client)) == 7
    assert all(" far, Peru, during " in row for row in rows(other_client))
    assert client.get("/gaps/").url == "/login/?next=/gaps/"


def test_what_is_met_closed_or_left_is_no_gap(hq_client, office):
    crisis = log(office=office, title="met", phases=["before"])
    for code in ("S08", "S14", "S15"):
        set_status(crisis, code, "before", "active")
    over = log(office=office, title="over")
    services.close_crisis(crisis=over, by=make_lead(office))

    assert rows(hq_client) == []
    assert "Every critical sector of the open crises you may see is active, completed or waived." in read(hq_client)


def test_a_link_of_the_dashboard_shows_the_gaps_it_counts(hq_client, office):
    log(office=office, phases=["during", "after"])
    log(office=office, phases=["before"])
    board = unescape(hq_client.get("/dashboard/?region=002").content.decode())

    links = re.findall(r'<a class="flag" href="(/gaps/[^"]+)">(\d+)', board)

    assert len(links) == 7 + 5 + 3
    for address, n in links:
        assert len(rows(hq_client, address)) == int(n), address


def test_the_file_is_what_the_page_lists(hq_client, office):
    crisis = log(office=office, title="-floods", phases=["before"])
    waive(crisis, "S14", days=2)

    gaps = lines(hq_client, "/gaps.csv?phase=before")
    [waived] = lines(hq_client, "/gaps.csv?waived=1")

    assert [line["sector"] for line in gaps] == ["S08", "S15"]
    assert gaps[0] == {
        "reference": crisis.reference,
        "crisis": "'-floods",
        "exercise": "no",
        "country": "LBY",
        "country_name": "Libya",
        "sector": "S08",
        "sector_name": "Disaster Risk Reduction and Resilience Building",
        "phase": "before",
        "because": gaps[0]["because"],
        "paragraph": gaps[0]["paragraph"],
        "provenance": "derived",
        "opened_at": "2026-03-01T12:00:00+00:00",
        "opened_why": "logged",
        "days_open": str((timezone.now() - NOON).days),
        "late": "yes",
        "waived_until": "",
        "closes": "Activate the sector, or complete it. It also ends when the crisis leaves the phase.",
    }
    assert gaps[0]["because"] in unescape(read(hq_client))
    assert waived["waived_until"] == (timezone.now() + timedelta(days=2)).date().isoformat()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sector=transprt", "“sector” has no value “transprt”. Did you mean “S03” (Transport)?"),
        ("fase=during", "There is no parameter “fase” here. Did you mean “phase”?"),
        ("waived=perhaps", "“waived” has no value “perhaps”."),
        ("format=csv", "There is no parameter “format” here."),
    ],
)
def test_an_address_that_is_not_understood_shows_no_gap(hq_client, office, query, words):
    log(office=office, title="Not to be shown")

    answer = hq_client.get(f"/gaps/?{query}")

    assert answer.status_code == 400
    assert words in unescape(answer.content.decode())
    assert "Not to be shown" not in answer.content.decode()


def test_long_lists_come_in_pages(hq_client, office):
    like = log(office=office).gaps.first()
    crises = [log(office=office, title=f"more {n}", phases=["before"]) for n in range((PAGE + 10) // 3)]
    assert Gap.objects.open().count() == 7 + 3 * len(crises) == 67
    assert like in Gap.objects.open()

    first, second = rows(hq_client), rows(hq_client, "/gaps/?page=2")

    assert (len(first), len(second)) == (PAGE, 17)
    assert not set(first) & set(second)
    assert "Page 1 of 2" in read(hq_client)
    assert 'href="?page=2">Next' in read(hq_client)
    assert len(lines(hq_client, "/gaps.csv")) == 67


def test_the_list_costs_the_same_for_one_crisis_and_for_many(hq_client, office, django_assert_num_queries):
    waive(log(office=office, phases=["before"]), "S08")
    address = "/gaps/?sector=S14&phase=before&region=002&country=LBY&office=tripoli"
    hq_client.get("/gaps/")
    # session, user, countries and offices to choose, edition in force, gaps by cell, gaps, their waivers, whether HQ
    for query in ("/gaps/", address):
        with django_assert_num_queries(9):
            hq_client.get(query)
    for n in range(6):
        waive(log(office=office, title=f"more {n}", phases=["before"]), "S08")
    for query in ("/gaps/", address):
        with django_assert_num_queries(9):
            hq_client.get(query)


def test_hq_waives_from_the_list_and_nobody_else_is_offered_it(hq_client, lead_client):
    crisis = log(phases=["before"])

    link = f'href="/crises/{crisis.reference}/plan/S08/before/waive/"'
    assert link in hq_client.get("/gaps/").content.decode()
    assert link not in lead_client.get("/gaps/").content.decode()
