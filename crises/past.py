"""A crisis as it stood at a past moment, from the rows of its history: what pages and the API answer "as of"."""

from copy import copy

from crises.models import Crisis, PhasePeriod, PlanCell


def crisis_at(crisis, moment):
    """This crisis with the facts, status and sharing it had at the moment; None where it was not logged yet.

    What was annotated stays as it is now, and nobody may change the past: may_edit, may_close and may_decide are
    False. `past` is the row of history, with its own `other_countries`. One query.
    """
    row = (
        Crisis.history.filter(id=crisis.pk, history_date__lte=moment)
        .select_related("main_country", "office", "focal_point", "updated_by", "edition__framework")
        .order_by("-history_date", "-history_id")
        .first()
    )
    if row is None:
        return None
    then = copy(crisis)
    then._state = copy(crisis._state)
    then._state.fields_cache = {}
    for field in Crisis._meta.concrete_fields:
        if hasattr(row, field.attname):  # the search text is not kept
            setattr(then, field.attname, getattr(row, field.attname))
    for name in ("main_country", "office", "focal_point", "updated_by", "edition"):
        setattr(then, name, getattr(row, name))
    then.past = row
    then.may_edit = then.may_close = then.may_decide = False
    return then


def periods_at(crisis, content, moment):
    """The phases the crisis had been in by the moment, as the office knew them then. One query."""
    phases = {phase.pk: phase for phase in content.phases}
    found = _standing(PhasePeriod.history.filter(crisis=crisis.pk, history_date__lte=moment))
    for period in found:
        period.phase = phases[period.phase_id]
    return sorted(found, key=lambda period: (period.phase.number, period.pk))


def entries_at(crisis, moment):
    """What the office had said of the cells of the plan by the moment. One query."""
    return _standing(PlanCell.history.filter(crisis=crisis.pk, history_date__lte=moment))


def gaps_at(gaps, moment):
    """Of these recorded gaps, those opened by the moment, as they stood then: one closed later is open."""
    found = [copy(gap) for gap in gaps if gap.opened_at <= moment]
    for gap in found:
        if gap.closed_at and gap.closed_at > moment:
            gap.closed_at, gap.closed_why = None, ""
    return found


def _standing(rows):
    """The last row of each object, as the object it was; objects deleted by then are left out."""
    last = {row.id: row for row in rows.order_by("history_date", "history_id")}
    return [row.instance for row in last.values() if row.history_type != "-"]
