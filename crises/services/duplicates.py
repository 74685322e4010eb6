"""Writes about crises that may be one: what is noted for HQ when one is logged, and HQ's word that they differ."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.duplicates import MOST_NOTED, candidates
from crises.models import Counter, Crisis, PossibleDuplicate

from .received import receive
from .rights import RIGHTS


def note_possible_duplicates(crisis, *, told_apart=(), why=""):
    """Note for HQ which crises the one just logged may be, whoever may see them. Call in the transaction that logs it.

    After the counter is taken, since from there on whatever was logged before can be seen: of two twins logged at one
    moment the second finds the first. Two queries, one more where it has a GLIDE number.
    """
    PossibleDuplicate.objects.bulk_create(
        PossibleDuplicate(
            crisis=crisis,
            other=other,
            score=other.likeness.score,
            reasons=other.likeness.reasons,
            reporter_says=why if other.reference in told_apart else "",
            found_at=crisis.logged_at,
        )
        for other in candidates(Crisis.objects.all(), crisis)[:MOST_NOTED]
    )


def tell_apart(*, duplicate, why, by, key=None, at=None):
    """Say that two crises that may be one are different, and why. HQ's decision; nobody else learns of it.

    The crises themselves do not change, so that neither's office is led to the other. Returns the pair and whether
    this happened now. Raises ValidationError where somebody has decided already.
    """
    at = at or timezone.now()
    content = {"apart": [duplicate.crisis_id, duplicate.other_id], "why": why}
    with transaction.atomic():
        receipt, fresh = receive(by=by, key=key, content=content, at=at) if key else (None, True)
        if not fresh:
            return PossibleDuplicate.objects.get(pk=duplicate.pk), False
        if not PossibleDuplicate.objects.decidable_by(by).filter(pk=duplicate.pk).exists():
            raise PermissionDenied(RIGHTS["decide"][1])
        locked = PossibleDuplicate.objects.select_for_update().get(pk=duplicate.pk)
        if locked.decision:
            raise ValidationError(_("This has been decided in the meantime. The decision stands."))
        if not why.strip():
            raise ValidationError({"why": _("Say in a few words why they are different.")})
        locked.decision, locked.why = PossibleDuplicate.Decision.DIFFERENT, why
        locked.decided_at, locked.decided_by = at, by
        locked.full_clean(exclude=["crisis", "other", "decided_by"], validate_unique=False)
        locked.save(update_fields=["decision", "why", "decided_at", "decided_by"])
        Counter.next_revision()
        if receipt:
            receipt.crisis_id = locked.crisis_id
            receipt.save(update_fields=["crisis"])
    return locked, True
