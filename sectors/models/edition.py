"""The editions of a framework: what each says of priorities, conditions, links and how sectors help one another."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .framework import Cluster, Framework, Phase, Provenance, Sector, System


class Priority(models.TextChoices):
    """How much a sector matters in a phase (IC/2012/7, annex legend)."""

    CRITICAL = "critical", _("Critical")
    IMPORTANT = "important", _("Important")
    RECOMMENDED = "recommended", _("Recommended")


class Fact(models.TextChoices):
    """A fact of a crisis on which a priority can depend (IC/2012/7, annex, phase 2, and paragraph 6)."""

    CROSSES_BORDER = "crosses_border", _("People cross a border")
    FOREIGN_NATIONALS = "foreign_nationals", _("Foreign nationals are affected")


class Strength(models.TextChoices):
    MAIN = "main", _("Main link")
    SUPPORTING = "supporting", _("Supporting link")


class EditionManager(models.Manager):
    def get_by_natural_key(self, framework, number):
        return self.get(framework__slug=framework, number=number)

    def drafts(self):
        """Editions that headquarters is still writing, at most one a framework."""
        return self.filter(published_at=None).select_related("framework")

    def published(self):
        """Editions that crises may follow, the newest first, with their framework."""
        return (
            self.filter(published_at__isnull=False)
            .select_related("framework")
            .order_by("-framework__in_force_from", "-number")
        )

    def current(self):
        """The newest published edition of the framework in force, which a new crisis follows.

        Raises Edition.DoesNotExist where nothing has been seeded. One query.
        """
        return self.published()[:1].get()


class Edition(models.Model):
    """A version of a framework's priorities, conditions, links and complementarities.

    Without a moment of publication it is a draft, which only headquarters sees and changes; published, it never changes
    again. `revision` counts the changes of the draft, and each statement keeps the number of its own last one.
    """

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    note = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0, editable=False)

    objects = EditionManager()

    class Meta:
        ordering = ["framework", "number"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "number"], name="edition_number_once_per_framework"),
            models.UniqueConstraint(
                fields=["framework"], condition=models.Q(published_at=None), name="edition_drafted_once_per_framework"
            ),
        ]

    def __str__(self):
        return f"{self.framework.slug}, edition {self.number}"

    def natural_key(self):
        return (*self.framework.natural_key(), self.number)

    natural_key.dependencies = ["sectors.framework"]

    @property
    def is_draft(self):
        return self.published_at is None


class EditionChange(models.Model):
    """What was done to a draft, when and by whom: added to, never changed. It outlives a draft that is discarded."""

    class Event(models.TextChoices):
        MADE = "made", _("Draft made")
        PRIORITY = "priority", _("Priority changed")
        LINK = "link", _("Link changed")
        TIE = "tie", _("Complementarity changed")
        NOTE = "note", _("Note changed")
        DISCARDED = "discarded", _("Draft discarded")
        PUBLISHED = "published", _("Published")

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="+")
    edition = models.ForeignKey(Edition, models.SET_NULL, null=True, related_name="changes")
    number = models.PositiveSmallIntegerField(help_text=_("Of the edition."))
    revision = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    event = models.CharField(max_length=9, choices=Event.choices)
    about = models.JSONField(default=list, blank=True)  # slugs and codes of what was changed
    before = models.JSONField(null=True, blank=True)  # its values; null where there was none
    after = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.framework.slug}, edition {self.number}: {self.get_event_display()}"


class Statement(models.Model):
    """What an edition says, with its reason, its paragraph and whose word it is.

    `SAYS` are the fields it consists of beside those, `ABOUT` those that name what it is about. The database itself
    keeps what a published edition says as it is (sectors.guard).
    """

    SAYS, ABOUT = (), ()

    reason = models.TextField()
    paragraph = models.CharField(max_length=200)
    provenance = models.CharField(max_length=13, choices=Provenance.choices)
    revision = models.PositiveIntegerField(default=0, editable=False)  # of its edition, when it was last changed

    class Meta:
        abstract = True

    @property
    def says(self):
        """What it says, as plain values by name."""
        return {name: getattr(self, name) for name in (*self.SAYS, "reason", "paragraph")}


class SectorPriority(Statement):
    """The priority of a sector in a phase; where it depends on a fact, also the priority when that is false."""

    class Confidence(models.TextChoices):
        HIGH = "high", _("High")
        MEDIUM = "medium", _("Medium")
        LOW = "low", _("Low")

    SAYS = ("priority", "condition", "otherwise", "confidence")
    ABOUT = ("sector", "phase")

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="priorities")
    sector = models.ForeignKey(Sector, models.PROTECT, related_name="priorities")
    phase = models.ForeignKey(Phase, models.PROTECT, related_name="priorities")
    priority = models.CharField(max_length=11, choices=Priority.choices)
    condition = models.CharField(max_length=20, choices=Fact.choices, blank=True)
    otherwise = models.CharField(max_length=11, choices=Priority.choices, blank=True)
    confidence = models.CharField(max_length=6, choices=Confidence.choices)

    class Meta:
        ordering = ["sector__number", "phase__number"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "sector", "phase"], name="priority_once_per_cell_of_an_edition"),
            models.CheckConstraint(
                condition=models.Q(condition="", otherwise="") | ~models.Q(condition="") & ~models.Q(otherwise=""),
                name="priority_with_a_condition_says_what_holds_otherwise",
            ),
        ]

    def __str__(self):
        return f"{self.sector} {self.phase}: {self.priority}"

    def clean(self):
        """A condition and what holds without it come together, and differ. Raises ValidationError."""
        if self.condition and not self.otherwise:
            raise ValidationError({"otherwise": _("Select the priority where the fact is false.")})
        if self.otherwise and not self.condition:
            raise ValidationError({"condition": _("Select the fact on which the priority depends, or no other one.")})
        if self.condition and self.otherwise == self.priority:
            raise ValidationError({"otherwise": _("With and without the fact it is the same. Select no fact.")})

    @property
    def condition_sentence(self):
        """The fact the priority depends on and what holds without it; empty where it depends on nothing."""
        if not self.condition:
            return ""
        return gettext("Depends on the crisis. %(fact)s: %(priority)s. If not: %(otherwise)s.") % {
            "fact": self.get_condition_display(),
            "priority": self.get_priority_display().lower(),
            "otherwise": self.get_otherwise_display().lower(),
        }


class Link(Statement):
    """A link of a sector to a system or cluster outside IOM (IC/2012/7, paragraph 12)."""

    SAYS = ("strength",)

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="%(class)ss")
    sector = models.ForeignKey(Sector, models.PROTECT, related_name="%(class)ss")
    strength = models.CharField(max_length=10, choices=Strength.choices)

    class Meta:
        abstract = True


class SystemLink(Link):
    ABOUT = ("sector", "system")

    system = models.ForeignKey(System, models.PROTECT, related_name="links")

    class Meta:
        ordering = ["sector__number", "system__number"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "sector", "system"], name="system_linked_once_per_sector_of_an_edition"
            ),
        ]

    def __str__(self):
        return f"{self.sector}: {self.system}"

    @property
    def target(self):
        return self.system


class ClusterLink(Link):
    ABOUT = ("sector", "cluster")

    cluster = models.ForeignKey(Cluster, models.PROTECT, related_name="links")

    class Meta:
        ordering = ["sector__number", "cluster__kind", "cluster__number"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "sector", "cluster"], name="cluster_linked_once_per_sector_of_an_edition"
            ),
        ]

    def __str__(self):
        return f"{self.sector}: {self.cluster}"

    @property
    def target(self):
        return self.cluster


class Complementarity(Statement):
    """How a sector in a phase helps another in the same or a later phase (IC/2012/7, paragraph 12 (a))."""

    class How(models.TextChoices):
        REINFORCES = "reinforces", _("reinforces")
        SUPPORTS = "supports", _("supports")
        ENABLES = "enables", _("enables")
        REFERS_TO = "refers_to", _("refers people to")
        JOINTLY_KEY = "jointly_key", _("is key together with")

    SAYS = ("how", "symmetric")
    ABOUT = ("from_sector", "from_phase", "to_sector", "to_phase")

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="complementarities")
    from_sector = models.ForeignKey(Sector, models.PROTECT, related_name="helps")
    from_phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    to_sector = models.ForeignKey(Sector, models.PROTECT, related_name="helped_by")
    to_phase = models.ForeignKey(Phase, models.PROTECT, related_name="+")
    how = models.CharField(max_length=11, choices=How.choices)
    symmetric = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = _("complementarities")
        ordering = ["from_phase__number", "from_sector__number", "to_sector__number"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "from_sector", "from_phase", "to_sector", "to_phase"],
                name="complementarity_once_per_pair_of_cells_of_an_edition",
            ),
        ]

    def __str__(self):
        return f"{self.from_sector} {self.how} {self.to_sector}"

    def clean(self):
        """A cell helps another one, in the same phase or a later one. Raises ValidationError."""
        if (self.from_sector, self.from_phase) == (self.to_sector, self.to_phase):
            raise ValidationError({"to_sector": _("Select another sector or phase: none helps itself.")})
        if self.to_phase.number < self.from_phase.number:
            raise ValidationError({"to_phase": _("Select the same phase or a later one.")})
