"""What leaves and enters: tables, constraints and querysets."""

from .webhooks import Delivery, Event, Webhook

__all__ = ["Delivery", "Event", "Webhook"]
