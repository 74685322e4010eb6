"""What headquarters and regional offices do around crises: ask their offices for an update, say who looks after them.

Nothing of the crises themselves changes by it, so they keep their revision and the day of their last update; their
history tells of it.
"""

from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta

from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Assignment, Counter, Crisis, UpdateRequest
from crises.oversight import MOST, asking, assigning
from offices.models import Role

from .amend import check, next_moment
from .received import receive
from .rights import RIGHTS, lock, require

WITHDRAWN_WITHIN = timedelta(minutes=10)


@dataclass
class Done:
    """What was done to several crises: the rows it made, and whether now or when the same form came before."""

    rows: list = field(default_factory=list)
    fresh: bool = True
    ended: int = 0  # assignments that ended without another in their place


def ask_for_update(*, crises, by, note="", key=None, at=None):
    """Ask the offices of these crises for an update: HQ's right, and a regional officer's for the offices below.

    All at one moment. An office that was asked and has not answered is not asked again, nor is one where nobody would
    read it: crises.oversight.asking says which. The people are told by services.mail_requests, after this.
    """
    at = at or timezone.now()
    content = {"asks": sorted(crisis.pk for crisis in crises), "note": note}
    with transaction.atomic():
        held = _hold(crises, by=by, key=key, content=content, at=at)
        if held is None:
            return Done(fresh=False)
        asked = [one.crisis for one in asking(held, by=by) if one.happens]
        at = max([at, *(next_moment(crisis, at) for crisis in asked)])
        rows = [
            UpdateRequest(crisis=crisis, after=crisis.last_update, note=note, asked_at=at, asked_by=by)
            for crisis in asked
        ]
        for row in rows:
            check(row, constraints=False)
        UpdateRequest.objects.bulk_create(rows)
        tell([(crisis, {"event": "asked", "why": note}) for crisis in asked], by=by, at=at)
    return Done(rows)


def withdrawable(asked, user, at=None):
    """Whether this person can still take this request back."""
    return asked.asked_by_id == user.pk and (at or timezone.now()) <= asked.asked_at + WITHDRAWN_WITHIN


def withdraw_request(*, asked, by, at=None):
    """Take a request back: who made it can, for ten minutes, as long as nothing has answered it."""
    at = at or timezone.now()
    with transaction.atomic():
        [crisis] = lock(asked.crisis).values()
        row = UpdateRequest.objects.standing().filter(pk=asked.pk).first()
        if row is None:
            raise ValidationError(_("This request has been answered or withdrawn in the meantime."))
        if row.asked_by_id != by.pk:
            raise PermissionDenied(_("Only the person who asked can withdraw a request."))
        if not withdrawable(row, by, at):
            raise ValidationError(
                _("A request can be withdrawn for ten minutes. This one stands until it is answered.")
            )
        row.withdrawn_at = next_moment(crisis, at)
        row.save(update_fields=["withdrawn_at"])
        tell([(crisis, {"event": "ask_withdrawn"})], by=by, at=row.withdrawn_at)
    return row


def assign(*, crises, to, by, key=None, at=None):
    """Say who looks after these crises, or, with None, that nobody does. The same right as to ask for an update.

    It is an HQ reviewer, or a regional officer above the crisis's office. What would change nothing, or is not for this
    person, is left as it is: crises.oversight.assigning says which. services.mail_assignments tells them, after this.
    """
    at = at or timezone.now()
    content = {"assigns": sorted(crisis.pk for crisis in crises), "to": to and to.pk}
    with transaction.atomic():
        held = _hold(crises, by=by, key=key, content=content, at=at)
        if held is None:
            return Done(fresh=False)
        given = [one.crisis for one in assigning(held, to=to, by=by) if one.happens]
        at = max([at, *(next_moment(crisis, at) for crisis in given)])
        before = {one.crisis_id: one for one in Assignment.objects.at().filter(crisis__in=given)}
        Assignment.objects.filter(pk__in=[one.pk for one in before.values()]).update(ended_at=at)
        rows = [Assignment(crisis=crisis, assignee=to, assigned_at=at, assigned_by=by) for crisis in given if to]
        Assignment.objects.bulk_create(rows)
        event = {"event": "assigned", "to": str(to)} if to else {"event": "unassigned"}
        tell([(crisis, event) for crisis in given], by=by, at=at)
    return Done(rows, ended=0 if to else len(given))


def _hold(crises, *, by, key, content, at):
    """These crises, locked, each with its office; None where the same form was received before.

    Raises KeyReused, PermissionDenied for who oversees no office, ValidationError where they are too many.
    """
    if not by.holds(Role.HQ, Role.REGIONAL):
        raise PermissionDenied(RIGHTS["oversee"][1])
    if len(crises) > MOST:
        words = _("At most %(most)s crises at once. Narrow the list and do it in parts.")
        raise ValidationError(words % {"most": MOST})
    if key:
        _receipt, fresh = receive(by=by, key=key, content=content, at=at)
        if not fresh:
            return None
    held = lock(*crises)
    offices = Crisis.objects.filter(pk__in=held).select_related("office__parent").only("office")
    for row in offices:
        held[row.pk].office = row.office
    if len(held) == 1:
        [crisis] = held.values()
        require("oversee", crisis, by)
    return list(held.values())


def tell(events, *, by, at):
    """Write into the history of locked crises what happened around them: [(crisis, event)]. Five statements.

    They are told of at one moment, after all that their histories hold; each event has its own number.
    """
    if not events:
        return
    pks = [crisis.pk for crisis, _event in events]
    Crisis.objects.filter(pk__in=pks).update(noted_at=at)
    others = list(Crisis.other_countries.through.objects.filter(crisis__in=pks))
    first = Counter.next_revision(len(events)) - len(events) + 1
    states = []
    for number, (crisis, event) in enumerate(events, first):
        state = copy(crisis)
        state.revision = number
        state._history_user, state._history_date, state._change_reason = by, at, event
        states.append(state)
    rows = {row.id: row for row in Crisis.history.bulk_history_create(states, update=True)}
    kept = apps.get_model("crises", "HistoricalCrisis_other_countries")
    kept.objects.bulk_create(
        kept(history=rows[one.crisis_id], id=one.pk, crisis_id=one.crisis_id, country_id=one.country_id)
        for one in others
    )
