"""Writes of dated statements: a figure, a line of work, a decision on the level; and what withdraws a wrong one."""

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.dates import bounds
from crises.models import Activity, Figure, FigurePart, Gap, LevelDecision

from .amend import Stale, amend


def _refuse_future(day, precision, at, field):
    if day and bounds(day, precision)[0] > at.date():
        raise ValidationError({field: _("The date must be today or in the past.")})


def _add(model, event, *, crisis, by, at, right, key, values, sectors=(), parts=None, closed_too=True):
    at = at or timezone.now()
    content = {"of": crisis.pk, "kind": event, **values, "sectors": sorted(sector.code for sector in sectors)}
    if parts:
        content["parts"] = sorted((sex, band.code, value) for (sex, band), value in parts.items())
    with amend(
        crisis, by=by, right=right, at=at, why=Gap.Why.FACTS, key=key, content=content, closed_too=closed_too
    ) as (amendment, outcome):
        if amendment:
            row = model(crisis=amendment.crisis, recorded_at=amendment.at, recorded_by=by, revision=0, **values)
            _refuse_future(values.get("decided_on"), "day", at, "decided_on")
            _refuse_future(values.get("ended_on"), "day", at, "ended_on")
            for one, many in rows_of(row, at, sectors, parts):
                amendment.keep(one, **many)
            amendment.record(event, **_told(row), **({"parts": len(parts)} if parts else {}))
            outcome.rows.append(row)
    return outcome


def rows_of(statement, at, sectors=(), parts=None):
    """The rows of a statement, each with its many-to-many values: itself, then its parts by sex and age.

    Raises ValidationError for a date in the future and for parts that cannot be parts of it.
    """
    _refuse_future(getattr(statement, "as_of", None), getattr(statement, "as_of_precision", ""), at, "as_of")
    return [
        (statement, {"sectors": sectors} if sectors else {}),
        *((part, {}) for part in (_parts(statement, parts) if parts else ())),
    ]


def _parts(figure, parts):
    """The parts of a figure by sex and age, as rows. Raises ValidationError where they cannot be parts of it."""
    if figure.unit != Figure.Unit.PEOPLE:
        raise ValidationError({"parts": _("Only people have a sex and an age.")})
    exact = figure.value is not None and figure.qualifier == Figure.Qualifier.EXACT
    rows = [FigurePart(figure=figure, sex=sex, band=band, value=value) for (sex, band), value in parts.items()]
    if wrong := [row for row in rows if exact and row.value > figure.value]:
        words = {"sex": wrong[0].get_sex_display(), "age": wrong[0].band.label, "whole": intcomma(figure.value)}
        problem = _("“%(sex)s, %(age)s” cannot be more than the whole, which is exactly %(whole)s.")
        raise ValidationError({"parts": problem % words})
    return rows


def _told(row):
    return {
        name: getattr(row, name)
        for name in (
            *("metric", "group", "value", "unit", "qualifier"),
            *("name", "required", "confirmed", "currency", "whole_plan", "scheme"),
        )
        if hasattr(row, name)
    }


def add_figure(*, crisis, by, key=None, sectors=(), parts=None, at=None, **values):
    """Add a sourced figure. `values` are Figure's fields; a value of None says the number is not known.

    `parts` are what the source says of sex and age: {(sex, AgeBand): number}. Each stands for itself: they may overlap
    and need not come to the whole, but none is larger than a whole that is exact.
    """
    return _add(
        Figure,
        "figure",
        crisis=crisis,
        by=by,
        at=at,
        right="edit",
        key=key,
        values=values,
        sectors=sectors,
        parts=parts,
    )


def add_activity(*, crisis, by, key=None, sectors=(), at=None, **values):
    """Add a line of work with its money, for one sector, several, or none of the framework's.

    With `whole_plan`, the total of the whole plan as its source gives it, which is of no sector.
    """
    if values.get("whole_plan") and sectors:
        raise ValidationError({"sectors": _("The total of the whole plan is of no sector: clear the sectors.")})
    return _add(
        Activity, "activity", crisis=crisis, by=by, at=at, right="edit", key=key, values=values, sectors=sectors
    )


def decide_level(*, crisis, by, key=None, at=None, **values):
    """Record a decision on the IOM level or the inter-agency activation: HQ records it, and none overwrites another.

    Raises ValidationError where it does not say who decided and why.
    """
    missing = {
        "decided_by": _("Say who decided: a body or a function."),
        "note": _("Say in a few words why this was decided."),
    }
    if wrong := {name: words for name, words in missing.items() if not values.get(name, "").strip()}:
        raise ValidationError(wrong)
    return _add(LevelDecision, "level", crisis=crisis, by=by, at=at, right="decide", key=key, values=values)


def withdraw_statement(*, statement, by, why, revision=None, key=None, at=None):
    """Withdraw a figure or a line of work that is wrong, for a reason. It stays readable and no longer counts.

    Nothing is overwritten: the right number is another statement. Raises ValidationError where it is withdrawn already,
    and Stale where it is not as the person saw it, at the `revision` given.
    """
    kind = "figure" if isinstance(statement, Figure) else "activity"
    content = {"kind": "withdrawn", kind: statement.pk, "why": why}
    with amend(
        statement.crisis, by=by, right="edit", at=at, why=Gap.Why.FACTS, key=key, content=content, closed_too=True
    ) as (amendment, outcome):
        if amendment:
            row = type(statement).objects.select_related("withdrawn_by").get(pk=statement.pk)
            if revision not in (None, row.revision):
                raise Stale(row)
            if row.withdrawn_at:
                raise ValidationError(_("This has been withdrawn already."))
            row.withdrawn_at, row.withdrawn_by, row.withdrawn_why = amendment.at, by, why
            row.crisis = amendment.crisis
            amendment.keep(row)
            amendment.record("withdrawn", kind=kind, why=why, **_told(row))
    return outcome
