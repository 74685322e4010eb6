"""The filters that stand in addresses, the same for pages, files and the API."""

from .crises import BoardFilter, CrisisFilter, GapFilter, GridFilter
from .history import AuditFilter, HistoryFilter
from .rows import ActivityFilter, CellFilter, FigureFilter, LevelFilter, ReviewFilter

__all__ = [
    "ActivityFilter",
    "AuditFilter",
    "BoardFilter",
    "CellFilter",
    "CrisisFilter",
    "FigureFilter",
    "GapFilter",
    "GridFilter",
    "HistoryFilter",
    "LevelFilter",
    "ReviewFilter",
]
