from django.http import Http404


def plan_page(request, **where):
    raise Http404


def plan_csv(request, **where):
    raise Http404


def cell_page(request, **where):
    raise Http404


def waive(request, **where):
    raise Http404
