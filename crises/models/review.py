"""What reviewers say of a crisis: sent, approved or sent back, with comments. Rows are added and never changed."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from offices.models import Office, Role
from sectors.models import Phase, Sector

from .reach import narrowed


class ReviewState(models.TextChoices):
    """Where the review of a crisis stands. It follows from the reviews and the content (`state_of`)."""

    NOT_REVIEWED = "not_reviewed", _("Not reviewed")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    SENT_BACK = "sent_back", _("Sent back")
    CHANGED = "changed", _("Changed since approval")


@narrowed
def reviewable(user):
    """Which crises this person may approve or send back, as a condition on crises.

    Leads those of their office, regional officers those of the offices below them, HQ every one.
    """
    none = Q(pk__in=[])
    if not user.is_authenticated or not user.is_active:
        return none
    if user.is_known_as(Role.HQ):
        return ~none
    own = Office.objects.reached_by(user, Role.LEAD, Role.REGIONAL)
    return Q(office__in=own) | Q(Exists(user.memberships.filter(role=Role.HQ)))


class ReviewQuerySet(models.QuerySet):
    def by_then(self, moment=None):
        """The steps taken by a past moment, or all of them."""
        return self.filter(at__lte=moment) if moment else self


class Review(models.Model):
    """One step of a review. `content_revision` is the content of the crisis that it is about: what its author saw."""

    class Kind(models.TextChoices):
        SENT = "sent", _("Sent to review")
        APPROVED = "approved", _("Approved")
        SENT_BACK = "sent_back", _("Sent back")

    # From where each step may be taken.
    MOVES = {
        Kind.SENT: (ReviewState.NOT_REVIEWED, ReviewState.SENT_BACK, ReviewState.CHANGED),
        Kind.APPROVED: (ReviewState.IN_REVIEW, ReviewState.CHANGED),
        Kind.SENT_BACK: (ReviewState.IN_REVIEW, ReviewState.CHANGED),
    }

    crisis = models.ForeignKey("crises.Crisis", models.CASCADE, related_name="reviews")
    kind = models.CharField(_("step"), max_length=9, choices=Kind.choices)
    content_revision = models.BigIntegerField(editable=False)
    note = models.TextField(_("note"), blank=True, validators=[MaxLengthValidator(1000)])
    at = models.DateTimeField(editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    revision = models.BigIntegerField(editable=False)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-revision"]
        indexes = [models.Index(fields=["crisis", "-revision"], name="reviews_newest_first")]

    def __str__(self):
        return f"{self.crisis}: {self.get_kind_display()}"


class ReviewComment(models.Model):
    """What a reviewer says of one cell, of one fact or list (`field`), or, where it names neither, of the whole."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="comments")
    sector = models.ForeignKey(Sector, models.PROTECT, null=True, blank=True, related_name="+")
    phase = models.ForeignKey(Phase, models.PROTECT, null=True, blank=True, related_name="+")
    field = models.CharField(max_length=20, blank=True)
    text = models.TextField(_("comment"), validators=[MaxLengthValidator(500)])

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sector=None, phase=None) | Q(sector__isnull=False, phase__isnull=False, field=""),
                name="comment_is_about_a_cell_or_a_field_or_the_whole",
            ),
        ]

    def __str__(self):
        return self.text

    def clean(self):
        """One comment's own rule. Raises ValidationError."""
        if (self.sector_id is None) != (self.phase_id is None) or (self.sector_id and self.field):
            raise ValidationError(_("A comment is about a sector in a phase, about a fact, or about the whole."))


def state_of(last, approved_revision, content_revision):
    """Where a review stands: from the kind of its last step, what was last approved, and what stands now.

    A change ends an approval. It does not end a review that runs, nor answer what was sent back: the office sends
    the crisis again for that.
    """
    if last == Review.Kind.APPROVED:
        return ReviewState.APPROVED if approved_revision == content_revision else ReviewState.CHANGED
    return {Review.Kind.SENT: ReviewState.IN_REVIEW, Review.Kind.SENT_BACK: ReviewState.SENT_BACK}.get(
        last, ReviewState.NOT_REVIEWED
    )


def stands_at(state, moment=None):
    """The same as a condition on crises, or on their rows of history at a past moment: those whose review stands so."""
    steps = Review.objects.by_then(moment).filter(crisis=OuterRef("id"))
    if state == ReviewState.NOT_REVIEWED:
        return ~Exists(steps)
    newer = Review.objects.by_then(moment).filter(crisis=OuterRef("crisis"), revision__gt=OuterRef("revision"))
    last = steps.filter(~Exists(newer))
    if state == ReviewState.APPROVED:
        return Exists(last.filter(kind=Review.Kind.APPROVED, content_revision=OuterRef("content_revision")))
    if state == ReviewState.CHANGED:
        return Exists(last.filter(~Q(content_revision=OuterRef("content_revision")), kind=Review.Kind.APPROVED))
    kind = {ReviewState.IN_REVIEW: Review.Kind.SENT, ReviewState.SENT_BACK: Review.Kind.SENT_BACK}[state]
    return Exists(last.filter(kind=kind))


def review_columns(crisis="pk", as_of=None):
    """What the state of a review follows from, as columns of a query of crises; `crisis` is the crisis's own key.

    With a past moment only the steps taken by then count.
    """
    steps = Review.objects.filter(crisis=OuterRef(crisis), **({"at__lte": as_of} if as_of else {})).order_by(
        "-revision"
    )
    approvals = steps.filter(kind=Review.Kind.APPROVED)
    return {
        "last_review": Subquery(steps.values("kind")[:1]),
        "reviewed_at": Subquery(steps.values("at")[:1]),
        "approved_revision": Subquery(approvals.values("content_revision")[:1]),
        "approved_at": Subquery(approvals.values("at")[:1]),
    }
