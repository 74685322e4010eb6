"""Dates as exact as they are known, and which crises may be the one about to be logged."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crises import services
from crises.dates import Precision, bounds, days_apart, iso, spoken
from crises.duplicates import DAYS, alike
from crises.models import Crisis
from tests.factories import log, make_field, make_hq, make_lead, make_office

DAY = st.dates(date(1900, 1, 1), date(9999, 12, 31))
KNOWN = st.tuples(DAY, st.sampled_from(Precision.values))
START = date(2026, 2, 10)


@given(KNOWN)
@example((date(9999, 12, 31), "month"))
@example((date(2024, 2, 29), "month"))
def test_a_date_lies_within_what_it_can_mean(known):
    day, precision = known
    first, last = bounds(day, precision)

    assert first <= day <= last
    for edge in (first, last):
        assert iso(edge, precision) == iso(day, precision)


@given(KNOWN)
def test_the_days_next_to_what_a_date_can_mean_read_otherwise(known):
    day, precision = known
    first, last = bounds(day, precision)

    if first > date.min:
        assert iso(first - timedelta(days=1), precision) != iso(day, precision)
    if last < date.max:
        assert iso(last + timedelta(days=1), precision) != iso(day, precision)


@pytest.mark.parametrize(
    ("precision", "said", "written"),
    [("day", "5 Jun 2014", "2014-06-05"), ("month", "Jun 2014", "2014-06"), ("year", "2014", "2014")],
)
def test_a_date_is_said_no_more_exactly_than_it_is_known(precision, said, written):
    assert spoken(date(2014, 6, 5), precision) == said
    assert iso(date(2014, 6, 5), precision) == written


def test_a_date_not_known_is_said_as_nothing():
    assert (spoken(None, ""), iso(None, "")) == ("", None)


@given(KNOWN, KNOWN)
def test_the_days_between_two_dates_are_the_fewest_that_can_be(one, other):
    apart = days_apart(one, other)

    assert apart == days_apart(other, one) <= abs((one[0] - other[0]).days)
    (first, last), (other_first, other_last) = bounds(*one), bounds(*other)
    assert (apart == 0) == (first <= other_last and other_first <= last)


@given(KNOWN, st.integers(0, 400))
def test_days_known_exactly_are_as_far_apart_as_the_calendar_says(known, n):
    day = known[0]
    if (date.max - day).days >= n:
        assert days_apart((day, "day"), (day + timedelta(days=n), "day")) == n


@given(KNOWN, KNOWN)
def test_knowing_a_date_less_exactly_never_moves_it_away(one, other):
    exact = days_apart((one[0], "day"), other)

    assert days_apart((one[0], "month"), other) <= exact
    assert days_apart((one[0], "year"), other) <= days_apart((one[0], "month"), other)


# crises alike


def found(user, **described):
    crisis = {"main_country": "LBY", "cause": "conflict", "started_on": START, "start_precision": "day"}
    return [crisis.reference for crisis in alike(user, **crisis | described)]


def known(**facts):
    return log(**{"started_on": START, "start_precision": "day"} | facts)


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "is_alike"), [(0, True), (DAYS, True), (-DAYS, True), (DAYS + 1, False)])
def test_crises_of_one_country_and_cause_that_began_within_21_days_are_alike(days, is_alike):
    crisis = known()

    described = found(make_field(), started_on=START + timedelta(days=days))

    assert described == ([crisis.reference] if is_alike else [])


@pytest.mark.django_db
@pytest.mark.parametrize("other", [{"main_country": "TUN"}, {"cause": "epidemic"}])
def test_another_country_or_cause_is_another_crisis(other):
    known()

    assert found(make_field(), **other) == []


@pytest.mark.django_db
def test_one_glide_number_is_one_crisis_whatever_else_is_said():
    crisis = known(glide="CE-2026-000012-LBY EP-2026-000013-LBY")
    known(glide="CE-2026-000099-LBY", started_on=date(2020, 1, 1))

    described = {"main_country": "TUN", "cause": "epidemic", "started_on": date(2020, 6, 1)}
    assert found(make_field(), glide="EP-2026-000013-LBY", **described) == [crisis.reference]
    assert found(make_field(), glide="EP-2026-000013", **described) == []


@pytest.mark.django_db
def test_where_a_start_is_not_known_an_open_crisis_is_alike_and_a_closed_one_is_not():
    still_open, closed = known(), known(title="Closed")
    services.close_crisis(crisis=closed, by=make_lead())

    assert found(make_field(), started_on=None, start_precision="") == [still_open.reference]


@pytest.mark.django_db
def test_what_was_merged_or_withdrawn_is_not_offered():
    merged, stays = known(), known(country="TUN")
    services.merge_crisis(crisis=merged, survivor=stays, why="The same.", by=make_hq())
    Crisis.objects.filter(pk=known().pk).update(status="withdrawn")

    assert found(make_hq()) == []


@pytest.mark.django_db
def test_a_crisis_that_the_person_may_not_see_is_not_hinted_at():
    crisis = known(sharing="office")
    stranger = make_field(make_office("lima", country="PER"), "other")

    assert found(stranger) == []
    assert found(make_hq()) == [crisis.reference]


@pytest.mark.django_db
def test_asking_takes_one_query(django_assert_num_queries):
    user = make_field()
    for n in range(3):
        known(title=f"Crisis {n}")

    with django_assert_num_queries(1):
        assert len([str(crisis.office) for crisis in alike(user, main_country="LBY", cause="conflict")]) == 3


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known_start=KNOWN, described=KNOWN)
@example(known_start=(date(2026, 1, 1), "year"), described=(date(2026, 12, 31), "day"))
@example(known_start=(date(2026, 1, 1), "month"), described=(date(2026, 2, 21), "day"))
@example(known_start=(date(2026, 1, 1), "month"), described=(date(2026, 2, 22), "day"))
def test_what_is_alike_depends_on_the_days_that_can_lie_between(db, known_start, described):
    user, crisis = make_field(), Crisis.objects.first() or known()
    Crisis.objects.update(started_on=known_start[0], start_precision=known_start[1])

    is_alike = found(user, started_on=described[0], start_precision=described[1]) == [crisis.reference]

    assert is_alike == (days_apart(known_start, described) <= 21)
