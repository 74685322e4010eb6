"""Writes of imports: a file is taken in, what was found of it recorded, and it is confirmed, finished or given up."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange.models import Import
from exchange.models.imports import KEPT, TOLD
from offices.models import Role

State = Import.State


def require_importer(user):
    """Raise PermissionDenied unless the person logs crises for an office."""
    if not user.holds(Role.FIELD, Role.LEAD):
        raise PermissionDenied(
            _("You need to be a field officer or lead of an office to import. The office's lead grants that.")
        )


def take_in(*, by, kind, name, content, at=None):
    """Keep a file until it is decided on. What others have left is cleared away."""
    require_importer(by)
    at = at or timezone.now()
    forget(at=at)
    return Import.objects.create(by=by, kind=kind, name=name[:120], content=content, uploaded_at=at, moved_at=at)


def forget(*, at=None):
    """Empty files that nobody has decided on for a week, and drop what is a month old."""
    at = at or timezone.now()
    Import.objects.filter(uploaded_at__lt=at - TOLD).delete()
    left = Import.objects.filter(uploaded_at__lt=at - KEPT, state__in=[State.CHECKED, State.CHECKING])
    left.update(state=State.DISCARDED, content=b"", report=[], finished_at=at)


def progress(pk, checked, *, rows=None):
    """Say how far the check has come: a sign of life for who watches."""
    more = {} if rows is None else {"rows": rows}
    Import.objects.filter(pk=pk).update(rows_checked=checked, moved_at=timezone.now(), **more)


def refuse(pk, problem):
    """The file cannot be read: nothing of it is kept but why."""
    now = timezone.now()
    Import.objects.filter(pk=pk).update(
        state=State.REFUSED, problem=problem, content=b"", moved_at=now, finished_at=now
    )


def record_check(pk, report, notes, *, problem=""):
    """What each row would do."""
    Import.objects.filter(pk=pk, state__in=[State.CHECKING, State.CONFIRMED]).update(
        state=State.CHECKED,
        report=report,
        notes=notes,
        rows=len(report),
        rows_checked=len(report),
        problem=problem,
        moved_at=timezone.now(),
    )


def confirm(*, by, uid):
    """Let a checked import be written. Whether this call did it: a second one, or one too late, changes nothing."""
    with transaction.atomic():
        row = Import.objects.select_for_update().get(uid=uid, by=by)
        if not row.may_be_written:
            return False
        row.state, row.moved_at = State.CONFIRMED, timezone.now()
        row.save(update_fields=["state", "moved_at"])
    return True


def finish(row):
    """The import is written: its file is no longer needed. Call in the transaction that writes it."""
    row.state, row.content, row.finished_at, row.moved_at = State.DONE, b"", timezone.now(), timezone.now()
    row.problem = ""
    row.save(update_fields=["state", "content", "report", "finished_at", "moved_at", "problem"])


def touch(*, by, uid):
    """Somebody starts the work on an import again."""
    Import.objects.filter(uid=uid, by=by).update(moved_at=timezone.now())


def discard(*, by, uid):
    """Give an import up: nothing was written, and nothing of the file is kept."""
    undecided = Import.objects.filter(uid=uid, by=by, state__in=[State.CHECKED, State.CHECKING])
    undecided.update(state=State.DISCARDED, content=b"", report=[], finished_at=timezone.now())
