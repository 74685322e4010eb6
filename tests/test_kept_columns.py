"""What a crisis keeps for the lists, where its review stands and its level, is what its reviews and decisions say."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crises import services
from crises.models import Crisis, ReviewState
from crises.standing import statements
from tests.factories import NOON, approve, decide_level, log, make_hq, make_lead, send, send_back, set_status

pytestmark = pytest.mark.django_db

STATUSES = ["planned", "active", "not_started"]


def change(crisis, at, n):
    set_status(crisis, "S03", "during", STATUSES[n % 3], at=at)


def merge(crisis, at, n):
    first, second = Crisis.objects.order_by("pk")
    services.merge_crisis(crisis=second, survivor=first, why="One storm.", by=make_hq(), at=at)


def unmerge(crisis, at, n):
    second = Crisis.objects.order_by("pk").last()
    services.unmerge_crisis(crisis=second, why="It was two.", by=make_hq(), at=at)


def fresh(crisis):
    return Crisis.objects.get(pk=crisis.pk)


OPERATIONS = {
    "change": change,
    "send": lambda crisis, at, n: send(fresh(crisis), at=at),
    "approve": lambda crisis, at, n: approve(fresh(crisis), at=at),
    "send back": lambda crisis, at, n: send_back(fresh(crisis), at=at),
    "decide": lambda crisis, at, n: decide_level(crisis, str(n % 3 + 1), at=at, decided_on=at.date()),
    "end": lambda crisis, at, n: decide_level(crisis, "2", at=at, decided_on=at.date(), ended_on=at.date()),
    "close": lambda crisis, at, n: services.close_crisis(crisis=crisis, by=make_lead(), at=at),
    "reopen": lambda crisis, at, n: services.reopen_crisis(crisis=crisis, by=make_lead(), at=at),
    "merge": merge,
    "unmerge": unmerge,
}


def kept():
    return {crisis.pk: (crisis.kept_review, crisis.kept_level) for crisis in Crisis.objects.all()}


def said():
    return {crisis.pk: (crisis.review, statements(crisis)["level"]) for crisis in Crisis.objects.with_review()}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 1)), max_size=20))
def test_after_any_operations_a_crisis_keeps_what_its_reviews_and_decisions_say(db, steps):
    with transaction.atomic():  # each run of the test starts from nothing
        crises = [log(title=title, by=make_lead()) for title in ("first", "second")]
        for n, (name, which) in enumerate(steps, 1):
            try:
                OPERATIONS[name](crises[which], NOON + timedelta(hours=n), n)
            except (ValidationError, PermissionDenied):
                continue  # not to be done from here
            assert kept() == said(), name
        transaction.set_rollback(True)


def test_a_life_with_every_turn():
    crisis = log()
    seen = []
    for n, name in enumerate(["send", "send back", "send", "approve", "change", "send", "approve", "decide", "end"], 1):
        OPERATIONS[name](crisis, NOON + timedelta(hours=n), n)
        assert kept() == said()
        seen.append(fresh(crisis).kept_review)

    assert set(seen) == set(ReviewState.values) - {"not_reviewed"}


def test_a_level_is_kept_for_a_closed_crisis_too():
    crisis = log(by=make_lead())
    services.close_crisis(crisis=crisis, by=make_lead(), at=NOON + timedelta(hours=1))

    decide_level(crisis, "3", at=NOON + timedelta(hours=2))

    assert fresh(crisis).kept_level == "3"


def test_a_crisis_keeps_the_level_of_those_merged_into_it_for_as_long_as_they_are():
    first, second = log(title="first"), log(title="second")
    decide_level(second, "3", at=NOON + timedelta(hours=1))

    merge(first, NOON + timedelta(hours=2), 0)
    assert kept() == said()
    assert fresh(first).kept_level == "3"

    unmerge(first, NOON + timedelta(hours=3), 0)
    assert kept() == said()
    assert fresh(first).kept_level == ""
