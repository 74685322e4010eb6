"""What a reader asks of the matrix."""

from difflib import get_close_matches

from django import forms
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sectors.models import Priority


class MatrixFilter(forms.Form):
    """Filters of the matrix, in the words of the edition shown. A filter or value that is not known is an error."""

    phase = forms.ChoiceField(label=_("Phase"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    system = forms.ChoiceField(label=_("System"), required=False)
    cluster = forms.ChoiceField(label=_("Cluster or group"), required=False)

    def __init__(self, data, *, content):
        super().__init__(data)
        self._offer("phase", gettext("All phases"), [(row.slug, row.short_name) for row in content.phases])
        self._offer("priority", gettext("All priorities"), Priority.choices)
        self._offer("system", gettext("Any system"), [(row.slug, row.label) for row in content.systems])
        self._offer("cluster", gettext("Any cluster or group"), [(row.slug, row.label) for row in content.clusters])

    def _offer(self, name, everything, choices):
        field = self.fields[name]
        field.choices = [("", everything), *choices]
        field.error_messages["invalid_choice"] = gettext(
            "The filter “%(filter)s” has no choice “%(value)s”. Use one of: %(known)s."
        ) % {"filter": name, "value": "%(value)s", "known": ", ".join(key for key, _label in choices)}

    def problems(self):
        """What is wrong, in sentences."""
        return [message for messages in self.errors.values() for message in messages]

    def chosen(self):
        """The filters in use, by name."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def query(self):
        """The filters in use as the query of an address; empty where there is none."""
        return urlencode(self.chosen())

    def clean(self):
        for name in self.data:
            if name not in self.fields:
                self.add_error(None, self._unknown(name))
            elif len(self.data.getlist(name)) > 1:
                self.add_error(name, gettext("The filter “%(filter)s” is there twice. Keep one.") % {"filter": name})
        return self.cleaned_data

    def _unknown(self, name):
        near = get_close_matches(name, self.fields, n=1)
        if near:
            return gettext("There is no filter “%(name)s”. Did you mean “%(near)s”?") % {"name": name, "near": near[0]}
        return gettext("There is no filter “%(name)s”. Remove it from the address.") % {"name": name}
