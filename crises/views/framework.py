from django.http import Http404


def sector(request, **where):
    raise Http404


def system(request, **where):
    raise Http404


def cluster(request, **where):
    raise Http404
