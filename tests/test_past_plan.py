"""The plan as of a past moment equals what was shown then, whatever happened since."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from crises.models import Crisis
from crises.past import crisis_at
from crises.reading import plan_of
from tests.factories import NOON, log, make_lead
from tests.test_dashboard import OPERATIONS, apply

pytestmark = pytest.mark.django_db


def told(crisis, plan, at):
    """Everything a reader is shown of a plan, as plain values."""
    return {
        "facts": (crisis.title, crisis.status, crisis.crosses_border, crisis.revision),
        "tally": plan.tally,
        "periods": [(period.phase.slug, period.entered_on, period.left_on) for period in plan.periods],
        "cells": [
            (
                cell.key,
                cell.priority,
                cell.because,
                cell.question,
                cell.status,
                cell.entry.since,
                cell.entry.note,
                cell.closes,
                cell.waived,
                cell.open_gap and (cell.open_gap.opened_at, cell.open_gap.days_open(at), cell.open_gap.late(at)),
                [(gap.opened_at, gap.closed_at, gap.closed_why) for gap in plan.gaps_of(cell)],
            )
            for cell in plan.cells
        ],
    }


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=OPERATIONS)
def test_as_of_any_moment_the_plan_is_what_was_shown_then(db, operations):
    lead = make_lead()
    crisis = log(title="any", by=lead)
    shown = {}
    for n, operation in enumerate(operations):
        apply(crisis, lead, NOON + timedelta(hours=n), *operation)
        now = Crisis.objects.get(pk=crisis.pk)
        moment = max(now.updated_at, NOON + timedelta(hours=n, minutes=30))
        shown[moment] = told(now, plan_of(now, moment), moment)

    now = Crisis.objects.get(pk=crisis.pk)
    for moment, then in shown.items():
        past = crisis_at(now, moment)
        assert told(past, plan_of(past, as_of=moment), moment) == then


def test_a_crisis_that_was_not_logged_yet_has_no_past():
    assert crisis_at(log(), NOON - timedelta(seconds=1)) is None


def test_a_past_plan_costs_as_much_as_the_present_one(django_assert_num_queries):
    crisis = log()
    plan_of(crisis)
    # the row of history; periods, entries, gaps, waivers
    with django_assert_num_queries(5):
        plan_of(crisis_at(crisis, NOON + timedelta(hours=1)), as_of=NOON + timedelta(hours=1))
