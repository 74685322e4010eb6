"""Questions that every table can be asked: rows as one column of a query, rows of history as of a moment."""

from datetime import UTC, datetime

import orjson
from django.db import connection, models
from django.db.models import Aggregate, Exists, OuterRef, Q
from django.db.models.expressions import RawSQL


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


def beside(model, *columns, of="crisis", empty=None):
    """The rows of a table that name a crisis in `of`, as a column of a query of crises for `read_beside`; only those
    where the column `empty` is.

    By hand: of a question that is asked with every answer, making the statement costs more than running it. One
    statement reads it all, so that all of it is of one moment.
    """
    rows, row = {
        "postgresql": ("json_agg", "json_build_array"),
        "sqlite": ("json_group_array", "json_array"),
    }[connection.vendor]
    told = {name: f'told."{model._meta.get_field(name).column}"' for name in {*columns, of, empty} - {None}}
    sql = f"SELECT CAST({rows}({row}({', '.join(told[name] for name in columns)})) AS text)"
    sql += f' FROM "{model._meta.db_table}" told WHERE {told[of]} = crises_crisis.id'
    if empty:
        sql += f" AND {told[empty]} IS NULL"
    return RawSQL(sql, (), models.TextField())  # noqa: S611 (made of the names of our own tables and columns)


def read_beside(text):
    """The rows of a column of `beside`, each a list, in no order; dates in ISO 8601."""
    return orjson.loads(text or "[]")


def instant(text):
    """A moment among these. SQLite keeps no zone."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
