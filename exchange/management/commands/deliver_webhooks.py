"""Deliver to webhooks: what `manage.py serve` starts beside the server, and a server of its own runs as a service.

It is a loop and no chain of tasks, because a task that dies with its process would not put the next one in the queue:
this may be killed at any moment and started again, several of it may run, and none of them needs another.
"""

import logging
import signal
import threading
from types import SimpleNamespace

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.http import QueryDict
from django.utils import timezone

from crises.filters import CrisisFilter
from exchange import delivering, outbound
from exchange.models import Webhook

log = logging.getLogger(__name__)

SENDERS = 4  # a receiver that is slow to answer holds up one
PAUSE = 2  # seconds between two looks where there was nothing to do
FORGET_EVERY = 3600  # looks


def matching(webhook, crises):
    """Of these crises those that the webhook's filters find; none where a filter is no longer right."""
    data = QueryDict(mutable=True)
    data.update(webhook.filters)
    found = CrisisFilter(data, crises, request=SimpleNamespace(user=webhook.owner))
    return crises.none() if found.problems() else found.qs.order_by()


def step(post=outbound.post):
    """Note what has changed for each webhook, then make one call that is due. Whether there was anything to do."""
    now = timezone.now()
    busy = [_note(hook, now) for hook in list(Webhook.objects.behind())]
    hook = delivering.claim(now)
    if hook:
        delivering.deliver(hook, now=now, post=post)
    return bool(hook) or any(busy)


def _note(hook, now):
    """Note what has changed for one webhook; a fault there keeps it behind, and no other."""
    try:
        return delivering.note(hook, matching=matching, now=now)
    except Exception:
        log.exception("What a webhook is to tell could not be noted; it is tried again.", extra={"webhook": hook.uid})
        return False


class Command(BaseCommand):
    help = "Deliver to webhooks until stopped. With --once, what is due now, and then stop."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true")

    def handle(self, *, once, **options):
        if once:
            while step():
                pass
            return
        stop = threading.Event()
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *args: stop.set())
        senders = [threading.Thread(target=send, args=[stop]) for _sender in range(SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()


def send(stop):
    """Take steps until told to stop."""
    looks = 0
    while not stop.is_set():
        close_old_connections()
        try:
            busy = step()
            if looks % FORGET_EVERY == 0:
                delivering.forget(timezone.now())
        except Exception:  # the database is away, or a fault of ours: what was claimed is tried again later
            log.exception("Delivering to webhooks failed, and goes on.")
            busy = False
        looks += 1
        if not busy:
            stop.wait(PAUSE)
    connection.close()
