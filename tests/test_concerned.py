"""The pages of a sector, a system and a cluster show the open crises they concern, to readers who may see them."""

import re
from html import unescape

import pytest

from crises import services
from tests.factories import NOON, log, make_field, make_lead, make_office, set_status, share, waive

pytestmark = pytest.mark.django_db
TRANSPORT, CONSULAR = "/sectors/transport-assistance/", "/sectors/emergency-consular-assistance/"


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def rows(client, address):
    """What the table of crises says, without markup."""
    page = read(client, address)
    part = page.split("Open crises", 1)[-1].split("</section>")[0] if "Open crises" in page else ""
    body = part.split("<tbody>")[-1].split("</tbody>")[0] if "<tbody>" in part else ""
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in body.split("<tr>")[1:]]


def names(client, address):
    return [row.split()[0] for row in rows(client, address)]


def test_a_sector_lists_the_crises_that_need_it_gaps_first(hq_client, office):
    met = log(office=office, title="met")
    set_status(met, "S03", "during", "active")
    accepted = log(office=office, title="accepted")
    waive(accepted, "S03")
    planned = log(office=office, title="planned", at=NOON.replace(hour=13))
    set_status(planned, "S03", "during", "planned", at=NOON.replace(hour=14))
    log(office=office, title="oldest", at=NOON.replace(hour=11))
    log(office=office, title="elsewhere", phases=["before"])
    services.close_crisis(crisis=log(office=office, title="over"), by=make_lead(office))

    found = rows(hq_client, TRANSPORT)

    assert [row.split()[0] for row in found] == ["oldest", "planned", "accepted", "met"]
    assert "Not started Gap, " in found[0]
    assert "Planned Gap, " in found[1]
    assert "Not started Waived until " in found[2]
    assert found[3].endswith("During Active")


def test_a_sector_is_not_needed_where_a_fact_or_the_phase_rules_it_out(hq_client, office):
    needs = log(office=office, title="needs", foreign_nationals=True)
    set_status(needs, "S12", "during", "active")
    other = log(office=office, title="other", foreign_nationals=False)
    set_status(other, "S12", "during", "active")
    left = log(office=office, title="left", phases=["during", "after"])
    set_status(left, "S12", "after", "active")

    assert names(hq_client, CONSULAR) == ["left", "needs"]


def test_a_sector_that_nobody_needs_says_so(hq_client):
    assert "No open crisis needs this sector." in read(hq_client, TRANSPORT)


def test_a_sector_leads_to_the_crises_that_need_it(hq_client, office):
    log(office=office, title="needs")

    assert 'href="/crises/?needs=S03">See crises that need it' in read(hq_client, TRANSPORT)
    assert "needs" in read(hq_client, "/crises/?needs=S03")


def test_a_system_and_a_cluster_list_the_crises_where_a_sector_with_a_main_link_is_active(hq_client, office):
    both = log(office=office, title="both")
    set_status(both, "S01", "during", "active")
    set_status(both, "S02", "during", "active")
    set_status(both, "S11", "during", "active")  # its link to the cluster system is a supporting one
    planned = log(office=office, title="planned")
    set_status(planned, "S01", "during", "planned")
    completed = log(office=office, title="completed")
    set_status(completed, "S01", "during", "active")
    set_status(completed, "S01", "during", "completed")
    elsewhere = log(office=office, title="elsewhere")
    set_status(elsewhere, "S01", "after", "active")  # a phase it is not in

    [row] = rows(hq_client, "/systems/cluster-system/")

    assert row.startswith("both ")
    assert row.endswith("Camp management, tracking · Shelter, NFI")
    assert rows(hq_client, "/clusters/shelter/")[0].endswith("Shelter, NFI")
    assert "No sector with a main link is active in an open crisis." in read(hq_client, "/clusters/education/")


def test_only_crises_the_reader_may_see_are_shown(office, field_client, partner_client, other_client, client):
    log(office=office, title="inside")
    shared = log(office=office, title="shared")
    set_status(shared, "S01", "during", "active")
    share(shared)
    lima = make_office("lima", country="PER")
    far = log(office=lima, by=make_field(lima, "lima-field"), title="far", country="PER")
    set_status(far, "S01", "during", "active", by=make_field(lima, "lima-field"))

    assert set(names(field_client, TRANSPORT)) == {"inside", "shared"}
    assert names(partner_client, TRANSPORT) == ["shared"]
    assert names(partner_client, "/systems/cluster-system/") == ["shared"]
    assert names(other_client, "/systems/cluster-system/") == ["far"]
    for address in (TRANSPORT, "/systems/cluster-system/", "/clusters/cccm/"):
        page = read(client, address)
        assert "Open crises" not in page
        assert "See crises" not in page


def test_visitors_see_public_crises_where_the_site_publishes_them(office, client, settings):
    settings.PUBLIC_CRISES = True
    log(office=office, title="inside")
    share(log(office=office, title="public"), "public")

    assert names(client, TRANSPORT) == ["public"]


def test_the_pages_cost_the_same_for_one_crisis_and_for_many(hq_client, office, django_assert_num_queries):
    def crisis(title):
        one = log(office=office, title=title)
        set_status(one, "S01", "during", "active")
        waive(one, "S02")

    def cost():
        # session, user, edition in force, gaps, their waivers, what offices say of them, cells that are met
        with django_assert_num_queries(7):
            hq_client.get("/sectors/shelter-nfi/")
        # session, user, edition in force, active cells, contacts, the countries whose contacts the reader keeps
        with django_assert_num_queries(6):
            hq_client.get("/systems/cluster-system/")
        with django_assert_num_queries(6):
            hq_client.get("/clusters/cccm/")

    crisis("first")
    hq_client.get("/sectors/shelter-nfi/")
    cost()
    for n in range(5):
        crisis(f"more {n}")
    cost()
