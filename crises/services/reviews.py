"""Steps of a review: the office sends a crisis, somebody else approves it or sends it back with comments."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Crisis, Gap, Review, ReviewComment, ReviewState
from crises.models.review import state_of

from .amend import Stale, amend
from .facts import FACTS

COMMENTED = {*FACTS, "phases", "figures", "activities"}  # what a comment may be about, beside a cell and the whole


def send_to_review(*, crisis, by, note="", key=None, at=None):
    """Ask for the crisis to be approved: the office's step, once it has checked what it says.

    Raises ValidationError where it is in review already, or approved with nothing changed since.
    """
    return _step("sent", crisis=crisis, by=by, right="edit", note=note, key=key, at=at)


def approve(*, crisis, by, seen, note="", comments=(), key=None, at=None):
    """Approve what the person saw: `seen` is the content_revision of the crisis that they were shown.

    Raises Stale where the content has changed since, PermissionDenied for who sent it or changed it since the last
    approval, and ValidationError where there is nothing to approve.
    """
    step = {"crisis": crisis, "by": by, "seen": seen, "note": note, "comments": comments, "key": key, "at": at}
    return _step("approved", right="review", **step)


def send_back(*, crisis, by, seen, note="", comments=(), key=None, at=None):
    """Send a crisis back to its office with a note, comments, or both; `seen` as of approve.

    What changed meanwhile does not matter: the comments are about what was seen, and say so.
    Each comment is a dict of a `text` and what it is about: `sector` and `phase`, a `field`, or nothing.
    """
    if not (note or comments):
        raise ValidationError({"note": _("Say what the office is to change: in a note or in a comment.")})
    step = {"crisis": crisis, "by": by, "seen": seen, "note": note, "comments": comments, "key": key, "at": at}
    return _step("sent_back", right="review", **step)


def _step(kind, *, crisis, by, right, key, at, note, seen=None, comments=()):
    at = at or timezone.now()
    said = [[getattr(comment.get(name), "pk", comment.get(name)) for name in _ABOUT] for comment in comments]
    content = {"review": crisis.pk, "kind": kind, "note": note, "seen": seen, "comments": said}
    with amend(crisis, by=by, right=right, at=at, why=Gap.Why.CRISIS, key=key, content=content, closed_too=True) as (
        amendment,
        outcome,
    ):
        if amendment:
            now = amendment.crisis.content_revision
            _refuse_illegal(kind, amendment.crisis)
            if kind == Review.Kind.APPROVED:
                _refuse_author(amendment.crisis, by)
                if seen != now:
                    raise Stale(amendment.crisis)
            elif seen is not None and seen > now:
                raise ValidationError(_("The crisis has no such revision. Open its page again."))
            review = Review(
                crisis=amendment.crisis,
                kind=kind,
                content_revision=now if seen is None else seen,
                note=note,
                at=amendment.at,
                by=by,
                revision=0,
            )
            amendment.keep(review)
            amendment.crisis.kept_review = state_of(kind, review.content_revision, now)
            for comment in comments:
                if comment.get("field", "") not in {"", *COMMENTED}:
                    raise ValidationError(_("There is no “%(field)s” to comment on.") % comment)
                amendment.keep(ReviewComment(review=review, **comment))
            amendment.record(kind, why=note, comments=len(comments))
    return outcome


_ABOUT = ("sector", "phase", "field", "text")


def _refuse_illegal(kind, crisis):
    """Raise ValidationError for a step that cannot be taken from where the review stands."""
    if crisis.status not in (Crisis.Status.OPEN, Crisis.Status.CLOSED):
        raise ValidationError(_("Only an open or a closed crisis is reviewed."))
    state = Crisis.objects.with_review().get(pk=crisis.pk).review
    if state not in Review.MOVES[kind]:
        raise ValidationError(
            {
                ReviewState.NOT_REVIEWED: _("The office has not sent this crisis to review yet."),
                ReviewState.IN_REVIEW: _("This crisis is in review already."),
                ReviewState.APPROVED: _("This crisis is approved, and nothing has changed since."),
                ReviewState.SENT_BACK: _("This crisis was sent back. The office sends it to review again."),
            }[state]
        )


def _refuse_author(crisis, by):
    if Crisis.objects.authored_by(by).filter(pk=crisis.pk).exists():
        raise PermissionDenied(
            _(
                "You sent this crisis to review, or changed it since its last approval: somebody else approves it. "
                "The lead of its office, a regional officer above it or an HQ reviewer can."
            )
        )
