"""The forms of pages about what leaves and enters."""

from .connections import AS_IT_IS, TokenForm, WebhookForm
from .imports import ImportForm

__all__ = ["AS_IT_IS", "ImportForm", "TokenForm", "WebhookForm"]
