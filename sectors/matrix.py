"""The matrix as the page, the CSV and the JSON show it: the rows, phases and links that a filter leaves."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext as _

from sectors.models import Cluster, ClusterLink, Phase, Priority, Sector, SectorPriority, System, SystemLink
from sectors.reference import Content


class Group(NamedTuple):
    """Columns of the same kind: systems, clusters, or other groups."""

    kind: str
    title: str
    columns: list[System | Cluster]


@dataclass(frozen=True)
class Row:
    """A sector with its priority in each phase shown and, group by group, its link to each column or None."""

    sector: Sector
    priorities: list[SectorPriority]
    links: list[list[SystemLink | ClusterLink | None]]

    def has(self, priority):
        return any(cell.priority == priority for cell in self.priorities)

    def is_linked_to(self, column):
        return any(link and link.target == column for group in self.links for link in group)


class Matrix:
    """An edition's matrix, narrowed to what was asked for.

    A phase leaves its own column alone, and with a priority it leaves the sectors that have it in that phase; a
    priority alone, the sectors that have it in any phase; a system or a cluster, the sectors linked to it. The
    priority of a cell that depends on the crisis is the one the edition states.
    """

    HEADER = (
        *("sector_code", "sector", "phase", "priority", "condition", "otherwise"),
        *("reason", "paragraph", "provenance", "confidence", "systems", "clusters", "groups", "note"),
    )

    def __init__(self, content: Content, *, phase="", priority="", system="", cluster=""):
        self.content = content
        self.phases = [row for row in content.phases if phase in ("", row.slug)]
        self.groups = [
            Group("systems", _("Systems"), list(content.systems)),
            Group("clusters", _("Clusters"), content.clusters_of(Cluster.Kind.CLUSTER)),
            Group("groups", _("Other clusters, sectors, groups"), content.clusters_of(Cluster.Kind.GROUP)),
        ]
        wanted = [row for row in content.systems if row.slug == system]
        wanted += [row for row in content.clusters if row.slug == cluster]
        self.rows = [
            row
            for row in map(self._row, content.sectors)
            if (not priority or row.has(priority)) and all(map(row.is_linked_to, wanted))
        ]

    def _row(self, sector):
        links = {link.target: link for link in self.content.links_of(sector)}
        return Row(
            sector,
            [self.content.priorities[sector.pk, phase.pk] for phase in self.phases],
            [[links.get(column) for column in group.columns] for group in self.groups],
        )

    @property
    def phase_counts(self) -> list[tuple[Phase, list[tuple[Priority, int]]]]:
        """Each phase with how many of the sectors shown have each priority in it, the highest first."""
        counts = [Counter(row.priorities[n].priority for row in self.rows) for n, _phase in enumerate(self.phases)]
        return [
            (phase, [(priority, count[priority]) for priority in Priority if count[priority]])
            for phase, count in zip(self.phases, counts, strict=True)
        ]

    @property
    def link_columns(self):
        return sum(len(group.columns) for group in self.groups)

    @property
    def width(self):
        """How many columns the table has."""
        return 1 + len(self.phases) + self.link_columns

    @property
    def link_counts(self):
        """How many of the sectors shown are linked to each column, group by group."""
        return [
            [sum(link is not None for link in column) for column in zip(*group, strict=True)]
            for group in zip(*(row.links for row in self.rows), strict=True)
        ]

    def lines(self):
        """The rows of the CSV: one for each sector and phase shown, each saying whose word it is."""
        for row in self.rows:
            links = [
                "; ".join(f"{link.target.slug} ({link.strength})" for link in group if link) for group in row.links
            ]
            for cell in row.priorities:
                yield [
                    row.sector.code,
                    row.sector.name,
                    cell.phase.slug,
                    cell.priority,
                    cell.condition,
                    cell.otherwise,
                    cell.reason,
                    cell.paragraph,
                    cell.provenance,
                    cell.confidence,
                    *links,
                    self.content.provenance_note,
                ]

    def document(self):
        """The JSON: codes of the framework, its statements in full, and whose word they are."""
        edition = self.content.edition
        return {
            "framework": edition.framework.slug,
            "symbol": edition.framework.symbol,
            "edition": edition.number,
            "published_at": edition.published_at,
            "provenance_note": self.content.provenance_note,
            "shown": len(self.rows),
            "total": len(self.content.sectors),
            "sectors": [
                {
                    "code": row.sector.code,
                    "number": row.sector.number,
                    "name": row.sector.name,
                    "priorities": [
                        {
                            "phase": cell.phase.slug,
                            "priority": cell.priority,
                            "condition": cell.condition or None,
                            "otherwise": cell.otherwise or None,
                            **_statement(cell),
                            "confidence": cell.confidence,
                        }
                        for cell in row.priorities
                    ],
                    **{
                        kind: [
                            {"slug": link.target.slug, "strength": link.strength, **_statement(link)}
                            for link in group
                            if link
                        ]
                        for (kind, _title, _columns), group in zip(self.groups, row.links, strict=True)
                    },
                }
                for row in self.rows
            ],
        }


def _statement(row):
    return {"reason": row.reason, "paragraph": row.paragraph, "provenance": row.provenance}
