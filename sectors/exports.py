"""Tables as files that a spreadsheet opens without running anything: CSV and XLSX."""

import csv
from datetime import datetime

from django.http import StreamingHttpResponse

from sectors.workbook import workbook

FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What may stand before one: the apostrophe too, so that the one put in front can be told from it.
BEFORE_FORMULA = " \ufeff'"
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
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(BEFORE_FORMULA).startswith(FORMULA) else cell


def as_typed(text):
    """The text that `safe` wrote so: without the apostrophe that it put in front."""
    return text[1:] if text.startswith("'") and text.lstrip(BEFORE_FORMULA).startswith(FORMULA) else text


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
    """The rows as a workbook, streamed."""
    response = StreamingHttpResponse(workbook(header, rows), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
