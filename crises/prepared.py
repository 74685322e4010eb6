"""Questions whose SQL Django writes once in a process, and which are then asked again about other rows.

Where a few rows are found by a key, to build the query costs several times what the database takes to answer it. A
change to a crisis asks such questions, and only such.
"""

from functools import cached_property
from inspect import signature

from django.db import DEFAULT_DB_ALIAS, connection

STAND_IN = 7_000_000_000_000_000_000  # and above: what keys are called while the SQL is written


class Prepared:
    """A query about rows that are named by keys. `ask` makes the query from these, and nothing else may decide its
    shape: it is made once, with stand-ins for the keys."""

    def __init__(self, ask):
        self.ask = ask
        self.stand_ins = [STAND_IN + n for n, _name in enumerate(signature(ask).parameters)]

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
        """The names of a row's columns on the object that it makes."""
        return [column.target.attname for column, *_sql in self.made[0].select]

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
        found, model = self._fetched(keys), self.made[0].query.model
        if self.converters:
            found = self.made[0].apply_converters(found, self.converters)
        return [model.from_db(DEFAULT_DB_ALIAS, self.columns, row) for row in found]

    def finds(self, *keys):
        """Whether it finds anything. One query."""
        return bool(self._fetched(keys))
