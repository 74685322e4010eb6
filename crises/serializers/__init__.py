"""The shape of crises, plans and gaps in the API.

Codes, never row numbers; null for what is not known; dates no more exact than they are known. Readers outside the
organisation see no names of its people, and a count of people under SMALL only as being under it.
"""

from .crises import CrisisRowSerializer, CrisisSerializer
from .plans import (
    AdviceSerializer,
    PlanSerializer,
    SheetSerializer,
)

__all__ = [
    "AdviceSerializer",
    "CrisisRowSerializer",
    "CrisisSerializer",
    "PlanSerializer",
    "SheetSerializer",
]
