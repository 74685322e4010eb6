"""How events reach webhooks: noted from the changes that were committed, then sent, each webhook's in their order.

There is no outbox beside the changes, because the changes are one. Each writes a row of the crisis's history in its own
transaction, under a number taken last from one locked row; so a change that was committed can be found, one that was
not leaves nothing, and who has looked at everything up to a number has missed nothing below it. A webhook remembers the
last number looked at. Its deliveries are noted and that number is moved on in one transaction, and the number of a
delivery follows from the change, so that looking twice notes nothing twice.

A call is at least once: the delivery is marked after the answer, and a process that dies in between leaves it to the
next one, once its claim on the webhook has lapsed. The receiver tells by the number of the delivery.
"""

import json
import logging
import random
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from crises.history import KINDS, Kind
from crises.models import Counter, Crisis, Gap
from crises.sight import changes, in_sight
from exchange import outbound, signing
from exchange.models import Delivery, Event, Webhook

log = logging.getLogger(__name__)

AT_ONCE = 500  # changes looked at in one transaction
TRIES = 15
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
PAUSED_AFTER = timedelta(days=3)
KEPT = timedelta(days=30)
CLAIMED = timedelta(minutes=2)  # many times the longest call


# From changes to deliveries


def note(webhook, *, matching, now):
    """Note what a webhook is to tell of the changes since it was last looked at. Whether there may be more.

    `matching` narrows crises to those that the webhook's filters find.
    """
    with transaction.atomic():
        held = Webhook.objects.calling().select_for_update(of=("self",)).select_related("owner")
        hook = held.filter(pk=webhook.pk).first()
        until = Counter.objects.get(pk=1).n
        if hook is None or hook.followed >= until:
            return False
        rows = list(changes(hook.owner, after=hook.followed, until=until)[:AT_ONCE])
        more = len(rows) == AT_ONCE
        told = _events(hook, [row for row in rows if KINDS.get(_said(row)) != Kind.OVERSIGHT], matching)
        Delivery.objects.bulk_create((_delivery(hook, row, event, now) for row, event in told), ignore_conflicts=True)
        Webhook.objects.filter(pk=hook.pk).update(followed=rows[-1].revision if more else until)
    return more


def _said(row):
    """What the history says happened, as a code."""
    return (row.history_change_reason or {}).get("event")


def _events(hook, rows, matching):
    """The events that a webhook is to tell of these changes: (change, event). What left is told whatever the filter."""
    found = {row.id for row in rows}
    if hook.filters:
        found = set(matching(hook, Crisis.objects.filter(pk__in=found)).values_list("pk", flat=True))
    opened, closed = _gaps(rows)
    for row in rows:
        if not row.shown:
            told = [Event.GONE]
        elif row.id in found:
            told = [Event.CHANGED if row.was_shown else Event.NEW]
            told += [Event.GAP_OPENED] if (row.id, row.history_date) in opened else []
            told += [Event.GAP_CLOSED] if (row.id, row.history_date) in closed else []
            told += [Event.LEVEL] if _said(row) == "level" else []
        else:
            told = []
        yield from ((row, event) for event in told if event in hook.events)


def _gaps(rows):
    """The changes that opened gaps, and those that closed some, as pairs of crisis and moment. One query.

    No two changes of a crisis are of one moment (see services.amend).
    """
    moments = [row.history_date for row in rows]
    then = Q(opened_at__in=moments) | Q(resumed_at__in=moments) | Q(closed_at__in=moments)
    gaps = list(Gap.objects.filter(then, crisis__in={row.id for row in rows}).order_by())
    opened = {(gap.crisis_id, gap.resumed_at or gap.opened_at) for gap in gaps}
    return opened, {(gap.crisis_id, gap.closed_at) for gap in gaps}


def _delivery(hook, row, event, now):
    return Delivery(
        uid=uuid.uuid5(hook.uid, f"{row.revision} {event}"),
        webhook=hook,
        event=event,
        crisis=row.reference,
        revision=row.revision,
        at=row.history_date,
        due_at=now,
    )


# From deliveries to calls


def claim(now):
    """A webhook with something due, for this process alone for a while; None where there is none."""
    for hook in Webhook.objects.due(now).select_related("owner")[:20]:
        hook.claim, hook.claimed_until = uuid.uuid4(), now + CLAIMED
        free = Webhook.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=now), pk=hook.pk, paused_at=None)
        if free.update(claim=hook.claim, claimed_until=hook.claimed_until):
            return hook
    return None


def deliver(hook, *, now, post):
    """Send what is first in the order of a claimed webhook, keep how that went, and let go: the delivery, or None."""
    delivery = hook.deliveries.waiting().first()
    if delivery is None or delivery.due_at > now:
        _let_go(hook)
        return None
    if not may_be_told(hook, delivery):
        delivery.state = Delivery.State.WITHHELD
        delivery.save(update_fields=["state"])
        _let_go(hook)
        return delivery
    body, headers = call(hook, delivery, now)
    answer = post(hook.url, body, headers)
    record(hook, delivery, answer, now=now)
    return delivery


def may_be_told(hook, delivery):
    """Whether the owner may still be told of this crisis, at the moment of sending."""
    if delivery.event in (Event.GONE, Delivery.TEST):  # the crisis was theirs to see until it went
        return True
    return Crisis.objects.filter(in_sight(hook.owner), reference=delivery.crisis).exists()


def call(hook, delivery, now):
    """The body and the headers of a call. It says of which crisis and no more: the receiver reads that with a token."""
    said = {
        "id": str(delivery.uid),
        "type": delivery.event,
        "crisis": delivery.crisis or None,
        "revision": delivery.revision or None,
        "at": f"{delivery.at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    body = json.dumps(said).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "mcof-webhooks/1",
        "Mcof-Delivery": str(delivery.uid),
        "Mcof-Event": delivery.event,
        "Mcof-Signature": signing.signature(body, int(now.timestamp()), signing.secrets_of(hook, now)),
    }
    return body, headers


def wait(tries, chance=random.random):
    """How long to wait after so many tries: twice as long each time, within a fifth more or less."""
    plain = min(FIRST_WAIT * 2 ** min(tries - 1, 20), LONGEST_WAIT)
    return plain * (0.8 + 0.4 * chance())


def record(hook, delivery, answer, *, now):
    """Keep how a call went, and when to try again. A webhook that has failed for days is paused and its owner told."""
    state, paused = Delivery.State, False
    delivery.tries += 1
    delivery.tried_at, delivery.status = now, answer.status
    delivery.milliseconds, delivery.trouble = answer.milliseconds, answer.trouble
    if not answer.trouble:
        delivery.state = state.SENT
    elif delivery.tries >= TRIES or delivery.event == Delivery.TEST:
        delivery.state = state.FAILED
    else:
        delivery.due_at = now + wait(delivery.tries)
    with transaction.atomic():
        held = Webhook.objects.select_for_update(of=("self",)).get(pk=hook.pk)
        delivery.save()
        if not answer.trouble:
            held.failing_since = None
        elif delivery.event != Delivery.TEST:
            held.failing_since = held.failing_since or now
            paused = held.paused_at is None and now - held.failing_since >= PAUSED_AFTER
        if paused:
            held.paused_at, held.paused_why = now, Webhook.Paused.FAILING
        if held.claim == hook.claim:
            held.claim = held.claimed_until = None
        held.save(update_fields=["failing_since", "paused_at", "paused_why", "claim", "claimed_until"])
    if paused:
        _tell_owner(hook, delivery)


def _let_go(hook):
    Webhook.objects.filter(pk=hook.pk, claim=hook.claim).update(claim=None, claimed_until=None)


def _tell_owner(hook, delivery):
    if not hook.owner.email:
        return
    words = {"hook": hook, "trouble": outbound.Trouble(delivery.trouble).label, "days": PAUSED_AFTER.days}
    text = render_to_string("exchange/mail/paused.txt", words)
    subject = _("The webhook “%(name)s” was paused") % {"name": hook.name}
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [hook.owner.email])
    except OSError:  # the page says so as well
        log.exception("The mail about a paused webhook could not be sent.")


def forget(now):
    """Take what was told and is older than is kept out of the log. How many."""
    old = Delivery.objects.exclude(state=Delivery.State.WAITING).filter(at__lt=now - KEPT, due_at__lt=now - KEPT)
    return old.delete()[0]
