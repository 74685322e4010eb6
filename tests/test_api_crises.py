"""Crises, plans and gaps in the API: the shape of the answers, who sees what, filters, pages, and what they cost."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crises import services
from mcof.api import urlpatterns
from offices.models import Country, Role
from sectors import reference
from sectors.models import Edition
from tests.factories import (
    NOON,
    add_figure,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    phase,
    reader,
    sector,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


def rows(client, address="crises/"):
    answer = client.get(V1 + address)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def references(client, address="crises/"):
    return [row["reference"] for row in rows(client, address)]


def decide(crisis, scheme, value, **more):
    services.decide_level(
        crisis=crisis,
        by=make_hq(),
        scheme=scheme,
        value=value,
        **{"decided_on": date(2026, 2, 1), "decided_by": "The emergency board", "note": "Many people.", "at": NOON}
        | more,
    )


# The shape


def test_a_row_of_the_list_says_in_codes_what_a_crisis_is():
    crisis = log(
        other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])),
        started_on=date(2014, 6, 1),
        start_precision="month",
        onset="sudden",
    )
    decide(crisis, "iom", "2")
    decide(crisis, "inter_agency", "L3")
    set_status(crisis, "S03", "during", "active")
    waive(crisis, "S02")
    crisis.refresh_from_db()
    needed = 7  # critical in the emergency phase, as long as the two facts are not known

    assert rows(reader(make_hq())) == [
        {
            "reference": crisis.reference,
            "title": "Fighting around Tripoli",
            "status": "open",
            "exercise": False,
            "sharing": "staff",
            "country": "LBY",
            "other_countries": ["EGY", "TUN"],
            "region": "015",
            "office": "tripoli",
            "cause": "conflict",
            "onset": "sudden",
            "started": "2014-06",
            "started_precision": "month",
            "phases": ["during"],
            "level": "2",
            "inter_agency": "L3",
            "gaps": needed - 2,
            "waived": 1,
            "review": "not_reviewed",
            "approved_at": None,
            "changed_since_approval": False,
            "revision": crisis.revision,
            "updated_at": crisis.updated_at.isoformat().replace("+00:00", "Z"),
            "url": f"http://testserver/api/v1/crises/{crisis.reference}/",
            "expanded": None,
        }
    ]


def test_what_is_not_known_is_null():
    log()
    (row,) = rows(reader(make_hq()))

    unknown = {name for name, value in row.items() if value is None}
    assert unknown == {"onset", "started", "started_precision", "level", "inter_agency", "approved_at", "expanded"}


def test_a_level_that_has_ended_is_in_force_no_more():
    crisis = log()
    decide(crisis, "iom", "3")
    decide(crisis, "iom", "2", decided_on=date(2026, 2, 10), ended_on=date(2026, 2, 20))

    assert rows(reader(make_hq()))[0]["level"] is None


def test_a_crisis_tells_its_facts_and_statements_with_their_sources():
    crisis = log(
        crosses_border=True,
        groups=["international_migrants"],
        glide="CE-2014-000099-LBY EP-2014-000100-LBY",
        level_proposed=2,
        summary="Thousands wait at the border.",
    )
    add_figure(crisis, 3100, sectors=[sector("S03")], source="Situation report 4", qualifier="at_least")
    services.add_activity(
        crisis=crisis,
        by=make_field(),
        name="Buses",
        required=90000,
        source_kind="iom",
        sectors=[sector("S03")],
        at=NOON,
    )
    decide(crisis, "iom", "2")
    body = reader(make_hq()).get(f"{V1}crises/{crisis.reference}/").json()

    assert body | {"crosses_border": True, "foreign_nationals": None, "state_request": None, "ended": None} == body
    assert body["glide"] == ["CE-2014-000099-LBY", "EP-2014-000100-LBY"]
    assert (body["groups"], body["level_proposed"]) == (["international_migrants"], "2")
    assert (body["framework"], body["edition"]) == ("mcof-2012", 1)
    assert body["periods"] == [{"phase": "during", "entered_on": None, "left_on": None}]
    assert [(row["scheme"], row["value"], row["decided_on"]) for row in body["levels"]] == [("iom", "2", "2026-02-01")]
    (figure,) = body["figures"]
    assert figure | {"value": 3100, "below": None, "qualifier": "at_least", "sectors": ["S03"]} == figure
    assert figure | {"source_kind": "un", "source": "Situation report 4", "as_of": "2026-02-01"} == figure
    (activity,) = body["activities"]
    assert activity | {"name": "Buses", "required": 90000, "confirmed": None, "currency": "USD"} == activity
    assert body["plan_url"] == f"{body['url']}plan/"


def test_a_row_says_the_same_in_the_list_and_alone():
    crisis = log()
    client = reader(make_hq())
    alone = client.get(f"{V1}crises/{crisis.reference}/").json()

    assert rows(client)[0].items() <= alone.items()


def test_a_plan_is_45_explained_cells_and_its_tally_counts_them():
    crisis = log(crosses_border=False, phases=("during", "after"))
    set_status(crisis, "S03", "during", "active", lead="A. Name")
    set_status(crisis, "S01", "during", "active")
    set_status(crisis, "S01", "during", "completed", at=NOON + timedelta(days=1))
    waive(crisis, "S02")
    body = reader(make_hq()).get(f"{V1}crises/{crisis.reference}/plan/").json()
    cells = {(cell["sector"], cell["phase"]): cell for cell in body["cells"]}

    assert len(cells) == 45
    assert body["reference"] == crisis.reference
    assert "derived" in body["provenance_note"]
    needed = [cell for cell in body["cells"] if cell["needed"]]
    assert body["tally"] == {
        "needed": len(needed),
        "active": 1,
        "completed": 1,
        "waived": 1,
        "gaps": sum(bool(cell["gap"]) and not cell["gap"]["waived"] for cell in needed),
    }
    border = cells["S11", "during"]
    assert (border["stated"], border["default"], border["priority"], border["needed"]) == (
        "critical",
        "recommended",
        "recommended",
        False,
    )
    assert "people do not cross a border" in border["because"]
    assert cells["S12", "during"]["question"] == "foreign_nationals"
    transport = cells["S03", "during"]
    assert (transport["status"], transport["since"], transport["lead"]) == ("active", "2026-03-01", "A. Name")
    assert transport["gap"] is None
    assert transport["revision"] == crisis.cells.get(sector__code="S03").revision
    assert {"slug": "logistics", "strength": "main"} in transport["clusters"]
    assert transport["systems"][0]["strength"] == "main"
    assert all(cell["because"] and cell["paragraph"] and cell["provenance"] == "derived" for cell in body["cells"])


def test_a_gap_says_since_when_and_whether_it_is_waived():
    now = timezone.now()
    crisis = log(at=now - timedelta(days=5, hours=1))
    waive(crisis, "S02", days=3)
    body = reader(make_hq()).get(f"{V1}crises/{crisis.reference}/plan/").json()
    gaps = {cell["sector"]: cell["gap"] for cell in body["cells"] if cell["gap"]}

    opened = {"opened_at": crisis.logged_at.isoformat().replace("+00:00", "Z"), "opened_why": "logged", "days_open": 5}
    assert gaps["S01"] == opened | {"waived": False, "waived_until": None}
    assert gaps["S02"] == opened | {"waived": True, "waived_until": (now + timedelta(days=3)).date().isoformat()}


def test_a_waiver_that_has_lapsed_covers_nothing():
    crisis = log()
    waive(crisis, "S02", days=1, at=NOON)
    client = reader(make_hq())
    before = rows(client)[0]

    assert before["waived"] == 0
    assert {(gap["waived"], gap["waived_until"]) for gap in rows(client, "gaps/?sector=S02")} == {(False, None)}


def test_the_list_of_gaps_explains_each_and_agrees_with_the_plans():
    first, second = log(), log(phases=("during", "after"), country="TUN", office=make_office("tunis", country="TUN"))
    set_status(first, "S03", "during", "active")
    waive(second, "S02")
    client = reader(make_hq())
    gaps = rows(client, "gaps/")

    for crisis in (first, second):
        plan = client.get(f"{V1}crises/{crisis.reference}/plan/").json()
        in_plan = {(cell["sector"], cell["phase"]): cell for cell in plan["cells"] if cell["gap"]}
        listed = {(gap["sector"], gap["phase"]): gap for gap in gaps if gap["crisis"] == crisis.reference}
        assert listed.keys() == in_plan.keys()
        for key, gap in listed.items():
            assert {name: gap[name] for name in in_plan[key]["gap"]} == in_plan[key]["gap"]
            for name in ("priority", "because", "paragraph", "provenance"):
                assert gap[name] == in_plan[key][name]
    counted = {row["reference"]: (row["gaps"], row["waived"]) for row in rows(client)}
    for crisis in (first, second):
        own = [gap["waived"] for gap in gaps if gap["crisis"] == crisis.reference]
        assert counted[crisis.reference] == (own.count(False), own.count(True))


# Who sees what


@pytest.fixture
def cast():
    """One crisis of each kind of sharing in Libya, and one that nobody but its own office and HQ sees in Peru."""
    tripoli, lima = make_office(), make_office("lima", country="PER")
    lima_field = make_field(lima, "lima-field")
    return {
        "office": log(title="Canary office", sharing="office", summary="Canary", country="LBY", office=tripoli),
        "partners": share(log(title="Canary partners")),
        "public": share(log(title="Canary public"), "public"),
        "far": log(title="Canary far", country="PER", office=lima, by=lima_field, sharing="office", places="Canary"),
    }


@pytest.fixture
def people(cast):
    return {
        "nobody": None,
        "field": make_field(),
        "lead": make_lead(),
        "hq": make_hq(),
        "auditor": make_user("auditor", Role.AUDITOR, office=make_office()),
        "partner": make_partner("LBY"),
        "other partner": make_partner("COL", username="other"),
    }


SEEN = {
    "nobody": set(),
    "field": {"office", "partners", "public"},
    "lead": {"office", "partners", "public"},
    "hq": {"office", "partners", "public", "far"},
    "auditor": set(),
    "partner": {"partners", "public"},
    "other partner": set(),
}


@pytest.mark.parametrize("person", SEEN)
def test_each_reader_gets_the_crises_they_may_see_and_no_word_of_others(cast, people, person):
    client = reader(people[person])
    names = {crisis.reference: name for name, crisis in cast.items()}

    assert {names[reference] for reference in references(client)} == SEEN[person]
    assert {names[gap["crisis"]] for gap in rows(client, "gaps/")} == SEEN[person]
    for name, crisis in cast.items():
        for part in ("", "plan/"):
            answer = client.get(f"{V1}crises/{crisis.reference}/{part}")
            assert answer.status_code == (200 if name in SEEN[person] else 404)
    hidden = [crisis for name, crisis in cast.items() if name not in SEEN[person]]
    for crisis in hidden:
        for address in (
            "crises/",
            "gaps/",
            "changes/",
            "crises/?q=canary",
            "crises/?country=PER",
            f"crises/?q={crisis.reference}",
        ):
            body = client.get(V1 + address).content.decode()
            results = body.split('"results"')[-1]  # the address of the next page repeats what was asked
            assert crisis.title not in results
            assert crisis.reference not in results


TABLE = """
api-landing   200 200 200 200
api-docs      200 200 200 200
api-schema    200 200 200 200
api-framework 200 200 200 200
api-complementarities 200 200 200 200
api-editions  200 200 200 200
api-edition   200 200 200 200
api-sectors   200 200 200 200
api-phases    200 200 200 200
api-systems   200 200 200 200
api-clusters  200 200 200 200
api-regions   200 200 200 200
api-countries 200 200 200 200
api-offices   401 200 200 200
api-codes     200 200 200 200
api-crises    200 200 200 200
api-crisis    404 404 200 200
api-plan      404 404 200 200
api-advice    404 404 200 200
api-coordination 404 404 200 200
api-history   404 404 200 200
api-crisis-gaps 404 404 200 200
api-cell      404 404 200 200
api-gaps      200 200 200 200
api-changes   200 200 200 200
api-views     401 200 200 200
api-cells     200 200 200 200
api-figures   200 200 200 200
api-activities 200 200 200 200
api-levels    200 200 200 200
api-reviews   401 403 200 200
api-age-bands 200 200 200 200
api-crisis-figures 404 404 200 200
api-figure    404 404 200 200
api-crisis-activities 404 404 200 200
api-crisis-levels 404 404 200 200
api-crisis-reviews 401 403 200 200
api-dashboard 401 200 200 200
api-worklist  401 403 200 200
api-queue     401 403 200 200
api-export-crises 200 200 200 200
api-export-cells 200 200 200 200
api-export-gaps 200 200 200 200
api-export-figures 200 200 200 200
api-export-dictionary 200 200 200 200
"""
POLICY = {row.split()[0]: row.split()[1:] for row in TABLE.split("\n") if row}


def test_every_address_of_the_api_has_its_row_in_the_policy():
    assert POLICY.keys() == {pattern.name for pattern in urlpatterns if pattern.name}


@pytest.mark.parametrize("name", POLICY)
def test_each_reader_gets_what_the_policy_says(cast, people, name):
    known = {"framework": Edition.objects.current().framework.slug, "number": 1, "queue": "gaps"}
    known |= {"reference": cast["office"].reference, "sector": "S03", "phase": "during", "kind": "csv"}
    if name == "api-figure":
        known["number"] = add_figure(cast["office"], 640).pk
    pattern = next(pattern for pattern in urlpatterns if pattern.name == name).pattern
    address = reverse(name, kwargs={key: known[key] for key in pattern.regex.groupindex})

    got = [reader(people[person]).get(address).status_code for person in ("nobody", "partner", "field", "hq")]
    assert got == [int(status) for status in POLICY[name]]


def test_visitors_read_public_crises_where_the_site_publishes_them(cast, settings):
    settings.PUBLIC_CRISES = True

    assert references(reader()) == [cast["public"].reference]
    assert reader().get(f"{V1}crises/{cast['public'].reference}/plan/").status_code == 200


def test_a_person_who_is_signed_in_reads_the_api_with_their_session(cast, field_client):
    assert len(field_client.get(f"{V1}crises/").json()["results"]) == 3


def test_readers_outside_are_told_no_name_and_no_small_count(settings):
    settings.PUBLIC_CRISES = True
    field = make_field()
    field.first_name = "Canary"
    field.save()
    crisis = share(log(by=field), "public")
    set_status(crisis, "S03", "during", "active", lead="Canary", cluster_contact="Canary", note="Canary")
    for value in (None, 0, 1, 4, 5):
        add_figure(crisis, value)
    addresses = [
        f"{V1}crises/{crisis.reference}/",
        f"{V1}crises/{crisis.reference}/plan/",
        f"{V1}gaps/",
        f"{V1}crises/",
    ]

    for client in (reader(make_partner("LBY")), reader()):
        bodies = [client.get(address) for address in addresses]
        assert not [body for body in bodies if "Canary" in body.content.decode()]
        figures = bodies[0].json()["figures"]
        assert all(row["suppressed"] == (row["below"] == 5) for row in figures)
        assert all(row["value"] is None for row in figures if row["suppressed"])
        assert sorted((row["value"], row["below"]) for row in figures if row["value"] is not None) == [
            (0, None),
            (5, None),
        ]
        assert sorted(row["below"] or 0 for row in figures if row["value"] is None) == [0, 5, 5]
    inside = reader(make_hq()).get(addresses[0]).json()
    assert inside["focal_point"] == "Canary"
    assert {row["value"] for row in inside["figures"]} == {None, 0, 1, 4, 5}
    assert {(row["below"], row["suppressed"]) for row in inside["figures"]} == {(None, False)}


def test_the_wider_crisis_is_named_only_to_who_may_see_it():
    wider = log(title="Region", sharing="office", country="TUN", office=make_office("tunis", country="TUN"))
    crisis = share(log(part_of=wider))

    def part_of(user):
        return reader(user).get(f"{V1}crises/{crisis.reference}/").json()["part_of"]

    assert part_of(make_hq()) == wider.reference
    assert part_of(make_partner("LBY")) is None


# Filters and pages


def test_crises_and_gaps_take_the_filters_of_their_pages():
    tunis = make_office("tunis", country="TUN")
    libya = log(title="Fighting", cause="conflict", at=NOON)
    tunisia = log(
        title="Inundación", cause="natural_hazard", country="TUN", office=tunis, phases=("after",), exercise=True
    )
    set_status(libya, "S01", "during", "active")
    decide(tunisia, "iom", "1")
    client = reader(make_hq())

    for query, expected in {
        "q=inundacion": [tunisia],
        "country=LBY": [libya],
        "region=015": [tunisia, libya],
        "region=002": [tunisia, libya],
        "region=150": [],
        "office=tunis": [tunisia],
        "office=hq": [tunisia, libya],
        "cause=conflict": [libya],
        "phase=during": [libya],
        "level=1": [tunisia],
        "level=none": [libya],
        "needs=S02": [libya],
        "needs=S01": [],
        "status=closed": [],
        "exercise=true": [tunisia],
        "exercise=": [tunisia, libya],
        "phase=during&cause=conflict": [libya],
    }.items():
        crises = client.get(f"{V1}crises/?{query}").json()["results"]
        assert {row["reference"] for row in crises} == {crisis.reference for crisis in expected}, query
        gaps = client.get(f"{V1}gaps/?{query}").json()["results"]
        assert {row["crisis"] for row in gaps} == {crisis.reference for crisis in expected}, query


def test_gaps_are_narrowed_by_their_own_sector_phase_and_waiver():
    crisis = log(phases=("during", "after"))
    waive(crisis, "S02")
    client = reader(make_hq())

    assert {row["sector"] for row in rows(client, "gaps/?sector=S02")} == {"S02"}
    assert {row["phase"] for row in rows(client, "gaps/?phase=after")} == {"after"}
    assert [row["sector"] for row in rows(client, "gaps/?waived=true")] == ["S02"]
    assert "S02" not in {row["sector"] for row in rows(client, "gaps/?waived=false&phase=during")}


@pytest.mark.parametrize(("address", "key"), [("crises/", "reference"), ("gaps/", None)])
def test_following_the_pages_meets_every_row_once_in_both_directions(address, key):
    for _ in range(5):
        log()
    client = reader(make_hq())
    whole = rows(client, f"{address}?page_size=200")

    forwards, following, last = [], f"{V1}{address}?page_size=2", None
    while following:
        body, last = client.get(following).json(), following
        assert len(body["results"]) <= 2
        forwards += body["results"]
        following = body["next"]
    backwards = []
    while last:
        body = client.get(last).json()
        backwards = body["results"] + backwards
        last = body["previous"]

    assert forwards == backwards == whole
    if key:
        assert [row["revision"] for row in whole] == sorted((row["revision"] for row in whole), reverse=True)


def test_a_filter_stays_in_the_address_of_the_next_page():
    for _ in range(3):
        log()
    log(cause="epidemic")
    client = reader(make_hq())
    body = client.get(f"{V1}crises/?cause=conflict&page_size=2").json()

    assert len(body["results"]) + len(client.get(body["next"]).json()["results"]) == 3


def test_a_change_moves_a_crisis_to_the_front_with_a_higher_revision():
    first, second = log(), log()
    client = reader(make_hq())
    before = rows(client)
    set_status(first, "S03", "during", "active")
    after = rows(client)

    assert [row["reference"] for row in before] == [second.reference, first.reference]
    assert [row["reference"] for row in after] == [first.reference, second.reference]
    assert after[0]["revision"] > before[0]["revision"]
    assert after[0]["gaps"] == before[1]["gaps"] - 1


# What it costs


def full():
    """A crisis with more than one of everything."""
    crisis = log(
        other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])),
        phases=("during", "after"),
    )
    for code in ("S01", "S03"):
        set_status(crisis, code, "during", "active")
        add_figure(crisis, 100, sectors=[sector(code)])
        services.add_activity(
            crisis=crisis, by=make_field(), name=code, source_kind="iom", sectors=[sector(code)], at=NOON
        )
    decide(crisis, "iom", "2")
    decide(crisis, "iom", "3")
    waive(crisis, "S02")
    services.close_phase(crisis=crisis, phase=phase("during"), by=make_field())
    services.open_phase(crisis=crisis, phase=phase("during"), by=make_field())
    waive(crisis, "S02")
    return share(crisis)


@pytest.fixture
def partner():
    client = reader(make_partner("LBY"))
    reference.current()
    return client


def test_a_list_costs_the_same_for_one_crisis_and_for_many(partner, django_assert_num_queries):
    full()
    address = f"{V1}crises/"

    # the token with its owner; what the answer follows from; the crises, what they name
    with django_assert_num_queries(4):
        assert len(rows(partner)) == 1
    for _ in range(3):
        full()
    with django_assert_num_queries(4):
        assert len(partner.get(address).json()["results"]) == 4


def test_a_list_of_gaps_costs_the_same_for_one_crisis_and_for_many(partner, django_assert_num_queries):
    full()

    # the token with its owner; what the answer follows from; the gaps with their crises, their waivers
    with django_assert_num_queries(4):
        assert rows(partner, "gaps/")
    for _ in range(3):
        full()
    with django_assert_num_queries(4):
        assert rows(partner, "gaps/")


def test_a_crisis_costs_the_same_with_one_statement_and_with_many(partner, django_assert_num_queries):
    one = share(log(other_countries=list(Country.objects.filter(pk="TUN"))))
    add_figure(one, 100, sectors=[sector("S01")])
    services.add_activity(
        crisis=one, by=make_field(), name="Buses", source_kind="iom", sectors=[sector("S03")], at=NOON
    )
    decide(one, "iom", "2")

    # the token with its owner; what the answer follows from; the crisis and what it names; levels, figures with
    # their sectors and parts, lines of work and their sectors
    for crisis in (one, full()):
        with django_assert_num_queries(10):
            assert partner.get(f"{V1}crises/{crisis.reference}/").status_code == 200


def test_a_plan_costs_the_same_with_one_entry_and_with_many(partner, django_assert_num_queries):
    one = share(log())
    set_status(one, "S03", "during", "active")

    # the token with its owner; what the answer follows from; the crisis with its periods, gaps, waivers, entries
    for crisis in (one, full()):
        with django_assert_num_queries(3):
            assert partner.get(f"{V1}crises/{crisis.reference}/plan/").status_code == 200
