"""What makes a submission happen once: its receipt, and what that says was made (see models/receipts.py)."""

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError, models, transaction

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
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        with transaction.atomic():
            return Receipt.objects.create(user=by, key=key, digest=digest, received_at=at), True
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != LOCK_NOT_AVAILABLE:
            raise
        raise InFlight from None
    except IntegrityError:
        receipt = Receipt.objects.select_related("crisis").get(user=by, key=key)
        if receipt.digest != digest:
            raise KeyReused(receipt) from None
        return receipt, False


def made(outcome):
    """What a receipt says was made: the number of the change, the figures and lines of work in the order they were
    sent, and the gaps that opened."""
    return {
        "revision": outcome.crisis.revision,
        "rows": [row.pk for row in outcome.rows],
        "gaps": [[cell.sector.code, cell.phase.slug] for cell in outcome.opened],
    }
