"""The first sheet of an XLSX workbook as rows of text, so that no file does harm: no links, formulas or bombs."""

import re
import zipfile
from datetime import date, datetime
from io import BytesIO

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.datetime import from_excel

MOST_UNPACKED, MOST_PARTS = 50 * 1024 * 1024, 1_000
SERIALS = range(25_000, 80_000)  # days since 1900 that a date of a crisis can be: 1968 to 2119


class Unreadable(Exception):
    """The file cannot be read at all; the words say why and how to mend it."""


def rows(content):
    """(number, [(text, problem)]) of each row; a problem is (reason, suggestion) or empty. Raises Unreadable."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            _refuse_bombs(packed)
            book = load_workbook(BytesIO(content), read_only=True, keep_links=False)
            sheet = book.worksheets[0]
            _refuse_merged(packed, sheet._worksheet_path)
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), 1):
            yield number, [_cell(cell) for cell in row[:200]]
        book.close()
    except Unreadable:
        raise
    except Exception:  # whatever a broken file makes of the reader, the answer is the same
        words = _("This is not a workbook that can be read. Open it, save it as “Excel workbook (.xlsx)”, try again.")
        raise Unreadable(words) from None


def _refuse_bombs(packed):
    parts = packed.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(_("The workbook has a password. Save it without one."))
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable(_("The workbook is too large when it is unpacked. Copy the rows into a new one."))
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with packed.open(part) as text:
                if b"<!DOCTYPE" in text.read(4096).upper():
                    raise Unreadable(_("The workbook holds what no spreadsheet writes. Copy the rows into a new one."))


def _refuse_merged(packed, path):
    with packed.open(path.lstrip("/")) as text:
        rest = b""
        while piece := text.read(1 << 16):
            if found := re.search(rb"<mergeCell ref=\"([A-Z0-9:]{1,20})\"", rest + piece):
                words = _("Cells %(cells)s are merged. Undo that, so that each row says everything itself.")
                raise Unreadable(words % {"cells": found[1].decode()})
            rest = piece[-64:]


def _cell(cell):
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "f":
        return "", (_("This cell holds a formula."), _("Copy the column and paste its values."))
    if cell.data_type == "e":
        return "", (_("This cell holds an error, %(value)s.") % {"value": value}, _("Enter the value itself."))
    return _text(value), ""


def _text(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def day_of_serial(text):
    """The day that a spreadsheet keeps as this number; None where it is none of our time."""
    return from_excel(int(text)).date() if text.isdecimal() and int(text) in SERIALS else None
