"""What leaves and enters: tables, constraints and querysets."""

from .imports import Import
from .webhooks import Delivery, Event, Webhook

__all__ = ["Delivery", "Event", "Import", "Webhook"]
