"""The coordination sheet: every system, cluster and group that a sector at work is linked to, and whom to call."""

import csv
import io
import re

import pytest

from crises import services
from offices.models import Country
from tests.conftest import signed_in
from tests.factories import (
    add_contact,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    reader,
    set_status,
    share,
    waive,
)
from tests.test_plan_page import text

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


def address(crisis, query=""):
    return f"/crises/{crisis.reference}/coordination/{query}"


def parties(response):
    """The slugs of the rows, in order."""
    return re.findall(r'<tr id="([\w-]+)"', response.content.decode())


def row(response, slug):
    """What the row of a system, cluster or group says."""
    part = response.content.decode().partition(f'<tr id="{slug}"')[2].partition("</tr>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", f"<{part}"))


def sheet(crisis, person=None):
    answer = reader(person or make_hq()).get(f"{V1}crises/{crisis.reference}/coordination/")
    assert answer.status_code == 200, answer.content
    return {party["slug"]: party for party in answer.json()["parties"]}


def lines(response):
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


def test_systems_come_first_then_clusters_then_groups_with_their_lead_and_rule_of_conduct(field_client):
    response = field_client.get(address(log()))
    shown = parties(response)

    assert shown[:2] == ["cluster-system", "refugee-regime"]
    assert shown.index("development-actors") < shown.index("cccm") < shown.index("gender-based-violence")
    assert "Refugee Regime UNHCR Refugees and asylum seekers stay under UNHCR" in row(response, "refugee-regime")


def test_a_row_names_the_sectors_at_work_main_links_first_and_how_they_stand(field_client):
    crisis = log()
    set_status(crisis, "S05", "during", "active")
    waive(crisis, "S02")

    said = row(field_client.get(address(crisis)), "health")

    assert "Main link: 4 Health not started, gap" in said
    assert "Supporting link: 3 Transport not started, gap" in said
    assert "Main link: 5 Psychosocial active" in row(field_client.get(address(crisis)), "mhpss")
    assert said.rindex("Main link:") < said.index("Supporting link:")
    assert "not started, waived" in row(field_client.get(address(crisis)), "shelter")


def test_the_sheet_of_active_sectors_leaves_the_others_out(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "active")
    everything, active = field_client.get(address(crisis)), field_client.get(address(crisis, "?show=active"))

    assert "4 Health" in row(everything, "health")
    assert "4 Health" not in row(active, "health")
    assert "3 Transport active" in row(active, "health")
    assert set(parties(active)) < set(parties(everything))
    assert "No active sector is linked to:" in text(active)


def test_a_filter_that_nobody_knows_shows_nothing(field_client):
    crisis = log()
    for query in ("?show=late", "?phase=during"):
        response = field_client.get(address(crisis, query))
        assert response.status_code == 400
        assert parties(response) == []
        assert field_client.get(f"/crises/{crisis.reference}/coordination.csv{query}").status_code == 400


def test_contacts_of_every_country_of_the_crisis_are_shown_the_main_one_first(field_client):
    crisis = log(other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])))
    for country in ("TUN", "LBY", "PER"):
        add_contact(country=country, name=f"In {country}")
    response = field_client.get(address(crisis))
    said = row(response, "refugee-regime")

    assert said.index("In LBY") < said.index("In TUN")
    assert "In PER" not in said
    assert "No contact in Libya yet." in row(response, "health")


def test_who_keeps_a_country_of_the_crisis_is_offered_to_add_a_contact(hq_client):
    crisis = log(other_countries=list(Country.objects.filter(pk="TUN")))
    link = f"/contacts/new/?country=LBY&amp;partner=cluster:health&amp;crisis={crisis.reference}"
    cairo = make_office("cairo", country="EGY", kind="regional")
    crisis.office.parent = cairo
    crisis.office.save()

    assert link in signed_in(make_field()).get(address(crisis)).content.decode()
    assert link in hq_client.get(address(crisis)).content.decode()
    neighbour = signed_in(make_field(make_office("tunis", country="TUN", parent=cairo), "neighbour"))
    assert "/contacts/new/?country=&amp;partner=cluster:health" in neighbour.get(address(crisis)).content.decode()


def test_refugees_are_not_for_the_consulate_on_the_sheet(field_client):
    crisis = log(foreign_nationals=True, groups=["refugees"])
    response = field_client.get(address(crisis))

    assert "Refugees are among the people affected here." in text(response)
    assert "They are referred to UNHCR." in text(response)
    assert "12 Consular assistance not started, gap not for refugees" in row(response, "refugee-regime")
    cautioned = {line["sector"] for party in sheet(crisis).values() for line in party["sectors"] if line["caution"]}
    assert cautioned == {"S12"}


def test_a_closed_crisis_has_nobody_to_coordinate_with(lead_client, office):
    crisis = log()
    set_status(crisis, "S03", "during", "active")
    services.close_crisis(crisis=crisis, by=make_lead(office))

    response = lead_client.get(address(crisis))

    assert parties(response) == []
    assert "This crisis is closed." in text(response)


def test_a_partner_reads_the_sheet_without_contacts(partner_client):
    crisis = share(log())
    add_contact(name="CANARY")

    response = partner_client.get(address(crisis))

    assert "UNHCR" in row(response, "refugee-regime")
    assert "CANARY" not in response.content.decode()
    assert "Contacts" not in text(response)
    assert {party["contacts"] is None for party in sheet(crisis, make_partner("LBY")).values()} == {True}
    table = lines(partner_client.get(f"/crises/{crisis.reference}/coordination.csv"))
    assert {line["contacts"] for line in table} == {""}


def test_page_table_and_api_say_the_same(field_client):
    crisis = log(foreign_nationals=True, phases=["during", "after"])
    set_status(crisis, "S03", "during", "active")
    add_contact("health", name="Of health", organisation="WHO", reach="health@example.org")

    found = sheet(crisis)
    table = lines(field_client.get(f"/crises/{crisis.reference}/coordination.csv"))

    assert parties(field_client.get(address(crisis))) == [slug for slug, party in found.items() if party["sectors"]]
    assert [(line["slug"], line["sector"], line["phase"], line["link"]) for line in table] == [
        (slug, line["sector"], line["phase"], line["strength"])
        for slug, party in found.items()
        for line in party["sectors"]
    ]
    assert {line["contacts"] for line in table if line["slug"] == "health"} == {
        "LBY: Of health, WHO, health@example.org"
    }
    assert [contact["name"] for contact in found["health"]["contacts"]] == ["Of health"]
    assert all(line["paragraph"] and line["provenance"] for line in table)


def test_the_cell_names_the_contacts_of_the_main_country(field_client):
    crisis = log(other_countries=list(Country.objects.filter(pk="TUN")))
    add_contact("health", name="Of health in Libya")
    add_contact("health", name="Of health in Tunisia", country="TUN")
    removed = add_contact("health", name="Gone")
    services.remove_contact(contact=removed, revision=removed.revision, by=make_hq())

    page = text(field_client.get(f"/crises/{crisis.reference}/plan/S03/during/"))

    assert "Health WHO Contact: Of health in Libya , UNHCR , protection@example.org Supporting link." in page
    assert "in Tunisia" not in page
    assert "Gone" not in page


@pytest.mark.parametrize("n", [0, 30])
def test_the_sheet_takes_ten_queries_however_long_it_is(field_client, settings, django_assert_num_queries, n):
    settings.ANSWERS_KEPT_SECONDS = 0
    crisis = log(phases=["before", "during", "after"], other_countries=list(Country.objects.filter(pk="TUN")))
    for number in range(n):
        set_status(crisis, f"S{number % 15 + 1:02}", ("before", "during")[number // 15], "active")
        add_contact("health", name=f"Contact {number}", country=("LBY", "TUN")[number % 2])
    field_client.get(address(crisis))

    # session, reader, crisis with rights; entries, periods, gaps, waivers; other countries, contacts, countries kept
    with django_assert_num_queries(10):
        field_client.get(address(crisis))
    client = reader(make_field())
    # token with its owner; crisis with its country; entries, periods, gaps, waivers; other countries, contacts
    with django_assert_num_queries(8):
        client.get(f"{V1}crises/{crisis.reference}/coordination/")
