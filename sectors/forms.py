"""What a reader asks of the matrix."""

from difflib import get_close_matches

from django import forms
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sectors.models import Complementarity, Fact, Priority, SectorPriority, Strength


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


class CompareForm(forms.Form):
    """Which two editions of which framework are set side by side; of the one in force, unless the address says."""

    framework = forms.ChoiceField(required=False)

    def __init__(self, data, *, editions):
        """`editions` are those the reader may see, of the framework in force first, by number."""
        super().__init__(data)
        self.editions = editions
        self.fields["framework"].choices = [("", ""), *((one.framework.slug, one.framework) for one in editions)]
        self.fields["framework"].error_messages["invalid_choice"] = self._known(
            "framework", {one.framework.slug: None for one in editions}
        )
        asked = self.data.get("framework") or (editions[0].framework.slug if editions else "")
        self.of_framework = {one.number: one for one in editions if one.framework.slug == asked}
        offered = [("", gettext("Choose")), *((number, self._name(one)) for number, one in self.of_framework.items())]
        for name, label in (("from", _("From")), ("to", _("To"))):
            self.fields[name] = forms.ChoiceField(
                label=label,
                required=False,
                choices=offered,
                error_messages={"invalid_choice": self._known(name, self.of_framework)},
            )

    @staticmethod
    def _known(name, known):
        return gettext("“%(name)s” has no edition “%(value)s”. Use one of: %(known)s.") % {
            "name": name,
            "value": "%(value)s",
            "known": ", ".join(map(str, known)),
        }

    @staticmethod
    def _name(edition):
        words = gettext("Edition %(number)s, draft") if edition.is_draft else gettext("Edition %(number)s")
        return words % {"number": edition.number}

    def clean(self):
        for name in self.data:
            if name not in self.fields:
                words = gettext("There is no parameter “%(name)s” here. The known ones are: %(known)s.")
                self.add_error(None, words % {"name": name, "known": ", ".join(self.fields)})
        said = [name for name in ("from", "to") if self.data.get(name)]
        if len(said) == 1:
            missing = "to" if said == ["from"] else "from"
            self.add_error(missing, gettext("“%(name)s” is missing: name the other edition.") % {"name": missing})
        return self.cleaned_data

    @property
    def shown(self):
        """The fields to choose by."""
        return [self["from"], self["to"]]

    @property
    def problems(self):
        """What is wrong, in sentences."""
        return [message for messages in self.errors.values() for message in messages]

    @property
    def chosen(self):
        """The two editions; empty where none are asked for. Call after is_valid."""
        numbers = [self.cleaned_data[name] for name in ("from", "to")]
        return [self.of_framework[int(number)] for number in numbers if number]


class StatementForm(forms.Form):
    """What every statement of an edition carries: why, where that is written, and which version was seen."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Say why.")},
    )
    paragraph = forms.CharField(
        label=_("Where it is written"),
        max_length=200,
        help_text=_("A paragraph of the framework, or the document of headquarters that says so."),
        error_messages={"required": _("Say where it is written.")},
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    gone = ""  # the field whose empty answer takes the statement away

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.gone and self.is_bound and not self.data.get(self.gone):
            self.fields["reason"].required = self.fields["paragraph"].required = False

    @classmethod
    def of(cls, row, **more):
        """The form of a statement as it stands; an empty one where there is none."""
        return cls(initial=row.says | {"revision": row.revision} if row else {"revision": 0}, **more)

    def refuse(self, error):
        """Put what the service refuses on the field it names, or above the form."""
        for name, problems in getattr(error, "error_dict", {None: error}).items():
            self.add_error(name if name in self.fields else None, problems)


class PriorityForm(StatementForm):
    """What an edition says of a sector in a phase."""

    priority = forms.ChoiceField(
        label=_("Priority"),
        choices=Priority.choices,
        error_messages=dict.fromkeys(["required", "invalid_choice"], _("Select a priority.")),
    )
    condition = forms.ChoiceField(
        label=_("Does it depend on a fact of the crisis?"),
        required=False,
        choices=[("", _("No, it holds in every crisis")), *Fact.choices],
    )
    otherwise = forms.ChoiceField(
        label=_("Priority where that fact is false"),
        required=False,
        choices=[("", _("Depends on no fact")), *Priority.choices],
    )
    confidence = forms.ChoiceField(label=_("How sure is it?"), choices=SectorPriority.Confidence.choices)
    field_order = ["priority", "condition", "otherwise", "reason", "paragraph", "confidence"]


class LinkForm(StatementForm):
    """How an edition links a sector to a system, cluster or group."""

    strength = forms.ChoiceField(label=_("Link"), required=False, choices=[("", _("No link")), *Strength.choices])
    field_order = ["strength", "reason", "paragraph"]
    gone = "strength"


class TieForm(StatementForm):
    """How an edition says that a sector in a phase helps another."""

    how = forms.ChoiceField(label=_("How"), required=False, choices=[("", _("Not said")), *Complementarity.How.choices])
    symmetric = forms.BooleanField(label=_("Both ways"), required=False)
    field_order = ["how", "symmetric", "reason", "paragraph"]
    gone = "how"


class NewTieForm(TieForm):
    """A sector in a phase that helps another, said anew."""

    from_sector = forms.ChoiceField(label=_("Sector"))
    from_phase = forms.ChoiceField(label=_("Phase"))
    to_sector = forms.ChoiceField(label=_("Helps the sector"))
    to_phase = forms.ChoiceField(label=_("In the phase"))
    field_order = ["from_sector", "from_phase", "how", "to_sector", "to_phase", "symmetric", "reason", "paragraph"]

    def __init__(self, *args, content, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["how"].required = True
        self.fields["how"].choices = Complementarity.How.choices
        for end in ("from", "to"):
            self.fields[f"{end}_sector"].choices = [(row.code, f"{row.number} {row.name}") for row in content.sectors]
            self.fields[f"{end}_phase"].choices = [(row.slug, row.short_name) for row in content.phases]


class NoteForm(forms.Form):
    """What an edition changes, in a few words."""

    note = forms.CharField(
        label=_("What does this edition change?"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Everybody reads this beside the edition. It is needed before the edition can be published."),
        error_messages={"required": _("Say what this edition changes.")},
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
