"""What a table is: columns with their meaning, and the statement that reads them, for PostgreSQL and SQLite alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils.functional import Promise

from sectors.exports import BEFORE_FORMULA, FORMULA


class Kind(StrEnum):
    """What a column holds. Only free text can hold anything that a spreadsheet might run."""

    TEXT = "text"
    CODE = "code"
    CODES = "codes"  # parted by spaces; a list in NDJSON
    NUMBER = "number"
    YES_NO = "yes_no"  # true or false in NDJSON
    DAY = "day"
    DATE = "date"  # no more exact than it is known
    MOMENT = "moment"


class Column(NamedTuple):
    """A column: its name, what it holds, the SQL that reads it, what it means in words, and its HXL hashtag.

    The SQL is a template: `{join}`, `{moment}` and the like stand for what the two databases say differently.
    """

    name: str
    kind: Kind
    sql: str
    meaning: str | Promise
    hxl: str
    unit: str | Promise = ""
    source: str | Promise = ""


@dataclass(frozen=True)
class Table:
    """A table that can be had as a file.

    `rows` is what follows SELECT ... FROM; it starts from the rows `chosen`. `also` is read beside the columns, for
    those that are `computed`: {name: function of (record, hidden values, now)}.
    """

    name: str
    meaning: str | Promise
    columns: tuple[Column, ...]
    rows: str
    scopes: tuple[str, ...] = ("chosen",)  # the querysets of keys that the SQL names
    tables: tuple[tuple[str, str], ...] = ()  # further WITH tables: name, SQL
    also: tuple[str, ...] = ()
    computed: dict[str, Callable] = field(default_factory=dict)

    @property
    def names(self):
        return [column.name for column in self.columns]

    def statement(self, scopes, *, narrower=(), inside, now, spreadsheet):
        """The SQL of this table and its parameters, for the database in use.

        `scopes` are querysets of keys by the name under which the SQL knows them, `narrower` conditions on the rows:
        (SQL, value). `inside` says whether the reader is of the organisation. For a `spreadsheet`, text that would be
        taken for a formula gets an apostrophe in front.
        """
        said = dialect(connection.vendor, now) | {"inside": "1=1" if inside else "1=0"}
        said["narrower"] = "".join(f" AND {sql}" for sql, _value in narrower)
        columns = [_final(column, column.sql.format(**said), spreadsheet, said) for column in self.columns]
        columns += [sql.format(**said) for sql in self.also]
        body = f"SELECT {', '.join(columns)} FROM {self.rows.format(**said)}"  # noqa: S608 (our own text)
        withs, params = [], []
        for name in self.scopes:
            sql, values = _keys(scopes[name])
            withs.append(f"{name}(id) AS ({sql})")
            params += values
        withs += [f"{name} AS ({sql.format(**said)})" for name, sql in self.tables]
        return f"WITH {', '.join(withs)} {body}", [*params, *(value for _sql, value in narrower)]


def dialect(vendor, now):
    """What the two databases say differently, and the moment of the file."""
    today = f"'{now.date().isoformat()}'"
    if vendor == "postgresql":
        return {
            "today": today,
            "join": "string_agg",
            "groups": "jsonb_array_elements_text(c.groups) AS one(value)",
            "moment": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
        }
    return {
        "today": today,
        "join": "group_concat",
        "groups": "json_each(c.groups) AS one",
        "moment": "substr({0}, 1, 10) || 'T' || substr({0}, 12, 8) || 'Z'",
    }


def _final(column, sql, spreadsheet, said):
    """The SQL of a column as it stands in the file: text, or a whole number; null where it is empty."""
    match column.kind:
        case Kind.TEXT if spreadsheet:
            signs = ", ".join(f"'{sign}'" for sign in FORMULA)
            before = BEFORE_FORMULA.replace("'", "''")
            runs = f"substr(ltrim({sql}, '{before}'), 1, 1) IN ({signs})"
            return f"CASE WHEN {runs} THEN '''' || {sql} ELSE NULLIF({sql}, '') END"
        case Kind.TEXT | Kind.CODE:
            return f"NULLIF({sql}, '')"
        case Kind.YES_NO:
            return f"CASE WHEN {sql} THEN 'yes' WHEN NOT ({sql}) THEN 'no' END"
        case Kind.DAY:
            return f"CAST({sql} AS varchar)"
        case Kind.MOMENT:
            return said["moment"].format(sql)
    return sql


def partial(column, precision):
    """SQL for a date in ISO 8601, cut to what is known of it."""
    return f"substr(CAST({column} AS varchar), 1, CASE {precision} WHEN 'day' THEN 10 WHEN 'month' THEN 7 ELSE 4 END)"


def _keys(queryset):
    try:
        return queryset.order_by().values("pk").query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return "SELECT 0 WHERE 1=0", ()
