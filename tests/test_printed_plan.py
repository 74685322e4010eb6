"""The plan on one sheet of paper: one page whatever a crisis holds, with its sources, and loading nothing."""

import re
import zlib
from datetime import timedelta

import pytest

from crises import printed, services
from crises.listing import levels
from crises.models import AffectedGroup, Crisis, Figure
from crises.past import crisis_at
from crises.reading import plan_of
from offices.models import Country
from sectors.models import Priority
from tests.factories import (
    NOON,
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
PHASES = ("before", "during", "after")
LONG = "The assessment of all sites in the coastal districts found that needs differ from those the framework expects, "
ADDRESS = "https://mcof.example.org/crises/LBY-2026-K7Q/plan/"


def fullest(gaps=15):
    """Everything at once: long names, every cell with a priority of the office's own, so many gaps, six key figures."""
    crisis = log(
        title="Displacement and cross-border movements after the flooding of the river basin WW",
        phases=PHASES,
        crosses_border=True,
        foreign_nationals=True,
        groups=AffectedGroup.values,
        other_countries=list(Country.objects.filter(region__code="015").exclude(pk="LBY")),
        places="Several districts",
    )
    wanted = gaps
    for cell in plan_of(crisis).cells:
        own = Priority.CRITICAL if wanted > 0 else Priority.IMPORTANT
        wanted -= 1
        if cell.priority == own:
            own = "not_applicable" if own == Priority.IMPORTANT else own
        if cell.priority != own:
            set_priority(crisis, cell.sector.code, cell.phase.slug, own, why=(LONG * 5)[:499])
    for n, group in enumerate([*AffectedGroup.values, Figure.ALL]):
        add_figure(crisis, 1_234_567 + n, group=group, source="A very long title of a report on the situation " * 3)
    return crisis


def draw(crisis, *, inside=True, as_of=None):
    """The sheet of a crisis, as a staff member or somebody outside the organisation gets it; as of a past moment."""
    found = Crisis.objects.with_review().select_related("main_country", "office", "focal_point", "updated_by")
    crisis = found.annotate(**levels(as_of)).get(pk=crisis.pk)
    if as_of:
        crisis = crisis_at(crisis, as_of)
    at = NOON + timedelta(days=10)
    return printed.sheet(crisis, reader=make_hq(), inside=inside, address=ADDRESS, at=at, as_of=as_of)


def words(drawn):
    """What the sheet says, in the order of reading."""
    boxes = (box for page in drawn.pages for box in page._page_box.descendants())
    said = re.sub(r"\s+", " ", " ".join(box.text for box in boxes if hasattr(box, "text")))
    return re.sub(r" (?=[,.:])", "", said)


def streams(pdf):
    """The parts of a PDF file, unpacked."""
    for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(part)
        except zlib.error:
            yield part


# One page, whatever there is to say


def bare():
    return log(title="Q")


def under_way():
    crisis = log(phases=["during", "after"], foreign_nationals=True)
    set_status(crisis, "S01", "during", "active")
    set_status(crisis, "S05", "during", "planned")
    waive(crisis, "S03", at=NOON)
    set_priority(crisis, "S07", "during", "critical", why="Two towns have asked for it after the fighting.")
    return crisis


def closed():
    crisis = under_way()
    services.close_crisis(crisis=crisis, by=make_lead())
    return crisis


@pytest.mark.parametrize("make", [bare, under_way, closed, fullest, lambda: fullest(45)])
def test_a_plan_is_one_page_of_a4_across(make):
    drawn = draw(make())

    assert [(round(page.width), round(page.height)) for page in drawn.pages] == [(1123, 794)]


def test_the_fullest_plan_still_shows_every_cell_every_gap_and_where_figures_come_from():
    crisis = fullest()
    said = words(draw(crisis))

    assert crisis.title in said
    assert said.count("Critical") - said.count("Critical by the office") == 15
    assert "Open gaps: 15" in said
    assert said.count("late") == 15
    for n in range(1, 42):
        assert f"{n} " in said.partition("Priorities of the office's own")[2]
    assert said.count("A very long title of a report") == 6


def test_smaller_print_is_taken_before_a_gap_is_left_out():
    crisis = log(phases=["before", "during", "after"])

    said, n = words(draw(crisis)), crisis.gaps.open().count()

    assert n > 11
    assert f"Open gaps: {n}" in said
    assert "more gap" not in said
    assert said.count("days, late.") == n


def test_nothing_is_left_out_unsaid():
    said = words(draw(fullest(45)))

    listed = said.count(", before, ") + said.count(", during, ") + said.count(", after, ")
    more = int(re.search(r"(\d+) more gaps are in the matrix", said)[1])
    assert "Open gaps: 45" in said
    assert listed + more == 45


# What it says


def test_the_sheet_says_which_crisis_at_which_revision_on_whose_word_and_where():
    crisis = under_way()
    decide_level(crisis, "2")
    crisis.refresh_from_db()
    said = words(draw(crisis))

    for sentence in (
        crisis.title,
        crisis.reference,
        "IOM level: Level 2",
        "Inter-agency: none recorded",
        "Review: not reviewed",
        f"Revision {crisis.revision}, changed 1 Mar 2026, 12:00 UTC",
        "Printed 11 Mar 2026, 12:00 UTC",
        "Printed copies are not updated.",
        ADDRESS,
        "derived from the text of IC/2012/7. IOM's own diagram values are not known to us. Edition 1.",
        plan_of(crisis, NOON + timedelta(days=10)).tally.sentence,
    ):
        assert sentence in said, sentence


def test_the_matrix_says_priority_status_and_the_age_of_a_gap_in_words():
    said = words(draw(under_way()))

    row = said.partition("1 Camp management, tracking")[2].partition("2 Shelter")[0]
    assert row.split(" OCHA")[0].split() == [
        "Important",
        "Critical",
        "Active",
        "1",
        "Mar",
        "2026",
        "Important",
        "Not",
        "started",
    ]
    assert "Critical Not started gap 10 days" in said.partition("2 Shelter, NFI")[2].partition("3 Transport")[0]
    assert "Critical Not started waived" in said.partition("3 Transport")[2].partition("4 Health")[0]
    assert "Planned 1 Mar 2026" in said.partition("5 Psychosocial")[2].partition("6 (Re)")[0]
    assert "OCHA, CCCM" in row


def test_each_gap_says_why_and_the_office_s_own_priority_is_a_numbered_note():
    said = words(draw(under_way()))

    gaps = said.partition("Open gaps:")[2]
    assert "4 Health, during, 10 days, late. Access to health care is named" in gaps
    assert "7 Stabilization, during, 9 days, late. Critical by the office: note 1." in gaps
    assert "Critical ↑ 1 Not started gap 9 days" in said
    assert "1 Stabilization, during (the framework: recommended). Two towns have asked for it" in said


def test_key_figures_stand_beside_one_another_with_their_source_and_date():
    crisis = log()
    add_figure(crisis, 64_000, source="https://example.org/a/long/address.pdf", qualifier="about")
    add_figure(crisis, None, metric="displaced", source="Report 4")
    said = words(draw(crisis))

    assert "People affected: about 64,000 people United Nations, example.org, 1 Feb 2026" in said
    assert "Displaced: not known United Nations, Report 4, 1 Feb 2026" in said
    assert "They are never added." in said


def test_readers_outside_get_no_name_of_staff_and_no_small_count():
    crisis = log(by=make_field(username="CANARY"))
    add_figure(crisis, 3)
    for inside, there in ((True, True), (False, False)):
        said = words(draw(crisis, inside=inside))
        assert ("CANARY" in said) == there
        assert ("by hq" in said) == there
        assert ("People affected: 3 people" in said) == there
    assert "fewer than 5 people" in words(draw(crisis, inside=False))


def test_a_sheet_of_the_past_says_what_stood_then_and_that_it_is_past():
    crisis, later = log(), NOON + timedelta(days=5)
    set_status(crisis, "S03", "during", "active", at=later)
    add_figure(crisis, 64_000, at=later)
    decide_level(crisis, "3", at=later)
    past, now = words(draw(crisis, as_of=NOON + timedelta(days=2))), words(draw(crisis))

    assert "as it was on 3 Mar 2026, 12:00 UTC" in past
    assert "IOM level: not assessed" in past
    assert "3 Transport, during, 2 days" in past
    assert "64,000" not in past
    assert "as it was" not in now
    assert "IOM level: Level 3" in now
    assert "3 Transport, during" not in now
    assert "64,000" in now


@pytest.mark.parametrize("title", ["النزوح في ليبيا", "Переміщення людей", "Déplacement à l'Équateur"])
def test_a_title_in_another_script_is_there_and_can_be_read_from_the_file(title):
    drawn = draw(log(title=title))
    told = b"".join(streams(printed.pdf(drawn)))

    assert title in words(drawn)
    shown = {sign for sign in title if sign.isalpha()}
    missing = {sign for sign in shown if f"{ord(sign):04x}".encode() not in told.lower()}
    assert missing == set()


def test_what_an_office_writes_is_text_and_a_sheet_fetches_nothing(tmp_path):
    picture = tmp_path / "dot.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
    drawn = printed.draw(f'<img src="{picture.as_uri()}"><img src="https://example.org/dot.png">')

    assert not [box for box in drawn.pages[0]._page_box.descendants() if hasattr(box, "replacement")]
    assert "<b>bold</b> & more" in words(draw(log(title="<b>bold</b> & more")))


# The file and its address


def test_the_plan_offers_the_file_which_says_what_it_is(field_client):
    crisis = log()
    address = f"/crises/{crisis.reference}/plan.pdf"

    assert f'href="{address}"' in field_client.get(f"/crises/{crisis.reference}/plan/").content.decode()
    answer = field_client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="plan-{crisis.reference}.pdf"'
    assert answer.content.startswith(b"%PDF-1.7")
    parts = answer.content + b"".join(streams(answer.content))
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", parts)) == 1
    assert b"pdfuaid" in parts  # tagged, for people who listen to it


def test_a_partner_gets_the_sheet_of_a_crisis_that_is_shared_and_of_no_other(partner_client):
    crisis = share(log())
    answer = partner_client.get(f"/crises/{crisis.reference}/plan.pdf")

    assert answer.status_code == 200
    assert partner_client.get(f"/crises/{log().reference}/plan.pdf").status_code == 404


def test_a_server_that_cannot_draw_says_so_and_offers_the_page(field_client, monkeypatch):
    monkeypatch.setattr(printed, "LIBRARIES", [("libno-such-library.so.0",)])
    printed.available.cache_clear()
    crisis = log()

    answer = field_client.get(f"/crises/{crisis.reference}/plan.pdf")
    page = field_client.get(f"/crises/{crisis.reference}/plan/").content.decode()
    printed.available.cache_clear()

    assert answer.status_code == 501
    assert "libpango-1.0-0" in answer.content.decode()
    assert f'href="/crises/{crisis.reference}/plan/?phase=all"' in answer.content.decode()
    assert "plan.pdf" not in page


@pytest.mark.parametrize("n", [0, 12])
def test_a_sheet_costs_nine_queries_however_much_is_on_it(field_client, django_assert_num_queries, n):
    crisis = log(phases=PHASES, other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])))
    for number in range(n):
        set_priority(crisis, f"S{number + 1:02}", "before", "not_applicable", why=LONG)
        add_figure(crisis, number)
    field_client.get(f"/crises/{crisis.reference}/plan.pdf")

    # session, reader, crisis with rights and levels; entries, periods, gaps, waivers; other countries, figures
    with django_assert_num_queries(9):
        field_client.get(f"/crises/{crisis.reference}/plan.pdf")
