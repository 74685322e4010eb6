"""A figure over time: each statement a mark true to its date and a line of a table, and nothing ever added up."""

import html
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from crises.chart import SHAPES, chart
from crises.models import Figure, SourceKind
from crises.series import in_words
from tests.factories import NOON, add_figure, log, make_hq, make_partner, reader, sector, share

FIGURES = st.lists(
    st.builds(
        Figure,
        metric=st.just("displaced"),
        value=st.none() | st.integers(0, 10**7),
        qualifier=st.sampled_from(Figure.Qualifier.values),
        source_kind=st.sampled_from(SourceKind.values),
        as_of=st.dates(date(2010, 1, 1), date(2026, 12, 31)).map(lambda day: day.replace(month=1, day=1)),
        as_of_precision=st.sampled_from(["year", "day"]),
    ),
    min_size=1,
    max_size=8,
).map(lambda figures: sorted(figures, key=lambda figure: figure.as_of))


def text(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def address(crisis, metric="affected", group="all", unit="people", **query):
    path = reverse("figure-series", args=[crisis.reference, metric, group, unit])
    return f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}" if query else path


def rows(client, where):
    body = client.get(where).content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    return [text(row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)]


# the drawing


@given(FIGURES, st.sampled_from([340, 760]), st.booleans())
def test_every_figure_is_one_mark_inside_the_drawing_in_the_order_of_dates(figures, width, inside):
    drawn = chart(figures, width=width, height=300, inside=inside)

    assert [mark.figure for mark in drawn.marks] == figures
    for mark in drawn.marks:
        assert drawn.left <= mark.first <= mark.x <= mark.last <= drawn.right
        assert (mark.y <= drawn.base) == mark.known == (mark.figure.value is not None)
        assert mark.known or mark.y > drawn.base  # what is not known is no zero
    for one, other in zip(drawn.marks, drawn.marks[1:], strict=False):
        assert one.first <= other.first
    highest = max(drawn.marks, key=lambda mark: mark.figure.value or -1)
    if highest.known:
        assert highest.y == min(mark.y for mark in drawn.marks)
    assert drawn.rows[0] == (drawn.base, "0")
    assert drawn.ticks
    assert all(drawn.left <= x <= drawn.right for x, _label in drawn.ticks)


@given(FIGURES)
def test_marks_are_joined_only_within_one_kind_of_source_and_over_nothing_unknown(figures):
    drawn = chart(figures, width=760, height=300, inside=True)

    for _tone, one, other in drawn.joins:
        assert one.figure.source_kind == other.figure.source_kind
        assert one.known
        assert other.known
        assert (one.figure.as_of, one.figure.as_of_precision) != (other.figure.as_of, other.figure.as_of_precision)
        between = [
            mark
            for mark in drawn.marks
            if mark.figure.source_kind == one.figure.source_kind
            and one.figure.as_of < mark.figure.as_of < other.figure.as_of
        ]
        assert between == []


def test_distances_are_true_to_the_dates():
    days = [date(2026, 1, 1), date(2026, 1, 11), date(2026, 1, 31)]
    figures = [Figure(value=5, as_of=day, as_of_precision="day", source_kind="un") for day in days]

    one, two, three = chart(figures, width=760, height=300, inside=True).marks

    assert (three.x - two.x) == pytest.approx(2 * (two.x - one.x), abs=0.3)


def test_each_kind_of_source_has_a_shape_of_its_own():
    assert len(set(SHAPES.values())) == len(SHAPES) == len(SourceKind)


def test_about_at_least_and_a_month_are_seen():
    said = [("exact", "day"), ("about", "day"), ("at_least", "month")]
    figures = [
        Figure(value=100, qualifier=qualifier, as_of=date(2026, n, 1), as_of_precision=precision, source_kind="un")
        for n, (qualifier, precision) in enumerate(said, 1)
    ]

    marks = chart(figures, width=760, height=300, inside=True).marks

    assert [mark.sign for mark in marks] == ["", "≈", "≥"]
    assert [mark.dated_wide for mark in marks] == [False, False, True]


def test_the_sentence_says_what_the_drawing_shows():
    def figure(value, month):
        return Figure(value=value, unit="people", as_of=date(2026, month, 1), as_of_precision="month")

    assert in_words([figure(7000, 1), figure(None, 2), figure(500, 3)], inside=True) == (
        "3 figures, from Jan 2026 to Mar 2026. The highest is 7,000 people, Jan 2026; the lowest is 500, Mar 2026. "
        "1 is not known."
    )
    assert in_words([figure(3, 1)], inside=True) == "1 figure, of Jan 2026. 3 people."
    assert in_words([figure(3, 1)], inside=False) == "1 figure, of Jan 2026."


# the page


@pytest.mark.django_db
def test_the_page_tells_the_series_and_no_other_figure(field_client):
    crisis = log()
    add_figure(crisis, 1000, as_of=date(2026, 1, 1))
    add_figure(crisis, 2000, source="Report 7", qualifier="about", note="Two districts.")
    add_figure(crisis, None, as_of=date(2026, 2, 10))
    for other in (
        {"group": "returnees"},
        {"metric": "dead"},
        {"unit": "households"},
        {"place": "Sindh"},
        {"sectors": [sector("S02")]},
    ):
        add_figure(crisis, 777, **other)

    page = field_client.get(address(crisis)).content.decode()

    assert rows(field_client, address(crisis)) == [
        "10 Feb 2026 not known United Nations",
        "1 Feb 2026 about 2,000 people United Nations Report 7 Two districts.",
        "1 Jan 2026 1,000 people United Nations",
    ]
    assert "777" not in page
    assert page.count('role="img"') == 2  # one for a desk, one for a phone
    assert 'aria-label="3 figures, from 1 Jan 2026 to 10 Feb 2026.' in page
    assert "≈ about" in text(page)
    assert "not known: a hollow mark under the line, never zero" in text(page)


@pytest.mark.django_db
def test_place_and_sectors_make_a_series_of_their_own(field_client):
    crisis = log()
    add_figure(crisis, 640)
    figure = add_figure(crisis, 70, place="Sindh & Punjab", sectors=[sector("S04"), sector("S02")], headline=False)
    listed = html.unescape(field_client.get(reverse("figure-list", args=[crisis.reference])).content.decode())
    [link] = re.findall(r'href="([^"]*place[^"]*)"', listed)

    assert "Sindh" in figure.place
    assert rows(field_client, link) == ["1 Feb 2026 70 people United Nations"]
    assert "People affected, Sindh & Punjab, " in text(field_client.get(link).content.decode())


@pytest.mark.django_db
def test_the_list_and_the_key_figures_lead_to_the_history(field_client):
    crisis = log()
    add_figure(crisis, 640, metric="displaced", group="returnees")
    expected = f'href="{address(crisis, "displaced", "returnees")}"'

    for name in ("crisis", "figure-list"):
        assert expected in field_client.get(reverse(name, args=[crisis.reference])).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "where",
    [
        {"metric": "unknown"},
        {"group": "returnees"},
        {"unit": "houses"},
        {"place": "Nowhere"},
        {"place": "%00"},
        {"sectors": "S99"},
        {"plce": "Sindh"},
    ],
)
def test_an_address_that_names_no_series_is_not_found(field_client, where):
    crisis = log()
    add_figure(crisis, 640)

    assert field_client.get(address(crisis, **where)).status_code == 404


@pytest.mark.django_db
def test_small_counts_are_blurred_for_partners_in_the_drawing_too(partner_client, field_client):
    crisis = share(log())
    add_figure(crisis, 3, as_of=date(2026, 1, 1))
    add_figure(crisis, 2, as_of=date(2026, 2, 1))

    partner, staff = (client.get(address(crisis)).content.decode() for client in (partner_client, field_client))

    assert rows(partner_client, address(crisis)) == [
        "1 Feb 2026 fewer than 5 people United Nations",
        "1 Jan 2026 fewer than 5 people United Nations",
    ]
    heights = set(re.findall(r'class="mark[^>]*translate\([\d.]+ ([\d.]+)\)', partner))
    assert len(heights) == 1
    assert len(set(re.findall(r'class="mark[^>]*translate\([\d.]+ ([\d.]+)\)', staff))) == 2
    assert "&lt; fewer than 5" in " ".join(re.sub(r"</?b>", "", partner).split())


@pytest.mark.django_db
def test_the_history_costs_the_same_for_one_figure_and_many(field_client, django_assert_num_queries):
    one, many = log(), log()
    add_figure(one, 1)
    for n in range(12):
        add_figure(many, n, at=NOON + timedelta(minutes=n))
    field_client.get(address(one))  # the process holds the edition from here on

    # session, reader, crisis, figures with the codes of their sectors
    for crisis in (one, many):
        with django_assert_num_queries(4):
            field_client.get(address(crisis))


# nothing is ever added up


@pytest.mark.django_db
@pytest.mark.parametrize(
    "differing",
    [
        [{"source_kind": "un"}, {"source_kind": "iom"}],
        [{"group": "returnees"}, {"group": "refugees"}],
        [{"sectors": ["S02"]}, {"sectors": ["S03"]}],
        [{"as_of": date(2026, 1, 1)}, {"as_of": date(2026, 2, 1)}],
        [{"place": "Sindh"}, {"place": "Punjab"}],
    ],
)
def test_one_and_two_are_never_three(field_client, partner_client, differing):
    """Across sources, groups, sectors, dates and places: on every page, in the API, in the table, and not for HQ."""
    crisis = share(log())
    for value, values in zip((10_111, 20_222), differing, strict=True):
        sectors = [sector(code) for code in values.get("sectors", [])]
        add_figure(crisis, value, **values | {"sectors": sectors})
    figures = list(crisis.figures.all())
    pages = [reverse(name, args=[crisis.reference]) for name in ("crisis", "figure-list", "figure-csv", "plan")]
    pages += [reverse("cell", args=[crisis.reference, code, "during"]) for code in ("S02", "S03")]
    pages += [
        address(
            crisis, "affected", figure.group, place=figure.place, sectors=",".join(s.code for s in figure.sectors.all())
        )
        for figure in figures
    ]
    pages.append(reverse("dashboard"))

    bodies = [b"".join(client.get(path)).decode() for client in (field_client, partner_client) for path in pages] + [
        client.get(f"/api/v1/crises/{crisis.reference}/").content.decode()
        for client in (reader(make_hq()), reader(make_partner("LBY")))
    ]

    assert all(re.search(r"10,?111|20,?222", body) for body in bodies[1:3])
    for body in bodies:
        assert not re.search(r"30,?333", body)


@pytest.mark.django_db
def test_the_table_runs_no_formula_and_holds_no_total(field_client):
    crisis = log()
    add_figure(crisis, 1, source="=HYPERLINK(1)", note="+1", place="@x")
    add_figure(crisis, None, qualifier="about")

    header, *lines = b"".join(field_client.get(reverse("figure-csv", args=[crisis.reference]))).decode().splitlines()

    assert header.startswith("crisis,metric,group,value,below,qualifier,unit,as_of")
    assert len(lines) == 2
    assert f"{crisis.reference},affected,all,1,,exact,people,2026-02-01,day,un,'=HYPERLINK(1),'@x" in lines[1]
    assert f"{crisis.reference},affected,all,,,about" in lines[0]  # not known is an empty place


@pytest.mark.django_db
def test_the_table_blurs_small_counts_for_partners(partner_client):
    crisis = share(log())
    add_figure(crisis, 3)

    assert (
        ",affected,all,,5,exact,"
        in b"".join(partner_client.get(reverse("figure-csv", args=[crisis.reference]))).decode()
    )
