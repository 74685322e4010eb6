"""Pages of one sector, system or cluster: what the framework says of it, and the crises concerned."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crises.concerned import needing, working
from crises.models import Crisis
from crises.models.contacts import kept_by
from crises.views.scope import inside, shown
from sectors import reading


@require_safe
def sector(request, slug):
    """A sector, and where it is needed now."""
    found = _found(reading.of_sector(slug))
    return render(
        request, "sectors/sector.html", found | _concerned(request, lambda crises: needing(crises, found["sector"]))
    )


@require_safe
def system(request, slug):
    """A system, the crises where a sector with a main link to it is active, and for staff whom to call."""
    found = _found(reading.of_system(slug))
    found |= _concerned(request, lambda crises: working(crises, found["links"]))
    return render(request, "sectors/system.html", found | _contacts(request, found["system"]))


@require_safe
def cluster(request, slug):
    """A cluster or group, the crises where a sector with a main link to it is active, and for staff whom to call."""
    found = _found(reading.of_cluster(slug))
    found |= _concerned(request, lambda crises: working(crises, found["links"]))
    return render(request, "sectors/cluster.html", found | _contacts(request, found["cluster"]))


def _found(framework):
    if framework is None:
        raise Http404
    return framework


def _concerned(request, find):
    """The crises concerned for readers who may see any; visitors of a site that publishes none are told nothing."""
    return {"concerned": find(Crisis.objects.visible_to(request.user))} if shown(request.user) else {}


def _contacts(request, partner):
    """The contacts for a system, cluster or group, country by country, for staff. Two queries: and who keeps them."""
    if not inside(request.user):
        return {}
    return {
        "contacts": partner.contacts.visible_to(request.user).listed(),
        "kept": set(kept_by(request.user).values_list("pk", flat=True)),
        "code": f"{partner._meta.model_name}:{partner.slug}",
    }
