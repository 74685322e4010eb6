"""The framework: sectors, phases, systems, clusters, and the editions that set priorities and links.

Nothing here knows of a crisis. A published edition never changes; a crisis names the one it follows.
"""

from .edition import (
    ClusterLink,
    Complementarity,
    Edition,
    EditionChange,
    Fact,
    Priority,
    SectorPriority,
    Statement,
    Strength,
    SystemLink,
)
from .framework import Cluster, Framework, Phase, Provenance, Sector, System

__all__ = [
    "Cluster",
    "ClusterLink",
    "Complementarity",
    "Edition",
    "EditionChange",
    "Fact",
    "Framework",
    "Phase",
    "Priority",
    "Provenance",
    "Sector",
    "SectorPriority",
    "Statement",
    "Strength",
    "System",
    "SystemLink",
]
