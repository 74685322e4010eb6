"""Whole tables as files: each row says what the API says of the same thing, to the readers who may read it."""

import csv
import json
import re
import threading
import tracemalloc
from datetime import date
from io import BytesIO, StringIO

import pytest
from django.db import connection, transaction
from django.utils import timezone
from openpyxl import load_workbook

from crises import sample, services
from crises.models import Crisis, Figure
from exchange.exports import TABLES, spool
from exchange.exports.files import MOST_SECONDS
from sectors.exports import as_typed, safe
from tests.conftest import signed_in
from tests.factories import (
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_office,
    make_partner,
    reader,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
NASTY = [  # as spreadsheets meet it
    "=1+1",
    " =2",
    "\ufeff+3",
    "'=4",
    "''-5",
    "'quoted'",
    "@x",
    "\ttab",
    'a "b", c;d',
    "two\nlines",
    "è漢\u202e",
    "\\.",
    "\\N",
]


def file(name, client=None):
    answer = (client or reader(make_hq())).get(f"{V1}export/{name}")
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def records(table, client=None, query=""):
    return [json.loads(line) for line in file(f"{table}.ndjson{query}", client).decode().splitlines()]


def table(name, client=None):
    """A CSV file as dicts of text."""
    return list(csv.DictReader(StringIO(file(name, client).decode(), newline="")))


@pytest.fixture
def full(office):
    """A crisis of which all is known that can be; shared with partners, and changed since."""
    full = log(
        office=office,
        phases=["before", "during", "after"],
        crosses_border=False,
        foreign_nationals=True,
        groups=["refugees", "returnees"],
        glide="EQ-2015-000048-NPL CE-2016-000001-LBY",
        started_on=date(2026, 2, 1),
        start_precision="month",
        onset="sudden",
        level_proposed=2,
        summary="Two lines,\nand a comma.",
        cause_detail="=cmd()",
    )
    set_status(full, "S03", "during", "active", lead="A. Example", since=date(2026, 2, 3))
    set_status(full, "S04", "during", "active")
    set_status(full, "S04", "during", "stood_down")
    add_figure(full, 3, group="refugees", place="Zuwara")
    share(full)
    set_status(full, "S05", "during", "planned")
    return Crisis.objects.get(pk=full.pk)


@pytest.fixture
def archive(full, office):
    """Crises of every kind: made-up ones, one with all that can be said, one merged into it, a part, nasty texts."""
    sample.make(20, open_ones=8, today=timezone.now().date(), history=False)
    set_priority(full, "S01", "during", "not_applicable")
    set_priority(full, "S13", "before", "critical")
    waive(full, "S02")
    decide_level(full, "2")
    decide_level(full, "scale_up")
    add_figure(full, None, qualifier="about", source="-source")
    gone = log(office=office, title="The same fighting")
    add_figure(gone, 77)
    services.merge_crisis(crisis=gone, survivor=full, by=make_hq(), why="They are one and the same.", at=timezone.now())
    part = log(office=office, title="A part")
    services.set_part_of(crisis=part, whole=full, by=make_field(office))
    hidden = log(office=office, title="A whole that partners do not see")
    seen = log(office=office, title="A part that they see")
    services.set_part_of(crisis=seen, whole=hidden, by=make_field(office))
    share(seen)
    for text in NASTY:
        log(office=office, title=text, places=text, sharing="office")
    return Crisis.objects.get(pk=full.pk)


def as_api(value):
    """A value of the API as the files have it: times to the second."""
    if isinstance(value, str) and value.endswith("Z") and len(value) > 20:
        return f"{value[:19]}Z"
    return value


SAME = (
    "reference title status exercise sharing country other_countries region office part_of cause "
    "cause_detail onset started ended crosses_border foreign_nationals state_request groups glide places "
    "phases level inter_agency gaps waived summary review approved_at changed_since_approval framework "
    "edition logged_at updated_at revision"
)


def readers_of(office):
    return [reader(make_hq()), reader(make_field(office)), reader(make_partner("LBY"))]


def test_a_row_of_crises_says_what_the_answer_for_that_crisis_says(archive, office):
    for client in readers_of(office):
        rows = records("crises", client)

        listed = client.get(f"{V1}crises/?page_size=200").json()["results"]
        assert [row["reference"] for row in rows] == [row["reference"] for row in listed]
        for row in rows:
            answer = client.get(f"{V1}crises/{row['reference']}/").json()
            assert {name: row[name] for name in SAME.split()} == {name: as_api(answer[name]) for name in SAME.split()}
            assert row["level_proposed"] == (answer["level_proposed"] and int(answer["level_proposed"]))


def test_a_row_of_cells_says_what_the_plan_says(archive, office):
    same = (
        "sector phase stated default priority justification confirmed paragraph provenance needed status since lead "
        "revision"
    )
    for client in readers_of(office):
        rows = records("cells", client)

        plans = {ref: client.get(f"{V1}crises/{ref}/plan/").json() for ref in {row["reference"] for row in rows}}
        cells = [(ref, cell) for ref, answer in plans.items() for cell in answer["cells"]]
        assert len(rows) == len(cells) > 0
        found = {(row["reference"], row["sector"], row["phase"]): row for row in rows}
        for reference, cell in cells:
            row, gap = found[reference, cell["sector"], cell["phase"]], cell["gap"]
            assert {name: row[name] for name in same.split()} == {name: cell[name] for name in same.split()}
            assert row["gap"] == (gap is not None)
            assert row["gap_opened_at"] == (as_api(gap["opened_at"]) if gap else None)
            assert (row["waived"], row["waived_until"]) == (
                (gap["waived"], gap["waived_until"]) if gap else (False, None)
            )
            assert len(row["clusters"]) == sum(link["strength"] == "main" for link in cell["clusters"])
            assert row["framework"] == plans[reference]["framework"]


def test_a_row_of_gaps_says_what_the_list_of_gaps_says(archive, office):
    for client in readers_of(office):
        rows, page, listed = records("gaps", client), f"{V1}gaps/?page_size=200", []
        while page:
            answer = client.get(page).json()
            listed += answer["results"]
            page = answer["next"]

        assert len(rows) == len(listed) > 0
        found = {(row["reference"], row["sector"], row["phase"]): row for row in rows}
        for gap in listed:
            row = found[gap["crisis"], gap["sector"], gap["phase"]]
            for name in gap.keys() - {"crisis", "priority"}:
                assert row[name] == as_api(gap[name]), name


def test_a_row_of_figures_says_what_its_crisis_says(archive, office):
    same = (
        "metric group value suppressed below qualifier unit headline sectors place activity as_of source_kind source "
        "note revision"
    )
    for client in readers_of(office):
        rows, answers = records("figures", client), []
        for row in records("crises", client):
            answer = client.get(f"{V1}crises/{row['reference']}/").json()
            answers += [(row["reference"], figure) for figure in answer["figures"]]

        assert len(rows) == len(answers) > 0
        pick = lambda reference, row: (reference, *(str(row[name]) for name in same.split()))  # noqa: E731
        assert sorted(pick(row["reference"], row) for row in rows) == sorted(pick(*answer) for answer in answers)


def test_csv_says_what_ndjson_says_and_nothing_in_it_is_a_formula(archive):
    for name, made in TABLES.items():
        kinds = {column.name: column.kind for column in made.columns}
        for row, record in zip(table(f"{name}.csv"), records(name), strict=True):
            for column, value in record.items():
                text = row[column]
                assert not text.lstrip(" \ufeff").startswith(("=", "+", "-", "@", "\t", "\r")), (name, column)
                told = as_typed(text) if kinds[column] == "text" else text
                if isinstance(value, bool):
                    assert told == ("yes" if value else "no")
                elif isinstance(value, list):
                    assert told.split() == value
                else:
                    assert told == ("" if value is None else str(value)), (name, column)


@pytest.mark.parametrize("text", NASTY)
def test_what_is_written_safely_can_be_read_back(text):
    assert as_typed(safe(text)) == text


def test_a_workbook_holds_the_same_rows_with_days_as_days(full):
    sheet = load_workbook(BytesIO(file("cells.xlsx?sector_status=active"))).active
    head, *rows = sheet.iter_rows(values_only=True)
    row = next(row for row in rows if row[0] == full.reference)

    told = dict(zip(head, row, strict=True))
    assert told["started"].date() == date(2026, 2, 3)
    assert told["lead"] == "A. Example"
    assert told["provenance"] == "derived"


def test_the_cells_say_who_does_what_where_and_when(full, office):
    rows = table("cells.csv?sector_status=stood_down&country=LBY&sector=S04")

    row = next(row for row in rows if row["reference"] == full.reference)
    assert (row["office_name"], row["sector_name"], row["country_iso2"]) == ("Tripoli", "Health Support", "LY")
    assert (row["clusters"], row["status"], row["ended"]) == ("HEA", "stood_down", row["since"])
    assert {row["status"] for row in rows} == {"stood_down"}
    assert {row["sector"] for row in rows} == {"S04"}


@pytest.mark.parametrize("name", TABLES)
def test_libhxl_reads_each_table_with_its_hashtags(full, name):
    import hxl

    told = file(f"{name}.csv?hxl=1")

    with hxl.data(hxl.make_input(BytesIO(told))) as source:
        rows = list(source)
        assert source.display_tags == [column.hxl for column in TABLES[name].columns]
    assert len(rows) == len(records(name))
    with hxl.data(hxl.make_input(BytesIO(told))) as source:
        wrong = hxl.validation.validate(source, None)
        assert [error for error in wrong["issues"] if error["severity"] == "error"] == []


# The hashtags of HXL 1.1 that these files use. Attributes may be anybody's own; hashtags may not.
CORE = {
    "activity",
    "cause",
    "contact",
    "country",
    "crisis",
    "date",
    "description",
    "event",
    "group",
    "indicator",
    "loc",
}
CORE |= {"meta", "org", "region", "sector", "severity", "status"}


def test_every_hashtag_is_one_of_the_standard_s():
    for made in TABLES.values():
        for column in made.columns:
            hashtag = re.fullmatch(r"#([a-z]+)(\+[a-z][a-z0-9_]*)*", column.hxl)
            assert hashtag, column.hxl
            assert hashtag[1] in CORE, column.hxl


def test_in_ndjson_the_hashtags_are_the_names_and_each_is_there_once(full):
    for name, made in TABLES.items():
        tags = [column.hxl for column in made.columns]

        assert len(set(tags)) == len(tags)
        assert list(records(name, query="?hxl=1")[0]) == tags


def test_hashtags_come_only_where_they_are_asked_for(full):
    assert "#" not in file("crises.csv").decode().splitlines()[1].split(",")[0]
    sheet = load_workbook(BytesIO(file("figures.xlsx?hxl=1"))).active
    assert sheet["A2"].value == "#crisis+code"


@pytest.mark.parametrize(
    ("address", "name", "words"),
    [
        ("crises.csv?contry=LBY", "contry", "country"),
        ("cells.csv?sectr=S03", "sectr", "sector"),
        ("figures.csv?metric=affectd", "metric", "affected"),
        ("gaps.xlsx?country=LYB", "country", "LYB"),
        ("crises.csv?as_of=2026-01-01", "as_of", "now"),
        ("crises.csv?hxl=yes", "hxl", "1"),
        ("dictionary.csv?x=1", "x", "takes none"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(office, address, name, words):
    answer = reader(make_hq()).get(f"{V1}export/{address}")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["path"] == name
    assert words in error["message"]


def test_another_kind_of_file_does_not_exist(office):
    assert reader(make_hq()).get(f"{V1}export/crises.pdf").status_code == 404


def test_filters_are_those_of_the_lists(archive):
    for query in ("?country=LBY", "?status=closed", "?q=fighting", "?level=2", "?exercise=true", "?review=changed"):
        listed = reader(make_hq()).get(f"{V1}crises/{query}&page_size=200").json()["results"]

        assert [row["reference"] for row in records("crises", query=query)] == [row["reference"] for row in listed]


def test_a_visitor_gets_the_names_of_the_columns_alone(full, client):
    for name, made in TABLES.items():
        assert file(f"{name}.csv", client).decode() == ",".join(made.names) + "\n"


def test_small_numbers_and_names_do_not_reach_partners(full):
    partner = reader(make_partner("LBY"))

    figures = [row for row in records("figures", partner) if row["group"] == "refugees"]
    assert [(row["value"], row["suppressed"], row["below"]) for row in figures] == [(None, True, 5)]
    for name in TABLES:
        for kind in ("csv", "ndjson"):
            assert "A. Example" not in file(f"{name}.{kind}", partner).decode()


def test_protected_figures_leave_for_their_own_office_alone(full, office):
    crisis = log(office=office, title="Protected")
    sector = crisis.edition.framework.sectors.get(code="S10")
    add_figure(crisis, 4321, sectors=[sector])
    share(crisis)

    def seen(user):
        return "4321" in [row["value"] for row in table("figures.csv", reader(user))]

    below = make_office("benghazi", parent=office.parent)
    assert seen(make_field(office))
    assert not any(map(seen, (make_hq(), make_partner("LBY"), make_field(below, "elsewhere"))))


def test_withdrawn_figures_are_in_no_file(full, office):
    figure = add_figure(full, 9876)
    services.withdraw_statement(statement=figure, by=make_field(office), why="The source took it back.")

    assert "9876" not in [row["value"] for row in table("figures.csv")]
    assert Figure.objects.filter(value=9876).exists()


def test_the_dictionary_names_every_column_of_every_file(full):
    told = reader().get(f"{V1}export/dictionary.json").json()

    for name, made in TABLES.items():
        assert [row["column"] for row in told if row["table"] == name] == made.names
    assert all(row["meaning"] and row["hxl"] and row["source"] for row in told)
    assert [row["column"] for row in csv.DictReader(StringIO(file("dictionary.csv").decode()))] == [
        row["column"] for row in told
    ]


def test_a_file_costs_few_queries_whatever_its_length(full, django_assert_max_num_queries):
    client = reader(make_hq())
    for name in TABLES:
        with django_assert_max_num_queries(8):
            file(f"{name}.csv?country=LBY", client)


def test_a_head_request_reads_no_row(full, django_assert_num_queries):
    answer = signed_in(make_hq()).head(f"{V1}export/crises.csv")

    assert answer["Content-Disposition"] == 'attachment; filename="crises.csv"'
    assert b"".join(answer.streaming_content) == b""


def test_a_long_file_passes_the_limit_of_an_ordinary_statement(full):
    with transaction.atomic(), connection.cursor() as cursor:
        assert file("crises.csv")
        if connection.vendor == "postgresql":  # SQLite has no such limit
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone()[0] == f"{MOST_SECONDS // 60}min"


def test_who_leaves_in_the_middle_ends_the_writer_and_leaves_the_connection_usable(seeded):
    for n in range(30):
        log(title=f"Crisis {n}", phases=["before", "during", "after"])
    answer = reader(make_hq()).get(f"{V1}export/cells.ndjson")

    next(iter(answer.streaming_content))
    answer.close()

    assert [thread.name for thread in threading.enumerate() if thread.name.startswith(spool.NAME)] == []
    assert len(records("cells")) == 30 * 45


def test_what_fails_while_it_is_written_does_not_look_like_a_whole_file():
    def broken(out):
        out.write(b"half")
        raise ValueError

    found = []
    with pytest.raises(ValueError):  # noqa: PT011 (any other would do)
        found.extend(spool.followed(broken, lambda: None))
    assert b"".join(found) != b"whole"


def test_a_long_file_takes_no_more_memory_than_a_short_one():
    def long(out):
        for _ in range(3000):
            out.write(b"x" * 10_000)

    tracemalloc.start()
    size = sum(map(len, spool.followed(long, lambda: None)))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size == 30_000_000
    assert peak < 1_000_000


def test_a_reader_gets_what_was_written_in_order_and_the_writer_stops_when_they_leave():
    def endless(out):
        for n in range(10**9):
            out.write(b"%09d\n" % n)

    pieces = spool.followed(endless, lambda: None)
    told = next(pieces) + next(pieces)
    pieces.close()

    assert told.startswith(b"000000000\n000000001\n")
    assert [int(line) for line in told.splitlines()[:-1]] == list(range(len(told.splitlines()) - 1))
