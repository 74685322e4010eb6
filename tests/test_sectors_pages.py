"""Pages of the framework beside the matrix: sectors, systems, clusters, and the admin, where nothing changes."""

from html import unescape

import pytest
from django.urls import reverse

from offices.models import User
from sectors import reading
from sectors.models import Edition, Sector

pytestmark = pytest.mark.django_db


def words(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def ties(slug):
    return [
        (tie.phase.slug, "helps" if tie.helps else "is helped", tie.row.how, tie.other.code, tie.other_phase.slug)
        for tie in reading.of_sector(slug)["works_with"]
    ]


def test_the_list_gives_every_sector_its_purpose_and_three_priorities(client):
    html = words(client, "/sectors/")

    assert html.count('class="pr ') == 45
    for sector in Sector.objects.all():
        assert f'href="/sectors/{sector.slug}/"' in html
        assert sector.purpose in html


def test_a_sector_says_how_much_it_matters_and_why(client):
    html = words(client, "/sectors/emergency-consular-assistance/")

    assert "<h1>12. Emergency Consular Assistance</h1>" in html
    assert "consular liaison. <small>IC/2012/7 para 8, Sector 12</small>" in html
    assert 'During <span class="pr c">Critical*</span>' in html
    assert "Foreign nationals are affected: critical. If not: recommended." in html
    assert "(derived)" in html


def test_a_sector_names_its_links_main_ones_first_with_their_reasons(client):
    html = words(client, "/sectors/humanitarian-border-management/")
    links = html.split("Linked to</h2>")[1]

    assert links.index("Refugee Regime") < links.index("Cluster System") < links.index("Protection")
    assert "Main link. Identification and referral at borders." in links
    assert 'href="/systems/refugee-regime/"' in links
    assert 'href="/clusters/child-protection/"' in links


def test_a_sector_shows_whom_it_helps_and_who_helps_it_phase_by_phase(client):
    assert ties("humanitarian-border-management") == [
        ("before", "is helped", "enables", "S14", "before"),
        ("during", "helps", "refers_to", "S04", "during"),
        ("during", "helps", "refers_to", "S05", "during"),
        ("during", "helps", "refers_to", "S10", "during"),
    ]
    assert ties("shelter-nfi") == [
        ("during", "is helped", "enables", "S03", "during"),
        ("during", "is helped", "supports", "S15", "before"),
    ]

    html = words(client, "/sectors/shelter-nfi/")
    assert 'During: <a href="/sectors/humanitarian-communications/">Humanitarian Communications</a> supports' in html
    assert "(official text)" in html


def test_sectors_that_are_key_together_say_so_on_both_pages():
    assert ties("diaspora-hr-mobilization") == [("after", "helps", "jointly_key", "S14", "after")]
    assert ("after", "helps", "jointly_key", "S13", "after") in ties("migration-policy-legislation")


def test_the_systems_page_counts_main_and_supporting_links(client):
    html = words(client, "/systems/")

    assert "<td>UNHCR</td><td>3 main, 8 supporting</td>" in html
    assert "<td>CCM</td><td>1 main, 7 supporting</td>" in html
    assert "<td>PRO-GBV</td><td>1 main, 3 supporting</td>" in html
    assert "Nutrition (OCHA code NUT, led by UNICEF), which is not on the diagram" in html


def test_a_system_says_how_iom_works_with_it_and_names_its_sectors_main_ones_first(client):
    html = words(client, "/systems/refugee-regime/")

    assert "They are never routed to their consulate by default" in html
    assert "complements this protection and never replaces it" in html
    assert html.index("11. Technical Assistance") < html.index("1. Camp Management") < html.index("2. Shelter")


def test_a_system_without_a_lead_agency_says_so(client):
    assert "None named" in words(client, "/systems/security-peacebuilding-actors/")


def test_a_cluster_names_its_code_its_lead_and_its_sectors(client):
    html = words(client, "/clusters/cccm/")

    assert "<dd>CCM</dd>" in html
    assert "UNHCR (conflict), IOM (natural disaster)" in html
    assert "Main link. Same subject; IOM global lead for natural disasters (para 10)." in html
    assert "(official)" in html


@pytest.mark.parametrize("address", ["/sectors/no-such/", "/systems/no-such/", "/clusters/no-such/"])
def test_what_the_framework_does_not_have_is_not_found(client, address):
    assert client.get(address).status_code == 404


def test_framework_pages_cost_one_query_for_the_edition(client, django_assert_num_queries):
    client.get("/sectors/")  # the process reads the edition once

    for read in (
        lambda: client.get("/sectors/"),
        lambda: client.get("/systems/"),
        lambda: reading.of_sector("health-support"),
        lambda: reading.of_system("refugee-regime"),
        lambda: reading.of_cluster("cccm"),
    ):
        # edition
        with django_assert_num_queries(1):
            read()


@pytest.mark.parametrize(
    "model",
    [
        *("framework", "sector", "phase", "system", "cluster", "edition"),
        *("sectorpriority", "systemlink", "clusterlink", "complementarity"),
    ],
)
def test_the_admin_shows_the_framework_and_changes_nothing(client, model):
    client.force_login(User.objects.create_superuser("root"))
    row = Edition._meta.apps.get_model("sectors", model).objects.first()

    assert client.get(reverse(f"admin:sectors_{model}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:sectors_{model}_change", args=[row.pk])).status_code == 200
    assert client.post(reverse(f"admin:sectors_{model}_change", args=[row.pk]), {}).status_code == 403
    assert client.post(reverse(f"admin:sectors_{model}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert client.post(reverse(f"admin:sectors_{model}_add"), {}).status_code == 403


@pytest.mark.parametrize(
    ("model", "words"), [("sector", "border"), ("cluster", "CCM"), ("sectorpriority", "evacuation")]
)
def test_the_admin_finds_rows_by_words(client, model, words):
    client.force_login(User.objects.create_superuser("root"))

    found = client.get(reverse(f"admin:sectors_{model}_changelist"), {"q": words}).context["cl"]

    assert 0 < found.result_count < found.full_result_count
