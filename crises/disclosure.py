"""Small counts of people, for readers outside the organisation: what is kept from them, so that nothing gives it away.

Pure functions. A count from 1 to 4 could point to a person. It is told as being under 5; and where the parts of a
figure by sex and age would give such a count away, none of them is told.
"""

from itertools import combinations

from crises.models.statements import SMALL

# Sectors whose figures are of trafficked people, survivors of violence and children alone: they leave in no file but to
# the office that keeps them.
PROTECTED = frozenset({"counter-trafficking-protection"})


def is_small(value):
    """Whether a count could point to a person. Not known and none at all do not."""
    return value is not None and 0 < value < SMALL


def told(value, *, inside):
    """A count as a reader is told it, and whether it is suppressed: (value or None, suppressed).

    What is not known is None and not suppressed. Every answer that carries counts of people goes through this.
    """
    suppressed = not inside and is_small(value)
    return (None if suppressed else value), suppressed


def parts_withheld(whole, parts):
    """Whether the parts of a figure by sex and age are kept from readers outside. All of them are, or none.

    They are as soon as a part is small, or the whole, or what the parts leave of the whole or of a wider part. One
    blank among them would be found by subtraction, and two small ones by their sum.
    """
    return bool(parts) and (
        is_small(whole)
        or any(is_small(part.value) for part in parts)
        or any(is_small(rest) for rest in _rests(whole, parts))
        or any(_crosses(one, other) for one, other in combinations(parts, 2))
    )


def _rests(whole, parts):
    """What the widest parts leave of the whole, and of each part those inside it."""
    widest = [part for part in parts if not any(_inside(part, other) for other in parts)]
    if whole is not None:
        yield whole - sum(part.value for part in widest)
    for part in widest:
        if inner := [other for other in parts if _inside(other, part)]:
            yield from _rests(part.value, inner)


def _years(part):
    """The ages of a part as (from, to); None where they are not known."""
    low, high = part.band.from_age, part.band.to_age
    return None if low is None and high is None else (low or 0, 999 if high is None else high)


def _inside(part, other):
    """Whether the people of a part are among those of another one: the same sex, a narrower band of ages."""
    if part.sex != other.sex or not (mine := _years(part)) or not (theirs := _years(other)):
        return False
    return mine != theirs and theirs[0] <= mine[0] and mine[1] <= theirs[1]


def _crosses(one, other):
    """Whether two parts share some ages, neither inside the other: what the rest comes to is then anybody's guess."""
    if one.sex != other.sex or not (mine := _years(one)) or not (theirs := _years(other)):
        return False
    return max(mine[0], theirs[0]) <= min(mine[1], theirs[1]) and not (_inside(one, other) or _inside(other, one))
