"""Long lists in pages of 50."""

from dataclasses import dataclass

PAGE = 50


@dataclass(frozen=True)
class Page:
    """The rows of one page, and what the address of the page before and after it says; empty where there is none."""

    rows: list
    previous: dict
    next: dict
    number: int = None  # where pages are numbered
    last: int = None


def by_revision(rows, *, older=None, newer=None):
    """The last changed first, from the revision where the reader stands.

    A crisis that changes meanwhile moves to the top and shifts no page, and a page costs the same anywhere in the list.
    """
    if newer:
        found = list(rows.filter(revision__gt=newer).order_by("revision")[: PAGE + 1])
        shown = found[:PAGE][::-1]
        more_before, more_after = len(found) > PAGE, bool(shown)
    else:
        rows = rows.filter(revision__lt=older) if older else rows
        found = list(rows.order_by("-revision")[: PAGE + 1])
        shown = found[:PAGE]
        more_before, more_after = bool(older and shown), len(found) > PAGE
    return Page(
        shown,
        previous={"newer": shown[0].revision} if more_before else {},
        next={"older": shown[-1].revision} if more_after else {},
    )


def numbered(rows, number, n):
    """Page by number, of a list in any order and of n rows: what such a list is sorted by is no place to stand at,
    since many rows share it and it changes. A page beyond the last is the last."""
    last = max(1, -(-n // PAGE))
    number = min(int(number or 1), last)
    shown = list(rows[(number - 1) * PAGE : number * PAGE])
    return Page(
        shown,
        previous={"page": number - 1} if number > 1 else {},
        next={"page": number + 1} if number < last else {},
        number=number,
        last=last,
    )
