"""Where crises are, on an outline of the land: pure geometry, from degrees to marks that do not cover each other.

The projection is Equal Earth, which shows all areas at their true size, with the meridian of 11° east in the middle,
so that it cuts through the Bering Strait and not through land. mcof/static/land.svg was drawn with it, from the land of
Natural Earth (public domain) at 1:50 million; no boundary is drawn.
"""

from dataclasses import dataclass, field
from math import asin, cos, hypot, pi, radians, sin, sqrt

WIDTH, HEIGHT = 1000, 429
NORTH, MIDDLE = 79, 11  # the degrees of the upper edge and of the meridian in the middle
A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
FEW, MANY = 200_000, 1_000_000  # people: from these on a mark is larger
RADII = {"": 11, "few": 12, "some": 17, "many": 22}
ROUNDS, BETWEEN = 80, 7  # how often marks are moved apart, and how far


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
    for mark in marks:
        mark.x, mark.y = mark.home
    _move_apart(marks)
    taken = {mark.home for mark in marks}
    dots = []
    for place, gap in others.items():
        x, y = project(*place)
        dots.append((x + 6, y + 8, gap) if (x, y) in taken else (x, y, gap))
    return Map(sorted(marks, key=lambda mark: -mark.radius), dots)


def _move_apart(marks):
    """Move marks that cover each other apart, each as far as the other, until none does or the rounds are over."""
    for _round in range(ROUNDS):
        still = True
        for n, one in enumerate(marks):
            for other in marks[n + 1 :]:
                across, down = other.x - one.x, other.y - one.y
                apart = hypot(across, down)
                short = one.radius + other.radius + BETWEEN - apart
                if short <= 0.1:
                    continue
                still = False
                if apart < 0.01:  # the same place: each pair parts in a direction of its own
                    turn = pi * (3 - sqrt(5)) * (other.number + n)
                    across, down, apart = cos(turn), sin(turn), 1
                push = short / 2 / apart
                one.x, one.y = one.x - across * push, one.y - down * push
                other.x, other.y = other.x + across * push, other.y + down * push
        for mark in marks:
            mark.x = round(min(max(mark.x, mark.ring), WIDTH - mark.ring - 6), 1)
            mark.y = round(min(max(mark.y, mark.ring + 6), HEIGHT - mark.ring), 1)
        if still:
            return
