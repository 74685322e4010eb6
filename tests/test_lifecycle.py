"""Phases, closing, sharing, waivers and statements: what each does to gaps and who may do it."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from crises import services
from crises.models import Crisis, Gap
from crises.reading import plan_of
from tests.factories import (
    NOON,
    add_figure,
    log,
    make_field,
    make_hq,
    make_lead,
    make_partner,
    phase,
    set_status,
    share,
)

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)


def open_gaps(crisis):
    return set(crisis.gaps.open().values_list("sector__code", "phase__slug"))


def test_opening_a_phase_opens_its_critical_gaps():
    crisis = log()

    services.open_phase(crisis=crisis, phase=phase("after"), by=make_field(), at=LATER)

    assert {code for code, slug in open_gaps(crisis) if slug == "after"} == {"S06", "S07", "S09", "S13", "S14"}


def test_leaving_a_phase_closes_its_gaps():
    crisis = log(phases=["during", "after"])

    services.close_phase(crisis=crisis, phase=phase("during"), by=make_field(), at=LATER)

    assert {slug for _code, slug in open_gaps(crisis)} == {"after"}
    assert crisis.gaps.filter(closed_why=Gap.Why.PHASE).count() == 7


def test_an_open_crisis_keeps_one_phase():
    crisis = log()

    with pytest.raises(ValidationError):
        services.close_phase(crisis=crisis, phase=phase("during"), by=make_field(), at=LATER)


def test_a_phase_is_open_once():
    with pytest.raises(ValidationError):
        services.open_phase(crisis=log(), phase=phase("during"), by=make_field(), at=LATER)


def test_a_phase_can_come_back():
    crisis = log(phases=["during", "after"])
    services.close_phase(crisis=crisis, phase=phase("during"), by=make_field(), at=LATER)

    services.open_phase(crisis=crisis, phase=phase("during"), by=make_field(), at=LATER + timedelta(days=5))

    assert crisis.periods.filter(phase=phase("during")).count() == 2
    assert len(open_gaps(crisis)) == 12


def test_closing_ends_every_gap_and_reopening_starts_new_ones():
    crisis, lead = log(), make_lead()

    services.close_crisis(crisis=crisis, by=lead, at=LATER)
    assert not open_gaps(crisis)

    services.reopen_crisis(crisis=crisis, by=lead, at=LATER + timedelta(days=1))
    assert len(open_gaps(crisis)) == 7


def test_a_field_officer_does_not_close_a_crisis():
    with pytest.raises(PermissionDenied):
        services.close_crisis(crisis=log(), by=make_field(), at=LATER)


def waive(crisis, code="S03", *, until, by=None, at=LATER, reason="The State evacuates people itself until May."):
    gap = crisis.gaps.open().get(sector__code=code)
    return services.waive_gap(gap=gap, reason=reason, until=until, by=by or make_hq(), at=at)


def test_a_waiver_covers_a_gap_under_its_own_name_and_lapses_by_itself():
    crisis = log()
    until = (LATER + timedelta(days=10)).date()

    waive(crisis, until=until)

    now, after = plan_of(crisis, LATER).tally, plan_of(crisis, LATER + timedelta(days=11)).tally
    last_day = plan_of(crisis, LATER + timedelta(days=10)).tally
    assert (now.needed, now.waived, now.gaps) == (last_day.needed, last_day.waived, last_day.gaps) == (7, 1, 6)
    assert (after.needed, after.waived, after.gaps) == (7, 0, 7)


def test_the_waiver_given_last_holds_also_where_it_ends_earlier():
    crisis = log()
    waive(crisis, at=NOON, until=(NOON + timedelta(days=60)).date())
    waive(crisis, at=LATER, until=(NOON + timedelta(days=3)).date())
    [gap] = crisis.gaps.filter(sector__code="S03")
    day = (NOON + timedelta(days=5)).date()

    assert (gap.waived_until, gap.last_waiver.until) == ((NOON + timedelta(days=3)).date(),) * 2
    for moment, covered in ((None, False), (NOON + timedelta(days=5), False), (NOON + timedelta(days=1), True)):
        assert crisis.gaps.with_waiver(day, moment).get(pk=gap.pk).waived is covered


def test_only_hq_waives_with_a_reason_and_a_day_to_come():
    crisis = log()
    soon = (LATER + timedelta(days=10)).date()

    with pytest.raises(PermissionDenied):
        waive(crisis, until=soon, by=make_lead())
    with pytest.raises(ValidationError) as short:
        waive(crisis, until=soon, reason="Later.")
    with pytest.raises(ValidationError) as past:
        waive(crisis, until=NOON.date())

    assert "reason" in short.value.message_dict
    assert "until" in past.value.message_dict


def test_a_gap_closed_meanwhile_cannot_be_waived():
    crisis = log()
    gap = crisis.gaps.get(sector__code="S03")
    set_status(crisis, "S03", "during", "active")

    with pytest.raises(ValidationError):
        services.waive_gap(
            gap=gap, reason="The State does it until May.", until=date(2026, 5, 1), by=make_hq(), at=LATER
        )


def test_only_hq_shares_outside_and_takes_back_what_was_shared_outside():
    crisis, reader = log(), make_partner("LBY")

    with pytest.raises(PermissionDenied):
        services.share_crisis(crisis=crisis, sharing="partners", by=make_lead(), at=LATER)
    share(crisis, at=LATER)

    assert Crisis.objects.visible_to(reader).get() == crisis
    with pytest.raises(PermissionDenied):
        services.share_crisis(crisis=crisis, sharing="office", by=make_lead(), at=LATER)


def test_figures_are_added_and_never_overwritten():
    crisis = log()

    add_figure(crisis, 12500)
    add_figure(crisis, None, as_of=date(2026, 2, 20))

    assert list(crisis.figures.values_list("value", flat=True)) == [None, 12500]


def test_a_figure_without_a_date_or_below_zero_is_refused():
    crisis = log()

    for wrong in ({"as_of": None, "as_of_precision": ""}, {"as_of": date(2027, 1, 1)}):
        with pytest.raises(ValidationError):
            add_figure(crisis, 10, **wrong)
    with pytest.raises(ValidationError):
        add_figure(crisis, -1)

    assert not crisis.figures.exists()


def test_the_same_figure_sent_twice_is_one():
    crisis, key = log(), uuid.uuid4()

    for _time in range(2):
        services.add_figure(
            crisis=crisis,
            by=make_field(),
            key=key,
            at=NOON,
            metric="displaced",
            value=5,
            source_kind="un",
            as_of=date(2026, 2, 1),
            as_of_precision="day",
        )

    assert crisis.figures.count() == 1


def test_levels_are_a_log_of_two_schemes_kept_apart():
    crisis, hq = log(), make_hq()

    for scheme, value in (("iom", "2"), ("iom", "3"), ("inter_agency", "scale_up")):
        services.decide_level(
            decided_by="The emergency board",
            note="More than one office can serve.",
            crisis=crisis,
            by=hq,
            at=LATER,
            scheme=scheme,
            value=value,
            decided_on=LATER.date(),
        )
    with pytest.raises(ValidationError):
        services.decide_level(
            decided_by="The emergency board",
            note="More than one office can serve.",
            crisis=crisis,
            by=hq,
            at=LATER,
            scheme="iom",
            value="scale_up",
            decided_on=LATER.date(),
        )
    with pytest.raises(PermissionDenied):
        services.decide_level(
            decided_by="The emergency board",
            note="More than one office can serve.",
            crisis=crisis,
            by=make_lead(),
            at=LATER,
            scheme="iom",
            value="1",
            decided_on=LATER.date(),
        )

    assert crisis.levels.count() == 3


def test_a_line_of_work_may_name_no_sector_of_the_framework():
    crisis = log()

    services.add_activity(
        crisis=crisis,
        by=make_field(),
        at=NOON,
        name="Water and sanitation",
        required=1_700_000,
        currency="USD",
        source_kind="iom",
        as_of=date(2026, 2, 1),
        as_of_precision="day",
    )

    assert not crisis.activities.get().sectors.exists()
