"""The changes of crises in the order in which they were committed, as one reader may see them: what a mirror follows.

Revisions are taken last in each transaction, from one locked row, so who has read everything up to a number has missed
nothing below it. A page is read up to the number of the last change there was when it was asked for. A crisis that
moves on meanwhile is left for the page on which its new number stands.

What a reader follows from is in the cursor: their rights, and the last change that the crises' history told of. Where
either is no longer so, as after a change of grants or of an agreement, or once an older copy of the database has been
restored, the mirror cannot be mended change by change, and `Restart` sends its owner back to the beginning.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from django.db.models import Exists, OuterRef, TextChoices
from django.utils.translation import gettext_lazy as _

from crises.models import Crisis, Gap
from crises.sight import followed, gone, in_sight

WRITTEN = re.compile(r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})\.(\d{4}-\d\d-\d\d)\.([0-9a-f]{16})\.([0-9a-f]{16})")
SHARINGS = list(Crisis.Sharing)


class Why(TextChoices):
    """Why a crisis went out of a reader's sight."""

    MERGED = "merged", _("It was merged into another crisis.")
    WITHDRAWN = "withdrawn", _("It was withdrawn.")
    UNSHARED = "unshared", _("It is shared with fewer readers than before.")
    OUT_OF_SCOPE = "out_of_scope", _("It passed to a country, an office or a status that the reader does not see.")


class Restart(Exception):
    """What was mirrored with this cursor cannot be followed any more: begin again with an empty store."""


@dataclass(frozen=True)
class Cursor:
    """Up to where a mirror has followed.

    `at` is the number up to which it has read, `began` the number there was when it began: it cannot hold what had left
    its sight by then. On `day` it last knew which waivers had lapsed, but for those that it is being told of: they are
    told up to the number `lapsed`.
    """

    at: int
    began: int
    lapsed: int
    day: date
    rights: str
    last: str

    @classmethod
    def read(cls, text):
        """The cursor that a text says. Raises ValueError where it says none."""
        plain = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
        if not (found := WRITTEN.fullmatch(plain)):
            raise ValueError
        *numbers, day, rights, last = found.groups()
        return cls(*map(int, numbers), date.fromisoformat(day), rights, last)

    def __str__(self):
        words = f"{self.at}.{self.began}.{self.lapsed}.{self.day}.{self.rights}.{self.last}"
        return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Page:
    """The crises that changed and those that went out of sight, each once; and up to where that is."""

    crises: list
    gone: list
    cursor: Cursor
    more: bool


@dataclass(frozen=True)
class Following:
    """A reader at a moment: from where they read on, and what there is. Make it before anything is read."""

    reader: object
    cursor: Cursor
    until: int
    today: date

    def version(self, *asked):
        """A mark of the next page, before it is read: of what it follows from, and how it was asked for."""
        return _digest(str(self.cursor), self.until, self.today, *asked)

    def page(self, size, listed):
        """The next page, of so many crises at most. `listed` makes of a queryset of crises what is shown of each."""
        shown = Crisis.objects.filter(in_sight(self.reader)).order_by("revision")
        cursor, told = self.cursor, []
        if cursor.day < self.today:
            again = shown.filter(self._lapsed(), revision__gt=cursor.lapsed, revision__lte=cursor.at)
            told = list(listed(again)[: size + 1])
            if len(told) > size:
                told = told[:size]
                return Page(told, [], replace(cursor, lapsed=told[-1].revision), more=True)
        room, until = size - len(told), self.until
        crises = list(listed(shown.filter(revision__gt=cursor.at, revision__lte=until))[: room + 1])
        left = list(gone(self.reader, after=max(cursor.at, cursor.began), until=until)[: room + 1])
        both = sorted([row.revision for row in crises + left])
        if more := len(both) > room:
            until = both[room - 1] if room else cursor.at
        crises, left = ([row for row in rows if row.revision <= until] for rows in (crises, left))
        after = replace(cursor, at=until, lapsed=0, day=self.today, last=_last(until))
        return Page(told + crises, left, after, more)

    def _lapsed(self):
        """Which crises have fewer waived gaps than on the day of the cursor: no change says so, the calendar does."""
        days = {"waived_until__gte": self.cursor.day, "waived_until__lt": self.today}
        return Exists(Gap.objects.open().filter(crisis=OuterRef("pk"), **days))


def follow(reader, cursor=None, now=None):
    """From where a reader follows the changes: from the beginning, or from a cursor.

    Raises Restart where what the cursor follows from is no longer so. Two queries.
    """
    until, rights = followed(reader)
    rights, today = _digest(rights.scope), (now or datetime.now(UTC)).date()
    if cursor is None:
        return Following(reader, Cursor(0, until, 0, today, rights, _last(0)), until, today)
    if cursor.at > until or cursor.began > until or cursor.rights != rights or cursor.last != _last(cursor.at):
        raise Restart
    return Following(reader, cursor, until, today)


def why(row):
    """Why a crisis went out of sight, from the row of history of crises.sight.gone."""
    if row.status in (Crisis.Status.MERGED, Crisis.Status.WITHDRAWN):
        return Why(row.status)
    narrower = SHARINGS.index(row.sharing) < SHARINGS.index(row.was_sharing)
    return Why.UNSHARED if narrower else Why.OUT_OF_SCOPE


def survivors(reader, rows):
    """The references of the crises into which those that left were merged, as far as the reader sees them: {pk: text}.

    One query, and none where nothing was merged.
    """
    into = {row.merged_into_id for row in rows} - {None}
    shown = Crisis.objects.filter(in_sight(reader), pk__in=into)
    return dict(shown.values_list("pk", "reference")) if into else {}


def _last(number):
    """A mark of the last change up to a number that the history of crises tells of. One query."""
    rows = Crisis.history.filter(revision__lte=number).order_by("-revision") if number else Crisis.history.none()
    return _digest(*(rows.values_list("revision", "history_date").first() or ()))


def _digest(*values):
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
