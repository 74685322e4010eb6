"""The grid says of each crisis and sector what its plan says, and its sums are those of the dashboard."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from crises import dashboard, plan, services
from crises.grid import Grid, State, in_order
from crises.models import Crisis
from crises.reading import plan_of
from offices.models import Country
from sectors import reference
from sectors.models import Sector
from tests import second_framework
from tests.factories import (
    NOON,
    add_figure,
    log,
    make_field,
    make_lead,
    make_office,
    set_priority,
    set_status,
    waive,
)
from tests.test_dashboard import OPERATIONS, apply

pytestmark = pytest.mark.django_db


def grid_of(crises=None, at=NOON, *, phase=None, as_of=None):
    crises = Crisis.objects.all() if crises is None else crises
    return Grid(dashboard.board(crises, at, phase=phase, as_of=as_of), reference.current())


def cells_of(crisis, grid=None):
    """{sector code: cell} of the crisis."""
    grid = grid or grid_of()
    row = next(row for row in grid.board.rows if row.pk == crisis.pk)
    return {sector.code: cell for sector, cell in zip(grid.columns, grid.line(row).cells, strict=True)}


def state_by_its_plan(cell):
    """The state of a cell of a plan, worked out from the plan itself."""
    if cell.gap:
        return State.WAIVED if cell.waived else State.GAP
    return State.NOT_APPLICABLE if not cell.applies else State(cell.status)


def by_its_plan(crisis, at, phase=None):
    """{sector code: the most urgent state of its open phases} by the plan of the crisis, and all its cells shown."""
    shown = [
        cell for cell in plan_of(crisis, at).cells if cell.phase_open and (phase is None or cell.phase.slug == phase)
    ]
    found = {}
    for cell in shown:
        found.setdefault(cell.sector.code, []).append(state_by_its_plan(cell))
    order = list(State)
    return {code: min(states, key=order.index) for code, states in found.items()}, shown


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_after_any_operations_the_grid_is_the_plan(db, operations):
    lead = make_lead()
    crisis = log(title="any", by=lead, phases=["during", "after"])
    for n, operation in enumerate(operations):
        apply(crisis, lead, NOON + timedelta(hours=n), *operation)
    at, crisis = timezone.now(), Crisis.objects.get(pk=crisis.pk)

    for phase in (None, "before", "during", "after"):
        found = grid_of(Crisis.objects.filter(pk=crisis.pk), at, phase=phase)
        states, shown = by_its_plan(crisis, at, phase)

        if not crisis.is_open or not states:
            assert found.board.rows == []
            continue
        cells = cells_of(crisis, found)
        assert {code: cell and cell.state for code, cell in cells.items()} == {code: states.get(code) for code in cells}
        line = found.line(found.board.rows[0])
        gaps = [cell for cell in shown if cell.gap and not cell.waived]
        assert (line.gaps, line.waived) == (len(gaps), sum(cell.gap and cell.waived for cell in shown))
        assert sum(len(cell.missing) for cell in cells.values() if cell.state == State.GAP) == len(gaps)
        for cell in cells.values():
            opened = [
                one.open_gap.opened_at.timestamp() for one in shown if one.gap and one.sector.code == cell.sector.code
            ]
            assert not cell.missing or cell.missing[0].opened_at in map(int, opened)


@pytest.fixture
def crisis():
    """In two phases, with every state there is."""
    crisis = log(title="two phases", phases=["during", "after"], foreign_nationals=False, crosses_border=False)
    set_status(crisis, "S01", "during", "active")
    set_status(crisis, "S02", "during", "planned")
    set_status(crisis, "S04", "during", "active")
    set_status(crisis, "S04", "during", "completed")
    set_status(crisis, "S05", "after", "planned")
    set_status(crisis, "S11", "during", "active")
    set_status(crisis, "S11", "during", "stood_down")
    set_priority(crisis, "S08", "during", "not_applicable")
    set_priority(crisis, "S08", "after", "not_applicable")
    set_priority(crisis, "S13", "during", "critical", at=NOON + timedelta(days=2))
    waive(crisis, "S06", at=NOON)
    return crisis


def test_each_state_has_its_words_and_letter(crisis):
    cells = cells_of(crisis)

    said = {code: (cell.said.letter, cell.said.label, cell.said.words) for code, cell in cells.items()}
    assert said["S01"] == ("A", "Camp management, tracking: active, critical, during", "active, critical, during")
    assert said["S02"] == (
        "G",
        "Shelter, NFI: gap since 1 Mar 2026, during; planned",
        "gap since 2026-03-01 (during); planned",
    )
    assert said["S04"][1] == "Health: completed, critical, during"
    assert said["S05"][::2] == ("P", "planned, important, after")
    assert said["S06"][::2] == ("W", "waived gap since 2026-03-01 (after)")
    assert said["S08"][::2] == ("\N{MULTIPLICATION SIGN}", "not applicable, during")
    assert said["S11"][::2] == ("S", "stood down, recommended, during")
    assert said["S15"][::2] == ("\N{EN DASH}", "not started, important, during")


def test_of_two_phases_the_most_urgent_is_shown_and_named(crisis):
    cells = cells_of(crisis)

    assert (cells["S01"].phase.slug, cells["S01"].state) == ("during", State.ACTIVE)  # after: not started
    assert (cells["S05"].phase.slug, cells["S05"].state) == ("after", State.PLANNED)
    assert (cells["S14"].phase.slug, cells["S14"].state) == ("after", State.GAP)


def test_a_gap_in_both_phases_is_two_and_the_oldest_leads(crisis):
    cell = cells_of(crisis)["S13"]

    assert (cell.said.letter, cell.phase.slug) == ("G2", "after")
    assert cell.said.words == "2 gaps: since 2026-03-01 (after); since 2026-03-03 (during)"


def test_one_phase_shows_that_phase(crisis):
    grid = grid_of(phase="during")
    cells = cells_of(crisis, grid)

    assert {cell.phase.slug for cell in cells.values()} == {"during"}
    assert cells["S06"].state == State.NOT_STARTED
    assert cells["S13"].said.words == "gap since 2026-03-03 (during)"
    assert [phase.slug for phase in grid.line(grid.board.rows[0]).phases] == ["during", "after"]


def test_the_foot_adds_up_to_the_rows_and_to_the_dashboard(crisis):
    log(title="other", phases=["during"])
    log(title="third", phases=["before", "during"])

    for phase in (None, "during", "after"):
        grid = grid_of(phase=phase)
        by_sector = {}
        for (code, _phase), tally in grid.board.coverage.items():
            by_sector[code] = by_sector.get(code, plan.Tally()) + tally
        lines = [grid.line(row) for row in grid.board.rows]

        assert {foot.sector.code: foot.gaps for foot in grid.foot if foot.gaps} == {
            code: tally.gaps for code, tally in by_sector.items() if tally.gaps
        }
        assert sum(foot.gaps for foot in grid.foot) == sum(line.gaps for line in lines) == grid.board.total.gaps
        for n, foot in enumerate(grid.foot):
            assert foot.crises == sum(line.cells[n].state == State.GAP for line in lines)
        if phase:
            assert all(foot.crises == foot.gaps for foot in grid.foot)


def test_a_waiver_that_lapses_is_a_gap_again(crisis):
    waived, lapsed = (cells_of(crisis, grid_of(at=NOON + timedelta(days=days)))["S06"] for days in (30, 31))

    assert (waived.state, lapsed.state) == (State.WAIVED, State.GAP)


def test_a_past_moment_shows_the_states_of_then(crisis):
    later = NOON + timedelta(days=3)
    set_status(Crisis.objects.get(pk=crisis.pk), "S03", "during", "active", at=later)

    then = cells_of(crisis, grid_of(as_of=later - timedelta(seconds=1)))
    now = cells_of(crisis, grid_of(as_of=later))

    assert (then["S03"].state, now["S03"].state) == (State.GAP, State.ACTIVE)


def test_crises_of_another_framework_stand_in_the_columns_of_the_same_code(crisis, tmp_path):
    second_framework.load(tmp_path)
    Sector.objects.filter(framework__slug=second_framework.SLUG, code="A1").update(code="S01")
    newer = log(title="newer", phases=["acute"], at=NOON + timedelta(hours=1))

    grid = grid_of()
    old = {row.title: grid.line(row) for row in grid.board.rows}["two phases"]

    assert [sector.code for sector in grid.columns] == ["S01", "A2", "A3", "A4"]
    assert [cell and cell.state for cell in old.cells] == [State.ACTIVE, None, None, None]
    assert old.cells[0].sector.short_name == "Camp management, tracking"
    assert old.elsewhere == old.gaps == grid.elsewhere.gaps == plan_of(crisis, NOON).tally.gaps
    assert [foot.gaps for foot in grid.foot] == [1, 1, 0, 1]
    assert grid.elsewhere.needed + sum(foot.gaps for foot in grid.foot) + 1 == grid.board.total.needed
    assert {code: cell.state for code, cell in cells_of(newer, grid).items()} == {
        **{"S01": State.GAP, "A2": State.GAP, "A4": State.GAP},
        "A3": State.NOT_STARTED,
    }


def test_the_order_is_the_one_asked_for_and_what_is_not_known_comes_last():
    lima = make_office("lima", country="PER")
    first = log(title="bravo")
    log(title="Alpha", phases=["before"], office=lima, by=make_field(lima, "lima"), country="PER")
    third = log(title="charlie", phases=["during", "after"], at=NOON + timedelta(hours=1))
    add_figure(first, 3)
    add_figure(third, 40, at=NOON + timedelta(hours=2))

    def titles(sort, *, inside=True):
        board = grid_of().board
        names = dict(Country.objects.values_list("pk", "name"))
        return " ".join(row.title for row in in_order(board, sort, countries=names, inside=inside))

    assert titles("-gaps") == "charlie bravo Alpha"
    assert titles("gaps") == "Alpha bravo charlie"
    assert titles("title") == "Alpha bravo charlie"
    assert titles("country") == "charlie bravo Alpha"  # both in Libya: the last changed first
    assert titles("-updated") == "charlie bravo Alpha"
    assert titles("-people") == "charlie bravo Alpha"
    assert titles("people") == "bravo charlie Alpha"


def test_a_closed_crisis_is_in_no_grid(crisis):
    services.close_crisis(crisis=Crisis.objects.get(pk=crisis.pk), by=make_lead(), at=NOON + timedelta(days=3))

    assert grid_of().board.rows == []
    assert grid_of(as_of=NOON + timedelta(days=2)).board.rows != []
