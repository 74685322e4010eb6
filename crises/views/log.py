from django.http import Http404


def log_crisis(request, **where):
    raise Http404


def edit_facts(request, **where):
    raise Http404


def draft_list(request, **where):
    raise Http404


def discard_draft(request, **where):
    raise Http404
