"""Filters that stand in the address of a page, and the links that keep them."""

from datetime import date

import django_filters as filters

from crises.dates import Precision, spoken
from crises.forms.fields import DayField, MomentField, ReferenceField
from sectors.filters import CodedFilterSet, CodeField

PLACE = ("page", "older", "newer")  # where a reader stands in a list: gone as soon as the list is another one


class MomentFilter(filters.CharFilter):
    field_class = MomentField


class DayFilter(filters.Filter):
    field_class = DayField


class ReferenceFilter(filters.CharFilter):
    field_class = ReferenceField


class AddressFilter(CodedFilterSet):
    """Filters that stand in the address of a page. Whoever uses one asks `problems` before showing anything.

    `address` is what the address itself says, `held` what holds beside it, where it says nothing of the same filter:
    `data` is the two together.
    """

    held = {}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.address = self.data

    def value(self, name):
        """What a filter asks for; empty where it is not in use. Call after `problems`."""
        return self.form.cleaned_data.get(name)

    def query(self, **changes):
        """The query of this address with some parameters changed, or without them where given None.

        What holds beside the address is taken off by a parameter that is there and empty.
        """
        held = {} if "view" in changes else self.held
        query = self.address.copy()
        for name in list(query):
            if name in (*PLACE, *changes) or (not query[name] and name not in held):
                del query[name]
        query.update({name: value or "" for name, value in changes.items() if value or name in held})
        return f"?{query.urlencode()}"

    def query_for(self, kind, **changes):
        """The query with which a page that has this other kind of filter asks for the same and these changes, as far
        as it can."""
        known = kind.base_filters
        if self.held.keys() <= known.keys():
            return self.query(**{name: None for name in self.address if name not in known} | changes)
        query = self.data.copy()
        for name in list(query):
            if name not in known or name == "view" or not query[name]:
                del query[name]
        query.update({name: value for name, value in changes.items() if value})
        return f"?{query.urlencode()}"

    @property
    def taken_off(self):
        """The filters that hold beside the address, where it takes them off: a form has to say so again."""
        return [name for name in self.held if name in self.address and not self.address[name]]

    def fields(self, names):
        """The fields of these filters in this order, to be shown."""
        return [self.form[name] for name in names.split()]

    def in_words(self, name, value):
        """What a filter asks for, as a person says it: its name and its value."""
        field = self.form.fields[name]
        names = field.codes().known if isinstance(field, CodeField) else dict(getattr(field, "choices", ()))
        words = spoken(value, Precision.DAY) if isinstance(value, date) else names.get(value, value)
        return {"label": field.label, "value": words}

    def chips(self, *left_out):
        """The filters in use: what each asks for in words, and the query without it. Call after `problems`."""
        return [
            self.in_words(name, value) | {"without": self.query(**{name: None})}
            for name in sorted(self.form.fields, key=lambda name: name != "view")  # it says the most
            if (value := self.value(name)) and name not in left_out
        ]
