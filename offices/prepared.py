"""Questions whose SQL Django writes once in a process, and which are then asked again about other rows.

Where a few rows are found by a key, to build the query costs several times what the database takes to answer it. A
change to a crisis asks such questions, and only such; every answer of the API asks whose token it came with.
"""

from functools import cached_property
from inspect import signature

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.query import get_related_populators

STAND_IN = 7_000_000_000_000_000_000  # and above: what keys are called while the SQL is written


def _stand_in(n, key):
    return f"{STAND_IN + n}" if key.annotation is str else STAND_IN + n


class Prepared:
    """A query about rows that are named by keys, numbers unless `ask` says str. It makes the query from these, and
    nothing else may decide its shape: it is made once, with stand-ins for the keys."""

    def __init__(self, ask):
        self.ask = ask
        self.stand_ins = [_stand_in(n, key) for n, key in enumerate(signature(ask).parameters.values())]

    @cached_property
    def made(self):
        """The compiler of the query, its SQL and what goes with it."""
        compiler = self.ask(*self.stand_ins).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = compiler.as_sql()
        if not {*self.stand_ins} <= {*values}:
            raise ValueError("A key does not reach the database as it is, so that it could not be told apart.")
        return compiler, sql, values

    @cached_property
    def columns(self):
        """The names of a row's first columns on the object that it makes. What is joined to it comes after them."""
        compiler = self.made[0]
        return [compiler.select[place][0].target.attname for place in compiler.klass_info["select_fields"]]

    @cached_property
    def joined(self):
        """What makes the objects that are joined to a row, and sets them on its own."""
        compiler = self.made[0]
        return get_related_populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)

    @cached_property
    def converters(self):
        compiler = self.made[0]
        return compiler.get_converters([column for column, *_sql in compiler.select])

    def _fetched(self, keys):
        _compiler, sql, values = self.made
        by_stand_in = dict(zip(self.stand_ins, keys, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(sql, [by_stand_in.get(value, value) for value in values])
            return cursor.fetchall()

    def rows(self, *keys):
        """The rows that it finds, as objects. One query."""
        found, model = self.values(*keys), self.made[0].query.model
        rows = [(model.from_db(DEFAULT_DB_ALIAS, self.columns, row[: len(self.columns)]), row) for row in found]
        for made, row in rows:
            for joined in self.joined:
                joined.populate(row, made)
        return [made for made, _row in rows]

    def values(self, *keys):
        """The rows that it finds, as their columns. One query."""
        found = self._fetched(keys)
        return self.made[0].apply_converters(found, self.converters) if self.converters else found

    def finds(self, *keys):
        """Whether it finds anything. One query."""
        return bool(self._fetched(keys))
