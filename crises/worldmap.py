"""Where crises are, on an outline of the land: pure geometry, from degrees to marks that do not cover each other.

The projection is Equal Earth, which shows all areas at their true size, with the meridian of 11° east in the middle,
so that it cuts through the Bering Strait and not through land. mcof/static/land.svg was drawn with it, from the land of
Natural Earth (public domain) at 1:50 million; no boundary is drawn.
"""

from dataclasses import dataclass, field
from itertools import count
from math import asin, cos, hypot, pi, radians, sin, sqrt

WIDTH, HEIGHT = 1000, 429
NORTH, MIDDLE = 79, 11  # the degrees of the upper edge and of the meridian in the middle
A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
FEW, MANY = 200_000, 1_000_000  # people: from these on a mark is larger
RADII = {"": 11, "few": 12, "some": 17, "many": 22}
BETWEEN, STEP, TURNS = 7, 3, 24  # how far marks stand apart; how a free place is looked for, around and outwards


def _plane(latitude, longitude):
    theta = asin(sqrt(3) / 2 * sin(radians(latitude)))
    east = radians((longitude - MIDDLE + 180) % 360 - 180)
    square, sixth = theta**2, theta**6
    x = 2 * sqrt(3) * east * cos(theta) / (3 * (A1 + 3 * A2 * square + sixth * (7 * A3 + 9 * A4 * square)))
    return x, theta * (A1 + A2 * square + sixth * (A3 + A4 * square))


SCALE = WIDTH / 2 / _plane(0, MIDDLE + 179.9999)[0]
EDGE = _plane(NORTH, MIDDLE)[1]


def project(latitude, longitude):
    """Where a place stands on the map, in its own units from its upper left corner."""
    x, y = _plane(latitude, longitude)
    return round(WIDTH / 2 + SCALE * x, 1), round(SCALE * (EDGE - y), 1)


@dataclass
class Mark:
    """A numbered crisis: at the middle of its country, or beside it where other marks stand there."""

    number: int
    size: str  # few, some or many people; empty where nobody reports
    gap: bool
    home: tuple
    words: str
    x: float = 0
    y: float = 0

    @property
    def radius(self):
        return RADII[self.size]

    @property
    def ring(self):
        return self.radius + 4

    @property
    def corner(self):
        """How far up and aside the triangle of a gap stands."""
        return round(self.radius * 0.78, 1)

    @property
    def moved(self):
        """Whether it stands so far from its place that a line must lead there."""
        return hypot(self.x - self.home[0], self.y - self.home[1]) > self.radius


@dataclass
class Map:
    """What the drawing is made of; lengths in its own units."""

    marks: list = field(default_factory=list)
    dots: list = field(default_factory=list)  # (x, y, whether a critical sector is missing) of countries with others
    width, height = WIDTH, HEIGHT


def size(people):
    """The step of a mark: by how many people are reported, or none."""
    if people is None:
        return ""
    return "few" if people < FEW else "some" if people < MANY else "many"


def drawn(marks, others):
    """The map of these marks, and of the countries of further crises: {(latitude, longitude): whether one has a gap}.

    The largest marks are drawn first, so that none hides a smaller one.
    """
    placed = []
    for mark in marks:
        mark.x, mark.y = next(place for place in _around(*mark.home) if _free(mark, *place, placed))
        placed.append(mark)
    taken = {mark.home for mark in marks}
    dots = []
    for place, gap in others.items():
        x, y = project(*place)
        dots.append((x + 6, y + 8, gap) if (x, y) in taken else (x, y, gap))
    return Map(sorted(marks, key=lambda mark: -mark.radius), dots)


def _around(x, y):
    """A place, then places farther and farther from it."""
    yield x, y
    for ring in count(1):
        for turn in range(TURNS):
            angle = 2 * pi * turn / TURNS
            yield round(x + ring * STEP * cos(angle), 1), round(y + ring * STEP * sin(angle), 1)


def _free(mark, x, y, placed):
    """Whether a mark can stand there: on the map, and clear of the marks that are placed."""
    edge = mark.ring + 6
    if not (edge <= x <= WIDTH - edge and edge <= y <= HEIGHT - edge):
        return False
    return all(hypot(x - one.x, y - one.y) >= mark.radius + one.radius + BETWEEN for one in placed)
