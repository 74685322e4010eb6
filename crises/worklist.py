"""What needs somebody: queues of work across crises, from a scoped queryset of crises. A queue's number is that of its
rows.

Most of it follows from the same rows as the dashboard (crises.dashboard), so that the two agree; where reviews stand,
and who looks after what, is read in one query over the open crises, and what may be duplicates in one of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from heapq import nsmallest
from typing import NamedTuple

from django.conf import settings
from django.db.models import Case, Exists, F, FilteredRelation, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crises.dashboard import board
from crises.duplicates import spoken_score
from crises.models import Assignment, Crisis, PossibleDuplicate, Review, ReviewState, Standing
from crises.models.review import review_columns, reviewable, state_of
from offices.models import User
from offices.prepared import Prepared

LAPSES_WITHIN = timedelta(days=7)
SLUGS = ("gaps", "waiting", "level", "changed", "waivers", "stale", "duplicates")


class Item(NamedTuple):
    """One row of a queue: which crisis, what of it, since when, and the page where it is dealt with.

    `key` names the row among all rows: the reference, and what else tells it apart.
    """

    key: str
    crisis: int
    reference: str
    title: str
    exercise: bool
    what: str
    since: datetime
    page: str
    args: tuple
    until: date | None = None
    sector: str = ""
    phase: str = ""
    other: str = ""
    read: Crisis | None = None  # the crisis itself, where it came with the row

    @property
    def head(self):
        """What the row is first of all: the sector of a gap, or the crisis."""
        return self.what if self.sector else self.title

    @property
    def below(self):
        return self.title if self.sector else self.what

    def days(self, at):
        """For how many days this has waited, or, of a waiver, for how many more it holds."""
        return (self.until - at.date()).days if self.until else max((at - self.since).days, 0)


@dataclass(frozen=True)
class Queue:
    """One kind of work: what it holds, in words, and its rows in order. `unanswered` says why it has none to tell."""

    slug: str
    title: str
    meaning: str
    since: str  # what the day of its rows is
    found: Sequence
    n: int
    item: Callable
    unanswered: str = ""

    def items(self, start=0, stop=None):
        """These rows of the queue."""
        return [self.item(one) for one in self.found[start:stop]]

    def __getitem__(self, stretch):
        return self.items(stretch.start, stretch.stop)


class OldestFirst(Sequence):
    """Gaps of a board in order, sorted as far as they are asked for: a page shows fifty of twelve thousand."""

    def __init__(self, gaps):
        self.gaps = gaps

    def __len__(self):
        return len(self.gaps)

    def __iter__(self):
        return iter(self[:])

    def __getitem__(self, stretch):
        stop = stretch.stop
        few = stop is not None and stop * 8 < len(self)
        return (nsmallest(stop, self.gaps) if few else sorted(self.gaps))[stretch]


class State(NamedTuple):
    """Where the review of an open crisis stands and since when, whether the reader may approve it, and who looks after
    it."""

    crisis: int
    mine: bool  # in review, and the reader's to approve
    assignee: int | None
    assigned_at: datetime | None
    since: datetime | None
    review: str


def states(user, as_of=None):
    """The State of each crisis that is open and in review, changed since its approval, or given to the reader, by
    primary key; of every crisis that was open at a past moment. It is for whoever asks to keep those of their crises.

    Of the past the roles are those of today: what somebody held then is not kept. One query, whose cost follows the
    open crises.
    """
    rows = _asked(user, *_reviewed_then(as_of), as_of) if as_of else REVIEWED.values(user.pk)
    return {row[0]: State(*row[:5], state_of(*row[5:]) if as_of else row[5]) for row in rows}


def _asked(user, found, in_review, said, as_of=None):
    """The columns of a State for each of the crises found, and those that its review follows from."""
    given = Assignment.objects.at(as_of).filter(crisis=OuterRef("pk"))
    authored = Crisis.objects.filter(pk=OuterRef("pk")).authored_by(user, as_of)
    may = Case(When(reviewable(user) & ~Q(Exists(authored)), then=Value(True)), default=Value(False))
    found = found.annotate(
        mine=Case(When(in_review, then=may), default=Value(False)),  # asked of those in review alone
        assignee=Subquery(given.values("assignee")[:1]),
        assigned_at=Subquery(given.values("assigned_at")[:1]),
    ).order_by()
    return found.values_list("pk", "mine", "assignee", "assigned_at", "reviewed_at", *said)


def _reviewed(user):
    """What `_asked` is asked of, when that is in review, and the columns that its review follows from; for now."""
    theirs = Assignment.objects.at().filter(assignee=user).values("crisis")
    told = Q(kept_review__in=[ReviewState.IN_REVIEW, ReviewState.CHANGED]) | Q(pk__in=theirs)
    found = Crisis.objects.open().filter(told).annotate(reviewed_at=review_columns()["reviewed_at"])
    return found, Q(kept_review=ReviewState.IN_REVIEW), ["kept_review"]


REVIEWED = Prepared(lambda user: _asked(User(pk=user), *_reviewed(User(pk=user))))


def _reviewed_then(moment):
    """The same for a past moment."""
    rows = Crisis.history.filter(id=OuterRef("pk"), history_date__lte=moment)
    content = Subquery(rows.order_by("-history_date", "-history_id").values("content_revision")[:1])
    found = Crisis.objects.filter(pk__in=Standing.objects.at(moment).order_by().values("crisis"))
    found = found.annotate(**review_columns(as_of=moment), said=content)
    return found, Q(last_review=Review.Kind.SENT), ["last_review", "approved_revision", "said"]


def pairs(crises):
    """The pairs that may be one and wait for HQ, of which one crisis at least is among these: the oldest first."""
    either = Exists(crises.order_by().filter(pk=OuterRef("crisis"))) | Exists(
        crises.order_by().filter(pk=OuterRef("other"))
    )
    return PossibleDuplicate.objects.undecided().filter(either).order_by("found_at", "pk")


def with_oversight(crises):
    """Adds the request that waits for an answer, as `update_request`, and who looks after the crisis, as `assignment`,
    each only where there is one. No query of its own."""
    unanswered = Q(requests__withdrawn_at=None, requests__after=F("last_update"))
    return crises.annotate(
        update_request=FilteredRelation("requests", condition=unanswered),
        assignment=FilteredRelation("assignments", condition=Q(assignments__ended_at=None)),
    ).select_related("update_request__asked_by", "assignment__assignee")


def oversight(pks):
    """Of these crises those whose office was asked or that somebody looks after: {pk: as of `with_oversight`}. One
    query."""
    either = Q(update_request__isnull=False) | Q(assignment__isnull=False)
    return {crisis.pk: crisis for crisis in with_oversight(Crisis.objects.filter(pk__in=pks)).filter(either).order_by()}


class Worklist:
    """The queues of one reader over these crises, now or as of a past moment. Two queries, one more for HQ."""

    def __init__(self, crises, user, at, *, phase="", as_of=None, decides=False):
        """`decides` says whether the reader decides on levels and duplicates, as HQ does."""
        self.crises, self.user, self.at, self.as_of, self.decides = crises, user, as_of or at, as_of, decides
        self.board = board(crises, at, phase=phase, as_of=as_of)
        self.rows = {row.pk: row for row in self.board.rows}

    @cached_property
    def states(self):
        found = states(self.user, self.as_of) if self.rows else {}
        return {pk: state for pk, state in found.items() if pk in self.rows}

    # What each queue holds, in order.

    @cached_property
    def late(self):
        """The gaps, not waived, that are open for longer than a critical sector may wait."""
        return OldestFirst(self.board.late)

    @cached_property
    def lapsing(self):
        """The waived gaps that count again within a week, the first to lapse first."""
        last = (self.at + LAPSES_WITHIN).date().isoformat()
        found = [gap for gap in self.board.waived if gap[3] <= last]
        return sorted(found, key=lambda gap: (gap[3], gap[1]))

    @cached_property
    def stale(self):
        """The crises without an update for longer than one may stay so."""
        return sorted(self.board.stale, key=lambda row: (row.last_update, row.pk))

    @cached_property
    def unassessed(self):
        """The crises without a level, or whose level was to be looked at again by a day that has passed."""
        today = self.at.date()
        found = [row for row in self.board.rows if not row.level or (row.review_on and row.review_on < today)]
        return sorted(found, key=lambda row: (self._level_since(row), row.pk))

    @cached_property
    def changed(self):
        """The crises whose content is not as it was approved, and that are not in review again."""
        found = [state for state in self.states.values() if state.review == ReviewState.CHANGED]
        return sorted(found, key=lambda state: (state.since, state.crisis))

    @cached_property
    def waiting(self):
        """What is in review and the reader's to approve, or is assigned to them and stands in another queue."""
        found = [state for state in self.states.values() if state.mine or self._given(state)]
        return sorted(found, key=lambda state: (self._waiting_since(state), state.crisis))

    def _given(self, state):
        return state.assignee == self.user.pk and state.crisis in self.open

    @cached_property
    def open(self):
        """What is open about each crisis: {pk: the names of its queues}, but for its review and duplicates."""
        found = {}
        for pks, name in (
            ([gap[1] for gap in self.board.late], _("critical gap")),
            ([row.pk for row in self.unassessed], _("level")),
            ([state.crisis for state in self.changed], _("changed since approval")),
            ([gap[1] for gap in self.lapsing], _("waiver lapses")),
            ([row.pk for row in self.stale], _("no update")),
        ):
            for pk in dict.fromkeys(pks):
                found.setdefault(pk, []).append(name)
        return found

    def _level_since(self, row):
        return datetime.combine(row.review_on, time(), UTC) if row.level else row.logged_at

    def _waiting_since(self, state):
        return state.since if state.mine else state.assigned_at

    # The rows as they are shown.

    def _item(self, row, what, since, page, *more, key="", **also):
        key = ".".join(filter(None, [row.reference, key]))
        return Item(
            key, row.pk, row.reference, row.title, row.exercise, what, since, page, (row.reference, *more), **also
        )

    def _gap(self, one):
        gap = self.board.missing(one)
        code, slug = gap.sector.code, gap.phase.slug
        what = f"{gap.sector.number} {gap.sector.short_name}, {gap.phase.short_name.lower()}"
        since = datetime.fromtimestamp(gap.opened_at, UTC)
        until = date.fromisoformat(gap.waived_until) if gap.waived else None
        place = {"key": f"{code}.{slug}", "until": until, "sector": code, "phase": slug}
        return self._item(gap.row, what, since, "cell", code, slug, **place)

    def _level(self, row):
        what = _("The review date of the level has passed") if row.level else _("Level not assessed")
        page = "crisis-level" if self.decides and not self.as_of else "crisis-levels"
        return self._item(row, what, self._level_since(row), page)

    def _changed(self, state):
        return self._item(self.rows[state.crisis], _("Changed since approval"), state.since, "crisis-review")

    def _stale(self, row):
        return self._item(row, _("No update"), row.last_update, "crisis")

    def _waiting(self, state):
        row, since = self.rows[state.crisis], self._waiting_since(state)
        if state.mine:
            return self._item(row, _("In review"), since, "crisis-review")
        return self._item(row, _("Assigned to you: %(what)s") % {"what": ", ".join(self.open[row.pk])}, since, "crisis")

    @staticmethod
    def _pair(pair):
        words = {"other": pair.other.title, "reference": pair.other.reference, "likely": spoken_score(pair.score)}
        what = _("May be %(other)s, %(reference)s: %(likely)s") % words
        one, other = pair.crisis, pair.other.reference
        args = (one.reference, other)
        row = (".".join(args), one.pk, one.reference, one.title, one.exercise)
        return Item(*row, what, pair.found_at, "duplicate", args, other=other, read=one)

    def queues(self):
        """Every queue of this reader, in the order of the page."""
        hours, days = settings.GAP_LATE_HOURS, settings.CRISIS_STALE_DAYS
        told = [
            self._queue(
                "gaps",
                _("Critical gap older than %(hours)s hours") % {"hours": hours},
                _("Critical sectors that are not active, and not waived, the oldest first."),
                _("Gap since"),
                self.late,
                self._gap,
            ),
            self._queue(
                "waiting",
                _("Waiting for me"),
                _(
                    "In review, and you may approve it: you neither sent it nor changed it since its last approval. "
                    "Or assigned to you, with something to do in another queue."
                ),
                _("Waiting since"),
                self.waiting,
                self._waiting,
            ),
            self._queue(
                "level",
                _("Level to decide"),
                _("No emergency level is in force, or the day to look at it again has passed."),
                _("Due since"),
                self.unassessed,
                self._level,
            ),
            self._queue(
                "changed",
                _("Changed since approval"),
                _("What was approved is no longer what the crisis says, and nobody has sent it to review again."),
                _("Approved"),
                self.changed,
                self._changed,
            ),
            self._queue(
                "waivers",
                ngettext("Waiver lapses within %(n)s day", "Waiver lapses within %(n)s days", LAPSES_WITHIN.days)
                % {"n": LAPSES_WITHIN.days},
                _("Gaps that count again after the last day of their waiver, the first to lapse first."),
                _("Gap since"),
                self.lapsing,
                self._gap,
            ),
            self._queue(
                "stale",
                ngettext("No update for %(n)s day", "No update for %(n)s days", days) % {"n": days},
                _("Nothing of the crisis has changed for so long, by anybody."),
                _("Last update"),
                self.stale,
                self._stale,
            ),
        ]
        return [*told, self._duplicates()] if self.decides else told

    def _queue(self, slug, title, meaning, since, found, item):
        return Queue(slug, title, meaning, since, found, len(found), item)

    def _duplicates(self):
        found, unanswered = [], ""
        if self.as_of:
            unanswered = _("Which pairs waited on a past day is not kept. Go back to now to see those that wait.")
        else:
            found = pairs(self.crises).select_related("crisis__main_country", "crisis__office", "other")
        return Queue(
            "duplicates",
            _("Possible duplicates"),
            _("Pairs that may be one crisis. Only HQ sees them."),
            _("Found"),
            found,
            0 if self.as_of else found.count(),
            self._pair,
            unanswered,
        )

    def queue(self, slug=""):
        """The one of these queues that `chosen` names."""
        return chosen(self.queues(), slug)


def chosen(queues, slug=""):
    """The queue of this name; without one the first that is not empty. None where there is none."""
    if slug:
        return next((queue for queue in queues if queue.slug == slug), None)
    return next((queue for queue in queues if queue.n), None)
