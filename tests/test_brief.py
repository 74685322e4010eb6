"""The dashboard on two sheets of paper: the same numbers, filters and moment as the page, whatever there is to show."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from crises import brief, printed
from crises.models import Crisis
from crises.panels import Panels
from sectors import reference
from tests.factories import (
    NOON,
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_office,
    set_status,
    share,
    waive,
)
from tests.test_dashboard_page import key_figures, read
from tests.test_printed_plan import words

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ADDRESS = "https://mcof.example.org/dashboard/?phase=during"


def draw(at=None, *, inside=True, **more):
    """The brief as the page for it is drawn, for staff or for a reader outside."""
    panels = Panels(Crisis.objects.all(), reference.current(), at=at or timezone.now(), inside=inside, **more)
    said = {"panels": panels, "counts": panels.counts, "total": panels.board.total, "late": len(panels.board.late)}
    said |= {"small": 5, "stale_days": 14, "late_hours": 72, "target": 3}
    return brief.sheets(said | {"reader": "A. Reader", "address": ADDRESS, "chips": []}, at)


@pytest.fixture
def some(office):
    now = timezone.now()
    crisis = log(office=office, title="Fighting", phases=["during", "after"], at=now - 9 * DAY)
    set_status(crisis, "S03", "during", "active", at=now - 4 * DAY)
    waive(crisis, "S04")
    add_figure(crisis, 12345)
    decide_level(crisis, "3")
    lima = make_office("lima", country="PER")
    log(office=lima, by=make_field(lima, "lima-field"), title="Flood", country="PER", at=now - 40 * DAY)
    return crisis


def crowd(n=14):
    """As much as a page can hold: long names, large figures, many offices, every level, everything active somewhere."""
    now, countries = timezone.now(), ["AFG", "COD", "SDN"]
    for k in range(n):
        office = make_office(f"the-country-office-with-a-long-name-{k}")
        by = make_field(office, f"field-{k}")
        title = f"Displacement and cross-border movements after the flooding of the river basin {k:02}"
        crisis = log(
            office=office,
            by=by,
            title=title,
            phases=["before", "during", "after"],
            country=countries[k % 3],
            at=now - (20 + k) * DAY,
            crosses_border=True,
            foreign_nationals=True,
        )
        for place, code in enumerate(["S01", "S03", "S05", "S10", "S14"]):
            set_status(crisis, code, "during", "active", by=by, at=now - (k * place) * DAY)
        add_figure(crisis, 98_765_432 + k, by=by)
        if k % 4:
            decide_level(crisis, str(k % 4))


@pytest.mark.parametrize("n", [0, 1, 14])
def test_the_brief_has_two_pages_at_most(n):
    crowd(n)

    drawn = draw()

    assert len(drawn.pages) == (2 if n else 1)
    assert all((round(page.width), round(page.height)) == (794, 1123) for page in drawn.pages)


def test_its_numbers_are_those_of_the_page(some, hq_client):
    page, said = key_figures(read(hq_client)), words(draw())

    assert len(page) == 6
    for name, (number, note) in page.items():
        assert f"{name} {number} {note.split(', Feb')[0]}" in said, name
    assert re.search(r"Fighting LBY-\d{4}-\w+ Libya During, After 3 12,345 \d+", said)
    assert "6 of " in said
    assert "not reported" in said


def test_it_names_its_filter_its_moment_and_its_reader(some, hq_client, monkeypatch):
    kept = []
    monkeypatch.setattr(printed, "pdf", lambda drawn: kept.append(drawn) or b"%PDF")

    answer = hq_client.get("/dashboard.pdf?region=002")

    said = words(kept[0])
    assert answer["Content-Type"] == "application/pdf"
    assert re.search(
        r"Data as of \d+ \w+ \d{4}, \d\d:\d\d UTC\. The open crises of this filter\. Region: Africa\.", said
    )
    assert "Flood" not in said
    assert "http://testserver/dashboard/?region=002" in said
    assert "Printed copies are not updated." in said
    assert "does not imply any opinion on the legal status" in said


def test_a_brief_of_the_past_says_so():
    crisis = log(title="Then", at=NOON)
    set_status(crisis, "S03", "during", "active", at=NOON + 9 * DAY)

    said = words(draw(as_of=NOON + 5 * DAY))

    assert "As it was on 6 Mar 2026, 12:00 UTC." in said
    assert "What needed a decision then?" in said
    assert "Critical gaps 7" in said
    assert "Critical gaps 6" in words(draw(NOON + 10 * DAY))


def test_outsiders_get_no_small_count(some):
    add_figure(some, 3)
    share(some)

    assert "<5" in words(draw(inside=False))
    assert "<5" not in words(draw())


def test_the_file_is_an_accessible_pdf_that_says_what_it_is(some, hq_client):
    answer = hq_client.get("/dashboard.pdf?phase=during")

    assert answer.status_code == 200
    assert re.fullmatch(r'inline; filename="brief-during-\w+\.pdf"', answer["Content-Disposition"])
    assert answer.content.startswith(b"%PDF")


def test_the_brief_costs_what_the_page_costs(some, hq_client, django_assert_num_queries):
    # session, user, editions, how the crises stand, their countries, activations, regions named in the filter
    hq_client.get("/dashboard.pdf")
    with django_assert_num_queries(6):
        hq_client.get("/dashboard.pdf?region=002")


def test_a_server_that_cannot_draw_says_so_and_offers_the_page(some, hq_client, monkeypatch):
    monkeypatch.setattr(printed, "LIBRARIES", [("libno-such-library.so.0",)])
    printed.available.cache_clear()

    answer = hq_client.get("/dashboard.pdf?phase=during")
    page = hq_client.get("/dashboard/").content.decode()
    printed.available.cache_clear()

    assert answer.status_code == 501
    assert 'href="/dashboard/?phase=during"' in answer.content.decode()
    assert "dashboard.pdf" not in page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_itself_prints_on_two_sheets(page, sign_in):
    crowd()
    sign_in(make_hq())
    page.goto("/dashboard/")

    paper = page.pdf(prefer_css_page_size=True, print_background=True)

    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 2
