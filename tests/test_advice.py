"""What the framework advises to add to a plan: always with its source, once, in one order, and never a danger."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crises import advice, plan
from crises.models import AffectedGroup, PlanCell
from sectors import reference
from sectors.models import Complementarity, Edition, Provenance
from tests.factories import (
    log,
    make_field,
    make_hq,
    make_lead,
    make_partner,
    reader,
    set_priority,
    set_status,
    share,
    waive,
)
from tests.test_plan_rules import ENTRIES, FACTS, PHASES, PLACES

pytestmark = pytest.mark.django_db
anything = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
V1 = "/api/v1/"

GROUPS = st.lists(st.sampled_from(AffectedGroup.values), unique=True)
TIES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(PLACES), st.sampled_from(Complementarity.How.values))
)


@pytest.fixture
def content():
    return reference.content(Edition.objects.current().pk)


def with_ties(content, ties):
    """The edition with complementarities of a made-up one, so that any tie there could ever be is tried."""
    rows = [
        Complementarity(
            from_sector=content.sectors[one[0]],
            from_phase=content.phases[one[1]],
            to_sector=content.sectors[other[0]],
            to_phase=content.phases[other[1]],
            how=how,
            reason="A reason.",
            paragraph="IC/2012/7",
            provenance=Provenance.DERIVED,
        )
        for one, other, how in ties
    ]
    return replace(content, complementarities=(*content.complementarities, *rows))


def made_up(content, facts, entries, phases, is_open=True, groups=()):
    """A crisis and the cells of its plan."""
    crisis = SimpleNamespace(is_open=is_open, groups=list(groups), **facts)
    rows = [
        PlanCell(sector=content.sectors[sector], phase=content.phases[phase], status=status)
        for (sector, phase), status in entries.items()
    ]
    return crisis, plan.cells(content, crisis, rows, {content.phases[n].pk for n in phases})


def proposed(crisis):
    """The proposals for a real crisis, as the API tells them: {S02-during: proposal}, in order."""
    answer = reader(make_hq()).get(f"{V1}crises/{crisis.reference}/advice/")
    assert answer.status_code == 200, answer.content
    return {f"{row['sector']}-{row['phase']}": row for row in answer.json()["proposals"]}


# The rules, for any facts, entries and ties


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES, groups=GROUPS, ties=TIES)
def test_no_advice_leads_refugees_to_their_consulate_without_the_caution(content, facts, entries, phases, groups, ties):
    content = with_ties(content, ties)
    crisis, cells = made_up(content, facts, entries, phases, groups=groups)

    for proposal in advice.proposals(content, cells, crisis):
        consular = proposal.cell.sector.slug == "emergency-consular-assistance"
        assert ("never referred to their consulate" in proposal.caution) == consular
        assert ("They are referred to UNHCR." in proposal.caution) == consular


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES, ties=TIES)
def test_each_proposal_has_a_reason_at_work_a_source_and_nobody_on_it_yet(content, facts, entries, phases, ties):
    content = with_ties(content, ties)
    crisis, cells = made_up(content, facts, entries, phases)
    found = advice.proposals(content, cells, crisis)

    assert len({proposal.cell.key for proposal in found}) == len(found)
    for proposal in found:
        assert proposal.cell.status not in PlanCell.MET
        assert proposal.ties
        for tie in proposal.ties:
            assert tie.row.paragraph
            assert tie.row.provenance
            assert tie.of.status == PlanCell.Status.ACTIVE or tie.of.needed
            assert proposal.cell.phase.number - tie.of.phase.number in (0, 1)
            ends = {(tie.row.from_sector_id, tie.row.from_phase_id), (tie.row.to_sector_id, tie.row.to_phase_id)}
            assert ends == {proposal.cell.key, tie.of.key}


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES)
def test_the_order_is_always_the_same_with_gaps_first(content, facts, entries, phases):
    crisis, cells = made_up(content, facts, entries, phases)
    found = advice.proposals(content, cells, crisis)

    assert found == advice.proposals(content, cells[::-1], crisis)
    gaps = [proposal.cell.gap for proposal in found]
    assert gaps == sorted(gaps, reverse=True)


@anything
@given(facts=FACTS, entries=ENTRIES)
def test_a_closed_crisis_is_advised_nothing(content, facts, entries):
    crisis, cells = made_up(content, facts, entries, (), is_open=False)

    assert advice.proposals(content, cells, crisis) == []


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES)
def test_advice_asks_the_database_nothing(content, django_assert_num_queries, facts, entries, phases):
    crisis, cells = made_up(content, facts, entries, phases)

    with django_assert_num_queries(0):
        advice.proposals(content, cells, crisis)


def test_a_tie_without_a_source_proposes_nothing(content):
    entries = {(12, 0): "active"}
    crisis, cells = made_up(content, {"crosses_border": None, "foreign_nationals": None}, entries, (0,))
    content = with_ties(content, [((12, 0), (8, 0), "supports")])
    assert "S09" in [proposal.cell.sector.code for proposal in advice.proposals(content, cells, crisis)]

    content.complementarities[-1].paragraph = ""

    assert "S09" not in [proposal.cell.sector.code for proposal in advice.proposals(content, cells, crisis)]


# A real plan


def test_activating_transport_alone_proposes_shelter_and_health_with_their_paragraphs():
    crisis = log()
    set_status(crisis, "S03", "during", "active")

    found = proposed(crisis)

    assert {"S01-during", "S02-during", "S04-during"} <= found.keys()
    shelter, health = (
        next(tie for tie in found[key]["ties"] if tie["of_sector"] == "S03") for key in ("S02-during", "S04-during")
    )
    assert shelter == {
        "of_sector": "S03",
        "of_phase": "during",
        "from_sector": "S03",
        "how": "enables",
        "to_sector": "S02",
        "sentence": "Transport enables Shelter, NFI.",
        "reason": "Evacuation to safe havens meets immediate shelter need.",
        "paragraph": "IC/2012/7 Annex, Phase 2",
        "provenance": "official-text",
    }
    assert health["paragraph"] == "IC/2012/7 para 8, Sector 4"


def test_the_next_phase_is_proposed_too_and_never_one_that_the_crisis_has_left():
    crisis = log(phases=["before"])
    set_status(crisis, "S15", "before", "active")
    assert "S02-during" in proposed(crisis)

    later = log(phases=["during"])
    set_status(later, "S02", "during", "active")
    set_status(later, "S15", "before", "active")
    set_status(later, "S14", "before", "active")
    assert {key for key in proposed(later) if key.endswith("before")} == set()


def test_what_is_active_completed_or_not_applicable_is_not_proposed():
    crisis = log()
    set_status(crisis, "S03", "during", "active")
    for code, status in (("S01", "active"), ("S02", "active"), ("S02", "completed")):
        set_status(crisis, code, "during", status)
    set_priority(crisis, "S12", "during", "not_applicable", why="Every foreign national has left the country.")

    assert not {"S01-during", "S02-during", "S03-during", "S12-during"} & proposed(crisis).keys()


def test_a_waived_gap_is_proposed_after_the_gaps_and_says_so():
    crisis = log()
    set_status(crisis, "S03", "during", "active")
    waive(crisis, "S01")

    found = list(proposed(crisis).values())

    assert (found[0]["sector"], found[0]["waived"]) == ("S02", False)
    place = next(n for n, row in enumerate(found) if row["sector"] == "S01")
    assert found[place]["waived"]
    assert all(row["gap"] and not row["waived"] for row in found[:place])


@pytest.mark.parametrize("groups", [[], ["refugees"], ["international_migrants"]])
def test_the_plan_and_the_cell_say_that_refugees_are_not_sent_to_their_consulate(field_client, groups):
    crisis = log(foreign_nationals=True, groups=groups)
    set_status(crisis, "S03", "during", "active")
    sentence = "Refugees and asylum seekers are never referred to their consulate by default"

    assert sentence in proposed(crisis)["S12-during"]["caution"]
    assert ("Refugees are among" in proposed(crisis)["S12-during"]["caution"]) == ("refugees" in groups)
    advised = field_client.get(f"/crises/{crisis.reference}/plan/").content.decode().partition('id="advice"')[2]
    assert sentence in advised
    assert sentence in field_client.get(f"/crises/{crisis.reference}/plan/S12/during/").content.decode()
    assert sentence not in field_client.get(f"/crises/{crisis.reference}/plan/S11/during/").content.decode()


def test_whom_refugees_are_referred_to_comes_first_where_consulates_are_concerned(field_client):
    crisis = log(foreign_nationals=True)
    page = field_client.get(f"/crises/{crisis.reference}/plan/S12/during/").content.decode()
    table = page.partition("Whom to coordinate with")[2]

    assert table.index("Refugee Regime") < table.index("Cluster System") < table.index("Protection")


def test_advice_is_for_who_may_see_the_crisis():
    hidden, shared = log(), share(log())
    partner = reader(make_partner("LBY"))

    assert partner.get(f"{V1}crises/{hidden.reference}/advice/").status_code == 404
    assert partner.get(f"{V1}crises/{shared.reference}/advice/").status_code == 200


@pytest.mark.parametrize("n", [1, 12])
def test_advice_costs_six_queries_however_much_is_active(settings, django_assert_num_queries, n):
    settings.ANSWERS_KEPT_SECONDS = 0
    crisis = log(phases=["before", "during", "after"])
    for number in range(n):
        set_status(crisis, f"S{number + 1:02}", "during", "active")
    client = reader(make_lead())
    client.get(f"{V1}crises/{crisis.reference}/advice/")

    # token with its owner; crisis; entries, periods, gaps, waivers
    with django_assert_num_queries(6):
        assert client.get(f"{V1}crises/{crisis.reference}/advice/").json()["proposals"]


# The framework's own words


def rows(query):
    answer = reader().get(f"{V1}framework/complementarities/{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_complementarities_are_listed_with_their_sources():
    whole = reader().get(f"{V1}framework/").json()["complementarities"]

    assert sorted(map(str, rows(""))) == sorted(map(str, whole))
    assert all(row["paragraph"] and row["provenance"] for row in whole)


def test_complementarities_of_a_sector_in_a_phase_are_those_with_that_end():
    found = rows("?phase=during&sector=S03")
    ends = {row["from_sector"] for row in found} | {row["to_sector"] for row in found}

    assert ends == {"S01", "S02", "S03", "S04", "S12"}
    assert rows("?sector=S15&phase=after") == []
    assert len(rows("?sector=S15")) == 2
    assert {("before" in (row["from_phase"], row["to_phase"])) for row in rows("?phase=before")} == {True}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?phase=later", "“phase” has no value “later”."),
        ("?sector=S99", "“sector” has no value “S99”."),
        ("?colour=blue", "There is no parameter “colour” here."),
        ("?sectors=S03", "Did you mean “sector”?"),
        ("?sector=S03&sector=S04", "The parameter “sector” is there twice. Keep one."),
    ],
)
def test_a_parameter_that_nobody_knows_is_refused(query, words):
    answer = reader(make_field()).get(f"{V1}framework/complementarities/{query}")

    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["message"]
