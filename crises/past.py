"""A crisis as it stood at a past moment, from the rows of its history: what pages and the API answer "as of"."""

from copy import copy

from django.db.models import Case, Value, When

from crises.models import Crisis, PhasePeriod, PlanCell
from crises.models.crisis import readable_by
from crises.models.review import review_columns
from crises.models.rows import held
from sectors import reference

NAMED = ("main_country", "office", "focal_point", "updated_by", "edition")


def crisis_at(crisis, moment, *, reader=None):
    """This crisis with the facts, status, sharing and review it had at the moment; None where it was not logged yet.

    With a reader, also None where they might not have read it then. What else was annotated stays as it is now, and
    nobody may change the past: may_edit, may_close, may_decide and may_review are False. `past` is the row of
    history, with its own `other_countries`. One query.
    """
    rows = Crisis.history.filter(id=crisis.pk, history_date__lte=moment)
    if reader:
        rows = rows.annotate(seen=Case(When(readable_by(reader, moment), then=Value(True)), default=Value(False)))
    row = named(rows, moment).order_by("-history_date", "-history_id").first()
    return _as_of(crisis, row) if row and (reader is None or row.seen) else None


def crises_at(crises, moment):
    """Each of these crises as it stood at the moment, by primary key; none that was not logged yet. One query."""
    crises = {crisis.pk: crisis for crisis in crises}
    rows = held(Crisis.history.filter(id__in=crises), moment)
    return {row.id: _as_of(crises[row.id], row) for row in named(rows, moment)}


def named(rows, moment):
    """Rows of history with what pages say of the crisis at the moment: who and where, and its review."""
    rows = rows.annotate(**review_columns("id", moment))
    return rows.select_related("main_country__region", "office", "focal_point", "updated_by", "edition__framework")


def crisis_of(row):
    """The crisis that a row of history, as of `named`, says there was; what else the row carries comes along."""
    crisis = Crisis()
    crisis._state.adding, crisis._state.db = False, row._state.db
    then = _as_of(crisis, row)
    for name, value in vars(row).items():
        if name not in vars(then) and not name.startswith(("_", "history_")):
            setattr(then, name, value)
    return then


def _as_of(crisis, row):
    then = copy(crisis)
    then._state = copy(crisis._state)
    then._state.fields_cache = {}
    for field in Crisis._meta.concrete_fields:
        if hasattr(row, field.attname):  # the search text is not kept
            setattr(then, field.attname, getattr(row, field.attname))
    for name in NAMED:
        setattr(then, name, getattr(row, name))
    then.past = row
    for name in review_columns():
        setattr(then, name, getattr(row, name))
    then.may_edit = then.may_close = then.may_decide = then.may_review = False
    return then


def in_full(then, moment):
    """A crisis as of crisis_at with its periods and other countries of then too, as if they had been prefetched.

    Two queries.
    """
    periods = periods_at(then, reference.content(then.edition_id), moment)
    _say(then, periods=periods, other_countries=countries_of([then.past])[then.past.pk])
    return then


def with_countries(crises):
    """Crises as of `crises_at` with their other countries of then, as if they had been prefetched. One query."""
    found = countries_of([crisis.past for crisis in crises])
    for crisis in crises:
        _say(crisis, other_countries=found[crisis.past.pk])
    return crises


def countries_of(rows):
    """The other countries that rows of history name: {history_id: [Country]}. One query."""
    kept = Crisis.history.model._meta.get_field("historicalcrisis_other_countries").related_model
    found = {row.pk: [] for row in rows}
    for one in kept.objects.filter(history__in=found).select_related("country"):
        found[one.history_id].append(one.country)
    return found


def _say(crisis, **prefetched):
    crisis._prefetched_objects_cache = getattr(crisis, "_prefetched_objects_cache", {}) | prefetched


def parts_at(crisis, crises, moment):
    """Of these crises those that were part of this one at the moment, by reference. One query."""
    rows = Crisis.history.filter(part_of=crisis.pk, status__in=Crisis.STANDING)
    rows = held(rows.filter(id__in=crises.order_by().values("pk")), moment)
    return list(rows.order_by("reference"))


def periods_at(crisis, content, moment):
    """The phases the crisis had been in by the moment, as the office knew them then. One query."""
    phases = {phase.pk: phase for phase in content.phases}
    found = _standing(PhasePeriod.history.filter(crisis=crisis.pk, history_date__lte=moment))
    for period in found:
        period.phase = phases[period.phase_id]
    return sorted(found, key=lambda period: (period.phase.number, period.pk))


def open_periods_at(crises, moment):
    """The phases that these crises were in at the moment, as the offices knew them then, by number: {pk: [row]}.

    `crises` are primary keys. One query.
    """
    found = {}
    for row in held(PhasePeriod.history.filter(crisis__in=crises, left_on=None), moment).select_related("phase"):
        found.setdefault(row.crisis_id, []).append(row)
    return {pk: sorted(rows, key=lambda row: row.phase.number) for pk, rows in found.items()}


def entries_at(crisis, moment):
    """What the office had said of the cells of the plan by the moment. One query."""
    return _standing(PlanCell.history.filter(crisis=crisis.pk, history_date__lte=moment))


def recorded(statements, moment):
    """Of these statements those recorded by the moment; all of them where there is none."""
    return statements.filter(recorded_at__lte=moment) if moment else statements


def gaps_at(gaps, moment):
    """Of these recorded gaps, those opened by the moment, as they stood then: one closed later is open."""
    found = [copy(gap) for gap in gaps if (gap.resumed_at or gap.opened_at) <= moment]
    for gap in found:
        gap.seen_at = moment
        if gap.closed_at and gap.closed_at > moment:
            gap.closed_at, gap.closed_why = None, ""
    return found


def _standing(rows):
    """The last row of each object, as the object it was; objects deleted by then are left out."""
    last = {row.id: row for row in rows.order_by("history_date", "history_id")}
    return [row.instance for row in last.values() if row.history_type != "-"]
