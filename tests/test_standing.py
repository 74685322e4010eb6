"""How each open crisis stands is written with every change, and answers for any past moment."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from crises import dashboard, plan, services
from crises.models import Crisis, Gap, Standing
from tests.factories import NOON, add_figure, decide_level, log, make_lead, set_status, waive
from tests.test_dashboard import stands, stands_by_its_plan

pytestmark = pytest.mark.django_db


def hours(n):
    return NOON + timedelta(hours=n)


def test_a_past_board_is_the_one_that_was_shown_then():
    lead = make_lead()
    crisis, shown = log(by=lead), {}
    steps = [
        lambda at: set_status(crisis, "S03", "during", "active", at=at),
        lambda at: add_figure(crisis, 700, at=at),
        lambda at: decide_level(crisis, "3", at=at),
        lambda at: log(title="second", at=at),
        lambda at: waive(crisis, "S04", at=at, days=2),
        lambda at: set_status(crisis, "S03", "during", "stood_down", at=at),
        lambda at: services.close_crisis(crisis=crisis, by=lead, at=at),
        lambda at: services.reopen_crisis(crisis=crisis, by=lead, at=at),
    ]
    for n, step in enumerate(steps, 1):
        step(hours(n))
        moment = hours(n) + timedelta(minutes=30)
        board = dashboard.board(Crisis.objects.all(), moment)
        shown[moment] = (sorted(board.rows), board.coverage, board.counts(), board.late)

    for moment, then in shown.items():
        board = dashboard.board(Crisis.objects.all(), as_of=moment)
        assert (sorted(board.rows), board.coverage, board.counts(), board.late) == then


def test_a_waiver_of_then_does_not_cover_what_it_had_not_been_given_for_yet():
    crisis = log()
    waive(crisis, "S04", at=hours(5), days=10)

    before = dashboard.board(Crisis.objects.all(), as_of=hours(1)).coverage["S04", "during"]
    under_it = dashboard.board(Crisis.objects.all(), as_of=hours(6)).coverage["S04", "during"]
    lapsed = dashboard.board(Crisis.objects.all(), as_of=hours(24 * 12)).coverage["S04", "during"]

    assert (before, under_it, lapsed) == (plan.Tally(gaps=1), plan.Tally(waived=1), plan.Tally(gaps=1))


def test_a_closed_crisis_stands_no_more_and_a_reopened_one_again():
    lead = make_lead()
    crisis = log(by=lead)
    add_figure(crisis, 900)

    services.close_crisis(crisis=crisis, by=lead, at=hours(2))
    assert not Standing.objects.at().exists()
    services.reopen_crisis(crisis=crisis, by=lead, at=hours(3))

    assert stands(crisis) == stands_by_its_plan(crisis)
    assert Standing.objects.at().get().people == 900


def test_the_first_critical_sector_is_remembered_when_it_stands_down():
    crisis = log()
    set_status(crisis, "S05", "during", "active", at=hours(1))  # important: not what the plan waits for
    set_status(crisis, "S03", "during", "active", at=hours(30))
    set_status(crisis, "S03", "during", "stood_down", at=hours(60))

    assert Standing.objects.at().get().first_met_on == hours(30).date()


def test_an_older_database_catches_up_when_the_site_is_updated():
    crisis = log()
    waive(crisis, "S04", days=3)
    Standing.objects.all().delete()
    Gap.objects.update(waived_until=None)

    call_command("seed", verbosity=0)

    assert stands(crisis) == stands_by_its_plan(crisis)
    assert Gap.objects.get(sector__code="S04", closed_at=None).waived_until is not None


def test_a_board_costs_one_query_for_any_number_of_crises(django_assert_num_queries):
    for n in range(4):
        log(title=f"crisis {n}")
    # how the crises stand
    with django_assert_num_queries(1):
        board = dashboard.board(Crisis.objects.all())
        assert board.total.needed == board.counts()["open"] * 7 == 28
