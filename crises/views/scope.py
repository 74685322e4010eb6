"""Which crisis a page is about: the one door through which every page reaches it."""

from functools import wraps

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import get_object_or_404

from crises.models import Crisis


def readers(view):
    """Lets in people who are signed in, and visitors where the site publishes crises; others go to sign in."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if request.user.is_authenticated or settings.PUBLIC_CRISES:
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path())

    return guarded


def seen_crisis(request, reference):
    """The crisis with this reference, if the reader may see it, with what they may do. One query; 404 otherwise."""
    crises = Crisis.objects.visible_to(request.user).with_rights(request.user)
    return get_object_or_404(
        crises.select_related("main_country", "office", "focal_point", "updated_by", "part_of"), reference=reference
    )
