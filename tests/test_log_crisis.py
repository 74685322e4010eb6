"""Logging a crisis: one submission makes one crisis, and its plan and gaps follow at once."""

import re
import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from crises import services
from crises.models import Counter, Crisis, Figure, Gap, Receipt
from crises.reading import plan_of
from tests.factories import NOON, log, logged, make_field, make_office, make_user

pytestmark = pytest.mark.django_db


def gaps(crisis):
    return set(crisis.gaps.open().values_list("sector__code", "phase__slug"))


def test_a_logged_crisis_has_45_explained_cells():
    crisis = log()

    cells = plan_of(crisis).cells

    assert len(cells) == 45
    assert all(cell.because for cell in cells)


def test_critical_sectors_of_the_open_phases_are_gaps_from_the_start():
    outcome = logged(phases=["during"])

    assert gaps(outcome.crisis) == {(code, "during") for code in ("S01", "S02", "S03", "S04", "S10", "S11", "S12")}
    assert len(outcome.opened) == 7
    assert set(outcome.crisis.gaps.values_list("opened_at", "opened_why")) == {(NOON, Gap.Why.LOGGED)}


def test_facts_decide_the_conditional_cells():
    crisis = log(crosses_border=False, foreign_nationals=False)

    assert gaps(crisis) == {(code, "during") for code in ("S01", "S02", "S03", "S04", "S10")}


def test_a_reference_is_readable_and_hides_the_count():
    crisis = log(started_on=NOON.replace(year=2014, month=6, day=1).date(), start_precision="month")

    assert re.fullmatch(r"LBY-2014-[2-9A-HJKMNP-TV-Z]{3}", crisis.reference)


def test_the_same_submission_twice_is_one_crisis():
    key = uuid.uuid4()

    first, again = logged(key=key), logged(key=key)

    assert first.crisis == again.crisis
    assert (first.fresh, again.fresh) == (True, False)
    assert Crisis.objects.count() == 1


def test_the_same_key_with_other_content_is_refused():
    key = uuid.uuid4()
    first = logged(key=key).crisis

    with pytest.raises(services.KeyReused) as refusal:
        logged(key=key, title="Something else")

    assert refusal.value.receipt.crisis == first
    assert Crisis.objects.count() == 1


def test_another_person_with_the_same_key_gets_their_own_crisis():
    key = uuid.uuid4()
    lima = make_office("lima", country="PER")

    mine = log(key=key)
    theirs = log(key=key, office=lima, country="PER", by=make_field(lima, "other"))

    assert mine != theirs


def test_a_refused_crisis_leaves_nothing_behind():
    with pytest.raises(ValidationError):
        log(glide="not a number")

    assert Crisis.objects.count() == Receipt.objects.count() == Gap.objects.count() == Figure.objects.count() == 0


def test_an_office_of_other_people_is_refused():
    with pytest.raises(PermissionDenied):
        log(by=make_user("stranger"))


def test_a_crisis_needs_a_phase():
    with pytest.raises(ValidationError) as refusal:
        log(phases=[])

    assert "phases" in refusal.value.message_dict


def test_a_start_in_the_future_is_for_expected_crises_only():
    far = NOON.replace(year=2027).date()

    with pytest.raises(ValidationError) as refusal:
        log(started_on=far, start_precision="day")
    expected = log(phases=["before"], started_on=far, start_precision="day")

    assert "started_on" in refusal.value.message_dict
    assert expected.started_on == far


def test_one_change_writes_one_history_row_with_who_and_what():
    crisis = log(other_countries=[])

    row = crisis.history.get()

    assert (row.history_user.username, row.history_change_reason["event"]) == ("field", "logged")
    assert row.revision == crisis.revision == Counter.objects.get().n


@pytest.mark.django_db(transaction=True)
def test_sixteen_senders_of_one_submission_make_one_crisis(seeded):
    office = make_office()
    by, key, found = make_field(office), uuid.uuid4(), []

    def send():
        try:
            found.append(logged(by=by, key=key, office=office).crisis.reference)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 16
    assert set(found) == {Crisis.objects.get().reference}
