"""The data dictionary: what each column of each file means."""

HEADER = ("table", "column", "holds", "meaning", "unit", "source", "hxl")


def lines(tables):
    """One line a column, in the order of the files."""
    for table in tables:
        for column in table.columns:
            words = (column.meaning, column.unit, column.source or "mcof")
            meaning, unit, source = map(str, words)
            yield [table.name, column.name, column.kind.value, meaning, unit or None, source, column.hxl]
