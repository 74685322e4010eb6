from django.http import Http404


def home(request, **where):
    raise Http404


def crisis_list(request, **where):
    raise Http404


def crisis_list_csv(request, **where):
    raise Http404


def gap_list(request, **where):
    raise Http404


def dashboard(request, **where):
    raise Http404


def dashboard_csv(request, **where):
    raise Http404
