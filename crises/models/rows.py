"""Rows of another table as one column of a query: what comes with a row and costs no query of its own."""

from django.db import models
from django.db.models import Aggregate


class Rows(Aggregate):
    """Rows as one JSON array, on either database, in no order; null where there are none."""

    function = "JSON_GROUP_ARRAY"
    output_field = models.JSONField()

    def as_postgresql(self, compiler, connection, **context):
        return super().as_sql(compiler, connection, function="JSONB_AGG", **context)
