"""Webhooks: whom to call when what happens, and what was sent to them."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from crises.models import Counter


class Event(models.TextChoices):
    """What a webhook can tell of. What is told goes by what its owner may see."""

    NEW = "crisis.new", _("A crisis is new to you: it was logged, or shared with you")
    CHANGED = "crisis.changed", _("A crisis has changed in any way")
    GONE = "crisis.gone", _("A crisis went out of your sight")
    GAP_OPENED = "gap.opened", _("Gaps opened in the plan of a crisis")
    GAP_CLOSED = "gap.closed", _("Gaps closed in the plan of a crisis")
    LEVEL = "level.decided", _("An emergency level was decided")


class WebhookQuerySet(models.QuerySet):
    def calling(self):
        """Those that call: not paused, of an active person."""
        return self.filter(paused_at=None, owner__is_active=True)

    def behind(self):
        """Those that have not been told of every change yet."""
        return self.calling().filter(followed__lt=Counter.objects.filter(pk=1).values("n"))

    def due(self, now):
        """Those whose first waiting delivery is due and which nobody is sending, the longest waiting first."""
        first = Delivery.objects.waiting().filter(webhook=OuterRef("pk")).values("due_at")[:1]
        free = Q(claimed_until=None) | Q(claimed_until__lte=now)
        return (
            self.calling().filter(free).annotate(first=Subquery(first)).filter(first__lte=now).order_by("first", "pk")
        )


class Webhook(models.Model):
    """An address that is called when something happens to the crises its owner may see.

    `followed` is the number of the last change looked at for it. Nothing secret is stored: the secret follows from the
    site's own key, from `uid` and from `generation`, the number of times that it was renewed (exchange.signing). Until
    `old_secret_until` the secret before is good as well. `filters` are those of a saved view, copied when it was
    chosen, so that what is told changes only here.
    """

    class Paused(models.TextChoices):
        OWNER = "owner", _("You paused it.")
        FAILING = "failing", _("It was paused because no call had succeeded for three days.")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks", editable=False)
    form_key = models.UUIDField(editable=False)  # of the form that made it, so that it is made once
    name = models.CharField(_("name"), max_length=60)
    url = models.CharField(_("address"), max_length=300)
    events = models.JSONField(_("events"), default=list)
    filters = models.JSONField(default=dict, blank=True)
    filters_of = models.CharField(max_length=60, blank=True)  # what the saved view was called
    generation = models.PositiveIntegerField(default=1, editable=False)
    old_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    made_at = models.DateTimeField(editable=False)
    followed = models.BigIntegerField(editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_why = models.CharField(max_length=7, choices=Paused.choices, blank=True, editable=False)
    claim = models.UUIDField(null=True, blank=True, editable=False)  # who is sending now, and until when they may
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "form_key"], name="webhook_made_once_by_a_form"),
            models.CheckConstraint(
                condition=~Q(name=""), name="webhook_has_a_name", violation_error_message=_("Enter a name.")
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None, paused_why="") | Q(paused_at__isnull=False) & ~Q(paused_why=""),
                name="paused_webhook_says_why",
            ),
        ]

    def __str__(self):
        return self.name

    def clean(self):
        """It tells of something, and of nothing unknown."""
        if not self.events or not {*self.events} <= {*Event.values}:
            raise ValidationError({"events": _("Choose at least one event.")})

    @property
    def event_labels(self):
        return [Event(event).label for event in self.events]


class DeliveryQuerySet(models.QuerySet):
    def waiting(self):
        """What is still to be sent, in the order in which it is sent."""
        return self.filter(state=Delivery.State.WAITING).order_by("revision", "pk")


class Delivery(models.Model):
    """One event told to one webhook: its place in the order, how often it was tried, and how the last try went.

    `uid` follows from the webhook, the change and the event, so that the same event is noted once and keeps its number
    however often it is sent.
    """

    TEST = "test"

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Delivered")
        FAILED = "failed", _("Given up")
        WITHHELD = "withheld", _("Not sent: you may no longer see the crisis")

    uid = models.UUIDField(unique=True, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=20)
    crisis = models.CharField(max_length=16, blank=True)  # its reference
    revision = models.BigIntegerField(default=0)
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    milliseconds = models.PositiveIntegerField(null=True)
    trouble = models.CharField(max_length=12, blank=True)  # of exchange.outbound.Trouble

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["webhook", "revision", "id"], condition=Q(state="waiting"), name="waiting_deliveries"),
        ]

    def __str__(self):
        return f"{self.event} {self.crisis}".strip()
