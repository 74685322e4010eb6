"""What the framework says of one sector, system or cluster: the part of their pages that no crisis changes.

Each answers None where the edition in force has no such thing, and costs one query in a warm process.
"""

from collections import Counter
from typing import NamedTuple

from sectors import reference
from sectors.models import Cluster, Complementarity, Phase, Sector, Strength


def of_sector(slug):
    """A sector: its priorities with their reasons, its links, main ones first, and the sectors it works with.

    One that the framework in force does not know may be of an older one, which crises follow still.
    """
    found = ((content, row) for content in reference.in_use() for row in content.sectors if row.slug == slug)
    content, sector = next(found, (None, None))
    return sector and {
        "content": content,
        "sector": sector,
        "priorities": content.row(sector),
        "system_links": content.system_links.get(sector.pk, ()),
        "cluster_links": content.cluster_links.get(sector.pk, ()),
        "works_with": _works_with(content, sector),
    }


class Tie(NamedTuple):
    """A complementarity seen from one of its two sectors."""

    phase: Phase
    other: Sector
    other_phase: Phase
    helps: bool  # this sector helps the other; else the other helps it
    row: Complementarity


def _works_with(content, sector):
    ties = []
    for row in content.complementarities:
        if row.from_sector == sector:
            ties.append(Tie(row.from_phase, row.to_sector, row.to_phase, True, row))
        elif row.to_sector == sector:
            ties.append(Tie(row.to_phase, row.from_sector, row.from_phase, row.symmetric, row))
    return sorted(ties, key=lambda tie: (tie.phase.number, not tie.helps, tie.other.number))


def of_system(slug):
    """A system and its links to sectors, main ones first."""
    content = reference.current()
    system = next((row for row in content.systems if row.slug == slug), None)
    links = (link for rows in content.system_links.values() for link in rows if link.system == system)
    return system and {"content": content, "system": system, "links": _main_first(links)}


def of_cluster(slug):
    """A cluster or other group and its links to sectors, main ones first."""
    content = reference.current()
    cluster = next((row for row in content.clusters if row.slug == slug), None)
    links = (link for rows in content.cluster_links.values() for link in rows if link.cluster == cluster)
    return cluster and {"content": content, "cluster": cluster, "links": _main_first(links)}


def systems_and_clusters():
    """Every system, cluster and other group, each with how many sectors are linked to it, main and supporting."""
    content = reference.current()
    systems = Counter((link.system_id, link.strength) for rows in content.system_links.values() for link in rows)
    clusters = Counter((link.cluster_id, link.strength) for rows in content.cluster_links.values() for link in rows)
    return {
        "content": content,
        "systems": _counted(content.systems, systems),
        "clusters": _counted(content.clusters_of(Cluster.Kind.CLUSTER), clusters),
        "groups": _counted(content.clusters_of(Cluster.Kind.GROUP), clusters),
    }


def _counted(rows, links):
    return [(row, links[row.pk, Strength.MAIN], links[row.pk, Strength.SUPPORTING]) for row in rows]


def _main_first(links):
    return sorted(links, key=lambda link: (link.strength != Strength.MAIN, link.sector.number))
