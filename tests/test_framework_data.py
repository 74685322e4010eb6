"""Proof-reads the seeded framework against the published document (IC/2012/7)."""

from collections import Counter

import pytest
from django.core.management import call_command

from offices.models import Country, Region
from sectors.models import (
    Cluster,
    ClusterLink,
    Complementarity,
    Edition,
    Framework,
    Phase,
    Sector,
    SectorPriority,
    System,
    SystemLink,
)

pytestmark = pytest.mark.django_db

MODELS = [
    Framework,
    Sector,
    Phase,
    System,
    Cluster,
    Edition,
    SectorPriority,
    SystemLink,
    ClusterLink,
    Complementarity,
]
STATEMENTS = [SectorPriority, SystemLink, ClusterLink, Complementarity]


def test_sectors_have_their_published_numbers_and_names():
    assert list(Sector.objects.values_list("number", "code", "name")) == [
        (1, "S01", "Camp Management and Displacement Tracking"),
        (2, "S02", "Shelter and Non-food Items"),
        (3, "S03", "Transport Assistance for Affected Populations"),
        (4, "S04", "Health Support"),
        (5, "S05", "Psychosocial Support"),
        (6, "S06", "(Re)integration Assistance"),
        (7, "S07", "Community Stabilization and Transition"),
        (8, "S08", "Disaster Risk Reduction and Resilience Building"),
        (9, "S09", "Land and Property Support"),
        (10, "S10", "Counter-trafficking and Protection of Vulnerable Migrants"),
        (11, "S11", "Technical Assistance for Humanitarian Border Management"),
        (12, "S12", "Emergency Consular Assistance"),
        (13, "S13", "Diaspora and Human Resource Mobilization"),
        (14, "S14", "Migration Policy and Legislation Support"),
        (15, "S15", "Humanitarian Communications"),
    ]


def test_phases_stand_in_the_order_of_the_document():
    assert list(Phase.objects.values_list("number", "slug", "name")) == [
        (1, "before", "Before a migration crisis"),
        (2, "during", "During a migration crisis"),
        (3, "after", "After a migration crisis"),
    ]


def test_systems_and_their_lead_agencies_are_those_of_the_legend():
    assert list(System.objects.values_list("name", "lead")) == [
        ("Cluster System", "OCHA"),
        ("Refugee Regime", "UNHCR"),
        ("Development Actors", "UNDP"),
        ("Security and Peacebuilding Actors", ""),
    ]


def test_clusters_of_the_legend_carry_their_ocha_codes():
    assert list(Cluster.objects.filter(kind=Cluster.Kind.CLUSTER).values_list("number", "name", "code")) == [
        (1, "Camp Coordination & Camp Management (CCCM)", "CCM"),
        (2, "Water, Sanitation and Hygiene", "WSH"),
        (3, "Early Recovery", "ERY"),
        (4, "Education", "EDU"),
        (5, "Protection", "PRO"),
        (6, "Logistics", "LOG"),
        (7, "Emergency Telecommunications", "TEL"),
        (8, "Health", "HEA"),
        (9, "Food Security", "FSC"),
        (10, "Shelter", "SHL"),
    ]


def test_other_groups_of_the_legend_carry_their_ocha_codes_where_they_have_one():
    assert list(Cluster.objects.filter(kind=Cluster.Kind.GROUP).values_list("number", "name", "code")) == [
        (1, "Housing, Land and Property Rights", "PRO-HLP"),
        (2, "Gender-based Violence", "PRO-GBV"),
        (3, "Coordination", "CSS"),
        (4, "Rule of Law and Justice", ""),
        (5, "Mental Health & Psychosocial Support", ""),
        (6, "Safety and Security", ""),
        (7, "Environment", ""),
        (8, "Child Protection", "PRO-CPN"),
        (9, "Agriculture", "AGR"),
    ]


def test_one_edition_is_published_and_says_that_its_priorities_are_derived():
    edition = Edition.objects.get()

    assert (edition.framework.slug, edition.number) == ("mcof-2012", 1)
    assert edition.published_at is not None
    assert "derived" in edition.note


def test_every_sector_has_one_priority_in_every_phase():
    cells = Counter(SectorPriority.objects.values_list("sector__code", "phase__slug"))

    assert cells == {(f"S{n:02}", phase): 1 for n in range(1, 16) for phase in ("before", "during", "after")}


@pytest.mark.parametrize(("phase", "counts"), [("before", (3, 5, 7)), ("during", (7, 4, 4)), ("after", (5, 9, 1))])
def test_priorities_of_a_phase_add_up_as_read_from_the_text(phase, counts):
    found = Counter(SectorPriority.objects.filter(phase__slug=phase).values_list("priority", flat=True))

    assert (found["critical"], found["important"], found["recommended"]) == counts


def test_only_border_management_and_consular_assistance_depend_on_the_crisis():
    rows = SectorPriority.objects.exclude(condition="")

    assert list(rows.values_list("sector__code", "phase__slug", "priority", "condition", "otherwise")) == [
        ("S11", "during", "critical", "crosses_border", "recommended"),
        ("S12", "during", "critical", "foreign_nationals", "recommended"),
    ]


def test_no_priority_claims_to_be_official():
    assert set(SectorPriority.objects.values_list("provenance", flat=True)) == {"derived"}


def test_links_and_complementarities_are_all_there():
    assert SystemLink.objects.count() == 44
    assert ClusterLink.objects.filter(cluster__kind=Cluster.Kind.CLUSTER).count() == 55
    assert ClusterLink.objects.filter(cluster__kind=Cluster.Kind.GROUP).count() == 36
    assert Complementarity.objects.count() == 16


def test_only_links_with_a_stated_basis_are_official():
    systems = SystemLink.objects.filter(provenance="official").values_list("sector__code", "system__slug")
    clusters = ClusterLink.objects.filter(provenance="official").values_list("sector__code", "cluster__slug")

    assert list(systems) == [("S01", "cluster-system"), ("S02", "cluster-system")]
    assert list(clusters) == [("S01", "cccm"), ("S02", "shelter")]


def test_refugees_are_never_routed_to_their_consulate_by_default():
    conduct = System.objects.get(slug="refugee-regime").conduct
    reason = SystemLink.objects.get(sector__code="S12", system__slug="refugee-regime").reason

    assert "never routed to their consulate by default" in conduct
    assert "not to their consulate" in reason


@pytest.mark.parametrize("model", STATEMENTS)
def test_every_statement_says_why_from_where_and_whose_word_it_is(model):
    assert not model.objects.filter(reason="").exists()
    assert not model.objects.filter(paragraph="").exists()
    assert not model.objects.filter(provenance="").exists()


@pytest.mark.parametrize("model", MODELS)
def test_every_row_passes_the_rules_of_its_model(model):
    rows = list(model.objects.all())

    for row in rows:
        row.full_clean()
    assert rows


def test_seeding_again_changes_nothing_and_keeps_what_headquarters_edited(capsys):
    Sector.objects.filter(code="S04").update(purpose="Edited at headquarters.")
    Country.objects.filter(pk="LBY").update(name="Edited at headquarters")
    before = {model: model.objects.count() for model in [*MODELS, Country, Region]}

    call_command("seed")

    assert {model: model.objects.count() for model in before} == before
    assert Sector.objects.get(code="S04").purpose == "Edited at headquarters."
    assert Country.objects.get(pk="LBY").name == "Edited at headquarters"
    assert capsys.readouterr().out == "Nothing to seed: all is there.\n"


def test_seeding_loads_only_what_is_missing(capsys):
    for model in reversed(MODELS):
        model.objects.all().delete()
    Country.objects.filter(pk="LBY").update(name="Edited at headquarters")

    call_command("seed")

    assert SectorPriority.objects.count() == 45
    assert Country.objects.get(pk="LBY").name == "Edited at headquarters"
    assert capsys.readouterr().out == "Seeded framework.\n"
