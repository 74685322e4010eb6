"""Questions that every table can be asked: rows as one column of a query, rows of history as of a moment."""

from django.db import models
from django.db.models import Aggregate, Exists, OuterRef, Q


def held(rows, moment):
    """Of these rows of history those that held at the moment: the last one of each object that was there then."""
    later = Q(history_date__gt=OuterRef("history_date")) | Q(
        history_date=OuterRef("history_date"), history_id__gt=OuterRef("history_id")
    )
    by_then = rows.model.objects.filter(later, id=OuterRef("id"), history_date__lte=moment)
    return rows.filter(~Exists(by_then), history_date__lte=moment).exclude(history_type="-")


class Rows(Aggregate):
    """Rows as one JSON array, on either database, in no order; null where there are none."""

    function = "JSON_GROUP_ARRAY"
    output_field = models.JSONField()

    def as_postgresql(self, compiler, connection, **context):
        return super().as_sql(compiler, connection, function="JSONB_AGG", **context)
