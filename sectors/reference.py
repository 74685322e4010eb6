"""An edition's whole content, read once per process: a published edition never changes."""

from dataclasses import dataclass
from functools import cache, cached_property

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from .models import (
    Cluster,
    ClusterLink,
    Complementarity,
    Edition,
    Phase,
    Provenance,
    Sector,
    SectorPriority,
    System,
    SystemLink,
)


@dataclass(frozen=True)
class Content:
    """What an edition says. Rows are in the framework's own order and carry their related rows."""

    edition: Edition
    sectors: tuple[Sector, ...]
    phases: tuple[Phase, ...]
    systems: tuple[System, ...]
    clusters: tuple[Cluster, ...]  # the clusters, then the other groups
    priorities: dict[tuple[int, int], SectorPriority]  # by (sector pk, phase pk)
    system_links: dict[int, tuple[SystemLink, ...]]  # by sector pk, main links first
    cluster_links: dict[int, tuple[ClusterLink, ...]]
    complementarities: tuple[Complementarity, ...]

    def sector(self, code):
        """The sector with this code, such as S03; None where the framework has none."""
        return next((sector for sector in self.sectors if sector.code == code), None)

    def phase(self, slug):
        """The phase with this slug; None where the framework has none."""
        return next((phase for phase in self.phases if phase.slug == slug), None)

    def clusters_of(self, kind):
        """The clusters, or the other groups."""
        return [row for row in self.clusters if row.kind == kind]

    def links_of(self, sector):
        """The sector's links to systems, then to clusters and groups; main ones first in each."""
        return (*self.system_links.get(sector.pk, ()), *self.cluster_links.get(sector.pk, ()))

    def row(self, sector):
        """The sector's priorities in the order of the phases."""
        return [self.priorities[sector.pk, phase.pk] for phase in self.phases]

    @cached_property
    def in_order(self):
        """The priorities by sector, then phase: the order of every plan."""
        keys = ((sector.pk, phase.pk) for sector in self.sectors for phase in self.phases)
        return [self.priorities[key] for key in keys if key in self.priorities]

    @cached_property
    def by_key(self):
        """The same as [((sector pk, phase pk), priority)]."""
        return [((row.sector_id, row.phase_id), row) for row in self.in_order]

    @cached_property
    def places(self):
        """The (sector, phase) of each place of a plan, in that order."""
        return [(row.sector, row.phase) for row in self.in_order]

    @cached_property
    def derived(self):
        """What follows from this content alone and is kept with it, since it never changes, by keys of those who work
        it out. Each is put here whole, and nobody changes what is here.
        """
        return {}

    @property
    def provenance_note(self):
        """Whose word these values are, in the language of the answer: goes with them wherever they go."""
        key = ("provenance note", get_language())
        if key not in self.derived:
            self.derived[key] = self._provenance_note()
        return self.derived[key]

    def _provenance_note(self):
        words = {"symbol": self.edition.framework.symbol, "edition": self.edition.number}
        if any(row.provenance == Provenance.DERIVED for row in self.priorities.values()):
            note = _(
                "Priorities and most links are derived from the text of %(symbol)s. "
                "IOM's own diagram values are not known to us. Edition %(edition)s."
            )
        else:
            note = _("Priorities are those of %(symbol)s. Edition %(edition)s.")
        if own := sum(row.provenance == Provenance.HEADQUARTERS for row in self.statements):
            return f"{note % words} {_own_words(own)}"
        return note % words

    @property
    def links(self):
        """Every link, by sector."""
        return [link for sector in self.sectors for link in self.links_of(sector)]

    @property
    def statements(self):
        """Everything the edition says: priorities, links, complementarities."""
        return [*self.priorities.values(), *self.links, *self.complementarities]


def _own_words(n):
    words = ngettext(
        "%(n)s statement is set by headquarters in place of them and says so.",
        "%(n)s statements are set by headquarters in place of them and say so.",
        n,
    )
    return words % {"n": n}


def _by_sector(links):
    grouped = {}
    for link in sorted(links, key=lambda link: link.strength):  # "main" sorts before "supporting"
        grouped.setdefault(link.sector_id, []).append(link)
    return {sector: tuple(rows) for sector, rows in grouped.items()}


def read(edition, like=None):
    """The content of an edition as it stands, with its framework, kept by nobody. Eight queries.

    Four where it is `like` the content of another edition of its framework: sectors and systems are the same.
    """
    return Content(
        edition=edition,
        sectors=like.sectors if like else tuple(edition.framework.sectors.all()),
        phases=like.phases if like else tuple(edition.framework.phases.all()),
        systems=like.systems if like else tuple(System.objects.all()),
        clusters=like.clusters if like else tuple(Cluster.objects.all()),
        priorities={(row.sector_id, row.phase_id): row for row in edition.priorities.select_related("sector", "phase")},
        system_links=_by_sector(edition.systemlinks.select_related("system", "sector")),
        cluster_links=_by_sector(edition.clusterlinks.select_related("cluster", "sector")),
        complementarities=tuple(
            edition.complementarities.select_related("from_sector", "from_phase", "to_sector", "to_phase")
        ),
    )


@cache
def content(edition_id):
    """The content of a published edition. Nine queries the first time in a process, none after.

    Raises Edition.DoesNotExist for an unknown or unpublished edition: a draft may still change, so it is not kept.
    """
    return read(Edition.objects.select_related("framework").get(pk=edition_id, published_at__isnull=False))


def of(edition):
    """The content of an edition, published or not, which comes with its framework. Five queries for a draft."""
    if not edition.is_draft:
        return content(edition.pk)
    newest = Edition.objects.published().filter(framework=edition.framework).values_list("pk", flat=True)[:1].get()
    return read(edition, like=content(newest))


def current():
    """The content of the newest published edition of the framework in force. One query in a warm process.

    Raises Edition.DoesNotExist where nothing has been seeded.
    """
    return content(Edition.objects.current().pk)


def in_use():
    """The content of the newest published edition of each framework, that in force first. One query in a warm process.

    Crises that were logged under an older framework follow it still. Raises Edition.DoesNotExist where nothing has been
    seeded.
    """
    newest = {}
    for pk, framework in Edition.objects.published().values_list("pk", "framework"):
        newest.setdefault(framework, pk)
    if not newest:
        raise Edition.DoesNotExist
    return [content(pk) for pk in newest.values()]
