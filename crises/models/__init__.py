"""What offices record: tables, constraints and querysets."""

from .contacts import Contact
from .crisis import AffectedGroup, Crisis
from .figures import AgeBand, Figure, FigurePart
from .levels import LevelDefinition
from .merging import Merge, PossibleDuplicate
from .phases import PhasePeriod
from .plan import Gap, PlanCell, PlanPriority, Waiver
from .receipts import Counter, Draft, Receipt
from .requests import Assignment, UpdateRequest
from .review import Review, ReviewComment, ReviewState
from .saved import SavedView
from .standing import Standing
from .statements import Activity, LevelDecision, SourceKind

__all__ = [
    "Activity",
    "AffectedGroup",
    "AgeBand",
    "Assignment",
    "Contact",
    "Counter",
    "Crisis",
    "Draft",
    "Figure",
    "FigurePart",
    "Gap",
    "LevelDecision",
    "LevelDefinition",
    "Merge",
    "PhasePeriod",
    "PlanCell",
    "PlanPriority",
    "PossibleDuplicate",
    "Receipt",
    "Review",
    "ReviewComment",
    "ReviewState",
    "SavedView",
    "SourceKind",
    "Standing",
    "UpdateRequest",
    "Waiver",
]
