"""The work on an import: the check that writes nothing, and the writing of everything or nothing.

Short files are worked on while the page answers, long ones by the worker. Either can be killed at any point and run
again: the check only reads, and the writing is one transaction that ends with the import's own row.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import task

from crises.services import KeyReused, Stale
from exchange.imports import crises, figures
from exchange.imports.fields import Known
from exchange.imports.judging import digest_of
from exchange.imports.reading import Unreadable, read
from exchange.models import Import
from exchange.services import imports

KINDS = {Import.Kind.CRISES: crises, Import.Kind.FIGURES: figures}
SHORT_BYTES, SHORT_ROWS = 64 * 1024, 50  # what is worked on at once
SIGN = 25  # rows between two signs of life


class Changed(Exception):
    """Since the check something has changed, so that a row would do something else now. `judged` says what."""

    def __init__(self, judged):
        super().__init__()
        self.judged = judged


class Refused(Exception):
    """A service refuses a row after all."""


def start(work, row):
    """Do the work on this import now where it is short, else leave it to the worker."""
    if len(row.content) <= SHORT_BYTES and _rows(row) <= SHORT_ROWS:
        WORK[work](row.pk)
    else:
        run.enqueue(work, row.pk)


def _rows(row):
    try:
        return len(read(bytes(row.content), KINDS[row.kind].COLUMNS).lines)
    except Unreadable:
        return 0


@task()
def run(work, pk):
    """One piece of work, in the worker."""
    WORK[work](pk)


def check(pk):
    """Say of each row what it would do. Writes nothing but that."""
    row = Import.objects.select_related("by").get(pk=pk)
    if row.state != Import.State.CHECKING:
        return
    try:
        sheet = read(bytes(row.content), KINDS[row.kind].COLUMNS)
    except Unreadable as unreadable:
        imports.refuse(pk, str(unreadable))
        return
    imports.progress(pk, 0, rows=len(sheet.lines))
    judged = []
    for one in _judged(row, sheet):
        judged.append(one)
        if len(judged) % SIGN == 0:
            imports.progress(pk, len(judged))
    imports.record_check(pk, [one.plain for one in judged], sheet.notes)


def _judged(row, sheet):
    known, seen = Known(row.by, timezone.now().date()), {}
    for line in sheet.lines:
        yield KINDS[row.kind].judge(line, known, seen)


def write(pk):
    """Write every row, or none: where anything is not as it was checked, the check is told anew."""
    notes = Import.objects.values_list("notes", flat=True).get(pk=pk)
    try:
        with transaction.atomic():
            _write(pk)
    except Changed as changed:
        words = _("Something has changed since the check, so nothing was written. Look at the rows again.")
        imports.record_check(pk, [one.plain for one in changed.judged], notes, problem=words)
    except Refused as refused:
        report = Import.objects.values_list("report", flat=True).get(pk=pk)
        imports.record_check(pk, report, notes, problem=str(refused))


def _write(pk):
    row = Import.objects.select_for_update().select_related("by").get(pk=pk)
    if row.state != Import.State.CONFIRMED:
        return  # written already, by a worker that was thought dead
    judged = list(_judged(row, read(bytes(row.content), KINDS[row.kind].COLUMNS)))
    report = [one.plain for one in judged]
    if digest_of(report) != digest_of(row.report):
        raise Changed(judged)
    for one, plain in zip(judged, report, strict=True):
        if one.act:
            plain["about"] = _done(one).crisis.reference
    row.report = report
    imports.finish(row)


def _done(judged):
    try:
        return judged.act()
    except (ValidationError, Stale, KeyReused, PermissionDenied) as error:
        why = " ".join(getattr(error, "messages", None) or [str(error)])
        if isinstance(error, Stale):
            why = _("Somebody has just changed this crisis.")
        words = _("Row %(row)s could not be written, so nothing was: %(why)s Check the file again.")
        raise Refused(words % {"row": judged.number, "why": why}) from None


WORK = {"check": check, "write": write}
