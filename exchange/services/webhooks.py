"""Writes of webhooks: only their owner makes, changes, tries, pauses, renews or removes them."""

import uuid
from contextlib import contextmanager
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Counter
from exchange import outbound
from exchange.models import Delivery, Webhook
from offices.models import User

MOST = 10  # to one person
OLD_SECRET_GOOD_FOR = timedelta(days=7)


def make_webhook(*, by, key, name, url, events, filters=None, filters_of="", at=None):
    """Make a webhook that tells of what happens from now on: the webhook, and whether it was made now.

    The same form sent twice answers the one made first. Raises ValidationError.
    """
    at = at or timezone.now()
    with transaction.atomic():
        # Whoever sends a form twice waits here for the first one to be done.
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
        if made := by.webhooks.filter(form_key=key).first():
            return made, False
        if by.webhooks.count() >= MOST:
            raise ValidationError(
                _("You have %(most)s webhooks, which is the most. Remove one first.") % {"most": MOST}
            )
        hook = Webhook(owner=by, form_key=key, made_at=at, followed=Counter.objects.get(pk=1).n)
        _say(hook, name, url, events, filters, filters_of)
        hook.save()
    return hook, True


def change_webhook(*, hook, name, url, events, filters=None, filters_of="", by):
    """Change what a webhook is called, where it calls and what it tells of from now on. Raises ValidationError."""
    with _held(hook, by) as held:
        _say(held, name, url, events, filters, filters_of)
        held.save(update_fields=["name", "url", "events", "filters", "filters_of"])
    return held


def _say(hook, name, url, events, filters, filters_of):
    hook.name, hook.url, hook.events = name.strip(), url.strip(), list(events)
    hook.filters, hook.filters_of = filters or {}, filters_of
    try:
        outbound.target(hook.url)
    except ValidationError as error:
        raise ValidationError({"url": error.messages}) from None
    hook.full_clean(exclude=["owner"])


@contextmanager
def _held(hook, by):
    """A webhook of this person's under its lock. Raises DoesNotExist for another's, and for one that was removed."""
    with transaction.atomic():
        yield Webhook.objects.select_for_update(of=("self",)).get(pk=hook.pk, owner=by)


def pause(*, hook, by, at=None):
    """Call no more for now. What happens meanwhile is told once the webhook goes on."""
    with _held(hook, by) as held:
        if held.paused_at is None:
            held.paused_at, held.paused_why = at or timezone.now(), Webhook.Paused.OWNER
            held.save(update_fields=["paused_at", "paused_why"])


def resume(*, hook, by, at=None):
    """Go on where it stopped: what waits is tried at once."""
    with _held(hook, by) as held:
        held.paused_at, held.paused_why, held.failing_since = None, "", None
        held.save(update_fields=["paused_at", "paused_why", "failing_since"])
        held.deliveries.waiting().order_by().update(due_at=at or timezone.now(), tries=0)


def renew_secret(*, hook, by, at=None):
    """Give a webhook a new secret; calls are signed with the old one as well for a week. Raises ValidationError while
    an earlier one still is."""
    at = at or timezone.now()
    with _held(hook, by) as held:
        if held.old_secret_until and at < held.old_secret_until:
            raise ValidationError(
                _("The secret was renewed a short while ago, and calls are signed with two. End the old one first.")
            )
        held.generation, held.old_secret_until = held.generation + 1, at + OLD_SECRET_GOOD_FOR
        held.save(update_fields=["generation", "old_secret_until"])
    return held


def end_old_secret(*, hook, by):
    """Sign with the new secret alone from now on."""
    with _held(hook, by) as held:
        held.old_secret_until = None
        held.save(update_fields=["old_secret_until"])


def remove(*, hook, by):
    """Call no more, and forget what was sent."""
    with _held(hook, by) as held:
        held.delete()


def try_out(*, hook, by, at=None):
    """Send a test, ahead of everything else that waits, and once. While one waits, no other is added."""
    at = at or timezone.now()
    with _held(hook, by) as held:
        if waiting := held.deliveries.waiting().filter(event=Delivery.TEST).first():
            return waiting
        return held.deliveries.create(uid=uuid.uuid4(), event=Delivery.TEST, at=at, due_at=at)


def replay(*, delivery, by, at=None):
    """Send a delivery again, under the same number and with as many tries as at first."""
    with _held(delivery.webhook, by):
        again = Delivery.objects.filter(pk=delivery.pk).exclude(state=Delivery.State.WAITING)
        again.update(state=Delivery.State.WAITING, tries=0, due_at=at or timezone.now())
