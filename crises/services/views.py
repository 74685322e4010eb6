"""Writes of saved views: filters that somebody keeps under a name. Only their owner changes them."""

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crises.models import Counter, SavedView

from .amend import check
from .facts import SIGNS


@dataclass(frozen=True)
class Saved:
    """What a change of a saved view did: the view, and whether it happened now or had been made before."""

    view: SavedView
    fresh: bool = True


def save_view(*, name, filters, by, shared=False, at=None):
    """Keep these filters, {name: value}, under a name: for the person alone, or shared with all staff.

    The same name, filters and sharing again answer the view that was made the first time.
    Raises ValidationError where the person has another view of this name, PermissionDenied where a partner shares.
    """
    at = at or timezone.now()
    _require_staff(by, shared)
    view = SavedView(owner=by, name=name.strip(), query=urlencode(filters), shared=shared, created_at=at)
    view.slug = f"{slugify(view.name) or 'view'}-{''.join(secrets.choice(SIGNS) for _sign in range(5)).lower()}"
    try:
        with transaction.atomic():
            _write(view, at)
    except ValidationError:
        there = SavedView.objects.filter(owner=by, name=view.name, query=view.query, shared=shared, removed_at=None)
        if kept := there.first():
            return Saved(kept, fresh=False)
        raise
    return Saved(view)


def change_view(*, view, name, shared, by, at=None):
    """Rename a view, share it with staff or take it back. What it asks for and its address stay.

    Raises PermissionDenied and ValidationError.
    """
    with _held(view, by) as kept:
        if kept.removed_at:
            raise ValidationError(_("This view has been removed in the meantime."))
        _require_staff(by, shared and not kept.shared)
        if (kept.name, kept.shared) == (name.strip(), shared):
            return Saved(kept, fresh=False)
        kept.name, kept.shared = name.strip(), shared
        _write(kept, at or timezone.now())
    return Saved(kept)


def remove_view(*, view, by, at=None):
    """Take a view off every list; addresses that name it no longer work. Raises PermissionDenied."""
    at = at or timezone.now()
    with _held(view, by) as kept:
        if kept.removed_at:
            return Saved(kept, fresh=False)
        kept.removed_at = at
        _write(kept, at)
    return Saved(kept)


def require_owner(view, by):
    """Raise PermissionDenied for everybody but the person who saved the view."""
    if view.owner_id != by.pk:
        raise PermissionDenied(_("Only the person who saved a view can change it. Save one of your own."))


def _require_staff(by, shared):
    if shared and by.partner_id:
        raise PermissionDenied(_("Views are shared among IOM staff. You can keep this one for yourself."))


@contextmanager
def _held(view, by):
    """The view under its lock. Raises PermissionDenied for everybody but its owner."""
    with transaction.atomic():
        kept = SavedView.objects.select_for_update(of=("self",)).get(pk=view.pk)
        require_owner(kept, by)
        yield kept


def _write(view, at):
    """Check and write a view, the counter taken last of all locks: pages are told apart by its number."""
    view.updated_at = at
    check(view)
    view.revision = Counter.next_revision()
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise ValidationError({"name": _("You have a view of this name already. Choose another name.")}) from None
