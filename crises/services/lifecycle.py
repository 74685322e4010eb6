"""Writes to the course of a crisis: its phases, its end, who can see it."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.dates import bounds
from crises.models import Crisis, Gap, PhasePeriod

from .amend import amend


def _refuse_future(day, at, field):
    if day and day > at.date():
        raise ValidationError({field: _("The date must be today or in the past.")})


def open_phase(*, crisis, phase, by, entered_on=None, at=None):
    """Say that the crisis is now in this phase too. Critical sectors that are not active become gaps."""
    at = at or timezone.now()
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.PHASE) as (amendment, outcome):
        if any(period.phase_id == phase.pk for period in amendment.periods):
            raise ValidationError({"phase": _("The crisis is already in this phase.")})
        _refuse_future(entered_on, at, "entered_on")
        period = PhasePeriod(crisis=amendment.crisis, phase=phase, entered_on=entered_on)
        amendment.keep(period)
        amendment.periods.append(period)
        amendment.record("phase_opened", phase=phase.slug)
    return outcome


def close_phase(*, crisis, phase, by, left_on=None, at=None):
    """Say that the crisis has left this phase. Its gaps close, since the plan no longer needs those sectors."""
    at = at or timezone.now()
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.PHASE) as (amendment, outcome):
        period = next((period for period in amendment.periods if period.phase_id == phase.pk), None)
        if period is None:
            raise ValidationError({"phase": _("The crisis is not in this phase.")})
        if len(amendment.periods) == 1:
            raise ValidationError(
                {"phase": _("An open crisis is in at least one phase. Open the next phase first, or close the crisis.")}
            )
        _refuse_future(left_on, at, "left_on")
        period.left_on = left_on or at.date()
        if period.entered_on and period.left_on < period.entered_on:
            raise ValidationError({"left_on": _("The day a phase ended must be the day it began or later.")})
        amendment.keep(period)
        amendment.record("phase_closed", phase=phase.slug)
    return outcome


def close_crisis(*, crisis, by, ended_on=None, end_precision="", why="", at=None):
    """Close a crisis: its gaps end and its plan stays readable. The office lead's decision.

    An end known to the month or the year is kept as the last day it can mean, so that it never lies before the start.
    """
    at = at or timezone.now()
    with amend(crisis, by=by, right="close", at=at, why=Gap.Why.CRISIS) as (amendment, outcome):
        if ended_on:
            first, last = bounds(ended_on, end_precision)
            _refuse_future(first, at, "ended_on")
            ended_on = min(last, at.date())
        closing = amendment.crisis
        closing.status = Crisis.Status.CLOSED
        closing.ended_on, closing.end_precision = ended_on, end_precision
        if ended_on and closing.started_on and ended_on < closing.started_on:
            raise ValidationError({"ended_on": _("The end date must be the start date or later.")})
        amendment.record("closed", why=why)
    return outcome


def reopen_crisis(*, crisis, by, why="", at=None):
    """Open a closed crisis again: critical sectors that are not active become gaps from now on."""
    with amend(crisis, by=by, right="close", at=at, why=Gap.Why.CRISIS, closed_too=True) as (amendment, outcome):
        if amendment.crisis.status != Crisis.Status.CLOSED:
            raise ValidationError(_("Only a closed crisis can be reopened."))
        amendment.crisis.status = Crisis.Status.OPEN
        amendment.crisis.ended_on, amendment.crisis.end_precision = None, ""
        amendment.record("reopened", why=why)
    return outcome


def right_to_share(was, now):
    """The right that changing who can see a crisis takes: HQ's where partners or the public come in or leave."""
    outside = {Crisis.Sharing.PARTNERS, Crisis.Sharing.PUBLIC}
    return "decide" if {was, now} & outside else "edit"


def share_crisis(*, crisis, sharing, by, at=None):
    """Change who can see a crisis: the office between itself and staff, HQ also with partners or the public."""

    def right(locked):
        return right_to_share(locked.sharing, sharing)

    with amend(crisis, by=by, right=right, at=at, why=Gap.Why.CRISIS, closed_too=True) as (amendment, outcome):
        was, amendment.crisis.sharing = amendment.crisis.sharing, Crisis.Sharing(sharing)
        amendment.record("shared", was=was, now=amendment.crisis.sharing)
    return outcome
