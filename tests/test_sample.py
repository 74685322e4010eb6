"""The sample archive is the same every time and keeps the rules of the plan."""

from datetime import date

import pytest
from django.core.management import call_command

from crises import sample
from crises.models import Counter, Crisis
from crises.past import crisis_at
from crises.reading import plan_of
from sectors import reference
from sectors.models import Edition
from tests.factories import log
from tests.test_dashboard import stands, stands_by_its_plan

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 1)


def test_its_gaps_are_those_of_its_plans_now_and_as_of_the_day_it_was_logged():
    sample.make(120, open_ones=60, today=TODAY)

    for crisis in Crisis.objects.all():
        stored = set(crisis.gaps.open().values_list("sector", "phase"))
        assert stored == {cell.key for cell in plan_of(crisis).cells if cell.gap}
        assert crisis_at(crisis, crisis.logged_at).title == crisis.title
    for crisis in Crisis.objects.open():
        [(cells, gaps, people, _revision)] = stands(crisis)
        [(true_cells, true_gaps, true_people, _revision)] = stands_by_its_plan(crisis)
        assert (cells, sorted(gaps), people) == (true_cells, sorted(true_gaps), true_people)
    assert Crisis.objects.open().count() == 60
    assert Crisis.objects.filter(exercise=True).count() == 120


def test_it_is_the_same_every_time():
    first = list(sample.Scene(*_scene()).crises())
    again = list(sample.Scene(*_scene()).crises())

    assert first == again
    assert len({row["reference"] for row in first}) == len(first) == 50


def _scene():
    return reference.content(Edition.objects.current().pk), 50, 10, TODAY


def test_it_is_added_to_what_is_there_and_numbers_go_on(capsys):
    mine = log()

    call_command("make_sample", crises=30, open=10)
    after = log(title="after")

    assert Crisis.objects.count() == 32
    assert Crisis.objects.get(pk=mine.pk).title == mine.title
    assert after.revision == Counter.objects.get().n == Crisis.objects.order_by("-revision").first().revision
    assert "30 crises" in capsys.readouterr().out


def test_it_can_be_added_twice():
    for _ in range(2):
        sample.make(50, open_ones=10, today=TODAY)

    assert Crisis.objects.values("reference").distinct().count() == 100
