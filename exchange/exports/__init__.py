"""Whole tables as files for other systems: crises, the cells of their plans, open gaps, figures.

A table is one statement of SQL, the same for CSV, NDJSON and XLSX and on either database (`tables`), so that a file
is of one moment. Its columns say what they mean (`dictionary`). Scope and filters come from the querysets of the lists.
"""

from .cells import CELLS
from .crises import CRISES
from .figures import FIGURES
from .gaps import GAPS

TABLES = {table.name: table for table in (CRISES, CELLS, GAPS, FIGURES)}

__all__ = ["CELLS", "CRISES", "FIGURES", "GAPS", "TABLES"]
