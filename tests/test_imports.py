"""Crises and figures out of a spreadsheet: judged row by row, written all or none, exactly once."""

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from crises import services
from crises.models import Counter, Crisis, Figure, Receipt
from exchange.imports import crises as crisis_rows
from exchange.imports import job
from exchange.imports.reading import MOST_BYTES, Unreadable, read
from exchange.models import Import
from exchange.models.imports import MOST_WRITTEN
from exchange.services import imports
from offices.models import Country, Membership, Role
from tests.factories import add_figure, log, make_field, make_hq, make_lead, make_office, reader

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
NEW = {"title": "Floods in Sabha", "country": "LBY", "cause": "natural_hazard", "phases": "during"}


def sheet(*rows, separator=","):
    """Rows as the text of a CSV file; the columns are those that any row names."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = StringIO()
    writer = csv.DictWriter(text, columns, delimiter=separator, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def check(content, *, by=None, kind="crises"):
    """An import of this file, checked."""
    row = imports.take_in(by=by or make_field(), kind=kind, name="file.csv", content=content)
    job.check(row.pk)
    row.refresh_from_db()
    return row


def write(row):
    """The same, confirmed and written."""
    assert imports.confirm(by=row.by, uid=row.uid), row.report
    job.write(row.pk)
    row.refresh_from_db()
    return row


def verdicts(row):
    return [one["verdict"] for one in row.report]


def problems(row):
    return [tuple(problem) for one in row.report for problem in one["problems"]]


def exported(name, by):
    answer = reader(by).get(f"{V1}export/{name}")
    return b"".join(answer.streaming_content)


@pytest.fixture
def recorded(office):
    """Two crises with everything an office can say, and figures."""
    one = log(
        office=office,
        title="=Fighting",
        cause_detail="-armed groups",
        places="Zuwara\nSabha",
        summary='Two lines,\nand "quotes"; a semicolon.',
        groups=["refugees", "returnees"],
        other_countries=Country.objects.filter(pk__in=["TUN", "EGY"]),
        started_on=date(2026, 2, 1),
        start_precision="month",
        crosses_border=True,
        foreign_nationals=False,
        glide="CE-2016-000001-LBY",
        level_proposed=3,
        onset="sudden",
    )
    two = log(office=office, title="'Quiet", cause="epidemic", phases=["before"])
    add_figure(one, 1200, source="=HYPERLINK(1)", note="-", place="Sabha")
    add_figure(one, None, group="refugees", qualifier="about", as_of=date(2026, 1, 1), as_of_precision="year")
    add_figure(two, 0, metric="dead", headline=False)
    return one, two


# Round trip


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("table", ["crises", "figures"])
def test_an_export_imported_again_changes_nothing(recorded, office, table, kind):
    content, before = exported(f"{table}.{kind}", make_field(office)), Counter.objects.get().n

    row = check(content, kind=table)

    assert set(verdicts(row)) == {"skip"}, problems(row)
    assert not row.may_be_written
    assert Counter.objects.get().n == before


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_any_text_survives_the_way_out_and_back(text):
    from sectors.exports import as_typed, safe

    said = StringIO()
    csv.writer(said).writerow([safe(text)])

    assert as_typed(next(csv.reader(StringIO(said.getvalue(), newline="")))[0]) == text


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_new_rows_are_logged_once_however_often_the_file_comes(office, separator):
    content = sheet(NEW | {"started": "2026-01", "groups": "refugees returnees"}, separator=separator)

    first = write(check(content))
    again = check(b"\xef\xbb\xbf" + content)

    crisis = Crisis.objects.get()
    assert (crisis.title, crisis.office, crisis.started_iso) == ("Floods in Sabha", office, "2026-01")
    assert crisis.history.get().history_user == first.by
    assert first.state == "done"
    assert first.report[0]["about"] == crisis.reference
    assert verdicts(again) == ["skip"]
    assert again.report[0]["about"] == crisis.reference


def test_a_figure_is_recorded_once_however_often_the_file_comes(recorded, office):
    one, _two = recorded
    row = {"reference": one.reference, "metric": "displaced", "value": "1 500", "as_of": "2026-02", "source_kind": "un"}
    content = sheet(row, row | {"sectors": "S01 S02"})

    write(check(content, kind="figures"))
    again = check(content, kind="figures")

    assert [figure.value for figure in one.figures.filter(metric="displaced")] == [1500, 1500]
    assert verdicts(again) == ["skip", "skip"]
    assert check(exported("figures.csv", make_field(office)), kind="figures").counts["skip"] == 5


def test_a_figure_that_was_withdrawn_does_not_come_back_with_the_same_file(recorded, office):
    one, _two = recorded
    row = {"reference": one.reference, "metric": "displaced", "value": "7", "as_of": "2026", "source_kind": "un"}
    content = sheet(row)
    write(check(content, kind="figures"))
    figure = one.figures.get(metric="displaced")
    services.withdraw_statement(statement=figure, by=make_field(office), why="It was of another place.")

    assert verdicts(check(content, kind="figures")) == ["skip"]


def test_a_figure_is_never_overwritten(recorded, office):
    told = list(csv.DictReader(StringIO(exported("figures.csv", make_field(office)).decode(), newline="")))
    told[0]["value"] = "99"

    row = check(sheet(*told), kind="figures")

    assert verdicts(row) == ["wrong", "skip", "skip"]
    assert problems(row)[0][0] == "revision"
    assert not imports.confirm(by=row.by, uid=row.uid)


# Changes


def changed(exporter, **facts):
    """The exported crises, the first of them with these facts."""
    told = list(csv.DictReader(StringIO(exported("crises.csv", make_field(exporter)).decode(), newline="")))
    first = next(row for row in told if row["title"].endswith("Fighting"))
    first.update(facts)
    return sheet(*told)


def test_a_row_that_differs_changes_that_crisis_alone(recorded, office):
    one, two = recorded
    before, other = one.history.count(), Crisis.objects.get(pk=two.pk).revision

    row = check(
        changed(office, title="Fighting in the west", crosses_border="no", other_countries="TUN", started="2026")
    )
    assert sorted(verdicts(row)) == ["skip", "update"]
    write(row)

    now = Crisis.objects.get(pk=one.pk)
    assert (now.title, now.crosses_border, now.started_iso) == ("Fighting in the west", False, "2026")
    assert [country.pk for country in now.other_countries.all()] == ["TUN"]
    assert now.places == one.places
    assert now.history.count() == before + 1
    assert Crisis.objects.get(pk=two.pk).revision == other


def test_what_somebody_else_changed_since_the_export_is_refused(recorded, office):
    one, _two = recorded
    content = changed(office, title="Mine")
    services.update_facts(crisis=one, by=make_lead(office), revision=one.facts_revision, title="Theirs")

    row = check(content)

    assert "facts_revision" in [column for column, *_why in problems(row)]
    assert "lead" in problems(row)[0][1]


def test_what_somebody_changes_between_check_and_confirmation_stops_everything(recorded, office):
    one, _two = recorded
    row = check(changed(office, title="Mine"))
    services.update_facts(crisis=one, by=make_lead(office), revision=one.facts_revision, title="Theirs")

    row = write(row)

    assert row.state == "checked"
    assert row.problem
    assert verdicts(row).count("wrong") == 1
    assert Crisis.objects.get(pk=one.pk).title == "Theirs"


def test_all_or_nothing(office, monkeypatch):
    rows = [NEW | {"title": f"Floods {n}", "started": f"19{n}0"} for n in range(1, 6)]
    row = check(sheet(*rows))
    assert verdicts(row) == ["create"] * 5
    log_crisis, calls = services.log_crisis, []

    def dies_at_the_fourth(**said):
        calls.append(said)
        if len(calls) == 4:
            raise KeyboardInterrupt  # as a killed process: nobody tidies up
        return log_crisis(**said)

    monkeypatch.setattr(services, "log_crisis", dies_at_the_fourth)
    imports.confirm(by=row.by, uid=row.uid)
    with pytest.raises(KeyboardInterrupt):
        job.write(row.pk)

    assert not Crisis.objects.exists()
    assert not Receipt.objects.exists()
    monkeypatch.undo()
    job.write(row.pk)
    job.write(row.pk)
    assert Crisis.objects.count() == 5


def test_what_is_changed_elsewhere_is_not_silently_left_out(recorded, office):
    content = changed(office, status="closed", phases="during after", sharing="partners", office="hq", exercise="yes")

    assert {column for column, *_why in problems(check(content))} == {
        "status",
        "phases",
        "sharing",
        "office",
        "exercise",
    }


# What is wrong, and what may be meant


@pytest.mark.parametrize(
    ("told", "column", "suggestion"),
    [
        ({"cause": "conflct"}, "cause", "conflict"),
        ({"cause": "flood"}, "cause", "natural_hazard"),
        ({"cause": ""}, "cause", "Main cause"),
        ({"country": "Lybya"}, "country", "LBY"),
        ({"country": "XXX"}, "country", ""),
        ({"other_countries": "TUN Tunisa"}, "other_countries", "TUN"),
        ({"phases": "durring"}, "phases", "during"),
        ({"office": "tripolis"}, "office", "tripoli"),
        ({"crosses_border": "maybe"}, "crosses_border", "yes or no"),
        ({"started": "41791"}, "started", "2014-06-01"),
        ({"started": "24/9/2026"}, "started", "2026-09-24"),
        ({"started": "1/2/2026"}, "started", "2026-01-02"),
        ({"started": "soon"}, "started", "2014-06"),
        ({"started": "2999"}, "started", ""),
        ({"glide": "EQ-15"}, "glide", ""),
        ({"title": "x" * 81}, "title", ""),
        ({"level_proposed": "4"}, "level_proposed", "1, 2, 3"),
        ({"groups": "refugee"}, "groups", "refugees"),
        ({"sharing": "partners"}, "sharing", "staff"),
        ({"status": "closed"}, "status", "afterwards"),
        ({"exercise": "yes"}, "exercise", ""),
        ({"reference": "LBY-2014-ZZZ"}, "reference", ""),
    ],
)
def test_each_mistake_names_the_row_the_column_the_reason_and_what_may_be_meant(office, told, column, suggestion):
    row = check(sheet(NEW, NEW | {"title": "Second"} | told))

    wrong = row.report[1]
    assert (wrong["row"], wrong["verdict"]) == (3, "wrong")
    assert [problem[0] for problem in wrong["problems"]] == [column]
    assert wrong["problems"][0][1]
    assert suggestion in wrong["problems"][0][2]
    assert row.report[0]["verdict"] == "create"
    assert not Crisis.objects.exists()


@pytest.mark.parametrize(
    ("told", "column", "suggestion"),
    [
        ({"metric": "displacd"}, "metric", "displaced"),
        ({"value": "1,500"}, "value", "1500"),
        ({"value": "-3"}, "value", ""),
        ({"as_of": ""}, "as_of", "2014"),
        ({"as_of": "2999-01-01"}, "as_of", ""),
        ({"sectors": "S99"}, "sectors", ""),
        ({"source_kind": "who"}, "source_kind", "government"),
        ({"reference": "LBY-2026-AAAA"}, "reference", ""),
    ],
)
def test_each_mistake_of_a_figure_does_so_too(recorded, told, column, suggestion):
    good = {"reference": recorded[0].reference, "metric": "dead", "value": "9", "as_of": "2026", "source_kind": "un"}

    row = check(sheet(good | told), kind="figures")

    assert [problem[0] for problem in problems(row)] == [column]
    assert suggestion in problems(row)[0][2]


def test_a_likely_duplicate_needs_a_reason(office):
    log(office=office, title="Floods", cause="natural_hazard")

    assert problems(check(sheet(NEW)))[0][0] == "why_distinct"
    assert verdicts(check(sheet(NEW | {"why_distinct": "Another river."}))) == ["create"]


def test_two_equal_rows_of_a_file_are_told(office):
    assert verdicts(check(sheet(NEW, NEW))) == ["create", "wrong"]


def test_a_crisis_of_another_office_is_as_one_that_does_not_exist(office):
    theirs = log(office=make_office("lima", country="PER"), by=make_field(make_office("lima", country="PER"), "other"))

    hidden = problems(check(sheet({"reference": theirs.reference, "title": "Mine"})))
    nothing = problems(check(sheet({"reference": "PER-2026-ZZZ", "title": "Mine"})))

    assert hidden[0][1].replace(theirs.reference, "") == nothing[0][1].replace("PER-2026-ZZZ", "")
    assert hidden[0][2] == nothing[0][2] == ""


@pytest.mark.parametrize("table", ["crises", "figures"])
def test_what_one_may_read_and_not_change_is_skipped_as_exported_and_refused_otherwise(recorded, office, table):
    both = make_field(make_office("lima", country="PER"), "both")
    Membership.objects.create(user=both, office=make_hq().memberships.get().office, role=Role.HQ)
    content = exported(f"{table}.csv", both)
    assert set(verdicts(check(content, by=both, kind=table))) == {"skip"}

    first, *others = csv.DictReader(StringIO(content.decode("utf-8-sig")))
    first |= {"title": "Mine"} if table == "crises" else {"value": "1300", "revision": ""}
    other = check(sheet(first, *others), by=both, kind=table)

    assert verdicts(other) == ["wrong", *["skip"] * len(others)]
    [(column, words, _how)] = problems(other)
    assert (column, words) == ("reference", "You may read this crisis, not change it.")


def test_only_who_logs_crises_may_import(office):
    with pytest.raises(imports.PermissionDenied):
        imports.take_in(by=make_hq(), kind="crises", name="x", content=b"x")


# Files of every kind


def workbook(rows, change=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def bomb():
    content = BytesIO(workbook([["title"], ["x"]]))
    with ZipFile(content, "a", ZIP_DEFLATED) as packed:
        packed.writestr("xl/media/bomb.xml", b" " * 60_000_000)
    return content.getvalue()


def with_doctype():
    content = BytesIO()
    with ZipFile(content, "w") as packed:
        packed.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    return content.getvalue()


def merged(active):
    active.merge_cells("A2:A3")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"title\n", "no row"),
        (b"title,title\nx,y\n", "twice"),
        (b"titel\nx\n", "title"),
        (b"zzz\nx\n", "template"),
        ("title\nCôte".encode("cp1252"), "Windows-1252"),
        ("title\nx".encode("utf-16"), "UTF-16"),
        (b"title\nx\0y\n", "NUL"),
        (b'title,places\n"x,y\n', "quotation"),
        (b"\xd0\xcf\x11\xe0rest", "old"),
        (b"PK\x03\x04 no workbook", "not a workbook"),
        (b"x" * (MOST_BYTES + 1), "5 MB"),
        (b"title\n" + b"x\n" * 5001, "5000 rows"),
        (workbook([["title"], ["x"], ["y"]], merged), "A2:A3"),
        (bomb(), "too large"),
        (with_doctype(), "no spreadsheet writes"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content, words):
    with pytest.raises(Unreadable, match=words):
        read(content, crisis_rows.COLUMNS)


def test_a_refused_file_is_not_kept(office):
    row = check(b"titel\nx\n")

    assert row.state == "refused"
    assert "title" in row.problem
    assert bytes(row.content) == b""


def test_a_workbook_gives_days_years_and_yes_or_no_as_a_person_sees_them(office):
    head = ["title", "country", "cause", "phases", "started", "crosses_border", "level_proposed"]
    rows = [
        ["One", "LBY", "conflict", "during", datetime(2026, 1, 5), True, 2],
        ["Two", "LBY", "epidemic", "during", 2025, False, None],
    ]

    write(check(workbook([head, *rows])))

    one, two = Crisis.objects.order_by("title")
    assert (one.started_iso, one.crosses_border, one.level_proposed) == ("2026-01-05", True, 2)
    assert (two.started_iso, two.crosses_border, two.level_proposed) == ("2025", False, None)


def test_formulas_and_errors_in_a_workbook_are_told_by_cell(office):
    book = workbook([list(NEW), ["=1+1", "LBY", "conflict", "during"], ["#REF!", "LBY", "conflict", "during"]])

    told = check(book)
    assert [[problem[0] for problem in row["problems"]] for row in told.report] == [["title"], ["title"]]
    assert "paste" in problems(told)[0][2]
    assert "#REF!" in problems(told)[1][1]


def test_a_cell_below_no_column_is_told(office):
    content = sheet(NEW).strip() + b",too much\r\n"

    assert "no name" in problems(check(content))[0][1]


def test_hashtags_and_empty_rows_are_passed_over(recorded, office):
    content = exported("crises.csv?hxl=1", make_field(office)) + b"\n,,,\n"

    assert verdicts(check(content)) == ["skip", "skip"]


# Long files, and what is kept


def test_a_long_file_is_worked_on_by_the_worker_and_says_how_far_it_is(seeded, office):
    rows = [NEW | {"title": f"Floods {n}", "started": f"{1900 + n}"} for n in range(60)]
    row = imports.take_in(by=make_field(), kind="crises", name="long.csv", content=sheet(*rows))

    job.start("check", row)
    row.refresh_from_db()
    assert row.waits
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)
    row.refresh_from_db()
    assert (row.state, row.rows, row.rows_checked) == ("checked", 60, 60)
    imports.confirm(by=row.by, uid=row.uid)
    job.start("write", row)
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)

    row.refresh_from_db()
    assert row.state == "done"
    assert Crisis.objects.count() == 60


def test_so_many_rows_are_written_at_once_that_nobody_waits_for_long(office):
    row = imports.take_in(by=make_field(), kind="crises", name="x", content=b"x")
    Import.objects.filter(pk=row.pk).update(
        state="checked", report=[{"verdict": "create"}] * (MOST_WRITTEN + 1) + [{"verdict": "skip"}]
    )

    assert not imports.confirm(by=row.by, uid=row.uid)
    Import.objects.filter(pk=row.pk).update(report=[{"verdict": "create"}] * MOST_WRITTEN + [{"verdict": "skip"}] * 50)
    assert imports.confirm(by=row.by, uid=row.uid)


def test_two_workers_write_an_import_once(seeded):
    row = check(sheet(*(NEW | {"title": f"Floods {n}", "started": f"{1901 + n}"} for n in range(8))))
    imports.confirm(by=row.by, uid=row.uid)

    def work(_n):
        try:
            job.write(row.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))

    row.refresh_from_db()
    assert (row.state, Crisis.objects.count(), Receipt.objects.count()) == ("done", 8, 8)


def test_an_import_is_confirmed_once(office):
    row = check(sheet(NEW))

    assert imports.confirm(by=row.by, uid=row.uid)
    assert not imports.confirm(by=row.by, uid=row.uid)


def test_a_file_is_kept_until_it_is_decided_on_and_a_week_at_most(office):
    done, given_up, left = (
        check(sheet(NEW)),
        check(sheet(NEW | {"title": "Two"})),
        check(sheet(NEW | {"title": "Three"})),
    )
    write(done)
    imports.discard(by=given_up.by, uid=given_up.uid)
    imports.forget(at=timezone.now() + imports.KEPT * 1.1)

    for row in (done, given_up, left):
        row.refresh_from_db()
        assert bytes(row.content) == b""
    assert (given_up.state, left.state) == ("discarded", "discarded")
    imports.forget(at=timezone.now() + imports.TOLD * 1.1)
    assert not Import.objects.exists()
    assert Figure.objects.count() == 0
