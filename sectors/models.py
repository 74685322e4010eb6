"""The framework: sectors, phases, systems, clusters, and the editions that set priorities and links.

Nothing here knows of a crisis. A published edition never changes; a crisis names the one it follows.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Priority(models.TextChoices):
    """How much a sector matters in a phase (IC/2012/7, annex legend)."""

    CRITICAL = "critical", _("Critical")
    IMPORTANT = "important", _("Important")
    RECOMMENDED = "recommended", _("Recommended")


class Provenance(models.TextChoices):
    """Whether a value is IOM's own word or was inferred from it."""

    OFFICIAL = "official", _("Official")
    OFFICIAL_TEXT = "official-text", _("Official text")
    DERIVED = "derived", _("Derived")


class Fact(models.TextChoices):
    """A fact of a crisis on which a priority can depend (IC/2012/7, annex, phase 2, and paragraph 6)."""

    CROSSES_BORDER = "crosses_border", _("People cross a border")
    FOREIGN_NATIONALS = "foreign_nationals", _("Foreign nationals are affected")


class Strength(models.TextChoices):
    MAIN = "main", _("Main link")
    SUPPORTING = "supporting", _("Supporting link")


class BySlug(models.Manager):
    def get_by_natural_key(self, slug):
        return self.get(slug=slug)


class FrameworkManager(BySlug):
    def current(self):
        """The framework in force with a published edition, the newest first. One query."""
        published = Edition.objects.filter(framework=models.OuterRef("pk"), published_at__isnull=False)
        return self.filter(models.Exists(published)).order_by("-in_force_from").first()


class Framework(models.Model):
    """A published operational framework, such as IOM's of 2012 (IC/2012/7)."""

    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    symbol = models.CharField(max_length=40)
    in_force_from = models.DateField()
    note = models.TextField(blank=True)

    objects = FrameworkManager()

    def __str__(self):
        return f"{self.title} ({self.symbol})"

    def natural_key(self):
        return (self.slug,)


class OfFramework(models.Manager):
    """Rows that a framework numbers: found by the framework's slug and their own."""

    def get_by_natural_key(self, framework, slug):
        return self.get(framework__slug=framework, slug=slug)


class Sector(models.Model):
    """A sector of assistance (IC/2012/7, paragraph 8)."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="sectors")
    number = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=8)
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=40)
    purpose = models.TextField()
    paragraph = models.CharField(max_length=200)

    objects = OfFramework()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "number"], name="sector_number_once_per_framework"),
            models.UniqueConstraint(fields=["framework", "slug"], name="sector_slug_once_per_framework"),
            models.UniqueConstraint(fields=["framework", "code"], name="sector_code_once_per_framework"),
        ]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (*self.framework.natural_key(), self.slug)

    natural_key.dependencies = ["sectors.framework"]


class Phase(models.Model):
    """A phase of a crisis: before, during, after (IC/2012/7, paragraph 7)."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="phases")
    number = models.PositiveSmallIntegerField()
    slug = models.SlugField()
    name = models.CharField(max_length=80)
    short_name = models.CharField(max_length=20)
    response = models.CharField(max_length=120)
    short_response = models.CharField(max_length=40)
    objective = models.TextField()
    paragraph = models.CharField(max_length=200)

    objects = OfFramework()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "number"], name="phase_number_once_per_framework"),
            models.UniqueConstraint(fields=["framework", "slug"], name="phase_slug_once_per_framework"),
        ]

    def __str__(self):
        return self.short_name

    def natural_key(self):
        return (*self.framework.natural_key(), self.slug)

    natural_key.dependencies = ["sectors.framework"]


class System(models.Model):
    """An external response system the framework complements (IC/2012/7, annex legend)."""

    number = models.PositiveSmallIntegerField(unique=True)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    label = models.CharField(max_length=40, help_text=_("As a column of the matrix names it."))
    short_name = models.CharField(max_length=20)
    lead = models.CharField(max_length=80, blank=True)
    description = models.TextField()
    conduct = models.TextField(help_text=_("How IOM's work relates to this system."))
    provenance = models.CharField(max_length=13, choices=Provenance.choices)
    paragraph = models.CharField(max_length=200)

    objects = BySlug()

    class Meta:
        ordering = ["number"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.slug,)


class Cluster(models.Model):
    """A humanitarian cluster, or one of the other clusters, sectors and groups (IC/2012/7, annex legend)."""

    class Kind(models.TextChoices):
        CLUSTER = "cluster", _("Cluster")
        GROUP = "group", _("Other cluster, sector or group")

    kind = models.CharField(max_length=7, choices=Kind.choices)
    number = models.PositiveSmallIntegerField()
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    label = models.CharField(max_length=40, help_text=_("As a column of the matrix names it."))
    short_name = models.CharField(max_length=20)
    code = models.CharField(_("OCHA code"), max_length=10, blank=True)
    hpc_id = models.PositiveIntegerField(null=True, blank=True)
    lead = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=200, blank=True)
    provenance = models.CharField(max_length=13, choices=Provenance.choices)
    paragraph = models.CharField(max_length=200)

    objects = BySlug()

    class Meta:
        ordering = ["kind", "number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="cluster_number_once_per_kind"),
        ]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.slug,)


class EditionManager(models.Manager):
    def get_by_natural_key(self, framework, number):
        return self.get(framework__slug=framework, number=number)

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
    """A published version of a framework's priorities, conditions, links and complementarities."""

    framework = models.ForeignKey(Framework, models.PROTECT, related_name="editions")
    number = models.PositiveSmallIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    note = models.TextField(blank=True)

    objects = EditionManager()

    class Meta:
        ordering = ["framework", "number"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "number"], name="edition_number_once_per_framework"),
        ]

    def __str__(self):
        return f"{self.framework.slug}, edition {self.number}"

    def natural_key(self):
        return (*self.framework.natural_key(), self.number)

    natural_key.dependencies = ["sectors.framework"]


class Statement(models.Model):
    """What an edition says, with its reason, its paragraph and whose word it is."""

    reason = models.TextField()
    paragraph = models.CharField(max_length=200)
    provenance = models.CharField(max_length=13, choices=Provenance.choices)

    class Meta:
        abstract = True


class SectorPriority(Statement):
    """The priority of a sector in a phase; where it depends on a fact, also the priority when that is false."""

    class Confidence(models.TextChoices):
        HIGH = "high", _("High")
        MEDIUM = "medium", _("Medium")
        LOW = "low", _("Low")

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

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="%(class)ss")
    sector = models.ForeignKey(Sector, models.PROTECT, related_name="%(class)ss")
    strength = models.CharField(max_length=10, choices=Strength.choices)

    class Meta:
        abstract = True


class SystemLink(Link):
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
