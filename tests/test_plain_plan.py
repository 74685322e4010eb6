"""The plan in the API is read as plain values: it says exactly what the documented serializer says."""

import json
from datetime import date, timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from crises import services
from crises.api import plain_plan
from crises.models import Crisis, PlanPriority
from crises.reading import plan_of
from crises.serializers import PlanSerializer
from mcof.bodies import Answer
from sectors import reference
from tests import second_framework
from tests.factories import (
    NOON,
    log,
    make_field,
    make_hq,
    make_lead,
    make_partner,
    phase,
    publish,
    reader,
    revise,
    sector,
    set_priority,
    set_status,
    share,
    waive,
)
from tests.recount import Client

pytestmark = pytest.mark.django_db
FACTS = [(None, None), (True, False), (False, True), (None, True), (False, None)]


def documented(crisis, *, inside):
    """The plan as the serializer says it, as JSON."""
    whole = plan_of(crisis)
    return _json(PlanSerializer(whole, context={"crisis": crisis, "plan": whole, "inside": inside}).data)


def quick(crisis, *, inside):
    """The same, read as plain values."""
    return _json(plain_plan.said(plain_plan.with_plans(Crisis.objects).get(pk=crisis.pk), inside=inside))


def _json(said):
    return json.loads(Answer().render(said))


def same(crises):
    """Whether the two agree on each of these crises, for readers inside and outside, in the order of names too."""
    for crisis in crises:
        for inside in (True, False):
            one, other = quick(crisis, inside=inside), documented(crisis, inside=inside)
            assert one == other, crisis.title
            assert [list(cell) for cell in one["cells"]] == [list(cell) for cell in other["cells"]]
            assert list(one) == list(other)
    return True


@pytest.fixture
def crises(db):
    """Crises whose plans differ in everything a plan tells of."""
    field, lead, hq, now = make_field(), make_lead(), make_hq(), timezone.now()
    for border, foreign in FACTS:
        log(title=f"{border} {foreign}", crosses_border=border, foreign_nationals=foreign, phases=["before", "during"])
    left = log(title="Out of a phase", phases=["during", "after"])
    services.close_phase(crisis=left, phase=phase("during"), by=field)
    busy = log(title="Busy", phases=["during", "after"], at=now - timedelta(days=5, hours=1))
    set_status(busy, "S03", "during", "active", lead="A. Name", since=date(2026, 2, 3), at=now)
    set_status(busy, "S01", "during", "active", at=now)
    set_status(busy, "S01", "during", "completed", at=now)
    set_status(busy, "S04", "during", "planned", lead="B. Name", at=now)
    set_status(busy, "S05", "after", "active", at=now)
    set_status(busy, "S05", "after", "stood_down", at=now)
    waive(busy, "S02", days=3)
    lapsed = log(title="Lapsed waiver")
    waive(lapsed, "S02", at=NOON, days=1)
    own = log(title="Own priorities", crosses_border=None, phases=["before", "during", "after"])
    for n, cell in enumerate(plan_of(own).cells[::2]):
        priority = PlanPriority.values[n % 4]
        if priority != cell.default:
            why = "Nobody else is there to do it" + "." * (n % 2)
            set_priority(own, cell.sector.code, cell.phase.slug, priority, why=why)
    during = [(sector(code), phase("during")) for code in ("S03", "S05", "S11")]
    confirmed = log(title="Confirmed", crosses_border=True)
    services.confirm_defaults(crisis=confirmed, cells=during, by=field)
    undone = log(title="Confirmed, and then the facts changed", crosses_border=True)
    services.confirm_defaults(crisis=undone, cells=during, by=field)
    undone.refresh_from_db()
    services.update_facts(crisis=undone, by=field, revision=undone.facts_revision, crosses_border=False)
    closed, reopened = log(title="Closed", by=lead), log(title="Reopened", by=lead)
    for crisis in (closed, reopened):
        set_status(crisis, "S03", "during", "active")
        services.close_crisis(crisis=crisis, by=lead, at=NOON + timedelta(hours=1))
    services.reopen_crisis(crisis=reopened, by=lead, at=NOON + timedelta(hours=2))
    survivor, lost = log(title="Survivor"), log(title="Merged and undone")
    set_status(lost, "S03", "during", "active")
    waive(lost, "S02")
    services.merge_crisis(crisis=lost, survivor=survivor, why="One storm.", by=hq, at=now)
    lost.refresh_from_db()
    services.unmerge_crisis(crisis=lost, why="Two after all.", by=hq, at=now + timedelta(seconds=1))
    services.merge_crisis(crisis=log(title="Merged"), survivor=survivor, why="One storm.", by=hq)
    return Crisis.objects.order_by("pk")


def test_plain_values_say_what_the_serializer_says(crises):
    assert same(crises)


def test_the_plans_that_are_compared_differ_in_everything_a_plan_tells_of(crises):
    told = [cell for crisis in crises for cell in documented(crisis, inside=True)["cells"]]
    values = {name: {json.dumps(cell[name]) for cell in told} for name in told[0]}

    assert {name for name, seen in values.items() if len(seen) < 2} <= {"provenance"}
    gaps = [cell["gap"] for cell in told if cell["gap"]]
    assert {name for name in gaps[0] if len({json.dumps(gap[name]) for gap in gaps}) < 2} == set()
    assert {cell["priority"] for cell in told} == set(PlanPriority.values)


@pytest.mark.parametrize("seed", range(3))
def test_they_say_the_same_after_any_changes(seed):
    keys = [log(title=f"crisis {n}", phases=["during", "after"]).pk for n in range(3)]
    Client(seed, keys, field=make_field(), lead=make_lead(), hq=make_hq()).work(60)

    assert same(Crisis.objects.all())


def test_they_say_the_same_under_another_edition_and_another_framework(tmp_path):
    old = log(crosses_border=True)
    revise("S03", "during", priority="important", reason="Found otherwise.")
    publish()
    new = log(crosses_border=True)
    second_framework.load(tmp_path)

    assert same([old, new, log(phases=["acute"])])


@override_settings(PUBLIC_CRISES=True)
def test_each_reader_is_told_what_is_documented(crises):
    for crisis in crises.filter(status="open", merges=None).exclude(title="Survivor"):
        share(crisis, "public", at=timezone.now())

    for user in (make_hq(), make_lead(), make_field(), make_partner("LBY"), None):
        client, inside, read = reader(user), user is not None and not user.partner_id, 0
        for crisis in crises:
            answer = client.get(f"/api/v1/crises/{crisis.reference}/plan/")
            if answer.status_code == 200:
                read += 1
                assert answer.json() == documented(crisis, inside=inside), (user, crisis.title)
        assert read >= len(FACTS), user


def test_of_the_cells_asked_for_the_same_is_said(crises):
    client = reader(make_hq())

    for crisis in crises.exclude(status="merged"):
        address = f"/api/v1/crises/{crisis.reference}/plan/"
        whole = client.get(address).json()["cells"]
        for asked in ({"phase": "during"}, {"sector": "S03"}, {"phase": "after", "sector": "S05"}):
            part = client.get(address, asked).json()
            cells = [cell for cell in whole if asked.items() <= cell.items()]
            assert part["cells"] == cells
            assert part["tally"]["needed"] == sum(cell["needed"] for cell in cells)
            assert part["tally"]["gaps"] == sum(bool(cell["gap"]) and not cell["gap"]["waived"] for cell in cells)


def test_what_is_kept_of_an_edition_is_no_reader_s(crises):
    """Answers add to the rows that are kept: nothing of one crisis or reader may stay there."""
    crisis = crises.get(title="Busy")
    kept = plain_plan._unsaid(reference.content(crisis.edition_id), {"crosses_border": None, "foreign_nationals": None})
    before = json.dumps([cell.row for cell in kept.values()])

    quick(crisis, inside=True)

    assert json.dumps([cell.row for cell in kept.values()]) == before
    assert "A. Name" not in before


def test_a_plan_costs_one_query_beside_who_reads_it(crises, django_assert_num_queries):
    client, crisis = reader(make_hq()), crises.get(title="Busy")
    client.get(f"/api/v1/crises/{crisis.reference}/plan/?phase=after")

    with override_settings(ANSWERS_KEPT_SECONDS=0), django_assert_num_queries(3):  # token, grants, the crisis and plan
        client.get(f"/api/v1/crises/{crisis.reference}/plan/")
