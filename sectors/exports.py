"""Tables as files that a spreadsheet opens without running anything: CSV and XLSX."""

import csv
from datetime import UTC, datetime
from tempfile import TemporaryFile

from django.http import FileResponse, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

FORMULA = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _Echo:
    """What csv.writer writes to: hands each line straight on."""

    @staticmethod
    def write(line):
        return line


def safe(cell):
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe in front.

    A time is written as ISO 8601 says.
    """
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" \ufeff").startswith(FORMULA) else cell


def table_file(kind, name, header, rows):
    """A download of these rows as "csv" or "xlsx": the header first, then one line a row; None is an empty cell.

    `name` is the file's name without its ending.
    """
    return {"csv": csv_file, "xlsx": xlsx_file}[kind](f"{name}.{kind}", header, rows)


def csv_file(name, header, rows):
    """The rows as CSV, streamed."""
    writer = csv.writer(_Echo)

    def lines():
        yield writer.writerow(header)
        for row in rows:
            yield writer.writerow([safe(cell) for cell in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def xlsx_file(name, header, rows):
    """The rows as one sheet of a workbook, written to a temporary file row by row.

    Every text is written as text, so that no cell is a formula; dates and numbers stay what they are. A time is
    written in UTC, as the sheet knows no zones.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("mcof")
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, text) for text in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = TemporaryFile()  # noqa: SIM115 (the answer closes it)
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)


def _cell(sheet, value):
    if isinstance(value, datetime) and value.tzinfo:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if value is None or isinstance(value, bool | int | float | datetime) or hasattr(value, "isoformat"):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value)))
    cell.data_type = "s"
    return cell
