"""The filters that stand in addresses, the same for pages, files and the API."""

from .crises import BoardFilter, CrisisFilter, GapFilter, GridFilter
from .history import AuditFilter, HistoryFilter

__all__ = ["AuditFilter", "BoardFilter", "CrisisFilter", "GapFilter", "GridFilter", "HistoryFilter"]
