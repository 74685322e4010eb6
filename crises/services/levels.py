"""Writes of what the levels mean."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Counter, LevelDefinition
from offices.models import Role

from .amend import Stale, check


def define_level(*, scheme, value, text, by, revision, source="", at=None):
    """Write down what a level means, or take it back with an empty text: HQ's text, never the software's.

    `revision` is the number of the definition that the person saw, 0 where there was none. What changes nothing takes
    no number. Raises PermissionDenied, ValidationError, and Stale where somebody else changed it first.
    """
    if not by.holds(Role.HQ):
        raise PermissionDenied(_("You need to be an HQ reviewer. An administrator grants that."))
    with transaction.atomic():
        Counter.objects.select_for_update().get(pk=1)  # two first writers of one level wait for each other
        row = LevelDefinition.objects.filter(scheme=scheme, value=value).first()
        row = row or LevelDefinition(scheme=scheme, value=value)
        if row.revision != revision:
            raise Stale(row)
        if (row.text, row.source) == (text, source):
            return row
        row.text, row.source, row.revision = text, source, revision + 1
        row.updated_at, row.updated_by = at or timezone.now(), by
        check(row)
        row._history_user, row._history_date = by, row.updated_at
        row.save()
    return row
