"""The rules of the plan, for any facts and entries: total, deterministic, and one meaning of a gap everywhere."""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crises import plan
from crises.models import Gap, PlanCell, PlanPriority
from sectors import reference
from sectors.models import Edition, Fact, Priority

pytestmark = pytest.mark.django_db
anything = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

FACTS = st.fixed_dictionaries({fact: st.sampled_from([True, False, None]) for fact in Fact.values})
PLACES = [(sector, phase) for sector in range(15) for phase in range(3)]
PHASES = st.sets(st.integers(0, 2))


def for_each_cell(values):
    """Something, or nothing, said of each of the 45 cells."""
    said = st.lists(st.one_of(st.none(), values), min_size=45, max_size=45)
    return said.map(lambda values: {place: value for place, value in zip(PLACES, values, strict=True) if value})


ENTRIES = for_each_cell(st.sampled_from(PlanCell.Status.values))
SAID = st.dictionaries(
    st.integers(0, 44),
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(PlanCell.Status.values),
            "own_priority": st.sampled_from(["", *PlanPriority.values]),
            "justification": st.just("The assessment of March found it otherwise."),
        }
    ),
)


@pytest.fixture
def content():
    return reference.content(Edition.objects.current().pk)


def cells(content, facts, entries=None, phases=(0, 1, 2), is_open=True, waived=(), backwards=False):
    """The plan of a made-up crisis; entries and waivers name a sector and a phase by their place."""
    rows = [
        PlanCell(sector=content.sectors[sector], phase=content.phases[phase], status=status)
        for (sector, phase), status in (entries or {}).items()
    ]
    gaps = [Gap(sector=content.sectors[sector], phase=content.phases[phase]) for sector, phase in waived]
    for gap in gaps:
        gap.waived = True
    crisis = SimpleNamespace(is_open=is_open, **facts)
    now = {content.phases[n].pk for n in phases}
    return plan.cells(content, crisis, rows[::-1] if backwards else rows, now, gaps)


def told(cell):
    return cell.key, cell.priority, cell.because, cell.question, cell.status, cell.gap


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES, is_open=st.booleans())
def test_a_plan_is_always_45_explained_cells_and_asks_the_database_nothing(
    content, django_assert_num_queries, facts, entries, phases, is_open
):
    with django_assert_num_queries(0):
        found = cells(content, facts, entries, phases, is_open)

    assert len({cell.key for cell in found}) == len(found) == 45
    assert all(cell.because and cell.row.paragraph and cell.row.provenance for cell in found)
    assert {cell.priority for cell in found} <= set(Priority.values)


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES)
def test_a_plan_does_not_depend_on_the_order_in_which_entries_are_read(content, facts, entries, phases):
    one = cells(content, facts, entries, phases)
    other = cells(content, facts, entries, phases, backwards=True)

    assert [told(cell) for cell in one] == [told(cell) for cell in other]


@anything
@given(facts=FACTS, before=SAID, after=SAID, phases=PHASES, is_open=st.booleans())
def test_a_plan_of_which_only_what_the_office_says_changes_is_the_plan_made_anew(
    content, facts, before, after, phases, is_open
):
    crisis, now = SimpleNamespace(is_open=is_open, **facts), {content.phases[n].pk for n in phases}
    places = [(content.sectors[sector], content.phases[phase]) for sector, phase in PLACES]
    rows = {n: PlanCell(sector=places[n][0], phase=places[n][1], **said) for n, said in before.items()}
    found = plan.cells(content, crisis, rows.values(), now)
    for n in before.keys() - after.keys():
        del rows[n]
    for n, said in after.items():  # a service alters the rows that it has read
        row = rows.setdefault(n, PlanCell(sector=places[n][0], phase=places[n][1]))
        row.status, row.own_priority = said["status"], said["own_priority"]

    again = plan.again(found, rows.values())

    anew = plan.cells(content, crisis, rows.values(), now)
    assert [(told(cell), cell.default, cell.phase_open, cell.said) for cell in again] == [
        (told(cell), cell.default, cell.phase_open, cell.said) for cell in anew
    ]


@anything
@given(facts=FACTS, fact=st.sampled_from(Fact.values), answer=st.booleans(), entries=ENTRIES)
def test_a_fact_that_becomes_known_changes_no_cell_that_does_not_depend_on_it(content, facts, fact, answer, entries):
    before = cells(content, facts | {fact: None}, entries)
    after = cells(content, facts | {fact: answer}, entries)

    changed = [one for one, other in zip(before, after, strict=True) if told(one) != told(other)]
    assert {cell.row.condition for cell in changed} == {fact}


@anything
@given(facts=FACTS)
def test_a_condition_lowers_a_priority_only_where_the_fact_is_known_to_be_false(content, facts):
    for cell in cells(content, facts):
        fact = facts.get(cell.row.condition, True)
        assert cell.priority == (cell.row.otherwise if fact is False else cell.row.priority)
        assert cell.question == (cell.row.condition if fact is None else "")


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES, is_open=st.booleans())
def test_a_gap_is_a_critical_cell_of_an_open_phase_that_is_neither_active_nor_completed(
    content, facts, entries, phases, is_open
):
    for cell in cells(content, facts, entries, phases, is_open):
        status = entries.get((cell.sector.number - 1, cell.phase.number - 1), "not_started")
        in_phase = is_open and cell.phase.number - 1 in phases
        assert cell.gap == (in_phase and cell.priority == "critical" and status not in ("active", "completed"))


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES, waived=for_each_cell(st.just(True)))
def test_what_is_needed_is_what_is_active_completed_waived_and_missing(content, facts, entries, phases, waived):
    found = cells(content, facts, entries, phases, waived=waived)

    tally = plan.tally(found)
    assert tally.needed == tally.active + tally.completed + tally.waived + tally.gaps
    assert tally.needed == sum(cell.needed for cell in found)
    assert tally.met + tally.waived + tally.gaps == tally.needed


@anything
@given(facts=FACTS, entries=ENTRIES, phases=PHASES)
def test_the_tallies_of_the_phases_add_up_to_that_of_the_plan(content, facts, entries, phases):
    found = cells(content, facts, entries, phases)

    parts = [plan.tally(cell for cell in found if cell.phase == phase) for phase in content.phases]
    assert sum(parts, plan.Tally()) == plan.tally(found)


@anything
@given(facts=FACTS, entries=ENTRIES)
def test_a_closed_crisis_needs_nothing(content, facts, entries):
    found = cells(content, facts, entries, is_open=False)

    assert plan.tally(found) == plan.Tally()
    assert not any(cell.gap or cell.needed for cell in found)


def test_sectors_that_work_together_name_each_other(content):
    found = cells(content, dict.fromkeys(Fact.values))
    pairs = {(cell.key, advice.cell.key) for cell in found for advice in plan.works_with(content, cell, found)}

    assert len(pairs) == 2 * len(content.complementarities) == 32
    assert pairs == {(other, one) for one, other in pairs}


@pytest.mark.parametrize(
    ("code", "facts", "sentence"),
    [
        (
            "S11",
            {"crosses_border": None},
            "Critical until it is known whether people cross a border; if not, recommended.",
        ),
        ("S11", {"crosses_border": True}, "Critical because people cross a border."),
        (
            "S11",
            {"crosses_border": False},
            "Recommended because people do not cross a border; otherwise it would be critical.",
        ),
        (
            "S12",
            {"foreign_nationals": False},
            "Recommended because no foreign nationals are affected; otherwise it would be critical.",
        ),
    ],
)
def test_the_fact_that_decides_a_priority_is_named_first(content, code, facts, sentence):
    found = cells(content, dict.fromkeys(Fact.values) | facts)

    cell = next(cell for cell in found if cell.sector.code == code and cell.phase.slug == "during")
    assert cell.because == f"{sentence} {cell.row.reason}"


@pytest.mark.parametrize(
    ("tally", "sentence"),
    [
        (plan.Tally(), "No critical sector is needed now."),
        (plan.Tally(gaps=1), "1 critical sector needed: 0 active, 0 completed, 0 waived, 1 gap."),
        (
            plan.Tally(active=4, completed=1, waived=1, gaps=3),
            "9 critical sectors needed: 4 active, 1 completed, 1 waived, 3 gaps.",
        ),
    ],
)
def test_a_tally_reads_as_a_sentence(tally, sentence):
    assert tally.sentence == sentence
