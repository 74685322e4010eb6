"""Pages of the framework. Those of one sector, system or cluster also show crises, so they are views of `crises`."""

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from sectors import reading, reference
from sectors.exports import csv_file
from sectors.forms import MatrixFilter
from sectors.matrix import Matrix
from sectors.models import Edition


def matrix(request):
    """The sector priority matrix; a filter that is not known is answered with what is (400), and with no rows."""
    content = reference.current()
    form = MatrixFilter(request.GET, content=content)
    if not form.is_valid():
        return render(request, "sectors/matrix.html", {"content": content, "form": form}, status=400)
    matrix = Matrix(content, **form.cleaned_data)
    return render(request, "sectors/matrix.html", {"content": content, "form": form, "matrix": matrix})


def matrix_csv(request):
    """The matrix as the page shows it with the same filters: one line for each sector and phase."""
    content = reference.current()
    form = MatrixFilter(request.GET, content=content)
    if not form.is_valid():
        return HttpResponse("\n".join(form.problems()), status=400, content_type="text/plain; charset=utf-8")
    matrix = Matrix(content, **form.cleaned_data)
    name = ["matrix", content.edition.framework.slug, f"edition-{content.edition.number}", *form.chosen().values()]
    return csv_file(f"{'-'.join(name)}.csv", matrix.HEADER, matrix.lines())


def matrix_json(request):
    """The matrix as the page shows it with the same filters, as one document."""
    content = reference.current()
    form = MatrixFilter(request.GET, content=content)
    if not form.is_valid():
        problem = {"title": _("The filters are not understood."), "status": 400, "detail": " ".join(form.problems())}
        return JsonResponse(problem, status=400, content_type="application/problem+json")
    return JsonResponse(Matrix(content, **form.cleaned_data).document())


def edition_list(request):
    """The published editions, the newest first. One query."""
    return render(request, "sectors/editions.html", {"editions": Edition.objects.published()})


def sector_list(request):
    content = reference.current()
    return render(request, "sectors/list.html", {"content": content, "rows": Matrix(content).rows})


def system_list(request):
    return render(request, "sectors/systems.html", reading.systems_and_clusters())
