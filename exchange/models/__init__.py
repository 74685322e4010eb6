"""What leaves and enters, as tables."""

from .imports import Import

__all__ = ["Import"]
