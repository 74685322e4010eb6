"""Several writes in one go, in the order given: one round trip on PostgreSQL, one statement after the other on SQLite.

They are the plainest SQL of whole rows. What Django makes of the same costs a multiple of what the database does, and
to wait for each answer as much again.
"""

from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection, connections

MOST = 500  # rows in one statement: SQLite takes up to 32,766 values
TOLD = ("history_date", "history_type", "history_user", "history_change_reason")  # of a row of history, beside its row


def _quoted(name):
    return connection.ops.quote_name(name)


def _table(model):
    return _quoted(model._meta.db_table)


@cache
def _columns(model):
    """The fields of a table but its own key, by name."""
    return {field.name: field for field in model._meta.concrete_fields if not field.primary_key}


def _names(fields):
    return ", ".join(_quoted(field.column) for field in fields)


def _places(fields):
    return ", ".join("%s" for _field in fields)


@cache
def past_of(model):
    """The table of the history of a table; None where it has none. (`model.history` makes a class each time.)"""
    return model.history.model if hasattr(model, "history") else None


def _prepared(told):
    """Values as the database takes them, of [(field, value)]."""
    database = connections[DEFAULT_DB_ALIAS]  # looked up once: `connection` is, each time that it is used
    return [field.get_db_prep_save(value, database) for field, value in told]


def stored(model, **values):
    """Values of fields by their names, as the database takes them."""
    fields = _columns(model)
    return _prepared((fields[name], value) for name, value in values.items())


def _row(row):
    return _prepared((field, getattr(row, field.attname)) for field in _columns(type(row)).values())


@cache
def _settings(model):
    """Of each field of a table the SQL that writes it in a row that is there."""
    return {field: f"{_quoted(field.column)} = %s" for field in _columns(model).values()}


@cache
def _inserting(model):
    """The SQL of new rows of a table up to their values, and the places of one of them."""
    fields = _columns(model).values()
    return f"INSERT INTO {_table(model)} ({_names(fields)}) VALUES ", f"({_places(fields)})"  # noqa: S608


@cache
def _remembering(model):
    """The SQL that copies rows of a table into its history, up to their keys."""
    past = past_of(model)
    told = [past._meta.get_field(name) for name in TOLD]
    names = _names(past.tracked_fields)
    return (
        f"INSERT INTO {_table(past)} ({names}, {_names(told)})"  # noqa: S608
        f" SELECT {names}, {_places(told)} FROM {_table(model)} WHERE id IN "
    )


@cache
def _remembering_links(model, name):
    """The SQL that copies what a row is linked with into the history, beside the row of history with its number."""
    past, links = past_of(model), model._meta.get_field(name)
    kept = past._meta.get_field(f"{past._meta.model_name}_{name}").related_model
    own, other = _quoted(links.m2m_column_name()), _quoted(links.m2m_reverse_name())
    return (
        f"INSERT INTO {_table(kept)} (id, {own}, {other}, history_id)"  # noqa: S608
        f" SELECT id, {own}, {other}, (SELECT history_id FROM {_table(past)} WHERE id = %s AND revision = %s)"
        f" FROM {_table(links.remote_field.through)} WHERE {own} = %s"
    )


def _inserted(rows, otherwise=""):
    """Insert rows of one table. Answers their keys."""
    sql, places = _inserting(type(rows[0]))
    for row in rows:
        row._prepare_related_fields_for_save("insert")  # what it belongs to may have got its key only now
    with connection.cursor() as cursor:
        values = [value for row in rows for value in _row(row)]
        cursor.execute(f"{sql}{', '.join([places] * len(rows))} {otherwise} RETURNING id", values)
        return [key for (key,) in cursor.fetchall()]


def _stands(row, key):
    row.pk, row._state.adding, row._state.db = key, False, connection.alias


def insert(rows):
    """Insert new rows of one table and give them their keys."""
    for start in range(0, len(rows), MOST):
        some = rows[start : start + MOST]
        for row, key in zip(some, _inserted(some), strict=True):
            _stands(row, key)


def insert_or_wait(row, *unique):
    """Insert a row unless there is one with the same in these fields. Answers whether it was the first.

    Waits for somebody else who is inserting its like just now.
    """
    fields = _columns(type(row))
    for key in _inserted([row], f"ON CONFLICT ({_names(fields[name] for name in unique)}) DO NOTHING"):
        _stands(row, key)
    return not row._state.adding


def _differs(was, now):
    return was != now or isinstance(now, list | dict)  # these can be altered in place


class Batch:
    """Writes that `run` makes. None of them gives an answer: the keys of new rows stay unknown."""

    def __init__(self):
        self.statements = []

    def add(self, sql, *values):
        """A statement of its own; `values` as they are stored."""
        self.statements.append((sql, values))

    def insert(self, rows):
        """New rows of one table."""
        if rows:
            sql, places = _inserting(type(rows[0]))
            self.add(sql + ", ".join([places] * len(rows)), *(value for row in rows for value in _row(row)))

    def update(self, row, was=()):
        """A row that is there, as it stands now. Where it is told how it `was`, what stays is left alone."""
        settings = _settings(type(row))
        told = [(field, getattr(row, field.attname)) for field in settings]
        changed = [(field, now) for field, now in told if not was or _differs(was[field.attname], now)]
        places = ", ".join(settings[field] for field, _now in changed)
        self.add(f"UPDATE {_table(type(row))} SET {places} WHERE id = %s", *_prepared(changed), row.pk)  # noqa: S608

    def remember(self, rows, kind, *, by, at, event):
        """Rows of history of these rows of one table, as they are once all before this is written.

        Of a table that has no history nothing is written.
        """
        model = type(rows[0])
        if not past_of(model):
            return
        told = stored(past_of(model), **dict(zip(TOLD, (at, kind, by.pk, event), strict=True)))
        keys = [row.pk for row in rows]
        self.add(f"{_remembering(model)} ({_places(keys)})", *told, *keys)

    def remember_links(self, row, name):
        """What a row is linked with under this name, for the row of its history with its number."""
        self.add(_remembering_links(type(row), name), row.pk, row.revision, row.pk)

    def run(self):
        """Write all of it. Answers how many rows the last one wrote."""
        statements, self.statements = self.statements, []
        if statements and connection.vendor == "postgresql":
            statements = [("; ".join(sql for sql, _v in statements), [value for _sql, v in statements for value in v])]
        with connection.cursor() as cursor:
            for sql, values in statements:
                cursor.execute(sql, values)
            return cursor.rowcount
