from django.http import Http404


def crisis_page(request, **where):
    raise Http404


def phases(request, **where):
    raise Http404


def close(request, **where):
    raise Http404


def reopen(request, **where):
    raise Http404


def sharing(request, **where):
    raise Http404


def level(request, **where):
    raise Http404


def figures(request, **where):
    raise Http404


def add_figure(request, **where):
    raise Http404


def add_activity(request, **where):
    raise Http404
