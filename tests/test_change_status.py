"""The life of a sector in a phase: legal moves, gaps that follow, no lost update."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from crises import services
from crises.models import Gap, PlanCell
from tests.factories import NOON, add_figure, log, make_field, make_hq, make_office, phase, sector, set_status

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=3)


def gap(crisis, code="S03", slug="during"):
    return crisis.gaps.filter(sector__code=code, phase__slug=slug).order_by("pk").last()


def test_activating_a_critical_sector_closes_its_gap():
    crisis = log()

    outcome = set_status(crisis, "S03", "during", "active", at=LATER)

    assert (gap(crisis).closed_at, gap(crisis).closed_why) == (LATER, Gap.Why.STATUS)
    assert [cell.sector.code for cell in outcome.closed] == ["S03"]


def test_planning_a_sector_leaves_its_gap_open():
    crisis = log()

    set_status(crisis, "S03", "during", "planned", at=LATER)

    assert gap(crisis).closed_at is None


def test_standing_down_opens_a_new_gap_and_completing_does_not():
    crisis = log()
    set_status(crisis, "S03", "during", "active", at=NOON + timedelta(days=1))
    set_status(crisis, "S04", "during", "active", at=LATER)

    set_status(crisis, "S03", "during", "stood_down", at=LATER + timedelta(days=1))
    set_status(crisis, "S04", "during", "completed", at=LATER + timedelta(days=2))

    assert gap(crisis, "S03").closed_at is None
    assert gap(crisis, "S03").opened_at == LATER + timedelta(days=1)
    assert gap(crisis, "S04").closed_at == LATER


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ([], "completed"),
        ([], "stood_down"),
        (["active"], "planned"),
        (["active"], "not_started"),
        (["active", "completed"], "stood_down"),
        (["planned"], "completed"),
    ],
)
def test_illegal_moves_are_refused_and_name_the_legal_ones(path, refused):
    crisis = log()
    for status in path:
        set_status(crisis, "S03", "during", status)

    with pytest.raises(ValidationError) as refusal:
        set_status(crisis, "S03", "during", refused)

    assert "Choose one of" in refusal.value.message_dict["status"][0]


def test_standing_down_needs_a_reason():
    crisis = log()
    set_status(crisis, "S03", "during", "active")

    with pytest.raises(ValidationError) as refusal:
        services.change_status(
            crisis=crisis,
            sector=sector("S03"),
            phase=phase("during"),
            status="stood_down",
            by=make_field(),
            revision=crisis.cells.get().revision,
            at=NOON,
        )

    assert "note" in refusal.value.message_dict


def test_a_status_cannot_begin_in_the_future_unless_planned():
    crisis = log()
    tomorrow = (NOON + timedelta(days=1)).date()

    with pytest.raises(ValidationError):
        set_status(crisis, "S03", "during", "active", since=tomorrow)
    set_status(crisis, "S03", "during", "planned", since=tomorrow)

    assert crisis.cells.get().since == tomorrow


def test_a_stale_change_is_refused_with_the_row_as_it_stands():
    crisis = log()
    set_status(crisis, "S03", "during", "planned", lead="A. Diallo")

    with pytest.raises(services.Stale) as refusal:
        set_status(crisis, "S03", "during", "active", revision=0)

    assert refusal.value.current.lead == "A. Diallo"


def test_two_people_on_two_cells_both_succeed():
    crisis = log()

    set_status(crisis, "S03", "during", "active", revision=0)
    set_status(crisis, "S04", "during", "active", revision=0)

    assert crisis.cells.filter(status="active").count() == 2


def test_a_repeated_change_happens_once():
    crisis, key = log(), uuid.uuid4()

    first = set_status(crisis, "S03", "during", "active", key=key, revision=0)
    again = set_status(crisis, "S03", "during", "active", key=key, revision=0)

    assert (first.fresh, again.fresh) == (True, False)
    assert crisis.history.count() == 2


def test_only_the_crisis_own_office_changes_its_plan():
    crisis = log()

    for stranger in (make_hq(), make_field(make_office("lima", country="PER"), "other")):
        with pytest.raises(PermissionDenied):
            set_status(crisis, "S03", "during", "active", by=stranger)


def test_a_closed_crisis_keeps_its_plan_as_it_is():
    crisis = log()
    lead = make_field(crisis.office)
    lead.memberships.update(role="lead")
    services.close_crisis(crisis=crisis, by=lead, at=LATER)

    with pytest.raises(ValidationError):
        set_status(crisis, "S03", "during", "active")

    assert not crisis.gaps.open().exists()


def test_each_change_writes_one_history_row_per_row_changed():
    crisis = log()

    set_status(crisis, "S03", "during", "active", at=LATER)
    cell = crisis.cells.get()
    crisis.refresh_from_db()

    assert crisis.history.count() == 2
    assert cell.history.count() == 1
    assert cell.revision == crisis.revision
    assert crisis.history.first().history_change_reason == {
        "event": "status",
        "sector": "S03",
        "phase": "during",
        "was": "not_started",
        "now": "active",
    }


def test_two_changes_at_one_instant_are_told_apart_in_history():
    crisis = log()

    set_status(crisis, "S03", "during", "planned", at=NOON)
    set_status(crisis, "S03", "during", "active", at=NOON)

    moments = list(crisis.history.values_list("history_date", flat=True))
    assert len(set(moments)) == len(moments) == 3


@pytest.mark.django_db(transaction=True)
def test_sixteen_people_on_one_cell_lose_no_update(seeded):
    crisis = log()
    by, wins, stale = make_field(), [], []

    def change(n):
        try:
            set_status(crisis, "S03", "during", "planned", by=by, lead=f"Person {n}", revision=0)
            wins.append(f"Person {n}")
        except services.Stale:
            stale.append(n)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(wins), len(stale)) == (1, 15)
    assert PlanCell.objects.get().lead == wins[0]


def test_a_change_of_status_asks_the_database_no_more_than_it_must(django_assert_num_queries):
    crisis, by = log(), make_field()
    set_status(crisis, "S03", "during", "planned", by=by)
    one, two, revision = sector("S03"), phase("during"), crisis.cells.get().revision

    # the savepoint and its end; the crisis, the right, periods, cells, gaps; the counter; and, in one go on PostgreSQL,
    # the cell and its row of history, the crisis, its row of history and the countries of that, the gap, how it stood
    # and how it stands
    with django_assert_num_queries(9 if connection.vendor == "postgresql" else 16):
        services.change_status(crisis=crisis, sector=one, phase=two, status="active", by=by, revision=revision, at=NOON)


def test_a_change_of_status_that_comes_with_a_key_costs_its_receipt_more(django_assert_num_queries):
    crisis, by = log(), make_field()
    one, two = sector("S03"), phase("during")

    # as above, for a cell that is new; and the receipt, and what it says was made
    with django_assert_num_queries(11 if connection.vendor == "postgresql" else 18):
        services.change_status(
            crisis=crisis, sector=one, phase=two, status="active", by=by, revision=0, key=uuid.uuid4(), at=NOON
        )


def test_what_only_the_database_refuses_is_refused_in_words():
    crisis = log()

    with pytest.raises(ValidationError, match="The number must be 0 or more"):
        add_figure(crisis, -1)

    assert not crisis.figures.exists()
    assert crisis.history.count() == 1
