"""Writes that add a dated statement: a figure, a line of work, a decision on the level."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.dates import bounds
from crises.models import Activity, Figure, Gap, LevelDecision

from .amend import amend


def _refuse_future(day, precision, at, field):
    if day and bounds(day, precision)[0] > at.date():
        raise ValidationError({field: _("The date must be today or in the past.")})


def _add(model, event, *, crisis, by, at, right, key, values, sectors=(), closed_too=True):
    at = at or timezone.now()
    content = {"of": crisis.pk, "kind": event, **values, "sectors": sorted(sector.code for sector in sectors)}
    with amend(
        crisis, by=by, right=right, at=at, why=Gap.Why.FACTS, key=key, content=content, closed_too=closed_too
    ) as (amendment, outcome):
        if amendment:
            row = model(crisis=amendment.crisis, recorded_at=at, recorded_by=by, revision=0, **values)
            _refuse_future(values.get("as_of"), values.get("as_of_precision"), at, "as_of")
            _refuse_future(values.get("decided_on"), "day", at, "decided_on")
            _refuse_future(values.get("ended_on"), "day", at, "ended_on")
            amendment.keep(row, **({"sectors": sectors} if sectors else {}))
            amendment.record(event, **_told(row))
    return outcome


def _told(row):
    return {
        name: getattr(row, name)
        for name in ("metric", "group", "value", "unit", "qualifier", "name", "required", "currency", "scheme")
        if hasattr(row, name)
    }


def add_figure(*, crisis, by, key=None, sectors=(), at=None, **values):
    """Add a sourced figure. `values` are Figure's fields; a value of None says the number is not known."""
    return _add(Figure, "figure", crisis=crisis, by=by, at=at, right="edit", key=key, values=values, sectors=sectors)


def add_activity(*, crisis, by, key=None, sectors=(), at=None, **values):
    """Add a line of work with its money, for one sector, several, or none of the framework's."""
    return _add(
        Activity, "activity", crisis=crisis, by=by, at=at, right="edit", key=key, values=values, sectors=sectors
    )


def decide_level(*, crisis, by, key=None, at=None, **values):
    """Record a decision on the IOM level or the inter-agency activation. HQ's decision; never overwrites another."""
    return _add(LevelDecision, "level", crisis=crisis, by=by, at=at, right="decide", key=key, values=values)
