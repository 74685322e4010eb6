"""Tables as files: what a spreadsheet makes of them. Workbooks are read back with a library of their own."""

import csv
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from io import BytesIO, StringIO

import pytest
from openpyxl import load_workbook

from sectors import workbook
from sectors.exports import table_file
from tests.factories import NOON, add_contact, add_figure, log, set_status

FORMULAS = ["=1+1", '=HYPERLINK("http://example.org")', "+1", "-1+2", "@SUM(A1)", "\t=1+1", "\r=1+1", " =1+1", "#REF!"]


def read(kind, header, rows):
    """The rows of a file as a reader gets them back, after its header."""
    answer = table_file(kind, "table", header, rows)
    found = rows_of(answer, kind)
    assert found[0] == header
    return found[1:]


def rows_of(answer, kind):
    content = b"".join(answer)
    if kind == "csv":
        return list(csv.reader(StringIO(content.decode())))
    return [list(row) for row in load_workbook(BytesIO(content)).active.iter_rows(values_only=True)]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_looks_like_a_formula_is_text(text):
    sheet = load_workbook(BytesIO(b"".join(table_file("xlsx", "t", ["title"], [[text]])))).active
    cell = sheet["A2"]

    assert cell.data_type == "s"
    assert cell.value == text.replace("\r", "\n")
    [[safe]] = read("csv", ["title"], [[text]])
    assert safe == (text if text == "#REF!" else f"'{text}")


def test_signs_that_no_sheet_can_hold_are_left_out_and_all_others_kept():
    text = "a\x00b\x0bc\x1fd\ud800e\uffff <&>\"' ك \N{EARTH GLOBE EUROPE-AFRICA} two\r\nlines"

    [[found]] = read("xlsx", ["title"], [[text]])

    assert found == "abcde <&>\"' ك \N{EARTH GLOBE EUROPE-AFRICA} two\nlines"


def test_numbers_days_and_times_stay_what_they_are_and_times_are_in_utc():
    rome = datetime(2026, 3, 1, 1, 30, 15, 999, tzinfo=timezone(timedelta(hours=2)))
    row = [12, 1.5, True, None, date(2026, 3, 1), rome, 7, "2026-03-01", date(1815, 4, 10), float("nan")]

    sheet = load_workbook(BytesIO(b"".join(table_file("xlsx", "t", list("abcdefghij"), [row])))).active
    cells = sheet[2]

    assert [cell.value for cell in cells] == [
        *(12, 1.5, True, None, datetime(2026, 3, 1), datetime(2026, 2, 28, 23, 30, 15), 7),
        *("2026-03-01", "1815-04-10", "nan"),
    ]
    assert [cells[n].number_format for n in (4, 5, 6)] == ["yyyy\\-mm\\-dd", "yyyy\\-mm\\-dd\\ hh:mm:ss", "General"]
    assert sheet.freeze_panes == "A2"
    [line] = read("csv", ["day", "time"], [[date(2026, 3, 1), rome]])
    assert line == ["2026-03-01", "2026-03-01T01:30:15+02:00"]


def test_a_table_wider_than_the_alphabet_keeps_its_columns():
    header = [f"column {n}" for n in range(60)]

    assert read("xlsx", header, [list(range(60))]) == [list(range(60))]
    assert [workbook._letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


@pytest.mark.parametrize(("n", "sheets"), [(0, [1]), (3, [4]), (4, [4, 2]), (6, [4, 4])])
def test_more_rows_than_a_sheet_takes_go_on_in_the_next(monkeypatch, n, sheets):
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)

    book = load_workbook(BytesIO(b"".join(table_file("xlsx", "t", ["n"], ([i] for i in range(n))))))

    assert [sheet.max_row for sheet in book] == sheets
    assert all(sheet["A1"].value == "n" for sheet in book)
    assert [row[0] for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)] == list(range(n))


def test_a_long_table_takes_no_more_memory_than_a_short_one():
    def peak(n):
        rows = ([i, f"title {i}", NOON] for i in range(n))
        tracemalloc.start()
        try:
            for _piece in table_file("xlsx", "t", ["n", "title", "at"], rows):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(10_000) < peak(500) + 200_000


def test_a_text_longer_than_a_cell_is_cut():
    assert read("xlsx", ["text"], [["x" * 40_000]]) == [["x" * 32_767]]


@pytest.mark.parametrize(
    "name", ["plan", "gaps", "figures", "coordination", "history"]
)  # of one crisis, beside /matrix/ and /history/
@pytest.mark.django_db
def test_the_tables_of_a_crisis_are_the_same_in_both_files(office, field_client, name):
    crisis = log(office=office, title="=cmd|calc", phases=["during", "after"])
    set_status(crisis, "S03", "during", "active", lead="@A. Example")
    add_figure(crisis, 640, note="-1")
    add_contact(organisation="+1")

    same_in_both(field_client, f"/crises/{crisis.reference}/{name}")


@pytest.mark.parametrize("path", ["/matrix", "/history", "/grid", "/countries", "/offices/tripoli", "/countries/LBY"])
@pytest.mark.django_db
def test_the_tables_of_all_crises_are_the_same_in_both_files(office, hq_client, path):
    crisis = log(office=office, title="=cmd|calc", phases=["during", "after"])
    add_figure(crisis, 640)

    same_in_both(hq_client, path)


def same_in_both(client, path):
    one, other = client.get(f"{path}.csv"), client.get(f"{path}.xlsx")

    lines, rows = rows_of(one, "csv"), rows_of(other, "xlsx")

    assert one["Content-Disposition"].replace(".csv", ".xlsx") == other["Content-Disposition"]
    assert [len(row) for row in rows] == [len(line) for line in lines]
    assert len(lines) > 1
    for row, line in zip(rows, lines, strict=True):
        assert [as_text(cell) for cell in row] == [cell.removeprefix("'") for cell in line]


def as_text(cell):
    if isinstance(cell, datetime):
        day = cell.time() == cell.min.time()
        return cell.date().isoformat() if day else cell.replace(tzinfo=UTC).isoformat(timespec="seconds")
    return "" if cell is None else str(cell)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.django_db
def test_what_is_wrong_with_the_address_of_a_file_is_plain_text(office, hq_client, kind):
    crisis = log(office=office)

    for address in (
        f"/grid.{kind}?sort=age",
        f"/countries.{kind}?levle=3",
        f"/offices/tripoli.{kind}?level=9",
        f"/crises/{crisis.reference}/plan.{kind}?as_of=tomorrow",
        f"/history.{kind}?kind=none",
        f"/matrix.{kind}?phase=never",
    ):
        answer = hq_client.get(address)

        assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8"), address
    gone = hq_client.get(f"/crises/{crisis.reference}/plan.{kind}?as_of=2020-01-01")
    assert (gone.status_code, gone["Content-Type"]) == (404, "text/plain; charset=utf-8")
