"""Rows written in bulk, by the million: by COPY on PostgreSQL."""

from datetime import datetime
from itertools import islice

from django.db import connection

BATCH = 20_000


def write(model, rows):
    """Write rows in bulk, by COPY on PostgreSQL; what a row does not say has the model's default. How many."""
    blank = model()
    defaults = {
        field.column: field.get_prep_value(getattr(blank, field.attname))
        for field in model._meta.concrete_fields
        if not field.primary_key
    }
    n = 0
    while batch := [defaults | row for row in islice(rows, BATCH)]:
        columns = list(batch[0])
        lines = [[row[column] for column in columns] for row in batch]
        (_copy if connection.vendor == "postgresql" else _insert)(model._meta.db_table, columns, lines)
        n += len(batch)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, %s), (SELECT max({key}) FROM {table}))",  # noqa: S608
                [table, key],
            )
    return n


def _copy(table, columns, lines):
    text = "".join("\t".join(r"\N" if value is None else str(value) for value in line) + "\n" for line in lines)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({names(columns)}) FROM STDIN", _Text(text))


class _Text:
    """A string that COPY can read from."""

    def __init__(self, text):
        self.rest = text.encode()

    def read(self, size):
        found, self.rest = self.rest[:size], self.rest[size:]
        return found


def _insert(table, columns, lines):
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({names(columns)}) VALUES ({marks})",  # noqa: S608
            [[_plain(value) for value in line] for line in lines],
        )


def _plain(value):
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def names(columns):
    return ", ".join(map(connection.ops.quote_name, columns))
