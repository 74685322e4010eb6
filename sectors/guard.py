"""What keeps a published edition as it is below every door: triggers of the database itself.

They refuse a change of what an edition says and of the moment it was published, whoever asks. Inserting is left alone,
since a framework is loaded as data, and so is deleting, which the crises that follow an edition refuse already.
A migration that rebuilds one of these tables on SQLite drops its triggers: it calls `install` again at its end.
"""

STATEMENT = ("reason", "paragraph", "provenance", "edition_id")
LINK = ("sector_id", "strength", *STATEMENT)
TIE = ("from_sector_id", "from_phase_id", "to_sector_id", "to_phase_id", "how", "symmetric", *STATEMENT)
CELL = ("sector_id", "phase_id", "priority", "condition", "otherwise", "confidence", *STATEMENT)
COLUMNS = {
    "sectors_edition": ("framework_id", "number", "published_at", "note"),
    "sectors_sectorpriority": CELL,
    "sectors_systemlink": ("system_id", *LINK),
    "sectors_clusterlink": ("cluster_id", *LINK),
    "sectors_complementarity": TIE,
}
REFUSAL = "A published edition never changes."


def _differs(columns, sign):
    return " OR ".join(f'OLD."{column}" {sign} NEW."{column}"' for column in columns)


def _published(table):
    if table == "sectors_edition":
        return "OLD.published_at IS NOT NULL"
    return "EXISTS (SELECT 1 FROM sectors_edition WHERE id = OLD.edition_id AND published_at IS NOT NULL)"


def install(schema_editor):
    """Put the triggers in place, or in place of those there are."""
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table, columns in COLUMNS.items():
        for statement in (_on_postgresql if postgresql else _on_sqlite)(table, columns):
            schema_editor.execute(statement)


def remove(schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for table in COLUMNS:
        if postgresql:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_stays() CASCADE")
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_stays")


def _on_sqlite(table, columns):
    yield f"DROP TRIGGER IF EXISTS {table}_stays"
    yield (
        f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} "
        f"WHEN {_published(table)} AND ({_differs(columns, 'IS NOT')}) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )


def _on_postgresql(table, columns):
    yield (
        f"CREATE OR REPLACE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_published(table)} AND ({_differs(columns, 'IS DISTINCT FROM')}) "
        f"THEN RAISE integrity_constraint_violation USING MESSAGE = '{REFUSAL}'; END IF; RETURN NEW; END $$"
    )
    yield f"DROP TRIGGER IF EXISTS {table}_stays ON {table}"
    yield f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_stays()"
