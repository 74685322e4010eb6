"""What makes a write happen exactly once and in one order: the counter, receipts, drafts."""

from django.conf import settings
from django.db import connection, models


class Counter(models.Model):
    """One row: the number of the last accepted change anywhere."""

    n = models.BigIntegerField(default=0)

    def __str__(self):
        return str(self.n)

    @staticmethod
    def next_revision(many=1):
        """The number of this change; of several made at one moment, that of the last.

        The row stays locked until the transaction ends, so numbers follow commit order: call it after every other
        lock and after the rules, since everybody else waits from here on. Portable over SQLite and PostgreSQL.
        """
        with connection.cursor() as cursor:
            cursor.execute("UPDATE crises_counter SET n = n + %s WHERE id = 1 RETURNING n", [many])
            return cursor.fetchone()[0]


class Receipt(models.Model):
    """Proof that a submission was received: made in the transaction of the row it is for.

    `key` is made with the form, before the first keystroke; the same key and content answer the first result.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="receipts")
    key = models.UUIDField()
    digest = models.CharField(max_length=64)
    crisis = models.ForeignKey("crises.Crisis", models.PROTECT, null=True, related_name="receipts")
    received_at = models.DateTimeField()
    result = models.JSONField(null=True)  # what it made, for whoever sends it again

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="submission_received_once")]

    def __str__(self):
        return str(self.key)


class Draft(models.Model):
    """The server's copy of an unfinished form for logging a crisis. Its key becomes the receipt's."""

    key = models.UUIDField(unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    answers = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["-saved_at"]

    def __str__(self):
        return str(self.key)
