"""The form that logs a crisis and the one that changes its facts."""

import re
from difflib import get_close_matches

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from crises.dates import Precision
from crises.forms.fields import PartialDateField, YesNoField
from crises.models import AffectedGroup, Crisis, SourceKind
from crises.models.crisis import fold
from offices.models import Country


class WholeNumberField(forms.CharField):
    """A whole number as people type it: digits, with spaces between thousands if they like."""

    def __init__(self, *, name, **kwargs):
        self.name = name
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 14}), **kwargs)

    def clean(self, value):
        typed = re.sub(r"\s", "", super().clean(value))
        if not typed:
            return None
        if re.fullmatch(r"-\d+", typed):
            raise ValidationError(_("%(name)s must be 0 or more.") % {"name": self.name})
        if not re.fullmatch(r"[0-9]{1,18}", typed):
            raise ValidationError(_("%(name)s must be a whole number, like 12500.") % {"name": self.name})
        return int(typed)


class CountriesField(forms.CharField):
    """Countries as people write them: names or ISO codes, commas between. Cleans to a list of Country."""

    def clean(self, value):
        known = {}
        for country in Country.objects.all():
            known |= {fold(name): country for name in (country.name, country.iso3, country.iso2)}
        found = []
        for word in (part.strip() for part in super().clean(value).replace(";", ",").split(",")):
            if not word:
                continue
            if fold(word) not in known:
                near = get_close_matches(fold(word), known, 1)
                hint = _("Did you mean %(name)s?") % {"name": known[near[0]]} if near else ""
                raise ValidationError(_("We do not know the country “%(word)s”.") % {"word": word} + f" {hint}")
            found.append(known[fold(word)])
        return found


class CountedLength(MaxLengthValidator):
    """Says how long the text may be and how long it is."""

    message = _("%(field)s must be %(limit_value)s characters or fewer. It has %(show_value)s.")

    def __init__(self, limit, field):
        super().__init__(limit)
        self.field = field

    def __call__(self, value):
        if len(value) > self.limit_value:
            raise ValidationError(
                self.message % {"field": self.field, "limit_value": self.limit_value, "show_value": len(value)}
            )


class FactsForm(forms.Form):
    """What is known of a crisis. Every judgement may be "not known yet", which is the default."""

    required_css_class = "required"

    main_country = forms.ModelChoiceField(
        Country.objects.all(),
        label=_("Country most affected"),
        help_text=_("Add other countries after saving."),
        error_messages={"required": _("Select the country most affected.")},
    )
    title = forms.CharField(
        label=_("Short name"),
        help_text=_("Place and event, for example “River floods, Sindh”."),
        validators=[CountedLength(80, _("Short name"))],
        error_messages={"required": _("Enter a short name.")},
    )
    cause = forms.ChoiceField(
        choices=Crisis.Cause.choices,
        label=_("Main cause"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Select the main cause.")},
    )
    cause_detail = forms.CharField(
        label=_("Details of the cause"),
        required=False,
        help_text=_("For example flood, earthquake, cholera, or fighting between armed groups."),
        validators=[CountedLength(120, _("Details of the cause"))],
    )
    started = PartialDateField(
        name=_("Start date"),
        label=_("When did it start?"),
        required=False,
        help_text=_("Leave the day empty if you only know the month."),
    )
    started_unknown = forms.BooleanField(label=_("Not known yet"), required=False)
    onset = forms.ChoiceField(
        choices=[*Crisis.Onset.choices, ("", _("Not known yet"))],
        label=_("How did it begin?"),
        required=False,
        widget=forms.RadioSelect(attrs={"class": "row"}),
    )
    crosses_border = YesNoField(
        label=_("Do people cross a border?"), help_text=_("Yes makes border management critical.")
    )
    foreign_nationals = YesNoField(
        label=_("Are foreign nationals affected?"), help_text=_("Yes makes consular assistance critical.")
    )
    groups = forms.MultipleChoiceField(
        choices=AffectedGroup.choices,
        label=_("Who is affected?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Refugees stay under UNHCR's mandate."),
    )
    places = forms.CharField(
        label=_("Places"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Districts or towns, one per line."),
        validators=[CountedLength(200, _("Places"))],
    )
    state_request = YesNoField(
        label=_("Has the State asked IOM for support?"), help_text=_("IOM supports States upon their request.")
    )
    level_proposed = forms.TypedChoiceField(
        choices=[("", _("Not assessed")), (1, _("Level 1")), (2, _("Level 2")), (3, _("Level 3"))],
        label=_("Emergency level you propose"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("A proposal. The decision follows IOM's procedure."),
    )
    glide = forms.CharField(label=_("GLIDE number"), required=False, help_text=_("For example EQ-2015-000048-NPL."))
    summary = forms.CharField(
        label=_("What should HQ know?"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-counter": 1000}),
        help_text=_("Needs, access, what IOM already does. Up to 1,000 characters."),
        validators=[CountedLength(1000, _("Summary"))],
    )

    SAME_NAME = (  # fields that the services know by the same name
        "main_country",
        "title",
        "cause",
        "cause_detail",
        "onset",
        "crosses_border",
        "foreign_nationals",
        "groups",
        "places",
        "state_request",
        "level_proposed",
        "glide",
        "summary",
    )

    @classmethod
    def initial_of(cls, crisis):
        """The facts of a crisis as the form shows them."""
        shown = {name: getattr(crisis, name) for name in cls.SAME_NAME}
        return shown | {
            "level_proposed": crisis.level_proposed or "",
            "other_countries": ", ".join(country.name for country in crisis.other_countries.all()),
            "started": (crisis.started_on, crisis.start_precision),
        }

    def refuse(self, error):
        """Put what a service refuses on the field that asks for it, or above the form."""
        if not hasattr(error, "error_dict"):
            return self.add_error(None, error)
        for name, problems in error.error_dict.items():
            asked = {"started_on": "started", "start_precision": "started"}.get(name, name)
            self.add_error(asked if asked in self.fields else None, problems)

    def clean_glide(self):
        return " ".join(self.cleaned_data["glide"].upper().split())

    def clean(self):
        said = super().clean()
        if said.get("started") and said.get("started_unknown"):
            self.add_error("started", _("Enter the start date or select “Not known yet”, not both."))
        return said

    @property
    def facts(self):
        """The cleaned answers in the words of the services."""
        said = self.cleaned_data
        day, precision = said["started"] or (None, "")
        facts = {name: said[name] for name in self.SAME_NAME}
        return facts | {"started_on": day, "start_precision": precision}


class EditForm(FactsForm):
    """The facts of a crisis that is logged already, and the other countries it reaches."""

    other_countries = CountriesField(
        label=_("Other countries"),
        required=False,
        help_text=_("Names or ISO codes with commas between them, for example: Tunisia, EGY, Chad."),
    )

    @property
    def facts(self):
        return super().facts | {"other_countries": self.cleaned_data["other_countries"]}


class LogForm(FactsForm):
    """Four answers are required; everything else can come later."""

    phases = forms.ModelMultipleChoiceField(
        None,
        label=_("Where is it now?"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose all that apply. Phases can overlap."),
        error_messages={"required": _("Select at least one phase.")},
    )
    people = WholeNumberField(
        name=_("People affected"),
        label=_("How many people are affected?"),
        required=False,
        help_text=_("Best figure from one source. Do not add sources together."),
    )
    people_source = forms.ChoiceField(
        choices=[("", _("Select a source")), *SourceKind.choices], label=_("Who gave the figure?"), required=False
    )
    people_date = PartialDateField(name=_("Date of the figure"), label=_("Date of the figure"), required=False)
    office = forms.ModelChoiceField(None, label=_("Office"), error_messages={"required": _("Select your office.")})
    sharing = forms.ChoiceField(
        choices=[
            (Crisis.Sharing.STAFF, _("IOM staff of the region, and HQ")),
            (Crisis.Sharing.OFFICE, _("My office only, the offices above it, and HQ")),
        ],
        label=_("Who can see this?"),
        widget=forms.RadioSelect,
        help_text=_("HQ decides on sharing with partners."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    why_distinct = forms.CharField(
        required=False, widget=forms.HiddenInput, validators=[CountedLength(200, _("Reason"))]
    )
    distinct_from = forms.CharField(required=False, widget=forms.HiddenInput)

    MEANINGS = {
        "before": _("Before: likely, preparing"),
        "during": _("During: emergency now"),
        "after": _("After: transition, recovery"),
    }

    def __init__(self, *args, offices, phases, **kwargs):
        super().__init__(*args, **kwargs)
        self.offices = list(offices)
        self.fields["office"].queryset = offices
        self.fields["office"].empty_label = None if len(self.offices) == 1 else _("Select an office")
        self.fields["phases"].queryset = phases
        self.fields["phases"].label_from_instance = lambda phase: self.MEANINGS.get(phase.slug, phase.name)

    def clean(self):
        said = super().clean()
        if said.get("people") is not None:
            if not said.get("people_source"):
                self.add_error("people_source", _("Select who gave the figure."))
            if "people_date" in said and not said["people_date"]:
                self.add_error("people_date", _("Enter the date of the figure."))
        return said

    @property
    def figure(self):
        """The figure of people affected in the words of the services; None where no number is given."""
        said = self.cleaned_data
        if said["people"] is None:
            return None
        as_of, precision = said["people_date"]
        return {
            "metric": "affected",
            "value": said["people"],
            "source_kind": said["people_source"],
            "as_of": as_of,
            "as_of_precision": Precision(precision),
        }
