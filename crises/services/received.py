"""What makes a submission happen once: its receipt, and what that says was made (see models/receipts.py)."""

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db import OperationalError, models

from crises.batch import insert_or_wait
from crises.models import Receipt

LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL: waited for a row for as long as lock_timeout allows


class InFlight(Exception):
    """The same submission is being received in another connection just now, and that takes long."""


class KeyReused(Exception):
    """A submission came with the key of an earlier one but other content. `receipt` is the earlier one's."""

    def __init__(self, receipt):
        super().__init__(receipt)
        self.receipt = receipt


def _plain(value):
    return value.pk if isinstance(value, models.Model) else DjangoJSONEncoder().default(value)


def receive(*, by, key, content, at):
    """The receipt of this submission, and whether it is a new one. Call inside the transaction of the write.

    A second sender of the same key waits for the first one's transaction, though not for long: raises InFlight then,
    and KeyReused for other content.
    """
    text = json.dumps(content, sort_keys=True, default=_plain)
    receipt = Receipt(user=by, key=key, digest=hashlib.sha256(text.encode()).hexdigest(), received_at=at)
    try:
        if insert_or_wait(receipt, "user", "key"):
            return receipt, True
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != LOCK_NOT_AVAILABLE:
            raise
        raise InFlight from None
    earlier = Receipt.objects.select_related("crisis").get(user=by, key=key)
    if earlier.digest != receipt.digest:
        raise KeyReused(earlier)
    return earlier, False


def settle(receipt, outcome, batch=None):
    """Write what a receipt says was made, with the change where there is one."""
    outcome.result = made(outcome)
    receipt.crisis, receipt.result = outcome.crisis, outcome.result
    if batch is None:
        receipt.save(update_fields=["crisis", "result"])
    else:
        batch.update(receipt)


def made(outcome):
    """What a receipt says was made: the number of the change, the figures and lines of work in the order they were
    sent, and the gaps that opened."""
    return {
        "revision": outcome.crisis.revision,
        "rows": [row.pk for row in outcome.rows],
        "gaps": [[cell.sector.code, cell.phase.slug] for cell in outcome.opened],
    }
