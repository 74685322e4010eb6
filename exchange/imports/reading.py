"""A file as people send it, into rows of text: CSV in UTF-8, with commas, semicolons or tabs; or an XLSX workbook."""

import csv
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import StringIO

from django.utils.translation import gettext as _

from exchange.imports import sheets
from exchange.imports.sheets import Unreadable
from sectors.exports import as_typed

MOST_BYTES, MOST_ROWS, MOST_COLUMNS, MOST_SIGNS = 5 * 1024 * 1024, 5_000, 100, 10_000
OLD_EXCEL, ZIPPED, UTF16 = b"\xd0\xcf\x11\xe0", b"PK", (b"\xff\xfe", b"\xfe\xff")
SEPARATORS = ",;\t"


@dataclass
class Line:
    """A row of the file: its number there, and its text by column. `problems` are (column, reason, suggestion)."""

    number: int
    cells: dict
    problems: list = field(default_factory=list)

    def get(self, name):
        return self.cells.get(name, "")


@dataclass
class Sheet:
    """What a file says: the names of its columns, and its rows. `notes` are what the reader should know of it."""

    columns: list
    lines: list
    notes: list = field(default_factory=list)


def read(content, columns):
    """The rows of a file, or raises Unreadable.

    `columns` are the names that it may have: {name: whether it is read}.
    """
    if not content.strip():
        raise Unreadable(_("The file is empty."))
    if len(content) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 5 MB. Split it."))
    if content.startswith(OLD_EXCEL):
        raise Unreadable(
            _("This is an old or a locked Excel file. Save it without a password as “Excel workbook (.xlsx)”.")
        )
    rows = sheets.rows(content) if content.startswith(ZIPPED) else _csv(content)
    return _sheet(rows, columns)


def _csv(content):
    """(number, [(text, problem)]) of each row."""
    if content.startswith(UTF16):
        raise Unreadable(_("This file is in UTF-16. Save it as “CSV UTF-8”."))
    if b"\0" in content:
        raise Unreadable(_("This is not a text file: it holds a NUL sign. Save it as “CSV UTF-8” or as XLSX."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        where = content[: wrong.start].count(b"\n") + 1
        words = _("Row %(row)s is not in UTF-8. The file looks like Windows-1252: save it as “CSV UTF-8” or as XLSX.")
        raise Unreadable(words % {"row": where}) from None
    first = text.lstrip("\n\r").split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        before = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            words = _("Row %(row)s is not CSV: %(why)s. A quotation mark may be missing.")
            raise Unreadable(words % {"row": before + 1, "why": wrong}) from None
        yield before + 1, [(as_typed(cell), "") for cell in row]


def _sheet(rows, columns):
    head, lines, notes = None, [], []
    for number, cells in rows:
        texts = [text.strip() for text, _problem in cells]
        if not any(texts) and not any(problem for _text, problem in cells):
            continue
        if head is None:
            head = _head(texts, columns)
            unread = [name for name in head if name and not columns[name]]
            if unread:
                notes.append(_("These columns are not read: %(names)s.") % {"names": ", ".join(unread)})
            continue
        if not lines and all(text.startswith("#") for text in texts if text):
            continue  # HXL hashtags
        if len(lines) == MOST_ROWS:
            raise Unreadable(_("The file has more than %(most)s rows. Split it.") % {"most": MOST_ROWS})
        lines.append(_line(number, head, texts, [problem for _text, problem in cells]))
    if head is None:
        raise Unreadable(_("The file is empty."))
    if not lines:
        raise Unreadable(_("The file has the names of columns and no row below them."))
    return Sheet([name for name in head if name], lines, notes)


def _head(texts, columns):
    while texts and not texts[-1]:
        texts = texts[:-1]
    if len(texts) > MOST_COLUMNS:
        raise Unreadable(_("The file has more than %(most)s columns.") % {"most": MOST_COLUMNS})
    for name in texts:
        if name and texts.count(name) > 1:
            raise Unreadable(_("The column “%(name)s” is there twice.") % {"name": name})
        if name and name not in columns:
            words = {"name": name[:80]}
            if near := get_close_matches(name.casefold(), columns, 1):
                raise Unreadable(
                    _("There is no column “%(name)s”. Did you mean “%(near)s”?") % (words | {"near": near[0]})
                )
            raise Unreadable(_("There is no column “%(name)s”. The template has the names of all columns.") % words)
    return texts


def _line(number, head, texts, problems):
    line = Line(number, {})
    for position, text in enumerate(texts):
        name = head[position] if position < len(head) else ""
        if not name and (text or problems[position]):
            words = _("Column %(n)s has no name, and this row says something there.") % {"n": position + 1}
            line.problems.append(("", words, _("Is there a separator too many in this row?")))
        elif problems[position]:
            line.problems.append((name, *problems[position]))
        elif len(text) > MOST_SIGNS:
            line.problems.append((name, _("The text is far too long."), ""))
        if name:
            line.cells[name] = text
    return line
