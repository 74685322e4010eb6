"""Who may change a crisis, and the lock under which that is asked."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from crises.models import Crisis
from crises.models.crisis import CLOSERS, EDITORS
from crises.models.requests import overseen_by
from offices.models import Office, User
from offices.prepared import Prepared

RIGHTS = {
    "edit": (
        Crisis.objects.editable_by,
        _("You need to be a field officer or lead of this crisis's office. The office's lead grants that."),
    ),
    "close": (
        Crisis.objects.closable_by,
        _("You need to be the lead of this crisis's office. Headquarters grants that."),
    ),
    "review": (
        Crisis.objects.reviewable_by,
        _(
            "You need to be the lead of this crisis's office, a regional officer above it or an HQ reviewer. "
            "An administrator grants that."
        ),
    ),
    "decide": (
        Crisis.objects.decidable_by,
        _("You need to be an HQ reviewer. An administrator grants that."),
    ),
    "oversee": (
        lambda user: Crisis.objects.filter(overseen_by(user)),
        _(
            "You need to be an HQ reviewer, or a regional officer above this crisis's office. "
            "An administrator grants that."
        ),
    ),
}

LOCKED = Prepared(lambda crisis: Crisis.objects.select_for_update(no_key=True).filter(pk=crisis))


def _held(allowed):
    """Whether somebody has a right on a crisis, asked of the two keys."""
    return Prepared(lambda crisis, user: allowed(User(pk=user)).filter(pk=crisis).order_by().values("pk"))


def _held_in(roles):
    """Whether somebody has a right on the crises of an office, asked of the two keys: the shorter question."""
    offices = Office.objects.order_by().values("pk")
    return Prepared(lambda office, user: offices.reached_by(User(pk=user), *roles).filter(pk=office))


OF_OFFICES = {"edit": _held_in(EDITORS), "close": _held_in(CLOSERS)}
OF_CRISES = {right: _held(allowed) for right, (allowed, _missing) in RIGHTS.items() if right not in OF_OFFICES}


def may(right, by, office):
    """Whether somebody has a right (edit, close) on the crises of an office. One query at most."""
    return by.is_authenticated and by.is_active and OF_OFFICES[right].finds(office, by.pk)


def require(right, crisis, by):
    """Raise PermissionDenied, naming the missing right, unless the person has it on this locked crisis. One query."""
    if right in OF_OFFICES:
        held = may(right, by, crisis.office_id)
    else:
        held = by.is_authenticated and by.is_active and OF_CRISES[right].finds(crisis.pk, by.pk)
    if not (held and by.reaches(crisis.main_country_id)):
        raise PermissionDenied(RIGHTS[right][1])


def lock(*crises):
    """Lock several crises, always in the same order, so that two people never wait for each other: {pk: row}.

    Their keys stay free: who logs a crisis notes the ones that it is like after taking the counter, and must not wait
    for somebody who waits for the counter.
    """
    if len(crises) == 1:
        return {row.pk: row for row in LOCKED.rows(crises[0].pk)}
    rows = Crisis.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in crises])
    return {row.pk: row for row in rows.order_by("pk")}
