"""Dates as people know them: to the day, the month or the year; and moments of the past. Pure functions."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Precision(models.TextChoices):
    DAY = "day", _("Day")
    MONTH = "month", _("Month")
    YEAR = "year", _("Year")


FIRST_YEAR = 1900  # an earlier year is a slip of the finger
PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?"
)
SPOKEN = {Precision.DAY: "j M Y", Precision.MONTH: "M Y", Precision.YEAR: "Y"}


def spoken(day, precision):
    """The date as a person writes it, no more exact than it is known: "15 Dec 2013", "Jun 2014", "2012"."""
    return date_format(day, SPOKEN[precision]) if day else ""


def iso(day, precision):
    """The date in ISO 8601, cut to what is known: "2013-12-15", "2014-06", "2012"; None for no date."""
    return day.isoformat()[: {Precision.DAY: 10, Precision.MONTH: 7, Precision.YEAR: 4}[precision]] if day else None


def from_iso(text):
    """(day, precision) of a date in ISO 8601 that may stop at the month or the year. Raises ValueError."""
    parts = PARTIAL.fullmatch(text)
    if not parts or int(parts[1]) < FIRST_YEAR:
        raise ValueError(text)
    precision = Precision.DAY if parts[3] else Precision.MONTH if parts[2] else Precision.YEAR
    return date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1)), precision


def bounds(day, precision):
    """The first and the last day that the date can mean."""
    if precision == Precision.YEAR:
        return date(day.year, 1, 1), date(day.year, 12, 31)
    if precision == Precision.MONTH:
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    return day, day


def days_apart(one, other):
    """The fewest days that can lie between two (day, precision) pairs: 0 where they can be the same day."""
    (first, last), (other_first, other_last) = bounds(*one), bounds(*other)
    return max((other_first - last).days, (first - other_last).days, 0)


def moment(text, now):
    """The moment in UTC that `as_of` means: a day is its end, or now where it is today; else a time with its zone.

    Raises ValidationError for what is neither, for a year before the first, and for the future.
    """
    try:
        if not MOMENT.fullmatch(text):
            raise ValueError
        told = datetime.fromisoformat(text)
        if "T" not in text:
            told = datetime.combine(told, time.max, UTC)
            told = min(told, now) if told.date() == now.date() else told
        told = told.astimezone(UTC)
        if told.year < FIRST_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        words = gettext("“as_of” must be a day like 2026-03-01, or a moment like 2026-03-01T14:05Z, not “%(text)s”.")
        raise ValidationError(words % {"text": text}) from None
    if told > now:
        words = gettext("“as_of” must be today or in the past, and “%(text)s” is in the future. It is %(now)s UTC now.")
        raise ValidationError(words % {"text": text, "now": date_format(now, "j M Y, H:i")})
    return told
