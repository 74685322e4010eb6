"""What lists say of crises many times over, in words: found once in each language, not for each line."""

from functools import lru_cache, wraps

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext


def by_language(spoken):
    """Keeps what is said of a few hundred things in each language: a grid says the same of them many hundred times."""
    kept = lru_cache(maxsize=10_000)(lambda _language, one: spoken(one))
    return wraps(spoken)(lambda one: kept(get_language(), one))


@by_language
def spoken_day(day):
    """A day as a person writes it: "15 Dec 2013"."""
    return date_format(day, "j M Y")


@by_language
def spoken_days(days):
    """For how many days something has been so."""
    if not days:
        return gettext("today")
    return ngettext("%(shown)s day", "%(shown)s days", days) % {"shown": intcomma(days)}
