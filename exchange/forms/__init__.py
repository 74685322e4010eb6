"""The forms of pages about what leaves and enters."""

from .imports import ImportForm
from .tokens import TokenForm

__all__ = ["ImportForm", "TokenForm"]
