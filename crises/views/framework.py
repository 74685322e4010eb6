"""Pages of one sector, system or cluster: what the framework says of it, and the crises concerned."""

from django.http import Http404
from django.shortcuts import render

from sectors import reading


def sector(request, slug):
    return render(request, "sectors/sector.html", _found(reading.of_sector(slug)))


def system(request, slug):
    return render(request, "sectors/system.html", _found(reading.of_system(slug)))


def cluster(request, slug):
    return render(request, "sectors/cluster.html", _found(reading.of_cluster(slug)))


def _found(framework):
    if framework is None:
        raise Http404
    return framework
