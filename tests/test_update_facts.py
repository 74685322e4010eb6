"""Changing what is known of a crisis: the plan follows, and nobody's answer is lost."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from crises import services
from crises.reading import plan_of
from offices.models import Country
from tests.factories import NOON, log, make_field, make_hq, set_status

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)


def update(crisis, *, by=None, revision=None, at=LATER, **facts):
    return services.update_facts(
        crisis=crisis,
        by=by or make_field(),
        revision=crisis.facts_revision if revision is None else revision,
        at=at,
        **facts,
    )


def test_learning_that_nobody_crosses_a_border_closes_the_border_gap_and_says_so():
    crisis = log()

    outcome = update(crisis, crosses_border=False)

    was, now = outcome.cells[0]
    assert (now.sector.code, now.phase.slug) == ("S11", "during")
    assert (was.priority, now.priority) == ("critical", "recommended")
    assert now.because.startswith("Recommended because people do not cross a border")
    assert crisis.gaps.get(sector__code="S11").closed_at == LATER


def test_learning_it_the_other_way_round_opens_the_gap_again():
    crisis = log(crosses_border=False)

    outcome = update(crisis, crosses_border=True)

    assert [cell.sector.code for cell in outcome.opened] == ["S11"]
    assert "Critical because people cross a border" in plan_of(outcome.crisis).cell("S11", "during").because


def test_an_active_sector_that_is_no_longer_critical_opens_no_gap():
    crisis = log()
    set_status(crisis, "S11", "during", "active")
    crisis.refresh_from_db()

    outcome = update(crisis, crosses_border=False)

    assert outcome.opened == outcome.closed == []
    assert [now.sector.code for _was, now in outcome.cells] == ["S11"]


def test_two_people_who_change_different_facts_both_succeed():
    crisis = log(summary="As logged.")
    seen = crisis.facts_revision
    update(crisis, crosses_border=True, summary="As logged.", revision=seen)

    outcome = update(crisis, crosses_border=None, summary="New summary.", revision=seen, at=LATER + timedelta(hours=1))

    crisis.refresh_from_db()
    assert (crisis.crosses_border, crisis.summary) == (True, "New summary.")
    assert outcome.kept == ("crosses_border",)


def test_two_people_who_change_the_same_fact_are_shown_each_other():
    crisis = log(summary="As logged.")
    seen = crisis.facts_revision
    update(crisis, summary="First.", revision=seen)

    with pytest.raises(services.Stale) as refusal:
        update(crisis, summary="Second.", revision=seen)

    assert refusal.value.fields == ["summary"]
    assert refusal.value.current.summary == "First."


def test_a_status_change_in_between_does_not_make_facts_stale():
    crisis = log()
    seen = crisis.facts_revision
    set_status(crisis, "S03", "during", "active")

    update(crisis, summary="New summary.", revision=seen)

    crisis.refresh_from_db()
    assert crisis.summary == "New summary."


def test_other_countries_are_in_the_one_history_row():
    crisis = log()

    update(crisis, other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])))

    row = crisis.history.first()
    assert crisis.history.count() == 2
    assert sorted(country.country_id for country in row.other_countries.all()) == ["EGY", "TUN"]
    assert row.history_change_reason == {"event": "facts", "fields": ["other_countries"]}


def test_search_finds_what_the_facts_say_without_accents_or_case():
    crisis = log(title="Inondations à Béchar", glide="FL-2024-000012-LBY")

    found = type(crisis).objects.matching

    assert list(found("bechar INONDATIONS")) == list(found("fl-2024-000012-lby")) == list(found("libya")) == [crisis]
    assert not found("bechar sudan").exists()


def test_only_the_own_office_changes_facts():
    with pytest.raises(PermissionDenied):
        update(log(), by=make_hq(), summary="HQ writes here.")


def test_a_wrong_glide_number_is_refused_and_nothing_changes():
    crisis = log()

    with pytest.raises(ValidationError) as refusal:
        update(crisis, glide="EQ-15-NPL", summary="Not kept.")

    crisis.refresh_from_db()
    assert "glide" in refusal.value.message_dict
    assert crisis.summary == ""
