"""Which edition of the framework a crisis follows: it keeps its own until its office decides otherwise."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Gap

from .amend import Stale, amend


def rebase_crisis(*, crisis, edition, by, revision, at=None):
    """Let a crisis follow a newer edition of its framework; its plan and gaps follow at once.

    `revision` is that of the crisis whose differing cells the person saw: raises Stale where anything of it has changed
    since. What the office itself has said of its cells stays. Following the edition it follows already does nothing.
    """
    at = at or timezone.now()
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.EDITION) as (amendment, outcome):
        row = amendment.crisis
        if row.edition_id == edition.pk:
            return outcome
        _require_newer(row, edition)
        if row.revision != revision:
            raise Stale(row)
        was = row.edition.number
        amendment.follow(edition)
        row.declined_edition = None
        moved = [
            [now.sector.code, now.phase.slug]
            for before, now in zip(amendment.before, amendment.plan(), strict=True)
            if before.priority != now.priority
        ]
        amendment.record("edition", was=was, now=edition.number, cells=moved)
    return outcome


def keep_edition(*, crisis, edition, by, at=None):
    """Say that the office has looked at a newer edition and does not follow it: it is asked again for the next one."""
    at = at or timezone.now()
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.EDITION) as (amendment, outcome):
        row = amendment.crisis
        if row.declined_edition_id == edition.pk:
            return outcome
        _require_newer(row, edition)
        row.declined_edition = edition
        amendment.record("kept", edition=row.edition.number, declined=edition.number)
    return outcome


def _require_newer(crisis, edition):
    """Raise ValidationError unless the edition is published, of the crisis's framework, and newer than its own."""
    own = crisis.edition
    if edition.is_draft or edition.framework_id != own.framework_id or edition.number <= own.number:
        words = _("This crisis follows edition %(own)s. Choose a newer published edition of the same framework.")
        raise ValidationError({"edition": words % {"own": own.number}})
