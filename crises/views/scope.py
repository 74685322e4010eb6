"""Which crisis a page is about: the one door through which every page reaches it."""

from functools import wraps

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404

from crises.models import Crisis
from crises.services.rights import RIGHTS


def shown(user):
    """Whether pages about crises are for this reader at all: visitors only where the site publishes crises."""
    return user.is_authenticated or settings.PUBLIC_CRISES


def readers(view):
    """Lets in people who are signed in, and visitors where the site publishes crises; others go to sign in."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if shown(request.user):
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path())

    return guarded


def seen_crises(request):
    """The crises the reader may see, each with what they may do, where its review stands and whom it names."""
    crises = Crisis.objects.visible_to(request.user).exclude(status=Crisis.Status.MERGED)
    crises = crises.with_rights(request.user).with_review()
    return crises.select_related("main_country", "office", "focal_point", "updated_by", "part_of")


def seen_crisis(request, reference, **also):
    """The crisis with this reference, if the reader may see it, with what they may do. One query; see gone otherwise.

    `also` is what else to annotate it with.
    """
    try:
        return seen_crises(request).annotate(**also).get(reference=reference)
    except Crisis.DoesNotExist:
        raise gone(request, reference) from None


class Moved(Http404):
    """The crisis of an address was merged into another one, which the reader may see (crises.views.moved)."""

    def __init__(self, reference, survivor):
        super().__init__(survivor)
        self.reference, self.survivor = reference, survivor


def gone(request, reference):
    """What to raise where the reader sees no crisis of this reference: Moved, or a 404 that hints at nothing."""
    survivor = Crisis.objects.survivor_of(reference, request.user)
    return Moved(reference, survivor) if survivor else Http404()


def allowed(request, reference, right, **also):
    """The crisis, if the reader has this right (edit, close, review, decide). 403 that names what is missing."""
    crisis = seen_crisis(request, reference, **also)
    if not getattr(crisis, f"may_{right}"):
        raise PermissionDenied(RIGHTS[right][1])
    return crisis


def inside(user):
    """Whether the reader is staff: names of staff, their notes and the history are not for partners and visitors."""
    return user.is_authenticated and not user.partner_id
