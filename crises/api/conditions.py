"""Answers that say which version they are, and changes that say which version they are of (RFC 9110, 13)."""

import hashlib
import re
import uuid
from datetime import UTC, datetime, time
from functools import wraps

from django.conf import settings
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_etags
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response

from crises import again

OURS = re.compile(r'(?:W/)?"([0-9]{1,18})(?:\.[0-9a-f]{1,64})?"')
QUOTED = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
VARY = ("Authorization", "Cookie")
NO_SUCH = -1  # the revision that an ETag not of ours names: none


class Refused(APIException):
    """A change that is understood and not made; `more` is what the problem says beside its words.

    `kind` names the problem where its status alone does not, and `wait` the seconds after which to try again.
    """

    def __init__(self, status, detail=None, *, kind=None, wait=None, **more):
        super().__init__(detail or "")
        self.status_code, self.kind, self.wait, self.more = status, kind, wait, more


class Again(Exception):
    """The answer is there already."""

    def __init__(self, kept):
        super().__init__()
        self.kept = kept


class Tagged:
    """Answers with an ETag, with 304 where the reader has this very answer already, and with the answer as it was where
    nothing has changed since that it follows from.

    The tag is made of the answer itself: ages of gaps, waivers and what a reader may see change without any revision.
    Where something can be changed, its revision stands in front, and If-Match compares that alone: "412.9f0c…".
    """

    revision = None
    keeps = True  # whether nothing but changes that have a number, rights and the clock make it another answer
    key = None

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        named = "view" in request.query_params  # what a saved view asks for changes without a number
        if self.keeps and not named and settings.ANSWERS_KEPT_SECONDS and request.method in ("GET", "HEAD"):
            self.key = again.key(request.user, request.build_absolute_uri())
            if kept := again.find(self.key):
                raise Again(kept)

    def handle_exception(self, exc):
        if isinstance(exc, Again):
            status, body, headers = exc.kept.sent(self.request.headers, *VARY)
            return HttpResponse(body, status=status, headers=headers)
        return super().handle_exception(exc)

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200 and isinstance(response, Response):
            response.add_post_render_callback(self._tag)
        return response

    def _tag(self, response):
        answer = tag(self.request, response, self.revision)
        if self.key:
            again.keep(self.key, response.content, response["ETag"], response["Content-Type"])
        return answer


def tag(request, response, revision=None):
    """Give an answer its ETag; None, or the 304 in its place."""
    digest = hashlib.sha256(response.content).hexdigest()[:32]
    made = f'"{digest}"' if revision is None else f'"{revision}.{digest}"'
    response["ETag"], response["Cache-Control"] = made, "private, no-cache"
    patch_vary_headers(response, VARY)
    seen = parse_etags(request.headers.get("If-None-Match", ""))
    if request.method not in ("GET", "HEAD") or not ({made, f"W/{made}", "*"} & set(seen)):
        return None
    unchanged = HttpResponseNotModified()
    for name in ("ETag", "Cache-Control", "Vary"):
        unchanged[name] = response[name]
    return unchanged


def tagged(view):
    """The same for a view of an app that stands below: tagged(SomeList.as_view())."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        if response.status_code == 200:
            response.add_post_render_callback(lambda rendered: tag(request, rendered))
        return response

    return answer


def retiring(view, *, announced, ends):
    """An address that is to end, said in every answer (RFC 9745, RFC 8594) and in the description of the API."""
    marked = type(view.cls.__name__, (view.cls,), {"__doc__": view.cls.__doc__, "__module__": view.cls.__module__})
    headers = {
        "Deprecation": f"@{_midnight(announced)}",
        "Sunset": http_date(_midnight(ends)),
        "Link": '</api/#versions>; rel="deprecation"',
    }

    @wraps(view)
    def answer(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        for name, value in headers.items():
            response[name] = value
        return response

    answer.cls = extend_schema(deprecated=True)(marked)
    return answer


def _midnight(day):
    return int(datetime.combine(day, time(), UTC).timestamp())


def revision_of(request):
    """The revision that If-Match names. Raises what answers 428 where there is none, and 400 for what is no ETag.

    A weak tag counts too: a server that compresses answers weakens their tags, and the revision in it stays true.
    """
    told = request.headers.get("If-Match", "").strip()
    if not told or told == "*":
        raise Refused(428)
    if ours := OURS.fullmatch(told):
        return int(ours[1])
    if QUOTED.fullmatch(told):
        return NO_SUCH
    raise ValidationError({"If-Match": [_("Send one ETag as it was received, in its quotation marks.")]})


def key_of(request):
    """The Idempotency-Key, if there is one. Raises ValidationError for what is no UUID."""
    told = request.headers.get("Idempotency-Key")
    try:
        return uuid.UUID(told) if told is not None else None
    except ValueError:
        raise ValidationError({"Idempotency-Key": [_("Must be a UUID, new for each change.")]}) from None
