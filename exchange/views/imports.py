"""Importing crises and figures: the file is checked first, and written once somebody has looked at what it does."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from crises.views.sent import SeeOther
from exchange.forms import ImportForm
from exchange.imports import job
from exchange.imports.judging import Verdict
from exchange.models import Import
from exchange.models.imports import MOST_WRITTEN
from exchange.services import imports
from sectors.exports import table_file

LOOK_AGAIN = 5  # seconds until a page that shows progress is read again, without a script
SHOWN = 200  # rows of a report on the page: those to mend first, the others in the file


# /import/


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_start(request):
    """The template, what each column means, and the form that takes a file in. Three queries."""
    imports.require_importer(request.user)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ImportForm(*sent)
    if sent and form.is_valid():
        file = form.cleaned_data["file"]
        row = imports.take_in(by=request.user, kind=form.cleaned_data["kind"], name=file.name, content=file.read())
        job.start("check", row)
        return SeeOther(reverse("import", args=[row.uid]))
    context = {
        "form": form,
        "kinds": [
            (kind, label, _columns(kind), reverse(f"api-export-{kind}", args=["xlsx"]))
            for kind, label in Import.Kind.choices
        ],
        "rows": request.user.imports.defer("content", "report")[:20],
    }
    return render(request, "exchange/import_start.html", context, status=400 if form.errors else 200)


def _columns(kind):
    """(name, whether a new row needs it, what it means, its codes) of each column that is read."""
    if kind not in job.KINDS:
        raise Http404
    fields = job.KINDS[kind].FIELDS.items()
    return [(name, one.required, one.meaning, " ".join(map(str, one.codes))) for name, one in fields]


# /import/crises.csv, /import/figures.xlsx


@login_required
@require_safe
def import_template(request, holds, kind):
    """The columns that an import reads, and no row."""
    imports.require_importer(request.user)
    if kind not in ("csv", "xlsx"):
        raise Http404
    return table_file(kind, holds, [name for name, *_rest in _columns(holds)], [])


# /import/columns/crises.csv


@login_required
@require_safe
def import_columns(request, holds):
    """What each column means, as a file."""
    imports.require_importer(request.user)
    rows = [[name, "yes" if needed else "no", str(says), codes] for name, needed, says, codes in _columns(holds)]
    return table_file("csv", f"{holds}-columns", ["column", "required", "meaning", "codes"], rows)


# /import/<uid>/


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_detail(request, uid):
    """One import: how far the check is, what each row would do, the confirmation, what was done. Two queries."""
    row = get_object_or_404(Import, uid=uid, by=request.user)
    if request.method == "POST":
        return _decided(request, row)
    report = sorted(row.report, key=lambda one: (one["verdict"] != Verdict.WRONG, one["verdict"] == Verdict.SKIP))
    for one in report:
        one["label"] = Verdict(one["verdict"]).label
    context = {
        "row": row,
        "counts": [(Verdict(verdict).label, n) for verdict, n in row.counts.items() if n],
        "report": report[:SHOWN],
        "more": max(0, len(report) - SHOWN),
        "writes": row.writes,
        "most": MOST_WRITTEN,
    }
    answer = render(request, "exchange/import.html", context)
    if row.waits and not row.stuck:
        answer["Refresh"] = str(LOOK_AGAIN)
    return answer


def _decided(request, row):
    back = SeeOther(reverse("import", args=[row.uid]))
    match request.POST.get("do"):
        case "write":
            imports.require_importer(request.user)
            if imports.confirm(by=request.user, uid=row.uid):
                job.start("write", row)
                _tell(request, row)
        case "again" if row.stuck:
            imports.touch(by=request.user, uid=row.uid)
            job.start("write" if row.state == Import.State.CONFIRMED else "check", row)
        case "discard":
            imports.discard(by=request.user, uid=row.uid)
            messages.success(request, _("The file is discarded. Nothing was written."))
            return SeeOther(reverse("import-start"))
        case "write" | "again":
            pass
        case _:
            raise Http404
    return back


def _tell(request, row):
    row.refresh_from_db()
    if row.state == Import.State.DONE:
        words = ngettext("%(n)s row is written.", "%(n)s rows are written.", row.writes)
        messages.success(request, words % {"n": row.writes})


# /import/<uid>/report.csv


@login_required
@require_safe
def import_report(request, uid):
    """What is said of each row, as a file: one line for each thing to mend."""
    row = get_object_or_404(Import, uid=uid, by=request.user)
    lines = (
        [one["row"], one["verdict"], one["about"], one["note"], *problem]
        for one in row.report
        for problem in one["problems"] or [["", "", ""]]
    )
    header = ["row", "verdict", "about", "note", "column", "reason", "suggestion"]
    return table_file("csv", "import", header, lines)
