"""Who may read what was changed: conditions on crises and on the rows of their history."""

from django.db.models import Exists, Q

from offices.models import Office, Role

from .crisis import readable_by
from .reach import narrowed


@narrowed
def audited_by(user):
    """Which crises' changes this person reads whoever may read the crises, as a condition on crises or on the rows of
    their history: auditors those of their offices and of those below, HQ reviewers every one."""
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    held = Office.objects.reached_by(user, Role.AUDITOR)
    return Q(office__in=held) | Q(Exists(user.memberships.filter(role=Role.HQ)))


def told_to(user):
    """Which rows of history this person may read: never those of a time when they might not have read the crisis.

    Nothing for partners and visitors: the history names people of the organisation.
    """
    if not user.is_authenticated or user.partner_id:
        return Q(pk__in=[])
    return readable_by(user) | audited_by(user)
