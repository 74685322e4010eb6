"""An office sets the framework's priorities right for its crisis: with reasons, gaps that follow, and a way back."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from crises import services
from crises.models import Gap, PlanCell
from crises.reading import plan_of
from tests.factories import NOON, log, make_field, make_hq, phase, sector, set_priority, set_status

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=3)
WHY = "Assessment found acute distress in three sites."


def cell(crisis, code, slug="during"):
    crisis.refresh_from_db()
    return plan_of(crisis).cell(code, slug)


def open_gaps(crisis):
    return set(crisis.gaps.open().values_list("sector__code", flat=True))


def test_raising_a_sector_to_critical_opens_its_gap_and_says_why():
    crisis = log()

    outcome = set_priority(crisis, "S05", "during", "critical", why=WHY, at=LATER)

    gap = crisis.gaps.get(sector__code="S05")
    assert (gap.opened_at, gap.opened_why, gap.closed_at) == (LATER, Gap.Why.PRIORITY, None)
    assert [one.sector.code for one in outcome.opened] == ["S05"]
    found = cell(crisis, "S05")
    assert (found.default, found.priority, found.raised, found.changed) == ("important", "critical", True, True)
    assert found.because == f"Critical, the office says: {WHY} By the framework it is important."


@pytest.mark.parametrize("priority", ["important", "recommended", "not_applicable"])
def test_lowering_a_critical_sector_or_saying_it_does_not_apply_closes_its_gap(priority):
    crisis = log()

    set_priority(crisis, "S03", "during", priority, at=LATER)

    gap = crisis.gaps.get(sector__code="S03")
    assert (gap.closed_at, gap.closed_why) == (LATER, Gap.Why.PRIORITY)
    assert not cell(crisis, "S03").needed


def test_undo_goes_back_to_the_framework_and_its_gap_counts_from_then():
    crisis = log()
    set_priority(crisis, "S03", "during", "not_applicable")

    set_priority(crisis, "S03", "during", "", at=LATER)

    found = cell(crisis, "S03")
    assert (found.changed, found.priority, found.entry.justification) == (False, "critical", "")
    assert crisis.gaps.open().get(sector__code="S03").opened_at == LATER
    assert found.entry.history.first().history_change_reason["own"] is False


@pytest.mark.parametrize("why", ["", "Too short to count.", " " * 40, "Nineteen characters"])
def test_an_own_priority_needs_a_reason_of_20_characters(why):
    crisis = log()

    with pytest.raises(ValidationError) as refusal:
        services.set_priority(
            crisis=crisis,
            sector=sector("S05"),
            phase=phase("during"),
            priority="critical",
            justification=why,
            by=make_field(),
            revision=0,
            at=NOON,
        )

    assert set(refusal.value.message_dict) == {"justification"}
    assert open_gaps(crisis) == open_gaps(log(title="untouched"))


def test_the_database_itself_refuses_an_own_priority_without_a_reason():
    crisis = log()

    with pytest.raises(IntegrityError), transaction.atomic():
        PlanCell.objects.bulk_create(
            [
                PlanCell(
                    crisis=crisis,
                    sector=sector("S05"),
                    phase=phase("during"),
                    own_priority="critical",
                    justification=" " * 30,
                )
            ]
        )


def test_the_framework_s_own_priority_is_no_departure_from_it():
    crisis = log(crosses_border=False)

    with pytest.raises(ValidationError, match="already"):
        set_priority(crisis, "S11", "during", "recommended")
    set_priority(crisis, "S11", "during", "critical")

    assert "S11" in open_gaps(crisis)


def test_an_own_priority_stands_whatever_the_facts_become():
    crisis = log(crosses_border=None)
    set_priority(crisis, "S11", "during", "important")

    services.update_facts(
        crisis=crisis, by=make_field(), revision=crisis.facts_revision, crosses_border=False, at=LATER
    )

    found = cell(crisis, "S11")
    assert (found.priority, found.default, found.question) == ("important", "recommended", "")


def test_what_is_under_way_applies():
    crisis = log()
    set_status(crisis, "S03", "during", "active")

    with pytest.raises(ValidationError, match="Stand it down"):
        set_priority(crisis, "S03", "during", "not_applicable")
    set_priority(crisis, "S04", "during", "not_applicable")
    with pytest.raises(ValidationError, match="not applicable"):
        set_status(crisis, "S04", "during", "planned")


def test_only_the_office_sets_priorities():
    with pytest.raises(PermissionDenied):
        set_priority(log(), "S05", "during", "critical", by=make_hq())


def test_one_sets_the_priority_while_another_changes_the_status_and_both_survive():
    crisis = log()

    set_status(crisis, "S05", "during", "active", revision=0, lead="A. Example")
    outcome = set_priority(crisis, "S05", "during", "critical", revision=0)

    found = cell(crisis, "S05")
    assert (found.status, found.entry.lead, found.priority, outcome.kept) == ("active", "A. Example", "critical", ())


def test_two_people_who_change_different_answers_of_a_cell_both_succeed():
    crisis = log()
    set_status(crisis, "S03", "during", "planned", lead="A. Example", note="First.")
    seen = crisis.cells.get().revision

    set_status(crisis, "S03", "during", "active", revision=seen, lead="A. Example", note="First.")
    outcome = set_status(crisis, "S03", "during", "planned", revision=seen, lead="B. Example", note="First.")

    entry = cell(crisis, "S03").entry
    assert (entry.status, entry.lead, outcome.kept) == ("active", "B. Example", ("since", "status"))


def test_two_people_who_set_different_priorities_are_shown_each_other():
    crisis = log()
    set_priority(crisis, "S05", "during", "critical", revision=0)

    with pytest.raises(services.Stale) as refusal:
        set_priority(crisis, "S05", "during", "recommended", revision=0)

    assert (refusal.value.current.own_priority, "own_priority" in refusal.value.fields) == ("critical", True)


def test_a_strict_edit_is_refused_whatever_changed():
    crisis = log()
    set_status(crisis, "S05", "during", "planned")

    with pytest.raises(services.Stale):
        set_priority(crisis, "S05", "during", "critical", revision=0, strict=True)


def test_a_repeated_change_of_priority_happens_once():
    crisis, key = log(), uuid.uuid4()

    first = set_priority(crisis, "S05", "during", "critical", key=key, revision=0)
    again = set_priority(crisis, "S05", "during", "critical", key=key, revision=0)

    assert (first.fresh, again.fresh, crisis.gaps.filter(sector__code="S05").count()) == (True, False, 1)


def test_defaults_are_confirmed_in_one_go_and_what_is_the_office_s_own_is_left_alone():
    crisis = log()
    set_priority(crisis, "S05", "during", "critical")
    cells = [(sector(code), phase("during")) for code in ("S01", "S03", "S05")]

    outcome = services.confirm_defaults(crisis=crisis, cells=cells, by=make_field(), at=LATER)
    again = services.confirm_defaults(crisis=crisis, cells=cells, by=make_field(), at=LATER + timedelta(days=1))

    assert outcome.changed == (("S01", "during"), ("S03", "during"))
    assert again.changed == ()
    assert [cell(crisis, code).confirmed for code in ("S01", "S03", "S05", "S04")] == [True, True, False, False]


def test_a_default_that_facts_change_is_confirmed_no_longer():
    crisis = log(crosses_border=None)
    services.confirm_defaults(crisis=crisis, cells=[(sector("S11"), phase("during"))], by=make_field(), at=NOON)

    services.update_facts(
        crisis=crisis, by=make_field(), revision=crisis.facts_revision, crosses_border=False, at=LATER
    )

    assert not cell(crisis, "S11").confirmed


def test_a_gap_says_what_would_close_it():
    crisis = log(crosses_border=None, foreign_nationals=True)
    set_priority(crisis, "S05", "during", "critical")

    assert cell(crisis, "S03").closes == (
        "Activate the sector, or complete it. It also ends when the crisis leaves the phase."
    )
    assert "where people do not cross a border, it is recommended" in cell(crisis, "S11").closes
    assert "Or correct the fact: where no foreign nationals are affected" in cell(crisis, "S12").closes
    assert "go back to the framework's priority, which is important" in cell(crisis, "S05").closes
    assert cell(crisis, "S06").closes == ""
