"""Pages across crises given again as they were, as long as nothing has changed that the reader may see."""

from functools import wraps
from hashlib import sha256

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.utils.translation import get_language

from crises import again


def kept(view):
    """Gives the page of a signed-in reader again while no change was accepted anywhere and their rights are the same.

    A browser that has the page already is told so, in a few bytes. Pages with a message for the reader are neither kept
    nor given again.
    """

    @wraps(view)
    def answered(request, *args, **kwargs):
        if not _may_keep(request):
            return view(request, *args, **kwargs)
        # The token of the page's forms is good for as long as the browser has the same cookie.
        cookies = [request.COOKIES.get(name) for name in (settings.CSRF_COOKIE_NAME, "theme", "received")]
        key = again.key(request.user, request.build_absolute_uri(), get_language(), *cookies)
        page = again.find(key)
        if page is None:
            response = view(request, *args, **kwargs)
            if response.status_code != 200 or response.streaming or response.cookies:
                return response
            etag = f'"{sha256(response.content).hexdigest()[:32]}"'
            page = again.keep(key, response.content, etag, response["Content-Type"])
        status, body, headers = page.sent(request.headers, "Cookie", "Accept-Language")
        return HttpResponse(body, status=status, headers=headers)

    return answered


def _may_keep(request):
    """Not the first page of a browser, which has no cookie yet for the token of the page's forms."""
    return (
        request.method in ("GET", "HEAD")
        and request.user.is_authenticated
        and settings.CSRF_COOKIE_NAME in request.COOKIES
        and not len(get_messages(request))
    )
