"""A file that somebody wants to import: kept from the upload until it is written or given up, and no longer."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KEPT = timedelta(days=7)  # a file that nobody decides on
TOLD = timedelta(days=30)  # what became of it
MOST_WRITTEN = 200  # rows at once: whoever changes anything meanwhile waits for the whole
STUCK = timedelta(minutes=2)  # without a sign of life: its worker may have ended


class Import(models.Model):
    """One file, what each of its rows would do, and what became of it.

    Nothing of it is written before it is confirmed, and then everything or nothing. `content` is emptied as soon as
    that is decided; `report` says of each row what it does or what is wrong with it.
    """

    class Kind(models.TextChoices):
        CRISES = "crises", _("Crises")
        FIGURES = "figures", _("Figures")

    class State(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        REFUSED = "refused", _("Could not be read")
        CHECKED = "checked", _("Checked, nothing written")
        CONFIRMED = "confirmed", _("Being written")
        DONE = "done", _("Written")
        DISCARDED = "discarded", _("Discarded")

    WAITING = (State.CHECKING, State.CONFIRMED)

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="imports")
    kind = models.CharField(_("what it holds"), max_length=7, choices=Kind.choices)
    name = models.CharField(_("file"), max_length=120)
    content = models.BinaryField(_("content"), blank=True, default=b"")
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.CHECKING)
    problem = models.TextField(_("why it could not be read or written"), blank=True)
    report = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    rows = models.PositiveIntegerField(default=0)
    rows_checked = models.PositiveIntegerField(default=0)
    uploaded_at = models.DateTimeField()
    moved_at = models.DateTimeField()  # the last sign of life of whoever works on it
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        indexes = [models.Index(fields=["by", "-uploaded_at"], name="imports_of_a_person")]

    def __str__(self):
        return self.name

    @property
    def waits(self):
        return self.state in self.WAITING

    @property
    def stuck(self):
        """Whether nobody has worked on it for so long that it may be started again."""
        return self.waits and timezone.now() - self.moved_at > STUCK

    def count(self, verdict):
        return sum(row["verdict"] == verdict for row in self.report)

    @property
    def counts(self):
        """How many rows do what: {verdict: n}."""
        return {verdict: self.count(verdict) for verdict in ("create", "update", "skip", "wrong")}

    @property
    def writes(self):
        """How many rows would change something."""
        return self.count("create") + self.count("update")

    @property
    def may_be_written(self):
        """Whether there is something to write, not too much of it, and nothing to mend."""
        return self.state == self.State.CHECKED and not self.count("wrong") and 0 < self.writes <= MOST_WRITTEN
