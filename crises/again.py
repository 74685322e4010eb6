"""Answers given again as they were, as long as nothing has changed that their reader may see."""

import gzip
from hashlib import sha256
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.utils.http import parse_etags
from django.utils.timezone import now

from crises.sight import followed


class Kept(NamedTuple):
    """A body as it is kept, compressed, with its ETag in quotation marks."""

    packed: bytes
    etag: str
    content_type: str

    def sent(self, headers, *vary):
        """(status, body, headers) of the answer to a request with these headers: in a few bytes where its reader has
        the body already. `vary` names the headers, beside that for the compression, on which the body depends.
        """
        own = {"ETag": self.etag, "Cache-Control": "private, no-cache", "Vary": ", ".join([*vary, "Accept-Encoding"])}
        weak = f"W/{self.etag}"  # as that of any answer that is compressed
        if {self.etag, weak, "*"} & set(parse_etags(headers.get("If-None-Match", ""))):
            return 304, b"", own
        own["Content-Type"] = self.content_type
        if "gzip" in headers.get("Accept-Encoding", ""):
            return 200, self.packed, own | {"ETag": weak, "Content-Encoding": "gzip"}
        return 200, gzip.decompress(self.packed), own


def key(reader, *asked):
    """What an answer follows from, as a key: the last change, the reader and their rights, the day, and what was asked.

    One query, after which the reader's grants are known.
    """
    number, rights = followed(reader)
    return "again:" + sha256(repr([reader.pk, number, rights, f"{now():%Y-%m-%d}", *asked]).encode()).hexdigest()


def find(key):
    return cache.get(key)


def keep(key, body, etag, content_type):
    """Keep a body for ANSWERS_KEPT_SECONDS, in the memory of one process. That bounds what follows from the clock, and
    the names that the administration may change.
    """
    kept = Kept(gzip.compress(body, 6, mtime=0), etag, content_type)
    cache.set(key, kept, settings.ANSWERS_KEPT_SECONDS)
    return kept
