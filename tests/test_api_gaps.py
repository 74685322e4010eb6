"""Gaps with why they count, and what a plan changes of the framework, in the API."""

import csv
from datetime import timedelta
from io import StringIO
from random import Random

import pytest
from django.db import connection
from django.utils import timezone

from crises import sample
from crises.models import Crisis
from crises.reading import plan_of
from offices.models import Country
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    log,
    make_field,
    make_hq,
    make_office,
    make_partner,
    reader,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
WHY = "The assessment of March found it otherwise."


def gaps_of(crisis, client=None, query=""):
    answer = (client or reader(make_hq())).get(f"{V1}crises/{crisis.reference}/gaps/{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def cell_of(answer, code, slug="during"):
    return next(cell for cell in answer["cells"] if (cell["sector"], cell["phase"]) == (code, slug))


def test_a_gap_says_by_which_condition_and_which_fact_its_sector_is_critical():
    crisis = log(crosses_border=True)

    gap = cell_of(gaps_of(crisis), "S11")

    assert (gap["condition"], gap["fact"]) == ("crosses_border", True)
    assert (gap["stated"], gap["default"], gap["own_priority"], gap["justification"]) == (
        "critical",
        "critical",
        None,
        None,
    )
    assert gap["because"].startswith("Critical because people cross a border.")
    assert gap["paragraph"]
    assert gap["provenance"]
    assert "correct the fact" in gap["closes"]


def test_a_fact_that_is_not_known_is_null_and_its_condition_named():
    gap = cell_of(gaps_of(log()), "S11")

    assert (gap["condition"], gap["fact"]) == ("crosses_border", None)


def test_a_gap_that_the_office_made_says_its_own_reasons():
    crisis = log()
    raised = next(cell for cell in plan_of(crisis).cells if cell.phase.slug == "during" and cell.default != "critical")
    set_priority(crisis, raised.sector.code, "during", "critical", why=WHY)

    gap = cell_of(gaps_of(crisis), raised.sector.code)

    assert (gap["own_priority"], gap["default"], gap["justification"]) == ("critical", raised.default, WHY)
    assert gap["opened_why"] == "priority"
    (listed,) = [
        row
        for row in reader(make_hq()).get(f"{V1}gaps/").json()["results"]
        if row["sector"] == raised.sector.code and row["phase"] == "during"
    ]
    assert {name: listed[name] for name in gap.keys() & listed.keys()} == {
        name: gap[name] for name in gap.keys() & listed.keys()
    }
    assert listed["crisis"] == crisis.reference


def test_a_waived_gap_stays_in_the_answer_under_its_own_count_and_staff_read_why():
    crisis = share(log(at=timezone.now() - timedelta(days=5)))
    waive(crisis, "S03")
    n = crisis.gaps.open().count()

    answer = gaps_of(crisis)
    gap = cell_of(answer, "S03")

    assert (answer["open_critical"], answer["waived"], len(answer["cells"])) == (n - 1, 1, n)
    assert answer["tally"]["gaps"] == answer["open_critical"]
    assert (gap["waived"], gap["waived_why"], gap["days_open"], gap["late"]) == (
        True,
        "The State does this by itself.",
        5,
        True,
    )
    assert cell_of(gaps_of(crisis, reader(make_partner("LBY"))), "S03")["waived_why"] is None


def test_the_gaps_of_a_crisis_can_be_asked_as_of_a_past_moment():
    crisis = log()
    set_status(crisis, "S03", "during", "active", at=NOON + timedelta(days=3))

    assert "S03" not in {gap["sector"] for gap in gaps_of(crisis)["cells"]}
    then = gaps_of(crisis, query="?as_of=2026-03-02")
    assert cell_of(then, "S03")["days_open"] == 1
    assert then["open_critical"] == len(then["cells"])


def change_anything(dice, crisis):
    """Activate a sector, give one a priority of the office's own, or waive a gap."""
    by = make_field(crisis.office, "everywhere")
    phase = dice.choice(["before", "during", "after"])
    code = f"S{dice.randint(1, 15):02}"
    how = dice.randrange(3)
    cell = plan_of(crisis).cell(code, phase)
    if how == 0 and cell.status in ("not_started", "planned", "stood_down") and cell.applies:
        set_status(crisis, code, phase, "active", by=by)
    elif how == 1 and cell.status not in ("planned", "active"):
        other = dice.choice([one for one in ("critical", "important", "not_applicable") if one != cell.default])
        set_priority(crisis, code, phase, other, by=by)
    elif gap := crisis.gaps.open().select_related("sector").first():
        waive(crisis, gap.sector.code, days=dice.choice([1, 30]))


def make_random(n):
    """So many crises: most made in bulk as the rules have it, the others logged, many of them changed since."""
    dice, known = Random(2012), [True, False, None]
    sample.make(n - 60, open_ones=n - 100, today=NOON.date(), history=False)
    office = make_office()
    for _each in range(60):
        log(
            phases=dice.sample(["before", "during", "after"], dice.randint(1, 3)),
            crosses_border=dice.choice(known),
            foreign_nationals=dice.choice(known),
            office=office,
        )
    crises = list(Crisis.objects.order_by("pk"))
    for crisis in dice.sample([crisis for crisis in crises if crisis.is_open], 120):
        change_anything(dice, crisis)
    return crises


def test_page_table_answers_and_plain_sql_count_the_same_gaps_of_500_random_crises(
    settings, django_assert_max_num_queries
):
    settings.ANSWERS_KEPT_SECONDS = 0
    crises = make_random(500)
    hq = make_hq()
    client, browser = reader(hq), signed_in(hq)

    with connection.cursor() as cursor:
        today = timezone.now().date()
        cursor.execute(
            "SELECT c.reference, SUM(CASE WHEN g.waived_until >= %s THEN 1 ELSE 0 END), COUNT(*) FROM crises_gap g "
            "JOIN crises_crisis c ON c.id = g.crisis_id "
            "WHERE g.closed_at IS NULL AND c.status = 'open' GROUP BY c.reference",
            [today],
        )
        plain = {reference: (n - waived, waived) for reference, waived, n in cursor.fetchall()}
    counted, waived = (sum(column) for column in zip(*plain.values(), strict=True))

    listed, address = [], f"{V1}gaps/?page_size=200"
    while address:
        # the token, the gaps, their waivers
        with django_assert_max_num_queries(6):
            answer = client.get(address).json()
        listed += answer["results"]
        address = answer["next"]
    assert (sum(not gap["waived"] for gap in listed), sum(gap["waived"] for gap in listed)) == (counted, waived)
    assert waived > 10

    for query, n in (("", counted), ("?waived=1", waived)):
        table = browser.get(f"/gaps.csv{query}").getvalue().decode("utf-8-sig")
        assert len(list(csv.DictReader(StringIO(table)))) == n
    page = browser.get("/gaps/").context
    assert (page["count"]["gaps"], page["count"]["waived"]) == (counted, waived)

    assert Crisis.objects.count() == 500
    for crisis in crises:
        # the token, the crisis, and its plan: entries, periods, gaps, waivers
        with django_assert_max_num_queries(6):
            answer = gaps_of(crisis, client)
        critical = [gap for gap in answer["cells"] if gap["priority"] == "critical" and not gap["waived"]]
        assert answer["open_critical"] == len(critical)
        assert (answer["open_critical"], answer["waived"]) == plain.get(crisis.reference, (0, 0))
        assert all(gap["because"] and gap["paragraph"] for gap in answer["cells"])


# The difference from the framework


def diff(crisis, client=None, query=""):
    answer = (client or reader(make_hq())).get(f"{V1}crises/{crisis.reference}/plan/?diff=framework{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["cells"]


def test_the_difference_lists_exactly_the_cells_whose_priority_is_not_the_framework_s():
    crisis = share(log())
    assert diff(crisis) == []
    set_priority(crisis, "S03", "during", "not_applicable", why=WHY)
    set_priority(crisis, "S01", "during", "recommended", at=NOON + timedelta(days=1))
    set_priority(crisis, "S02", "during", "important")
    set_priority(crisis, "S02", "during", "")
    set_status(crisis, "S04", "during", "active")
    set_status(crisis, "S01", "during", "planned", at=NOON + timedelta(days=2), by=make_field(username="second"))

    one, three = diff(crisis)

    assert three == {
        "sector": "S03",
        "phase": "during",
        "default": "critical",
        "priority": "not_applicable",
        "justification": WHY,
        "changed_at": three["changed_at"],
        "changed_by": "field",
        "revision": crisis.cells.get(sector__code="S03").revision,
    }
    assert (one["sector"], one["changed_by"]) == ("S01", "field")
    assert one["changed_at"].startswith("2026-03-02T12:00")
    assert [cell["changed_by"] for cell in diff(crisis, reader(make_partner("LBY")))] == [None, None]
    assert [cell["sector"] for cell in diff(crisis, query="&sector=S03&phase=during")] == ["S03"]
    assert diff(crisis, query="&phase=after") == []
    assert [cell["sector"] for cell in diff(crisis, query="&as_of=2026-03-01T23:00Z")] == ["S03"]


def test_the_difference_costs_one_query_more_than_the_plan(settings, django_assert_num_queries):
    settings.ANSWERS_KEPT_SECONDS = 0
    crisis, client = log(), reader(make_hq())
    for code in ("S03", "S04"):
        set_priority(crisis, code, "during", "not_applicable")

    # the token, the crisis, entries, periods, gaps, waivers, who changed what
    with django_assert_num_queries(7):
        diff(crisis, client)


@pytest.mark.parametrize("query", ["diff=yesterday", "phase=later", "sector=S99", "show=gaps", "diff=&phase=before"])
def test_what_the_plan_does_not_know_it_refuses_by_name(query):
    answer = reader(make_hq()).get(f"{V1}crises/{log().reference}/plan/?{query}")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [query.split("=")[0]]


def test_a_plan_can_be_narrowed_to_a_phase_and_a_sector():
    crisis = log(other_countries=[Country.objects.get(pk="TUN")])

    answer = reader(make_hq()).get(f"{V1}crises/{crisis.reference}/plan/?phase=during&sector=S03").json()

    assert [(cell["sector"], cell["phase"]) for cell in answer["cells"]] == [("S03", "during")]
