"""Every write to the framework, one function each: headquarters drafts the next edition, and publishes it.

Each takes `by`, the person, and `at`, the moment (now where none is given), opens its own transaction, locks the draft,
checks the right and the rules, writes, and adds to the log of changes. They raise ValidationError (which names the
field), PermissionDenied (which names the missing right) and Stale. Sending the same twice does it once: what stands
already as it was sent is left as it is.
"""

from contextlib import contextmanager

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sectors import reference
from sectors.comparison import compare
from sectors.models import (
    ClusterLink,
    Complementarity,
    Edition,
    EditionChange,
    Framework,
    Provenance,
    SectorPriority,
    SystemLink,
)

Event = EditionChange.Event
STATEMENTS = (SectorPriority, SystemLink, ClusterLink, Complementarity)


class Stale(Exception):
    """Somebody else changed the same statement first. `current` is the row as it stands, None where it is gone."""

    def __init__(self, current):
        super().__init__(current)
        self.current = current


def may_revise(person):
    """Whether this person writes the next edition: HQ's decision. One query for people who are signed in."""
    return person.is_authenticated and person.holds("hq")


def require_reviser(person):
    """Raise PermissionDenied, naming the missing right, unless the person writes the next edition."""
    if not may_revise(person):
        raise PermissionDenied(
            _("You need to be an HQ reviewer to change the framework's edition. An administrator grants that.")
        )


def make_draft(*, framework, by, at=None):
    """The draft of the framework's next edition: that which there is, or a copy of the newest published edition.

    The copy says the same in the same words, and whose they are.
    """
    require_reviser(by)
    with transaction.atomic():
        _lock(framework)
        draft = Edition.objects.drafts().filter(framework=framework).first()
        return draft or _copy_newest(framework, by, at or timezone.now())


def _lock(framework):
    """Making and publishing a draft wait for one another."""
    Framework.objects.select_for_update().get(pk=framework.pk)


def _copy_newest(framework, by, at):
    newest = _newest(framework)
    if newest is None:
        raise ValidationError(_("This framework has no published edition to start from."))
    draft = Edition.objects.create(framework=framework, number=newest.number + 1, revision=1)
    for model in STATEMENTS:
        rows = list(model.objects.filter(edition=newest))
        for row in rows:
            row.pk, row.edition, row.revision = None, draft, 1
        model.objects.bulk_create(rows)
    _log(draft, Event.MADE, by=by, at=at)
    return draft


def _newest(framework):
    """The newest published edition of a framework; None where there is none."""
    return Edition.objects.published().filter(framework=framework).first()


def _log(edition, event, *, by, at, about=(), before=None, after=None):
    EditionChange.objects.create(
        framework=edition.framework,
        edition=edition,
        number=edition.number,
        revision=edition.revision,
        at=at,
        by=by,
        event=event,
        about=list(about),
        before=before,
        after=after,
    )


@contextmanager
def _revising(edition, by):
    """The draft under its lock, with the number of this change. Raises ValidationError where it is one no longer."""
    require_reviser(by)
    with transaction.atomic():
        draft = (
            Edition.objects.select_for_update(of=("self",)).select_related("framework").filter(pk=edition.pk).first()
        )
        if draft is None:
            raise ValidationError(_("This draft was discarded in the meantime."))
        if not draft.is_draft:
            raise ValidationError(_("This edition was published in the meantime. A published edition never changes."))
        yield draft


def change_priority(
    *,
    edition,
    sector,
    phase,
    by,
    revision,
    priority,
    reason,
    paragraph,
    confidence,
    condition="",
    otherwise="",
    at=None,
):
    """Set what a draft says of a sector in a phase: its priority, the fact it depends on, and why.

    `revision` is that of the statement the person saw.
    """
    said = {
        "priority": priority,
        "condition": condition,
        "otherwise": otherwise,
        "confidence": confidence,
        "reason": reason,
        "paragraph": paragraph,
    }
    row = SectorPriority(sector=sector, phase=phase)
    return _say(edition, row, said, event=Event.PRIORITY, by=by, revision=revision, at=at)


def change_link(*, edition, sector, target, by, revision, strength, reason="", paragraph="", at=None):
    """Link a sector to a system, cluster or group in a draft, or change the link; without a strength, remove it.

    `revision` is that of the link the person saw, 0 where there was none.
    """
    kind = {"system": SystemLink, "cluster": ClusterLink}[target._meta.model_name]
    row = kind(sector=sector, **{target._meta.model_name: target})
    said = {"strength": strength, "reason": reason, "paragraph": paragraph} if strength else None
    return _say(edition, row, said, event=Event.LINK, by=by, revision=revision, at=at)


def change_complementarity(
    *,
    edition,
    from_sector,
    from_phase,
    to_sector,
    to_phase,
    by,
    revision,
    how,
    symmetric=False,
    reason="",
    paragraph="",
    at=None,
):
    """Say in a draft how a sector in a phase helps another; without a `how`, say it no longer.

    `revision` is that of the statement the person saw, 0 where there was none.
    """
    row = Complementarity(from_sector=from_sector, from_phase=from_phase, to_sector=to_sector, to_phase=to_phase)
    said = {"how": how, "symmetric": symmetric, "reason": reason, "paragraph": paragraph} if how else None
    return _say(edition, row, said, event=Event.TIE, by=by, revision=revision, at=at)


def _say(edition, about_this, said, *, event, by, revision, at):
    """Make, change or (where `said` is None) take away a statement of a draft. Answers it, or None where it is gone."""
    at = at or timezone.now()
    with _revising(edition, by) as draft:
        row = _standing(draft, about_this)
        before = row and row.says
        if before == said:
            return row
        if (row.revision if row else 0) != revision:
            raise Stale(row)
        draft.revision += 1
        if said is None:
            row.delete()
            row = None
        else:
            row = row or about_this
            _take(row, draft, said)
        draft.save(update_fields=["revision"])
        _log(draft, event, by=by, at=at, about=_codes(about_this), before=before, after=said)
    return row


def _standing(edition, row):
    """The statement that an edition makes about the same as this one; None where it makes none."""
    same = {name: getattr(row, name) for name in row.ABOUT}
    return type(row).objects.filter(edition=edition, **same).select_related(*row.ABOUT).first()


def _take(row, draft, said):
    """Put the values on the row and write it. They are headquarters' own, unless those of the edition before it."""
    for name, value in said.items():
        setattr(row, name, value)
    row.edition, row.revision = draft, draft.revision
    base = _standing(_newest(draft.framework), row)
    row.provenance = base.provenance if base and base.says == said else Provenance.HEADQUARTERS
    names = {column.name for column in row._meta.fields if isinstance(column, models.ForeignKey)}
    row.full_clean(exclude=names)
    row.save()


def _codes(row):
    """What a statement is about, in codes."""
    parts = [getattr(row, name) for name in row.ABOUT]
    return [getattr(part, "code", "") if part._meta.model_name == "sector" else part.slug for part in parts]


def change_note(*, edition, note, by, revision, at=None):
    """Say in a few words what the draft changes; readers of the published edition see it.

    `revision` is the number of the last change of the note that the person saw: see note_revision.
    """
    at = at or timezone.now()
    with _revising(edition, by) as draft:
        if draft.note == note:
            return draft
        if note_revision(draft) != revision:
            raise Stale(draft)
        before, draft.note = draft.note, note
        draft.revision += 1
        draft.save(update_fields=["note", "revision"])
        _log(draft, Event.NOTE, by=by, at=at, before=before, after=note)
    return draft


def note_revision(edition):
    """The number of the last change of a draft's note; 0 where it has none. One query."""
    change = edition.changes.filter(event=Event.NOTE).first()
    return change.revision if change else 0


def discard_draft(*, edition, by, revision, at=None):
    """Give a draft up: what was changed in it stays in the log. `revision` is that of the draft the person saw."""
    at = at or timezone.now()
    with _revising(edition, by) as draft:
        if draft.revision != revision:
            raise Stale(draft)
        _log(draft, Event.DISCARDED, by=by, at=at, before=draft.note)
        for model in STATEMENTS:
            model.objects.filter(edition=draft).delete()
        draft.delete()


def publish_edition(*, edition, by, revision, at=None):
    """Publish a draft: from now on new crises follow it, and it never changes again. Others keep theirs.

    `revision` is that of the draft the person saw. Raises ValidationError for a draft without a note, and for one that
    says what the edition before it says.
    """
    at = at or timezone.now()
    with _revising(edition, by) as draft:
        if draft.revision != revision:
            raise Stale(draft)
        if not draft.note.strip():
            raise ValidationError({"note": _("Say in the note what this edition changes.")})
        _lock(draft.framework)
        before = _newest(draft.framework)
        if not compare(reference.read(before), reference.read(draft)):
            raise ValidationError(_("This draft changes nothing. Change something, or discard it."))
        draft.published_at, draft.published_by = max(at, before.published_at), by
        draft.save(update_fields=["published_at", "published_by"])
        _log(draft, Event.PUBLISHED, by=by, at=at)
    return draft
