"""Who changed what, from what to what, and why: of one crisis for its staff, of all for auditors and HQ."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Value, When
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crises import history
from crises.filters import AuditFilter, HistoryFilter
from crises.models import Crisis
from crises.models.audit import audited_by, told_to
from crises.models.crisis import readable_by
from crises.views.hq import file_name, turns, understood
from crises.views.pages import by_revision
from crises.views.scope import inside
from crises.views.then import wrong_address
from offices.models import Role
from sectors.exports import table_file

HEADER = [
    "revision",
    "at",
    "by",
    "reference",
    "kind",
    "event",
    "sentence",
    "why",
    "sector",
    "phase",
    "field",
    "from",
    "to",
]


# /crises/<reference>/history/


@login_required
@require_safe
def crisis_history(request, reference):
    """Every change of a crisis, the newest first, with what was before and after. Nine queries: session, reader,
    crisis, the changes of the page, and what was before them and written with them (5)."""
    crisis = _crisis(request, reference)
    narrowed, problems = _narrowed(request, HistoryFilter, crisis)
    if problems:
        return wrong_address(request, problems)
    page = by_revision(narrowed.qs, older=request.GET.get("older"), newer=request.GET.get("newer"))
    return render(
        request,
        "crises/history.html",
        {
            "crisis": crisis,
            **_page(narrowed, page, "kind since until"),
            "files": _files(narrowed, "crisis-history", reference),
            "may_audit": crisis.may_audit,
            "may_read": crisis.may_read,
        },
    )


def _crisis(request, reference):
    """The crisis, for staff who may read it and for who audits it: 403 for partners who see it, 404 for others."""
    reader = request.user
    rights = {"may_read": readable_by(reader), "may_audit": audited_by(reader)}
    held = {name: Case(When(right, then=Value(True)), default=Value(False)) for name, right in rights.items()}
    crisis = Crisis.objects.annotate(**held).filter(reference=reference).first()
    if crisis is None or not (crisis.may_read or crisis.may_audit):
        raise Http404
    if not inside(reader):
        raise PermissionDenied(_("The history of a crisis names people of the organisation: it is for its staff."))
    return crisis


def _narrowed(request, kind, crisis=None):
    changes = history.rows().filter(told_to(request.user) if crisis else audited_by(request.user))
    narrowed = kind(request.GET, changes.filter(id=crisis.pk) if crisis else changes, request=request)
    return narrowed, understood(request, narrowed, "older", "newer")


def _files(narrowed, name, *args):
    """The addresses of the tables of the same filters."""
    query = narrowed.query().removesuffix("?")
    return {kind: reverse(f"{name}-{kind}", args=args) + query for kind in ("csv", "xlsx")}


def _page(narrowed, page, fields):
    return {
        "filter": narrowed,
        "fields": narrowed.fields(fields),
        "chips": narrowed.chips(),
        "page": page,
        "changes": history.told(page.rows),
        "person": narrowed.query(by=None),
        **turns(narrowed, page),
    }


@login_required
@require_safe
def crisis_history_file(request, reference, kind):
    """The whole history of the filter as a table: a line for each thing that a change made different."""
    crisis = _crisis(request, reference)
    narrowed, problems = _narrowed(request, HistoryFilter, crisis)
    if problems:
        return wrong_address(request, problems, csv=True)
    return table_file(kind, file_name(f"history-{crisis.reference}", narrowed), HEADER, _lines(narrowed.qs))


def _lines(changes):
    for change in history.streamed(changes):
        told = [
            change.revision,
            change.at,
            str(change.by),
            change.reference,
            change.kind,
            change.event,
            change.sentence,
            change.why,
        ]
        for one in change.differences or [None]:
            place = [one and one.sector and one.sector.code, one and one.phase and one.phase.slug]
            yield [*told, *place, *([one.name, _plain(one.was), _plain(one.now)] if one else [None] * 3)]


def _plain(value):
    """A code as a cell of the table: several with spaces between, a truth as yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else value


# /history/


@login_required
@require_safe
def audit(request):
    """Every change of every crisis that the reader audits, the newest first. Ten queries: the offices to choose, and
    whether the reader audits any, besides those of one crisis."""
    _may_audit(request.user)
    narrowed, problems = _narrowed(request, AuditFilter)
    if problems:
        return wrong_address(request, problems)
    page = by_revision(narrowed.qs, older=request.GET.get("older"), newer=request.GET.get("newer"))
    context = _page(narrowed, page, "kind office since until reference")
    context |= {"files": _files(narrowed, "history"), "may_audit": True}
    return render(request, "crises/history.html", context)


@login_required
@require_safe
def audit_file(request, kind):
    """The changes of the filter as a table."""
    _may_audit(request.user)
    narrowed, problems = _narrowed(request, AuditFilter)
    if problems:
        return wrong_address(request, problems, csv=True)
    return table_file(kind, file_name("history", narrowed), HEADER, _lines(narrowed.qs))


def _may_audit(user):
    if not user.holds(Role.AUDITOR, Role.HQ):
        raise PermissionDenied(_("You need to be an auditor or an HQ reviewer. An administrator grants that."))
