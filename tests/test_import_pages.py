"""The pages that take a spreadsheet in: what a person sees from the template to what was written."""

import csv
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from openpyxl import load_workbook

from crises.models import Crisis
from exchange.imports import job
from exchange.models import Import
from exchange.models.imports import STUCK
from tests.factories import log, make_field, make_office

pytestmark = pytest.mark.django_db
HEAD = "title,country,cause,phases,started"
GOOD = f"{HEAD}\nFloods in Sabha,LBY,natural_hazard,during,2026\n"


def send(client, text, kind="crises", name="file.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post("/import/", {"kind": kind, "file": SimpleUploadedFile(name, content)})


def followed(client, answer):
    assert answer.status_code == 303, answer.content.decode()
    return client.get(answer.url)


def text(answer):
    return answer.content.decode()


def test_a_file_is_checked_shown_and_written_only_once_it_is_confirmed(field_client):
    page = followed(field_client, send(field_client, GOOD))

    assert "Import 1 row" in text(page)
    assert "Floods in Sabha" in text(page)
    assert not Crisis.objects.exists()
    page = field_client.post(page.wsgi_request.path, {"do": "write"}, follow=True)
    crisis = Crisis.objects.get()
    assert "1 row is written." in text(page)
    assert crisis.reference in text(page)
    again = field_client.post(page.wsgi_request.path, {"do": "write"}, follow=True)
    assert again.status_code == 200
    assert Crisis.objects.count() == 1


def test_mistakes_are_shown_with_row_column_reason_and_suggestion_and_nothing_can_be_written(field_client):
    page = text(followed(field_client, send(field_client, GOOD + "Fire,Lybya,flood,durring,41791\n")))

    for words in ("<code>cause</code>: “flood” is not a code.", "natural_hazard", "Did you mean LBY", "2014-06-01"):
        assert words in page
    assert '<th scope="row">3</th>' in page
    assert "Import 1 row" not in page
    assert "Nothing is written while a row is wrong." in page


def test_the_report_is_a_file_too(field_client):
    page = followed(field_client, send(field_client, GOOD + "=Fire,LBY,flood,during,2026\n"))

    rows = list(csv.DictReader(StringIO(field_client.get(f"{page.wsgi_request.path}report.csv").getvalue().decode())))
    assert [(row["row"], row["verdict"], row["column"]) for row in rows] == [
        ("2", "create", ""),
        ("3", "wrong", "cause"),
    ]
    assert rows[1]["about"] == "'=Fire"


def test_a_file_that_cannot_be_read_says_why(field_client):
    page = text(followed(field_client, send(field_client, "title\nCôte".encode("cp1252"))))

    assert "Windows-1252" in page
    assert "Choose another file" in page


@pytest.mark.parametrize("posted", [{}, {"kind": "crises"}, {"kind": "plans", "file": SimpleUploadedFile("x", b"x")}])
def test_a_form_without_a_file_or_a_kind_says_so(field_client, posted):
    answer = field_client.post("/import/", posted)

    assert answer.status_code == 400
    assert "There is a problem" in text(answer)


def test_a_file_that_is_too_large_is_told_and_not_kept(field_client):
    answer = send(field_client, b"x" * (5 * 1024 * 1024 + 1))

    assert answer.status_code == 400
    assert "larger than 5 MB" in text(answer)
    assert not Import.objects.exists()


@pytest.mark.parametrize("kind", ["crises", "figures"])
def test_the_templates_name_the_columns_that_are_read(field_client, kind):
    told = field_client.get(f"/import/{kind}.csv").getvalue().decode().strip().split(",")
    sheet = load_workbook(BytesIO(field_client.get(f"/import/{kind}.xlsx").getvalue())).active
    explained = list(csv.DictReader(StringIO(field_client.get(f"/import/columns/{kind}.csv").getvalue().decode())))

    assert told == list(job.KINDS[kind].FIELDS) == [cell.value for cell in sheet[1]]
    assert [row["column"] for row in explained] == told
    assert all(row["meaning"] for row in explained)
    assert (
        field_client.get("/import/plans.csv").status_code == field_client.get("/import/crises.pdf").status_code == 404
    )


def test_a_template_filled_in_is_imported(field_client):
    columns = field_client.get("/import/crises.csv").getvalue().decode().strip()
    row = dict.fromkeys(columns.split(","), "") | {
        "title": "A",
        "country": "LBY",
        "cause": "conflict",
        "phases": "during",
    }

    page = followed(field_client, send(field_client, f"{columns}\n{','.join(row.values())}\n"))

    assert "Import 1 row" in text(page)


def test_a_long_file_shows_its_progress_without_a_script_and_can_be_left(field_client):
    rows = "".join(f"Floods {n},LBY,natural_hazard,during,{1901 + n}\n" for n in range(60))
    answer = send(field_client, f"{HEAD}\n{rows}")

    page = field_client.get(answer.url)
    assert page["Refresh"] == "5"
    assert "rows are checked" in text(page)
    assert "<script" not in text(page).split("</header>")[1].split("</main>")[0]
    assert "Being checked" in text(field_client.get("/import/"))


def test_what_has_not_moved_for_minutes_can_be_started_again(field_client):
    rows = "".join(f"Floods {n},LBY,natural_hazard,during,{1901 + n}\n" for n in range(3))
    answer = send(field_client, f"{HEAD}\n{rows}")
    field_client.post(answer.url, {"do": "discard"})
    row = Import.objects.get()
    Import.objects.update(
        state="checking", content=f"{HEAD}\n{rows}".encode(), moved_at=timezone.now() - STUCK * 2, finished_at=None
    )

    page = field_client.get(answer.url)
    assert "Refresh" not in page
    assert "Start again" in text(page)
    field_client.post(answer.url, {"do": "again"})

    row.refresh_from_db()
    assert row.state == "checked"


def test_a_discarded_file_is_gone(field_client):
    answer = send(field_client, GOOD)

    page = field_client.post(answer.url, {"do": "discard"}, follow=True)

    assert "Nothing was written." in text(page)
    assert bytes(Import.objects.get().content) == b""
    field_client.post(answer.url, {"do": "write"})
    assert not Crisis.objects.exists()


def test_nobody_sees_the_import_of_another(field_client, lead_client):
    answer = send(field_client, GOOD)

    assert lead_client.get(answer.url).status_code == 404
    assert lead_client.post(answer.url, {"do": "write"}).status_code == 404


def test_officers_find_the_way_in(field_client, hq_client):
    for path in ("/crises/", "/crises/new/"):
        assert 'href="/import/"' in text(field_client.get(path))
    assert 'href="/import/"' not in text(hq_client.get("/crises/"))


def test_the_pages_cost_the_same_for_one_row_and_a_hundred(field_client, django_assert_num_queries):
    for n in (1, 40):
        rows = "".join(f"Floods {n} {m},LBY,natural_hazard,during,{1901 + m}\n" for m in range(n))
        answer = send(field_client, f"{HEAD}\n{rows}")
        with django_assert_num_queries(3):  # session, user, import
            field_client.get(answer.url)
        with django_assert_num_queries(4):  # session, user, the right to import, imports
            field_client.get("/import/")


def test_the_worker_writes_what_was_confirmed(seeded, client):
    client.force_login(make_field(make_office()))
    log(title="Other", country="TUN", started_on=None)
    rows = "".join(f"Floods {n},LBY,natural_hazard,during,{1901 + n}\n" for n in range(55))
    answer = send(client, f"{HEAD}\n{rows}")
    work = {"batch": True, "interval": 0, "startup_delay": False, "verbosity": 0}
    call_command("db_worker", **work)
    client.post(answer.url, {"do": "write"})
    assert "are being written" in text(client.get(answer.url))

    call_command("db_worker", **work)

    assert "Written" in text(client.get(answer.url))
    assert Crisis.objects.count() == 56
