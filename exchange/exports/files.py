"""A table as a file: CSV, NDJSON or XLSX, streamed from one statement.

On PostgreSQL CSV is what COPY writes. Everything else is read row by row through a cursor that stays on the server.
"""

import csv
import json
from contextlib import contextmanager
from datetime import date, datetime

from django.db import DEFAULT_DB_ALIAS, connections

from exchange.exports.gaps import age_of
from exchange.exports.spool import followed
from exchange.exports.tables import Kind
from sectors.exports import XLSX, safe
from sectors.workbook import workbook

TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson; charset=utf-8", "xlsx": XLSX}
MOST_SECONDS = 600  # a file may take so long from the database: an ordinary statement has ten seconds
STRETCH = 500  # rows


class _Lines:
    """What csv.writer writes to: a file of bytes."""

    def __init__(self, out):
        self.out = out

    def write(self, line):
        return self.out.write(line.encode())


class File:
    """One table for one reader: the rows of these scopes as they stand at one moment."""

    def __init__(self, table, kind, scopes, *, narrower=(), inside, now, hxl=False, contents=None):
        """`contents` is what the editions say, for a table with computed columns."""
        self.table, self.kind, self.hxl, self.now, self.contents = table, kind, hxl, now, contents
        self.sql, self.params = table.statement(
            scopes, narrower=narrower, inside=inside, now=now, spreadsheet=kind == "csv"
        )

    def pieces(self):
        """The bytes of the file; the first of them, the names of the columns, without waiting for the database."""
        if self.kind == "csv":
            heads = [self.table.names, *([self._hashtags()] if self.hxl else [])]
            yield "".join(",".join(line) + "\n" for line in heads).encode()
        held = connections[DEFAULT_DB_ALIAS]  # the request's own, left to the writer until the file is done
        held.ensure_connection()
        held.inc_thread_sharing()
        whole = False
        try:
            yield from followed(lambda out: self._write(held, out), lambda: _stop(held))
            whole = True
        finally:
            held.dec_thread_sharing()
            if not whole and not held.in_atomic_block:
                held.close()  # what was stopped may have stopped anywhere

    def _hashtags(self):
        return [column.hxl for column in self.table.columns]

    def _write(self, held, out):
        with _at_leisure(held):
            if self.kind == "csv" and held.vendor == "postgresql" and not self.table.computed:
                with held.cursor() as cursor:
                    asked = cursor.mogrify(self.sql, self.params).decode()
                    cursor.copy_expert(f"COPY ({asked}) TO STDOUT WITH (FORMAT csv)", out)
                return
            with held.chunked_cursor() as cursor:
                cursor.execute(self.sql, self.params)
                rows = self._rows(cursor)
                if self.kind == "csv":
                    writer = csv.writer(_Lines(out), lineterminator="\n")
                    writer.writerows(rows)
                elif self.kind == "ndjson":
                    for row in rows:
                        out.write(self._json(row))
                else:
                    self._workbook(out, rows)

    def _rows(self, cursor):
        """The rows of the statement, with what is computed."""
        names, also = self.table.names, len(self.table.also)
        while stretch := cursor.fetchmany(STRETCH):
            if not self.table.computed:
                yield from stretch
                continue
            for row in stretch:
                record = dict(zip(names, row[:-also], strict=True))
                age = age_of(row[-1], self.now)
                said = {name: says(record, self.contents, age) for name, says in self.table.computed.items()}
                if self.kind == "csv":
                    said = {name: safe(value) for name, value in said.items()}
                yield list((record | said).values())

    def _json(self, row):
        pairs = zip(self.table.columns, row, strict=True)
        said = {(column.hxl if self.hxl else column.name): plain(column.kind, value) for column, value in pairs}
        return json.dumps(said, ensure_ascii=False).encode() + b"\n"

    def _workbook(self, out, rows):
        kinds = [column.kind for column in self.table.columns]
        lines = ([_cell(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in rows)
        if self.hxl:
            lines = _first(self._hashtags(), lines)
        for piece in workbook(self.table.names, lines):
            out.write(piece)


def _first(line, lines):
    yield line
    yield from lines


def plain(kind, value):
    """A value as it stands in JSON."""
    if kind == Kind.CODES:
        return value.split() if value else []
    if kind == Kind.YES_NO:
        return {"yes": True, "no": False}.get(value)
    return value


def _cell(kind, value):
    """A value as it stands in a workbook: days and times as what they are."""
    if value is None:
        return None
    if kind == Kind.DAY:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if kind == Kind.MOMENT else value


@contextmanager
def _at_leisure(held):
    """A transaction of its own that sees one moment, changes nothing, and may take long. Runs in the writer's thread.

    Inside a transaction that is open already, it is part of that one.
    """
    if held.vendor != "postgresql":
        yield  # one statement reads one moment
        return
    own = not held.in_atomic_block
    with held.cursor() as cursor:
        if own:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            cursor.execute(f"SET LOCAL statement_timeout = '{MOST_SECONDS}s'")
            yield
        finally:
            if own:
                cursor.execute("ROLLBACK")


def _stop(held):
    """End the statement that runs: nobody reads its answer."""
    if held.vendor == "postgresql":
        held.connection.cancel()
    else:
        held.connection.interrupt()
