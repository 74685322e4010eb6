"""From the text of a cell to a value, or to what is wrong with it and what may be meant."""

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crises.dates import from_iso
from crises.models.crisis import fold
from exchange.imports.sheets import day_of_serial
from offices.models import Country, Office, Role, User
from sectors import reference


class Wrong(Exception):
    """A cell that cannot be used: why, and what may be meant."""

    def __init__(self, reason, suggestion=""):
        super().__init__(reason)
        self.reason, self.suggestion = reason, suggestion


@dataclass
class Known:
    """What the rows of an import may name: read once, however many rows there are."""

    by: User
    today: date

    @cached_property
    def offices(self):
        """The offices that this person logs crises for, by slug."""
        own = Office.objects.reached_by(self.by, Role.FIELD, Role.LEAD).select_related("country")
        return {office.slug: office for office in own}

    @cached_property
    def countries(self):
        """Every country by its codes and by its name, folded."""
        rows = Country.objects.all()
        return {fold(name): country for country in rows for name in (country.iso3, country.iso2, country.name)}

    @cached_property
    def content(self):
        return reference.current()

    @cached_property
    def phases(self):
        return {phase.slug: phase for phase in self.content.phases}

    @cached_property
    def sectors(self):
        return {sector.code: sector for sector in self.content.sectors}


def text(told, known):
    return told


def code(choices):
    """One of these choices, by its code or by what it is called."""

    def parse(told, known):
        if not told:
            return ""
        return one_of(told, {value: str(label) for value, label in choices})

    return parse


def one_of(told, names):
    """The code in `names` ({code: what it is called}) that the text means."""
    spelled = {fold(name): value for value, label in names.items() for name in (label, value)}
    if (meant := spelled.get(fold(told))) is not None:
        return meant
    reason = _("“%(told)s” is not a code.") % {"told": told[:80]}
    if near := get_close_matches(fold(told), spelled, 1, 0.7):
        raise Wrong(reason, _("Did you mean %(near)s?") % {"near": spelled[near[0]]})
    raise Wrong(reason, _("Use one of: %(codes)s.") % {"codes": ", ".join(list(names)[:20])})


def codes(choices):
    """Several of these, parted by spaces, commas or semicolons."""

    def parse(told, known):
        names = {value: str(label) for value, label in choices}
        return [one_of(word, names) for word in dict.fromkeys(re.split(r"[\s,;]+", told)) if word]

    return parse


def yes_no(told, known):
    if not told:
        return None
    meant = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(told.casefold())
    if meant is None:
        raise Wrong(
            _("“%(told)s” is neither yes nor no.") % {"told": told[:80]}, _("Write yes or no, or leave it empty.")
        )
    return meant


def whole(told, known):
    """A whole number, with spaces between thousands if people like."""
    plain = re.sub(r"\s", "", told)
    if not plain:
        return None
    if not re.fullmatch(r"[0-9]{1,13}", plain) or int(plain) > 10**12:
        digits = re.sub(r"[.,'\u2019](?=[0-9]{3}(?:\D|$))", "", plain)
        near = _("Did you mean %(n)s?") % {"n": digits} if re.fullmatch(r"[0-9]{1,12}", digits) else ""
        raise Wrong(_("“%(told)s” is not a whole number of 0 or more.") % {"told": told[:80]}, near)
    return int(plain)


def partial_date(told, known):
    """(day, precision) of a date as exact as it is known; (None, "") for none."""
    if not told:
        return None, ""
    try:
        return from_iso(told)
    except ValueError:
        raise Wrong(_("“%(told)s” is not a date.") % {"told": told[:80]}, _meant(told)) from None


def _meant(told):
    if day := day_of_serial(told):
        words = _("A spreadsheet keeps %(day)s as this number: write %(day)s, in a column formatted as text.")
        return words % {"day": day.isoformat()}
    if parts := re.fullmatch(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})", told):
        one, two, year = parts.groups()
        days = {f"{year}-{two:0>2}-{one:0>2}", f"{year}-{one:0>2}-{two:0>2}"}
        if real := sorted(day for day in days if _is_day(day)):
            return _("Write %(day)s.") % {"day": _(" or ").join(real)}
    return _("Write 2014-06-01, or 2014-06 or 2014 where no more is known.")


def _is_day(text):
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def country(told, known):
    if not told:
        return None
    if found := known.countries.get(fold(told)):
        return found
    fitting = [name for name in known.countries if len(name) > 3 and fold(told) in name] if len(told) > 3 else []
    near = fitting[:1] or get_close_matches(fold(told), known.countries, 1, 0.6)
    meant = near and known.countries[near[0]]
    raise Wrong(
        _("We do not know the country “%(told)s”.") % {"told": told[:80]},
        _("Did you mean %(code)s (%(name)s)?") % {"code": meant.iso3, "name": meant.name} if meant else "",
    )


def countries(told, known):
    """Several, by ISO3 codes parted by spaces, or one to a line by name."""
    words = [word.strip() for word in re.split(r"[;,\n]+", told) if word.strip()]
    if len(words) == 1 and fold(words[0]) not in known.countries:
        words = words[0].split()
    return list({found.pk: found for found in (country(word, known) for word in words)}.values())


def office(told, known):
    """An office that this person logs crises for; where they have one, none need be named."""
    if not told and len(known.offices) == 1:
        return next(iter(known.offices.values()))
    if not told:
        raise Wrong(_("Name the office."), _("Yours are: %(slugs)s.") % {"slugs": ", ".join(known.offices)})
    if told in known.offices:
        return known.offices[told]
    near = get_close_matches(told.casefold(), known.offices, 1)
    raise Wrong(
        _("You log no crises for an office “%(told)s”.") % {"told": told[:80]},
        _("Did you mean %(near)s?") % {"near": near[0]}
        if near
        else _("Yours are: %(slugs)s.") % {"slugs": ", ".join(known.offices)},
    )


def phases(told, known):
    names = {slug: phase.name for slug, phase in known.phases.items()}
    return [known.phases[one_of(word, names)] for word in dict.fromkeys(re.split(r"[\s,;]+", told)) if word]


def sectors(told, known):
    names = {code: sector.short_name for code, sector in known.sectors.items()}
    return [known.sectors[one_of(word, names)] for word in dict.fromkeys(re.split(r"[\s,;]+", told)) if word]
