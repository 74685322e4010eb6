"""Filters that know their codes: an unknown parameter or value is answered with the nearest one that is known."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from html import escape

import django_filters as filters
from django.db.models import Q
from django.forms import Select
from django.forms.utils import flatatt
from django.utils.choices import BaseChoiceIterator
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ChoiceField

from sectors import reference
from sectors.models import Complementarity

PART = "\N{EN DASH} "  # before the name of what is part of the choice above it


@dataclass(frozen=True)
class Codes:
    """The codes of one kind of thing: with their names all that exist, and those that lead to something."""

    known: dict[str, str]
    offered: list[tuple[str, str]]

    @classmethod
    def all_of(cls, known):
        return cls(known, list(known.items()))


class CodeSelect(Select):
    """A list of codes, written at once: a template for each of hundreds of choices takes a fifth of a page's time."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = {str(one) for one in self.format_value(value)}
        options = "".join(
            f'<option value="{escape(code)}"{" selected" if code in chosen else ""}>{escape(words)}</option>'
            for code, words in ((str(code), str(words)) for code, words in self.choices)
        )
        attributes = flatatt({"name": name} | self.build_attrs(self.attrs, attrs))
        return mark_safe(f"<select{attributes}>{options}</select>")


class Offered(BaseChoiceIterator):
    """The codes that are offered, looked up when they are needed and, being hundreds, gone through as they are."""

    def __init__(self, codes):
        self.codes = codes

    def __iter__(self):
        return iter(self.codes().offered)


class ChosenField(ChoiceField):
    widget = CodeSelect


class CodeField(ChosenField):
    """Takes every code that is known and offers some. They are looked up when they are needed: `codes` answers them."""

    def __init__(self, *args, codes, **kwargs):
        super().__init__(*args, choices=Offered(codes), **kwargs)
        self.codes = codes

    def valid_value(self, value):
        return value in self.codes().known


class ChoiceFilter(filters.ChoiceFilter):
    field_class = ChosenField


class CodeFilter(filters.ChoiceFilter):
    field_class = CodeField


class CodedFilterSet(filters.FilterSet):
    """Filters whose user asks `problems` before showing anything.

    Where they are not `shown` their form has the fields that the address names and no others: making them all takes
    longer than finding what is asked for.
    """

    def __init__(self, *args, shown=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.shown = shown

    def get_form_class(self):
        if self.shown:
            return super().get_form_class()
        fields = {name: self.filters[name].field for name in self.data if name in self.filters}
        return type("AskedForm", (self._meta.form,), fields)

    def problems(self, allowed=()):
        """What is wrong with the parameters: {name: [messages]}, empty where all are known and have good values.

        `allowed` are names that the caller reads itself, such as the sort or the page.
        """
        found = {name: [self._bad_value(name, lines)] for name, lines in self.form.errors.items()}
        known = [*self.filters, *allowed]
        for name in self.data:
            if name not in known:
                found[name] = [self._unknown(name, known)]
            elif len(self.data.getlist(name)) > 1:
                found[name] = [gettext("The parameter “%(name)s” is there twice. Keep one.") % {"name": name}]
        return found

    def _unknown(self, name, known):
        if near := get_close_matches(name, known, 1):
            words = gettext("There is no parameter “%(name)s” here. Did you mean “%(near)s”?")
            return words % {"name": name, "near": near[0]}
        words = gettext("There is no parameter “%(name)s” here. The known ones are: %(known)s.")
        return words % {"name": name, "known": ", ".join(known)}

    def _bad_value(self, name, lines):
        """A value that is none of the choices is answered with the nearest one, by code or by name."""
        field = self.form.fields[name]
        if not isinstance(field, ChoiceField):
            return " ".join(lines)
        choices = {code: str(words).removeprefix(PART) for code, words in field.choices if code}
        value = self.data[name]
        spelled = {text.casefold(): code for code, words in choices.items() for text in (words, code)}
        words = {"name": name, "value": value, "known": ", ".join(list(choices)[:20])}
        if near := get_close_matches(value.casefold(), spelled, 1):
            code = spelled[near[0]]
            words |= {"near": code, "meaning": choices[code]}
            return gettext("“%(name)s” has no value “%(value)s”. Did you mean “%(near)s” (%(meaning)s)?") % words
        if not choices:
            return gettext("“%(name)s” has no value “%(value)s”.") % words
        if len(choices) > 20:
            return gettext("“%(name)s” has no value “%(value)s”. Some of its values are: %(known)s.") % words
        return gettext("“%(name)s” has no value “%(value)s”. Its values are: %(known)s.") % words


class ComplementarityFilter(CodedFilterSet):
    """Narrows complementarities to those with an end in a phase, of a sector, or of that sector in that phase."""

    phase = CodeFilter(label=_("Phase"), method="left_alone")
    sector = CodeFilter(label=_("Sector"), method="left_alone")

    class Meta:
        model = Complementarity
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Functions, since a form copies its fields deeply, and with a bound method it would copy this filter.
        self.filters["phase"].extra["codes"] = lambda: self.phases
        self.filters["sector"].extra["codes"] = lambda: self.sectors

    @cached_property
    def content(self):
        return reference.current()

    @cached_property
    def phases(self):
        return Codes.all_of({phase.slug: phase.short_name for phase in self.content.phases})

    @cached_property
    def sectors(self):
        return Codes.all_of({sector.code: sector.short_name for sector in self.content.sectors})

    def left_alone(self, rows, name, value: str):
        """The two are asked of one end together."""
        return rows

    def filter_queryset(self, queryset):
        asked = self.form.cleaned_data
        wanted = {"sector__code": asked.get("sector"), "phase__slug": asked.get("phase")}
        ends = [{f"{end}_{name}": value for name, value in wanted.items() if value} for end in ("from", "to")]
        return queryset.filter(Q(**ends[0]) | Q(**ends[1]))
