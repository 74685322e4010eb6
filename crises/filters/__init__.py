"""The filters that stand in addresses, the same for pages, files and the API."""

from .crises import CrisisFilter, GapFilter
from .history import AuditFilter, HistoryFilter

__all__ = ["AuditFilter", "CrisisFilter", "GapFilter", "HistoryFilter"]
