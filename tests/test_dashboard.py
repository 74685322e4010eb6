"""What HQ sees across crises reconciles with every plan: needed = active + completed + waived + gaps."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crises import dashboard, gaps, plan, services, standing
from crises.models import Crisis, PlanCell, PlanPriority, Standing
from crises.panels import Panels
from crises.reading import plan_of
from sectors import reference
from tests.factories import (
    NOON,
    add_figure,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    phase,
    sector,
    set_priority,
    set_status,
    waive,
)

pytestmark = pytest.mark.django_db


def coverage(crises, *, phase=None, at=NOON):
    """The coverage as the page computes it."""
    return dashboard.board(crises, at, phase=phase).coverage


def count(crises, *, phase=None, at=NOON):
    return gaps.count(gaps.by_cell(gaps.of(crises, phase=phase), at))


def by_plans(crises, at=None):
    """The same figures counted the long way: every cell of every plan."""
    found = {}
    for crisis in crises:
        for cell in plan_of(crisis, at).cells:
            tally = plan.tally([cell])
            if tally.needed:
                key = cell.sector.code, cell.phase.slug
                found[key] = found.get(key, plan.Tally()) + tally
    return found


@pytest.fixture
def cast():
    """One crisis of every kind: conditional facts, completed, waived, closed, in two phases, in the other region."""
    whole = log(title="whole", phases=["during", "after"])
    set_status(whole, "S03", "during", "active")
    set_status(whole, "S04", "during", "active")
    set_status(whole, "S04", "during", "completed")
    set_status(whole, "S05", "during", "active")  # important, so nothing needs it
    set_status(whole, "S08", "before", "active")  # critical in a phase the crisis is not in
    waive(whole, "S13", at=NOON)
    inside = log(title="inside", crosses_border=False, foreign_nationals=True)
    set_status(inside, "S11", "during", "active")  # recommended here
    closed = log(title="closed")
    set_status(closed, "S03", "during", "active")
    services.close_crisis(crisis=closed, by=make_lead(), at=NOON + timedelta(hours=1))
    lima = make_office("lima", country="PER")
    far = log(title="far", office=lima, by=make_field(lima, "lima-field"), country="PER")
    set_status(far, "S01", "during", "planned", by=make_field(lima, "lima-field"))
    return {"whole": whole, "inside": inside, "closed": closed, "far": far}


def test_coverage_is_the_sum_of_the_plans(cast):
    found = coverage(Crisis.objects.all())

    assert found == by_plans(Crisis.objects.all(), NOON)
    assert found["S03", "during"] == plan.Tally(active=1, gaps=2)
    assert found["S04", "during"] == plan.Tally(completed=1, gaps=2)
    assert found["S13", "after"] == plan.Tally(waived=1)
    assert found["S11", "during"] == plan.Tally(gaps=2)
    assert ("S05", "during") not in found
    assert ("S08", "before") not in found


def test_every_panel_counts_the_same_gaps(cast):
    crises = Crisis.objects.all()

    counted, covered = count(crises), dashboard.board(crises, NOON).total
    listed = list(gaps.listed(gaps.of(crises), NOON))

    assert counted["gaps"] == covered.gaps == sum(not gap.waived for gap in listed)
    assert counted["waived"] == covered.waived == sum(gap.waived for gap in listed) == 1
    assert gaps_of_every_panel(crises, NOON) == {counted["gaps"]}
    assert gaps_of_every_panel(crises, as_of=NOON + timedelta(minutes=1)) == {counted["gaps"] + 6}  # one closed later
    assert covered.needed == covered.active + covered.completed + covered.waived + covered.gaps


def test_a_lapsed_waiver_counts_again_in_every_panel(cast):
    later = NOON + timedelta(days=31)

    assert count(Crisis.objects.all(), at=later)["waived"] == 0
    assert coverage(Crisis.objects.all(), at=later)["S13", "after"] == plan.Tally(gaps=1)


def test_one_phase_is_the_same_part_of_every_panel(cast):
    crises = Crisis.objects.all()

    covered = coverage(crises, phase="after")

    assert {slug for _code, slug in covered} == {"after"}
    assert count(crises, phase="after")["gaps"] == sum(covered.values(), plan.Tally()).gaps == 4


def test_the_page_shows_what_the_functions_say(cast, hq_client):
    page = hq_client.get("/dashboard/").content.decode()
    listed = hq_client.get("/gaps/").content.decode()

    counted = count(Crisis.objects.all(), at=timezone.now())
    assert f'<dd class="kf"><a href="/gaps/">{counted["gaps"]}</a></dd>' in page
    assert f"All {counted['gaps']} gaps" in page
    assert re.search(rf"{counted['gaps']} critical sectors are not active", listed)
    assert listed.count('scope="row"') == counted["gaps"]


def test_each_reader_sees_the_figures_of_their_own_scope(cast, field_client):
    page = field_client.get("/dashboard/").content.decode()

    assert "whole" in page
    assert "far" not in re.sub(r"<[^>]+>", "", page)


def test_late_gaps_are_those_older_than_the_threshold(cast, settings):
    settings.GAP_LATE_HOURS = 72
    crises = Crisis.objects.all()

    on_time = count(crises, at=NOON + timedelta(hours=72))
    late = count(crises, at=NOON + timedelta(hours=72, seconds=1))

    assert on_time["late"] == 0
    assert late["late"] == late["gaps"]


def test_people_affected_takes_one_key_figure_a_crisis_and_says_how_many_report(cast):
    whole, inside = cast["whole"], cast["inside"]
    add_figure(whole, 500, as_of=NOON.date() - timedelta(days=60))
    add_figure(whole, 700, as_of=NOON.date() - timedelta(days=30))
    add_figure(whole, 9000, metric="displaced")
    add_figure(whole, 80, unit="households")
    add_figure(inside, 40, as_of=NOON.date() - timedelta(days=10))
    part = cast["far"]
    Crisis.objects.filter(pk=part.pk).update(part_of=whole)

    counts = dashboard.board(Crisis.objects.all()).counts()

    assert (counts["people"], counts["reporting"], counts["open"]) == (740, 2, 3)
    assert (counts["first"], counts["last"]) == (NOON.date() - timedelta(days=30), NOON.date() - timedelta(days=10))


def test_nobody_reporting_is_not_zero(cast):
    add_figure(cast["whole"], None)

    assert dashboard.board(Crisis.objects.all()).counts()["people"] is None


def test_the_dashboard_costs_the_same_for_one_crisis_and_for_many(hq_client, django_assert_num_queries):
    log(title="first")
    hq_client.get("/dashboard/")
    # session, user, what a kept page follows from, editions, countries, offices, how the crises stand, activations;
    # for the past two more: which of the crises are shown, and those that are named as they were then
    now, then = ("/dashboard/", 8), ("/dashboard/?as_of=2026-03-02", 10)
    for address, n in (now, then):
        with django_assert_num_queries(n):
            hq_client.get(address)
    for n in range(14):
        set_status(log(title=f"more {n}"), "S03", "during", "active")
    for address, n in (now, then):
        with django_assert_num_queries(n):
            hq_client.get(address)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["status", "facts", "priority", "open", "leave", "waive", "close"]),
        st.sampled_from(["S01", "S03", "S06", "S08", "S11", "S12", "S14"]),
        st.sampled_from(["before", "during", "after"]),
        st.sampled_from(PlanCell.Status.values),
        st.sampled_from([True, False, None]),
        st.sampled_from(["", *PlanPriority.values]),
    ),
    max_size=50,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_after_any_operations_the_stored_gaps_are_those_of_the_plan(db, operations):
    lead = make_lead()
    crisis, other = log(title="any", by=lead), log(title="other", by=lead)
    for n, operation in enumerate(operations):
        apply(crisis, lead, NOON + timedelta(hours=n), *operation)
    at = timezone.now()

    plan_now = plan_of(Crisis.objects.get(pk=crisis.pk), at)
    stored = set(crisis.gaps.open().values_list("sector", "phase"))
    both = Crisis.objects.filter(pk__in=[crisis.pk, other.pk])

    assert stored == {cell.key for cell in plan_now.cells if cell.gap}
    assert stands(crisis) == stands_by_its_plan(crisis)
    assert coverage(both, at=at) == by_plans(both, at)
    assert gaps_of_every_panel(both, at) == {by_plans_gaps(both, at)}


def gaps_of_every_panel(crises, at=None, as_of=None):
    """How many gaps each panel of the dashboard counts: one number, if they agree."""
    shown = Panels(crises, reference.current(), at=at, as_of=as_of, whole=True)
    return {
        shown.board.total.gaps,
        len(shown.decisions),
        sum(one.gaps for one in shown.listed),
        sum(cell.tally.gaps for _sector, cells in shown.coverage for cell in cells if cell.tally),
        sum(tally.gaps for tally in shown.sums),
    }


def by_plans_gaps(crises, at):
    return sum(by_plans(crises, at).values(), plan.Tally()).gaps


def stands(crisis):
    """How the crisis stands by its stored row; nothing for a crisis that is not open."""
    return list(Standing.objects.at().filter(crisis=crisis).values_list("cells", "gaps", "people", "revision"))


def stands_by_its_plan(crisis):
    """The same, worked out from its plan, gaps and figures."""
    now = Crisis.objects.get(pk=crisis.pk)
    if not now.is_open:
        return []
    found = plan_of(now)
    gaps = {(gap.sector_id, gap.phase_id): gap for gap in now.gaps.open()}
    for gap in gaps.values():
        gap.waived_until = max((waiver.until for waiver in gap.waivers.all()), default=None)
    return [
        (
            standing.signs(found.cells),
            standing.open_gaps(found.cells, gaps),
            standing.statements(now)["people"],
            now.revision,
        )
    ]


def apply(crisis, lead, at, kind, code, slug, status, fact, priority):
    """One change, or the refusal of one: both are what people do."""
    now = Crisis.objects.get(pk=crisis.pk)
    try:
        if kind == "status":
            set_status(now, code, slug, status, by=lead, at=at, note="A reason that is long enough.")
        elif kind == "facts":
            services.update_facts(
                crisis=now, by=lead, revision=now.facts_revision, at=at, crosses_border=fact, foreign_nationals=fact
            )
        elif kind == "priority":
            set_priority(now, code, slug, priority, by=lead, at=at)
        elif kind == "open":
            services.open_phase(crisis=now, phase=phase(slug), by=lead, at=at)
        elif kind == "leave":
            services.close_phase(crisis=now, phase=phase(slug), by=lead, at=at)
        elif kind == "waive":
            gap = now.gaps.open().filter(sector=sector(code), phase=phase(slug)).first()
            if gap:
                until = (timezone.now() + timedelta(days=3 if fact else 0)).date()
                services.waive_gap(gap=gap, reason="The State does this by itself.", until=until, by=make_hq(), at=at)
        elif now.is_open:
            services.close_crisis(crisis=now, by=lead, at=at)
        else:
            services.reopen_crisis(crisis=now, by=lead, at=at)
    except services.amend.ValidationError:
        pass
