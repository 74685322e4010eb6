"""The map: places stand where the outline of the land has them, and no mark covers another."""

import re
from itertools import combinations
from math import hypot

import pytest
from django.conf import settings

from crises import worldmap
from offices.models import Country

OUTLINE = (settings.BASE_DIR / "mcof" / "static" / "land.svg").read_text()


def rings():
    """The outline as lists of points."""
    for ring in re.search(r' d="([^"]+)"', OUTLINE)[1].split("z")[:-1]:
        begin, rest = ring[1:].split("l")
        x, y = map(int, begin.split())
        points = [(x, y)]
        steps = [int(n) for n in re.findall(r"-?\d+", rest)]
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x, y))
        yield points


RINGS = list(rings())


def on_land(x, y):
    """Whether a point lies inside an odd number of rings."""
    inside = False
    for points in RINGS:
        for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
    return inside


def mark(number, home, size="few"):
    return worldmap.Mark(number, size, gap=True, home=home, words="")


def test_the_middle_and_the_edges_of_the_map():
    assert worldmap.project(0, 11)[0] == 500
    assert worldmap.project(0, -168.9)[0] == pytest.approx(0, abs=1)
    assert worldmap.project(79, 11)[1] == 0
    assert worldmap.project(-56.5, 11)[1] == pytest.approx(worldmap.HEIGHT, abs=1)


def test_equal_areas_stay_equal():
    """A strip of the sphere between two parallels keeps its share: the area goes with the sine of the latitude."""
    low = worldmap.project(0, 11)[1] - worldmap.project(10, 11)[1]
    high = worldmap.project(60, 11)[1] - worldmap.project(70, 11)[1]
    width = worldmap.project(65, 100)[0] - worldmap.project(65, 11)[0]
    width_low = worldmap.project(5, 100)[0] - worldmap.project(5, 11)[0]

    assert (high * width) / (low * width_low) == pytest.approx((0.9397 - 0.8660) / 0.1736, rel=0.02)


@pytest.mark.parametrize(
    ("place", "land"),
    [
        ((27.0, 18.0), True),  # Libya
        ((0.2, 22), True),
        ((-25, 135), True),
        ((60, 100), True),
        ((40, -100), True),
        ((-10, -55), True),
        ((66.2, -172), True),  # Chukotka, beyond the 180th meridian
        ((0, -30), False),  # the Atlantic
        ((-30, 80), False),
        ((35, 18), False),  # the Mediterranean
        ((20, 38.5), False),  # the Red Sea
    ],
)
def test_the_outline_was_drawn_with_the_same_projection(place, land):
    assert on_land(*worldmap.project(*place)) is land


@pytest.mark.django_db
def test_every_country_has_a_place_on_the_map_and_all_but_small_islands_stand_on_land():
    countries = Country.objects.exclude(region=None)
    places = {country.pk: worldmap.project(country.latitude, country.longitude) for country in countries}
    at_sea = [pk for pk, place in places.items() if not on_land(*place)]

    assert len(places) == 247
    assert all(0 <= x <= worldmap.WIDTH for x, _y in places.values())
    assert [pk for pk, (_x, y) in places.items() if not 0 <= y <= worldmap.HEIGHT] == []
    assert len(at_sea) < 75
    assert not {"LBY", "SDN", "HTI", "UKR", "PHL", "VNM", "FJI", "CHL", "NZL", "HRV"} & set(at_sea)


def test_people_make_three_steps_and_not_reported_is_none_of_them():
    steps = [worldmap.size(n) for n in (None, 0, 199_999, 200_000, 999_999, 1_000_000)]

    assert steps == ["", "few", "few", "some", "some", "many"]


@pytest.mark.parametrize("n", [2, 5, 12])
def test_marks_of_one_country_and_of_its_neighbours_stand_side_by_side(n):
    home = worldmap.project(-3.4, 29.9)
    beside = worldmap.project(-2.0, 29.9)
    marks = [mark(k, home if k % 3 else beside, ["few", "some", "many"][k % 3]) for k in range(1, n + 1)]

    drawn = worldmap.drawn(marks, {})

    for one, other in combinations(drawn.marks, 2):
        assert hypot(one.x - other.x, one.y - other.y) >= one.radius + other.radius
    assert all(hypot(one.x - home[0], one.y - home[1]) < 110 for one in drawn.marks)
    assert (marks[0].x, marks[0].y) == marks[0].home


def test_a_mark_alone_stays_where_it_is_and_none_leaves_the_map():
    alone = mark(1, worldmap.project(27, 18))
    corner = mark(2, worldmap.project(-14, -171), "many")

    drawn = worldmap.drawn([alone, corner], {})

    assert (alone.x, alone.y) == alone.home
    assert not alone.moved
    assert corner.x + corner.ring < worldmap.WIDTH
    assert [one.number for one in drawn.marks] == [2, 1]  # the largest first, so that it hides none


def test_a_country_with_a_mark_and_further_crises_shows_both():
    home = worldmap.project(27, 18)

    drawn = worldmap.drawn([mark(1, home)], {(27, 18): True, (9, 8): False})

    assert [gap for _x, _y, gap in drawn.dots] == [True, False]
    assert drawn.dots[0][:2] != home
    assert drawn.dots[1][:2] == worldmap.project(9, 8)
