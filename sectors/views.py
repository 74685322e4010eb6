"""Pages of the framework. Those of one sector, system or cluster also show crises, so they are views of `crises`."""

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from sectors import reading, reference, services
from sectors.comparison import compare
from sectors.exports import table_file
from sectors.forms import CompareForm, MatrixFilter, NoteForm
from sectors.matrix import Matrix
from sectors.models import Edition, EditionChange


def matrix(request):
    """The sector priority matrix; a filter that is not known is answered with what is (400), and with no rows."""
    content = reference.current()
    form = MatrixFilter(request.GET, content=content)
    if not form.is_valid():
        return render(request, "sectors/matrix.html", {"content": content, "form": form}, status=400)
    matrix = Matrix(content, **form.cleaned_data)
    return render(request, "sectors/matrix.html", {"content": content, "form": form, "matrix": matrix})


def matrix_file(request, kind):
    """The matrix as the page shows it with the same filters: one line for each sector and phase."""
    content = reference.current()
    form = MatrixFilter(request.GET, content=content)
    if not form.is_valid():
        return HttpResponse("\n".join(form.problems()), status=400, content_type="text/plain; charset=utf-8")
    matrix = Matrix(content, **form.cleaned_data)
    name = ["matrix", content.edition.framework.slug, f"edition-{content.edition.number}", *form.chosen().values()]
    return table_file(kind, "-".join(name), matrix.HEADER, matrix.lines())


def matrix_json(request):
    """The matrix as the page shows it with the same filters, as one document."""
    content = reference.current()
    form = MatrixFilter(request.GET, content=content)
    if not form.is_valid():
        problem = {"title": _("The filters are not understood."), "status": 400, "detail": " ".join(form.problems())}
        return JsonResponse(problem, status=400, content_type="application/problem+json")
    return JsonResponse(Matrix(content, **form.cleaned_data).document())


def edition_list(request):
    """The published editions, the newest first, and for headquarters the draft. Five queries at most."""
    may_revise = services.may_revise(request.user)
    context = {
        "editions": Edition.objects.published(),
        "may_revise": may_revise,
        "drafts": Edition.objects.drafts() if may_revise else (),
    }
    return render(request, "sectors/editions.html", context)


def edition(request, framework, number):
    """One edition as a matrix: a published one for everybody; the draft, with what was done to it, for headquarters."""
    found = _editions(request).filter(framework__slug=framework, number=number).first()
    if found is None:
        raise Http404
    content = reference.of(found)
    context = {"content": content, "edition": found, "matrix": Matrix(content)}
    if found.is_draft:
        changes = list(found.changes.select_related("by"))
        seen = next((change.revision for change in changes if change.event == EditionChange.Event.NOTE), 0)
        context |= {"form": NoteForm(initial={"note": found.note, "revision": seen}), "changes": changes}
    return render(request, "sectors/edition.html", context)


def _editions(request):
    """The editions this reader may see. One query for people who are signed in."""
    editions = Edition.objects.select_related("framework")
    return editions if services.may_revise(request.user) else editions.filter(published_at__isnull=False)


def compare_editions(request):
    """What two editions of a framework put differently, side by side; an address that is not understood is a 400."""
    form = CompareForm(request.GET, editions=list(_editions(request).order_by("-framework__in_force_from", "number")))
    if not form.is_valid():
        return render(request, "sectors/compare.html", {"form": form}, status=400)
    context = {"form": form}
    if form.chosen:
        context["comparison"] = compare(*map(reference.of, form.chosen))
    return render(request, "sectors/compare.html", context)


def sector_list(request):
    content = reference.current()
    return render(request, "sectors/list.html", {"content": content, "rows": Matrix(content).rows})


def system_list(request):
    return render(request, "sectors/systems.html", reading.systems_and_clusters())
