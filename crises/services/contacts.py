"""Writes of the contacts of a country: for each system, cluster or group, whom to coordinate with."""

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Contact, Counter
from crises.models.contacts import kept_by
from sectors.models import System

from .amend import Stale, check
from .received import receive


@dataclass(frozen=True)
class Kept:
    """What a change of a contact did: the contact, and whether it happened now or had been received before."""

    contact: Contact
    fresh: bool = True


def require_keeper(country, by):
    """Raise PermissionDenied, naming the missing right, unless the person keeps this country's contacts. One query."""
    if not kept_by(by).filter(pk=country.pk).exists():
        words = _("You need to be a field officer, lead or regional officer of an office in %(country)s, or from HQ.")
        raise PermissionDenied(words % {"country": country.name})


def add_contact(*, country, partner, name, organisation, reach, by, key, note="", at=None):
    """Record whom to coordinate with in a country for a system, cluster or group; `partner` is one of these.

    The same key and content answer the contact recorded the first time.
    Raises PermissionDenied, ValidationError and KeyReused.
    """
    at = at or timezone.now()
    values = {"name": name, "organisation": organisation, "reach": reach, "note": note}
    place = {"system" if isinstance(partner, System) else "cluster": partner}
    uid = uuid.uuid5(key, str(by.pk))
    content = {"contact of": country.pk, "for": partner.slug, **values}
    with transaction.atomic():
        _receipt, fresh = receive(by=by, key=key, content=content, at=at)
        if not fresh:
            return Kept(Contact.objects.get(uid=uid), fresh=False)
        require_keeper(country, by)
        contact = Contact(uid=uid, country=country, recorded_at=at, recorded_by=by, **place, **values)
        _write(contact, by, at, "added")
    return Kept(contact)


def change_contact(*, contact, revision, name, organisation, reach, by, note="", key=None, at=None):
    """Change what is said of a contact. `revision` is its number that the person saw.

    Raises Stale where somebody else changed it first, PermissionDenied, ValidationError and KeyReused.
    """
    values = {"name": name, "organisation": organisation, "reach": reach, "note": note}
    with _amended(contact, revision, by=by, key=key, at=at, content=values) as (kept, at):
        if kept.fresh and values != {field: getattr(kept.contact, field) for field in values}:
            for field, value in values.items():
                setattr(kept.contact, field, value)
            _write(kept.contact, by, at, "changed")
    return kept


def remove_contact(*, contact, revision, by, key=None, at=None):
    """Take a contact off the lists. What it said stays in the history. Raises as change_contact does."""
    with _amended(contact, revision, by=by, key=key, at=at, content="removed") as (kept, at):
        if kept.fresh:
            kept.contact.removed_at = at
            _write(kept.contact, by, at, "removed")
    return kept


@contextmanager
def _amended(contact, revision, *, by, key, at, content):
    """The contact under its lock, with the moment of the change; not fresh where the submission came before."""
    at = at or timezone.now()
    with transaction.atomic():
        if key:
            _receipt, fresh = receive(
                by=by, key=key, content={"contact": contact.pk, "revision": revision, "says": content}, at=at
            )
            if not fresh:
                yield Kept(Contact.objects.get(pk=contact.pk), fresh=False), at
                return
        locked = Contact.objects.select_for_update(of=("self",)).select_related("country").get(pk=contact.pk)
        require_keeper(locked.country, by)
        if locked.removed_at:
            raise ValidationError(_("This contact has been removed in the meantime."))
        if locked.revision != revision:
            raise Stale(locked)
        yield Kept(locked), max(at, locked.updated_at + timedelta(microseconds=1))


def _write(contact, by, at, event):
    """Check and write a contact with its history, the counter taken last of all locks."""
    contact.updated_at, contact.updated_by = at, by
    check(contact)
    contact.revision = Counter.next_revision()
    contact._history_user, contact._history_date, contact._change_reason = by, at, {"event": event}
    contact.save()
