"""The site, and beside it the static page that its pages are measured against."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import include, path

PAGE = ("<!doctype html><title>Static</title>" + "<p>The same words every time.</p>" * 1000).encode()


@login_required
def static(request):
    """A page of 33 KB for a reader who is signed in, through the same middleware as every other."""
    return HttpResponse(PAGE)


urlpatterns = [path("bench/static/", static), path("", include("mcof.urls"))]
