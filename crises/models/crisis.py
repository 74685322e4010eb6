"""A crisis, who may see and change it, and the phases it has been in."""

import re
import unicodedata
from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from crises.dates import Precision, iso, spoken
from offices.models import Country, Office, Role
from sectors.models import Edition

from .reach import narrowed, within
from .review import Review, ReviewState, review_columns, reviewable, state_of
from .rows import held

GLIDE_HAZARDS = "CW|CE|DR|EQ|EP|EC|ET|FA|FR|FF|FL|HT|IN|LS|MS|OT|ST|SL|AV|SS|AC|TO|TC|TS|VW|VO|WV|WF"
GLIDE = re.compile(rf"({GLIDE_HAZARDS})-\d{{4}}-\d{{6}}-([A-Z]{{3}}|---)")


EDITORS, CLOSERS = (Role.FIELD, Role.LEAD), (Role.LEAD,)  # of the crises of their own offices
LAST_START = Coalesce("started_on", date.min)  # to sort by the start, the last one first and unknown ones last


def fold(text):
    """Text as the search compares it: no accents, no case, on every database alike."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()


class AffectedGroup(models.TextChoices):
    """Whom a crisis affects (IC/2012/7, paragraphs 2 (b) and 6). Refugees stay under UNHCR's mandate (10)."""

    INTERNALLY_DISPLACED = "internally_displaced", _("Internally displaced people")
    INTERNATIONAL_MIGRANTS = "international_migrants", _("International migrants, stranded or in transit")
    REFUGEES = "refugees", _("Refugees and asylum seekers")
    RETURNEES = "returnees", _("Returnees")
    LOCAL_COMMUNITIES = "local_communities", _("Local and host communities")


@narrowed
def readable_by(user, moment=None):
    """Which crises this person may read, as a condition on crises or on the rows of their history at a moment.

    Starts from none: each right adds to it. Staff: the crises of their offices and of those below, and those into which
    one of these was merged; field officers and leads also the open crises of their region that are shared with staff;
    HQ reviewers every crisis. Partners: crises shared with partners whose main country is in their agreement. Others:
    public crises, where the site publishes any.
    Nobody outside the organisation sees a crisis that had never been approved.
    """
    none, withdrawn = Q(pk__in=[]), Q(status__in=[Crisis.Status.WITHDRAWN, Crisis.Status.MERGED])
    approved = Q(Exists(Review.objects.by_then(moment).filter(crisis=OuterRef("id"), kind=Review.Kind.APPROVED)))
    if not user.is_authenticated:
        return Q(sharing=Crisis.Sharing.PUBLIC) & ~withdrawn & approved if settings.PUBLIC_CRISES else none
    if not user.is_active:
        return none
    if user.partner_id:
        agreed = Country.objects.filter(partners=user.partner_id) if user.agreed is None else user.agreed
        shared = [Crisis.Sharing.PARTNERS, Crisis.Sharing.PUBLIC]
        return Q(sharing__in=shared, main_country__in=agreed) & ~withdrawn & approved
    if user.is_known_as(Role.HQ):
        return ~none
    own = Office.objects.reached_by(user, Role.FIELD, Role.LEAD, Role.REGIONAL)
    return (
        Q(office__in=own)
        | Q(id__in=Crisis.objects.filter(merged_into__isnull=False, office__in=own).order_by().values("merged_into"))
        | Q(office__in=Office.objects.in_region_of(user), status=Crisis.Status.OPEN) & ~Q(sharing=Crisis.Sharing.OFFICE)
        | Q(Exists(user.memberships.filter(role=Role.HQ)))
    )


def newest_edition():
    """The key of the newest published edition of a crisis's framework, as a subquery of the crisis."""
    newest = Edition.objects.published().filter(framework=OuterRef("edition__framework")).order_by("-number")
    return Subquery(newest.values("pk")[:1])


class CrisisQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The crises this person may read."""
        return self.filter(readable_by(user))

    def seen_then(self, user, moment):
        """Of these, the crises that this person might have read at a past moment: what is shared later or passes to
        another office does not open its past."""
        rows = held(Crisis.history.filter(readable_by(user, moment)), moment)
        return self.filter(pk__in=rows.order_by().values("id"))

    def editable_by(self, user):
        """The crises whose facts, plan and figures this person may change: those of their own offices."""
        return self.filter(within(user), office__in=Office.objects.reached_by(user, *EDITORS))

    def closable_by(self, user):
        """The crises this person may close and reopen: an office lead's."""
        return self.filter(within(user), office__in=Office.objects.reached_by(user, *CLOSERS))

    def decidable_by(self, user):
        """The crises on which this person decides levels, waivers and sharing outside staff: HQ, every crisis."""
        if not user.is_active:
            return self.none()
        return self.filter(within(user), Exists(user.memberships.filter(role=Role.HQ)))

    def reviewable_by(self, user):
        """The crises this person may approve or send back."""
        return self.filter(reviewable(user))

    def authored_by(self, user, moment=None):
        """The crises of which this person changed, or sent to review, what has not been approved since; or had not been
        approved by a past moment.

        The rows of history that carry the content of their own revision are those that changed it.
        """
        steps = Review.objects.by_then(moment).filter(crisis=OuterRef("pk"))
        approvals = steps.filter(kind=Review.Kind.APPROVED).order_by("-revision")
        changes = Crisis.history.filter(id=OuterRef("pk"), history_user=user, content_revision=F("revision"))
        changes = changes.filter(history_date__lte=moment) if moment else changes
        return self.annotate(
            approved_content=Coalesce(Subquery(approvals.values("content_revision")[:1]), 0),
            approved_step=Coalesce(Subquery(approvals.values("revision")[:1]), 0),
        ).filter(
            Exists(changes.filter(revision__gt=OuterRef("approved_content")))
            | Exists(steps.filter(kind=Review.Kind.SENT, by=user, revision__gt=OuterRef("approved_step")))
        )

    def with_review(self):
        """Adds what `review` and `changed_since_approval` follow from (see review.review_columns). No further query."""
        return self.annotate(**review_columns())

    def with_rights(self, user):
        """Adds may_edit, may_close, may_decide and may_review for this person, and `authored`. No further query.

        What somebody authored since the last approval they may not approve.
        """
        signed_in = user.is_authenticated
        return self.annotate(
            **{
                right: Exists(allowed.filter(pk=OuterRef("pk")))
                for right, allowed in {
                    "may_edit": Crisis.objects.editable_by(user),
                    "may_close": Crisis.objects.closable_by(user),
                    "may_review": Crisis.objects.reviewable_by(user) if signed_in else Crisis.objects.none(),
                    "authored": Crisis.objects.authored_by(user) if signed_in else Crisis.objects.none(),
                    "may_decide": Crisis.objects.decidable_by(user) if signed_in else Crisis.objects.none(),
                }.items()
            }
        )

    def with_family(self, user):
        """Adds what this person may see of where a crisis belongs: `whole_seen`, whether they see the wider crisis
        it is part of, `parts_seen`, how many of its parts they see, and `merged_count`, how many crises were merged
        into it. No further query.
        """
        visible = Crisis.objects.visible_to(user).order_by()
        parts = visible.standing().filter(part_of=OuterRef("pk")).values("part_of")
        merged = Crisis.objects.filter(merged_into=OuterRef("pk")).order_by().values("merged_into")
        return self.annotate(
            merged_count=Coalesce(Subquery(merged.annotate(n=Count("pk")).values("n")), 0),
            whole_seen=Exists(visible.standing().filter(pk=OuterRef("part_of"))),
            parts_seen=Coalesce(Subquery(parts.annotate(n=Count("pk")).values("n")), 0),
        )

    def family_of(self, crises, at=None):
        """These crises and those merged into them, now or at a past moment: what is said of the one is read with the
        other. `crises` is a crisis, a queryset of crises, or an OuterRef to the number of one.
        """
        one = isinstance(crises, Crisis | OuterRef)
        these = getattr(crises, "pk", crises) if one else crises.order_by().values("pk")
        by = "" if one else "__in"
        if at is None:
            return self.filter(Q(**{f"pk{by}": these}) | Q(**{f"merged_into{by}": these}))
        undone = Q(merges__undone_at=None) | Q(merges__undone_at__gt=at)
        survivor = OuterRef(these) if isinstance(these, OuterRef) else these  # it is asked one query further in
        then = Crisis.objects.filter(undone, merges__at__lte=at, **{f"merges__survivor{by}": survivor})
        return self.filter(Q(**{f"pk{by}": these}) | Q(pk__in=then.order_by().values("pk")))

    def open(self):
        return self.filter(status=Crisis.Status.OPEN)

    def survivor_of(self, reference, user):
        """The reference of the crisis into which that one was merged, if this person may see it. One query."""
        found = self.visible_to(user).standing().filter(merged__reference=reference)
        return found.values_list("reference", flat=True).first()

    def standing(self):
        """Crises that are open or closed: neither merged into another nor withdrawn."""
        return self.filter(status__in=Crisis.STANDING)

    def matching(self, words):
        """Crises whose title, reference, GLIDE numbers, countries or cause hold every word, accents and case aside."""
        for word in fold(words).split():
            self = self.filter(search__contains=word)
        return self


class Crisis(models.Model):
    """A migration crisis as an office knows it (IC/2012/7, paragraph 3).

    Null always means "not known yet". `revision` is the number of the last change to anything of the crisis,
    `facts_revision` of the last change to its own facts, `content_revision` of the last change to what is reviewed.
    """

    class Onset(models.TextChoices):
        SUDDEN = "sudden", _("Suddenly")
        SLOW = "slow", _("Slowly")

    class Cause(models.TextChoices):
        CONFLICT = "conflict", _("Conflict or violence")
        NATURAL_HAZARD = "natural_hazard", _("Natural hazard")
        EPIDEMIC = "epidemic", _("Epidemic")
        ECONOMIC_OTHER = "economic_other", _("Economic or other human-made")
        SEVERAL = "several", _("Several causes")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        MERGED = "merged", _("Merged")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    STANDING = (Status.OPEN, Status.CLOSED)  # neither merged into another nor withdrawn

    class Sharing(models.TextChoices):
        OFFICE = "office", _("My office only")
        STAFF = "staff", _("IOM staff")
        PARTNERS = "partners", _("Partners")
        PUBLIC = "public", _("Public")

    reference = models.CharField(max_length=16, unique=True, editable=False)
    title = models.CharField(_("short name"), max_length=80)
    office = models.ForeignKey(Office, models.PROTECT, related_name="crises", verbose_name=_("office"))
    focal_point = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("focal point")
    )
    main_country = models.ForeignKey(
        Country, models.PROTECT, related_name="crises", verbose_name=_("country most affected")
    )
    other_countries = models.ManyToManyField(Country, related_name="+", blank=True, verbose_name=_("other countries"))
    part_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="parts", verbose_name=_("part of")
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", db_index=False, editable=False
    )
    places = models.TextField(_("places"), blank=True, validators=[MaxLengthValidator(200)])
    cause = models.CharField(_("main cause"), max_length=14, choices=Cause.choices)
    cause_detail = models.CharField(_("what happened"), max_length=120, blank=True)
    onset = models.CharField(_("onset"), max_length=6, choices=Onset.choices, blank=True)
    started_on = models.DateField(_("start"), null=True, blank=True)
    start_precision = models.CharField(max_length=5, choices=Precision.choices, blank=True)
    ended_on = models.DateField(_("end"), null=True, blank=True)
    end_precision = models.CharField(max_length=5, choices=Precision.choices, blank=True)
    crosses_border = models.BooleanField(_("people cross a border"), null=True, blank=True)
    foreign_nationals = models.BooleanField(_("foreign nationals are affected"), null=True, blank=True)
    state_request = models.BooleanField(_("the State has asked for support"), null=True, blank=True)
    groups = models.JSONField(_("who is affected"), default=list, blank=True)
    glide = models.CharField(
        _("GLIDE number"), max_length=200, blank=True, help_text=_("Several are parted by spaces.")
    )
    level_proposed = models.PositiveSmallIntegerField(_("proposed emergency level"), null=True, blank=True)
    summary = models.TextField(_("summary"), blank=True, validators=[MaxLengthValidator(1000)])
    exercise = models.BooleanField(_("exercise"), default=False)
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="crises")
    declined_edition = models.ForeignKey(  # the newest that the office has looked at and does not follow
        Edition, models.PROTECT, null=True, blank=True, related_name="+"
    )
    status = models.CharField(_("status"), max_length=9, choices=Status.choices, default=Status.OPEN)
    sharing = models.CharField(_("who can see this"), max_length=8, choices=Sharing.choices, default=Sharing.STAFF)
    logged_at = models.DateTimeField(editable=False)
    logged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    updated_at = models.DateTimeField(editable=False)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    revision = models.BigIntegerField(unique=True, editable=False)
    facts_revision = models.BigIntegerField(editable=False)
    content_revision = models.BigIntegerField(default=0, editable=False)
    last_update = models.DateTimeField(editable=False)  # by its office; what others decide about it is none
    noted_at = models.DateTimeField(null=True, editable=False)  # last told of in its history without a change
    search = models.TextField(editable=False, default="")
    # What the lists look for among many crises. It follows from reviews and decisions, and is written with them.
    kept_review = models.CharField(
        max_length=12, choices=ReviewState.choices, default=ReviewState.NOT_REVIEWED, editable=False
    )
    kept_level = models.CharField(max_length=8, blank=True, editable=False)

    objects = CrisisQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=["search", "noted_at", "kept_review", "kept_level"],
        m2m_fields=[other_countries],
        history_change_reason_field=models.JSONField(null=True),
    )

    class Meta:
        verbose_name_plural = _("crises")
        ordering = ["-revision"]
        indexes = [
            models.Index(fields=["main_country", "cause"], name="crises_alike"),
            models.Index(fields=["office", "-revision"], name="crises_of_an_office"),
            models.Index(fields=["main_country", "-revision"], name="crises_of_a_country"),
            models.Index(fields=["kept_review", "-revision"], name="crises_by_review"),
            models.Index(fields=["kept_level", "-revision"], name="crises_by_level"),
            models.Index(Lower("title"), F("revision").desc(), name="crises_by_title"),
            models.Index(fields=["started_on", "-revision"], name="crises_by_start"),
            models.Index(fields=["-logged_at"], name="crises_by_logging"),
            models.Index(LAST_START.desc(), F("revision").desc(), name="crises_by_last_start"),
            models.Index(fields=["-revision"], condition=Q(status="open"), name="open_crises"),
            models.Index(
                fields=["merged_into", "office"], condition=Q(merged_into__isnull=False), name="crises_merged"
            ),
            models.Index(fields=["glide"], condition=Q(glide__gt=""), name="crises_with_a_glide_number"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(started_on=None, start_precision="") | Q(started_on__isnull=False) & ~Q(start_precision=""),
                name="crisis_start_has_a_precision",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, end_precision="") | Q(ended_on__isnull=False) & ~Q(end_precision=""),
                name="crisis_end_has_a_precision",
            ),
            models.CheckConstraint(
                condition=Q(started_on=None) | Q(ended_on=None) | Q(ended_on__gte=models.F("started_on")),
                name="crisis_ends_after_it_starts",
                violation_error_message=_("The end date must be the start date or later."),
            ),
            models.CheckConstraint(
                condition=Q(level_proposed=None) | Q(level_proposed__range=(1, 3)),
                name="proposed_level_is_1_to_3",
                violation_error_message=_("The proposed level must be 1, 2 or 3."),
            ),
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False) | ~Q(status="merged") & Q(merged_into=None),
                name="merged_crisis_names_the_one_that_stands",
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=models.F("id")), name="crisis_is_not_merged_into_itself"
            ),
            models.CheckConstraint(
                condition=Q(part_of=None) | ~Q(part_of=models.F("id")),
                name="crisis_is_no_part_of_itself",
                violation_error_message=_("A crisis cannot be part of itself. Choose another."),
            ),
        ]

    def __str__(self):
        return self.title

    def clean(self):
        """One row's own rules. Raises ValidationError that names the field."""
        wrong = {}
        if unknown := [group for group in self.groups if group not in AffectedGroup.values]:
            wrong["groups"] = _("“%(group)s” is not one of the groups.") % {"group": unknown[0]}
        for number in self.glide.split():
            if not GLIDE.fullmatch(number):
                wrong["glide"] = _("GLIDE number must look like EQ-2015-000048-NPL.")
        if wrong:
            raise ValidationError(wrong)

    @property
    def started(self):
        """The start as a person writes it; empty when not known."""
        return spoken(self.started_on, self.start_precision)

    @property
    def started_iso(self):
        return iso(self.started_on, self.start_precision)

    @property
    def ended(self):
        return spoken(self.ended_on, self.end_precision)

    @property
    def ended_iso(self):
        return iso(self.ended_on, self.end_precision)

    @property
    def is_open(self):
        return self.status == self.Status.OPEN

    @property
    def review(self):
        """Where its review stands; of crises as of `with_review`."""
        return state_of(self.last_review, self.approved_revision, self.content_revision)

    @property
    def changed_since_approval(self):
        """Whether something that is reviewed has changed since the last approval, wherever the review stands now."""
        return self.approved_revision is not None and self.approved_revision != self.content_revision

    @property
    def review_label(self):
        return ReviewState(self.review).label

    @property
    def group_labels(self):
        return [AffectedGroup(group).label for group in self.groups]
