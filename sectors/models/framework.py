"""The framework: its sectors and phases, and the systems and clusters outside IOM that it names."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Provenance(models.TextChoices):
    """Whose word a value is: IOM's own, one inferred from it, or headquarters' in place of either."""

    OFFICIAL = "official", _("Official")
    OFFICIAL_TEXT = "official-text", _("Official text")
    DERIVED = "derived", _("Derived")
    HEADQUARTERS = "headquarters", _("Set by headquarters")


class BySlug(models.Manager):
    def get_by_natural_key(self, slug):
        return self.get(slug=slug)


class FrameworkManager(BySlug):
    def current(self):
        """The framework in force with a published edition, the newest first. One query."""
        return self.filter(editions__published_at__isnull=False).order_by("-in_force_from").first()


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
