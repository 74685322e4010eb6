"""Pages across crises given again as they were, as long as nothing has changed that the reader may see."""

import gzip
from functools import wraps
from hashlib import sha256

from django.conf import settings
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.http import HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.timezone import now
from django.utils.translation import get_language

from crises.sight import followed


def kept(view):
    """Gives the page of a signed-in reader again while no change was accepted anywhere and their rights are the same.

    A page is kept for ANSWERS_KEPT_SECONDS, in the memory of one process. That bounds what follows from the clock, and
    the names that the administration may change. A browser that has the page already is told so, in a few bytes.
    Pages with a message for the reader are neither kept nor given again.
    """

    @wraps(view)
    def answered(request, *args, **kwargs):
        if not _may_keep(request):
            return view(request, *args, **kwargs)
        key = _key(request)
        body = cache.get(key)
        if body is None:
            response = view(request, *args, **kwargs)
            if response.status_code != 200 or response.streaming or response.cookies:
                return response
            body = gzip.compress(response.content, 6, mtime=0)
            cache.set(key, body, settings.ANSWERS_KEPT_SECONDS)
        return _page(request, body)

    return answered


def _may_keep(request):
    """Not the first page of a browser, which has no cookie yet for the token of the page's forms."""
    return (
        request.method in ("GET", "HEAD")
        and request.user.is_authenticated
        and settings.CSRF_COOKIE_NAME in request.COOKIES
        and not len(get_messages(request))
    )


def _page(request, body):
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    if not_modified := get_conditional_response(request, etag=etag):
        response = not_modified
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(body, headers={"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(gzip.decompress(body))
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language", "Accept-Encoding"])
    return response


def _key(request):
    """What a page follows from: the last change, the reader and their rights, the day, and what the browser asks for.

    One query. The token of the page's forms is good for as long as the browser has the same cookie.
    """
    reader = request.user
    number, rights = followed(reader)
    reader.grants = {(role, int(office)) for role, office in rights.grants}  # the page need not ask again
    cookies = [request.COOKIES.get(name) for name in (settings.CSRF_COOKIE_NAME, "theme", "received")]
    asked = [request.build_absolute_uri(), get_language(), f"{now():%Y-%m-%d}", *cookies]
    return "page:" + sha256(repr([reader.pk, number, rights, *asked]).encode()).hexdigest()
