"""Writes to how crises stand to one another: a crisis can be part of a wider, regional one."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Crisis, Gap

from .amend import Stale, amend


def set_part_of(*, crisis, whole, by, revision=None, key=None, at=None):
    """Make a crisis part of a wider one, or of none where `whole` is None.

    The right is that of the part's office, or HQ's. There is one floor: what has parts is no part, and what is a part
    has none. Nothing of the wider crisis changes. `revision` is the crisis's number that the person saw: raises Stale
    where somebody else gave it another place since.
    """
    at = at or timezone.now()

    def right(locked):
        return "decide" if Crisis.objects.decidable_by(by).filter(pk=locked.pk).exists() else "edit"

    content = {"part": crisis.pk, "whole": whole and whole.pk}
    beside = [whole] if whole else []
    with amend(
        crisis, by=by, right=right, at=at, why=Gap.Why.CRISIS, key=key, content=content, closed_too=True, beside=beside
    ) as (amendment, outcome):
        if amendment is None:
            return outcome
        part = amendment.crisis
        if revision is not None and _moved_since(part, revision):
            raise Stale(part, ["part_of"], mine=["part_of"])
        if whole:
            _refuse(part, amendment.beside[whole.pk], by)
        elif not Crisis.objects.visible_to(by).filter(pk=part.part_of_id).exists():
            return outcome  # to them it is part of none already: what they cannot see they do not undo
        if part.part_of_id != (whole and whole.pk):
            was, part.part_of = part.part_of, whole
            amendment.record("part_of", was=was and was.reference, now=whole and whole.reference)
    return outcome


def _moved_since(part, revision):
    """Whether the crisis has another place than at the revision; where nobody knows that revision, it has not."""
    if part.revision == revision:
        return False
    seen = part.history.filter(revision=revision).first()
    return seen is not None and seen.part_of_id != part.part_of_id


def _refuse(part, whole, by):
    """Raise ValidationError, naming what to do, where the one cannot be part of the other."""
    if whole.pk == part.pk:
        words = _("A crisis cannot be part of itself. Choose another.")
    elif not Crisis.objects.visible_to(by).open().filter(pk=whole.pk).exists():
        words = _("That crisis is not open, or you cannot see it. Choose an open one from the list.")
    elif whole.part_of_id:
        words = _("“%(whole)s” is itself part of another crisis. Choose the wider one.") % {"whole": whole}
    elif Crisis.objects.visible_to(by).filter(part_of=part).exists():
        words = _("“%(part)s” has parts itself, so it cannot be a part. Take its parts out first.") % {"part": part}
    elif part.parts.exists():  # which this person cannot see
        words = _("“%(part)s” cannot be part of another crisis. Ask HQ.") % {"part": part}
    else:
        return
    raise ValidationError({"whole": words})
