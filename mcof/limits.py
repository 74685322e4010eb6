"""How often one reader may ask the API: counted by the minute, for every process together, without the database."""

import hashlib
import ipaddress
import logging
from time import time
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import BaseThrottle

from mcof.counts import Cached, Files

PERIOD = 60  # seconds
# Caches whose counting several processes share and that lose no count; the others are for one process, or write the
# database with every request.
SHARED = {
    "django.core.cache.backends.redis.RedisCache",
    "django.core.cache.backends.memcached.PyMemcacheCache",
    "django.core.cache.backends.memcached.PyLibMCCache",
}


class Standing(NamedTuple):
    """Where a reader stands against a limit: its name, how many a minute, how many are left, seconds to the next."""

    name: str
    quota: int
    left: int
    reset: int
    over: bool

    @property
    def headers(self):
        """As in draft-ietf-httpapi-ratelimit-headers (from 07 on), then by the three names of its earlier versions,
        which most clients still read."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.quota};w={PERIOD}',
            "RateLimit": f'"{self.name}";r={self.left};t={self.reset}',
            "RateLimit-Limit": str(self.quota),
            "RateLimit-Remaining": str(self.left),
            "RateLimit-Reset": str(self.reset),
        }


def standing(name, quota, reader):
    """Count one request of a reader against a limit; None where there is none (0) or nothing can be counted."""
    if not quota:
        return None
    now = int(time())
    counts = _counts()
    try:
        used = counts.count(f"{name}-{reader}", now // PERIOD)
    except Exception:  # a cache or a disk that is away: the API without limits is better than no API
        logging.getLogger(__name__).exception("The requests of the API cannot be counted.")
        return None
    return Standing(name, quota, max(0, quota - used), PERIOD - now % PERIOD, used > quota)


def _counts():
    if settings.CACHES["default"]["BACKEND"] in SHARED:
        return Cached(cache, 2 * PERIOD)
    return Files(settings.API_LIMITS_DIR)


def _of_address(address):
    """A visitor, by a hash of the address; in IPv6 by the network that one household or office has."""
    try:
        if (known := ipaddress.ip_address(address)).version == 6:
            address = str(ipaddress.ip_network((known, 64), strict=False))
    except ValueError:  # a socket of this machine has none
        pass
    return f"address-{hashlib.sha256(str(address).encode()).hexdigest()[:32]}"


class Limit(BaseThrottle):
    """Each token by itself, a signed-in person as one, visitors by their address. Changes have a limit of their own."""

    def allow_request(self, request, view):
        reads = request.method in SAFE_METHODS
        if request.auth is not None:
            reader = f"token-{request.auth.pk}"
        elif request.user.is_authenticated:
            reader = f"user-{request.user.pk}"
        else:
            return self._count(request._request, *self.of_visitor(request))
        quota = settings.API_READS_PER_MINUTE if reads else settings.API_WRITES_PER_MINUTE
        return self._count(request._request, "reads" if reads else "writes", quota, reader)

    def of_visitor(self, request):
        """The limit of who says nothing of who they are, whatever they ask."""
        return "visitors", settings.API_VISITORS_PER_MINUTE, _of_address(self.get_ident(request))

    def _count(self, request, *limit):
        self.standing = request.standing = standing(*limit)
        return not (self.standing and self.standing.over)

    def wait(self):
        return self.standing.reset


class Limited:
    """Says in every answer of the API where its reader stands, and counts those that were refused before Limit was
    asked, by their address: wrong tokens and addresses that nothing is at."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not request.path.startswith("/api/v1/"):
            return response
        if not hasattr(request, "standing"):
            limit = Limit()
            if not limit._count(request, *limit.of_visitor(request)):
                from mcof.api import refusal  # which is made of views, and they of this module

                response = refusal(429, {"Retry-After": str(limit.wait())})
        if request.standing:
            for name, value in request.standing.headers.items():
                response[name] = value
        return response
