"""The form that logs a crisis and the one that changes its facts."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crises.dates import spoken
from crises.models import AffectedGroup, Crisis, Figure, SourceKind
from offices.models import Country, Office

from .fields import CountedLength, CountriesField, LongTextField, PartialDateField, WholeNumberField, YesNoField

SAME_NAME = (  # questions that the services know by the same name
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
QUESTION = {"started_on": "started", "start_precision": "started"}  # where it has another name
PHASES = {
    "before": _("Before: likely, preparing"),
    "during": _("During: emergency now"),
    "after": _("After: transition, recovery"),
}


class FactsForm(forms.Form):
    """What is known of a crisis. Every judgement may be "not known yet", which is the default."""

    main_country = forms.ModelChoiceField(
        Country.objects.all(),
        label=_("Country most affected"),
        empty_label=_("Select a country"),
        error_messages={
            "required": _("Select the country most affected."),
            "invalid_choice": _("Select the country most affected."),
        },
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
        error_messages={"required": _("Select the main cause."), "invalid_choice": _("Select the main cause.")},
    )
    cause_detail = forms.CharField(
        label=_("What happened"),
        required=False,
        help_text=_("For example: flood, earthquake, cholera, fighting between armed groups."),
        validators=[CountedLength(120, _("What happened"))],
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
        initial="",
        widget=forms.RadioSelect({"class": "row"}),
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
    places = LongTextField(
        label=_("Places"),
        required=False,
        rows=3,
        help_text=_("Districts or towns, one per line. Codes can be added later."),
        validators=[CountedLength(200, _("Places"))],
    )
    state_request = YesNoField(
        label=_("Has the State asked IOM for support?"), help_text=_("IOM supports States upon their request.")
    )
    level_proposed = forms.TypedChoiceField(
        choices=[("", _("Not assessed")), (1, "1"), (2, "2"), (3, "3")],
        label=_("Emergency level you propose"),
        required=False,
        initial="",
        coerce=int,
        empty_value=None,
        widget=forms.RadioSelect({"class": "row"}),
        help_text=_("A proposal. The decision follows IOM's procedure."),
    )
    glide = forms.CharField(
        label=_("GLIDE number"),
        required=False,
        help_text=_("For example EQ-2015-000048-NPL."),
        validators=[CountedLength(200, _("GLIDE number"))],
    )
    summary = LongTextField(
        label=_("What should HQ know?"),
        required=False,
        rows=6,
        attrs={"data-counter": 1000},
        help_text=_("Needs, access, what IOM already does."),
        validators=[CountedLength(1000, _("Summary"))],
    )

    @classmethod
    def as_left(cls, answers, **shape):
        """The form as somebody left it: their answers (a QueryDict), unjudged."""
        form = cls(**shape)
        for name, field in form.fields.items():
            form.initial[name] = field.widget.value_from_datadict(answers, {}, name)
        return form

    @staticmethod
    def initial_of(crisis):
        """The facts of a crisis as the form shows them."""
        return {name: getattr(crisis, name) for name in SAME_NAME} | {
            "level_proposed": crisis.level_proposed or "",
            "other_countries": "\n".join(country.name for country in crisis.other_countries.all()),
            "started": (crisis.started_on, crisis.start_precision),
            "started_unknown": not crisis.started_on,
        }

    def clean_glide(self):
        """Capitals, and one space between several numbers."""
        return " ".join(self.cleaned_data["glide"].upper().split())

    def clean(self):
        said = super().clean()
        try:
            # The model's own rule, asked early: all mistakes are told at once.
            Crisis(glide=said.get("glide", "")).clean()
        except ValidationError as wrong:
            self.add_error(None, wrong)
        if said.get("started") and said.get("started_unknown"):
            self.add_error("started", _("Enter the start date or select “Not known yet”, not both."))
        return said

    def refuse(self, error):
        """Put what a service refuses on the question that asks for it, or above the form."""
        if not hasattr(error, "error_dict"):
            return self.add_error(None, error)
        for name, problems in error.error_dict.items():
            question = QUESTION.get(name, name)
            self.add_error(question if question in self.fields else None, problems)

    @property
    def facts(self):
        """The cleaned answers in the words of the services."""
        day, precision = self.cleaned_data["started"] or (None, "")
        facts = {name: self.cleaned_data[name] for name in SAME_NAME}
        return facts | {"started_on": day, "start_precision": precision}


class EditForm(FactsForm):
    """The facts of a crisis that is logged already, and the other countries it reaches."""

    other_countries = CountriesField(
        label=_("Other countries"),
        required=False,
        widget=forms.Textarea({"cols": False, "rows": 3}),
        help_text=_("Names or ISO codes, one per line."),
    )

    field_order = ["main_country", "other_countries"]

    @property
    def facts(self):
        return super().facts | {"other_countries": self.cleaned_data["other_countries"]}


class LogForm(FactsForm):
    """Four answers are required; everything else can come later."""

    phases = forms.TypedMultipleChoiceField(
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
        choices=[("", _("Select a source")), *SourceKind.choices], label=_("Source"), required=False
    )
    people_date = PartialDateField(name=_("Date of the figure"), label=_("As of"), required=False)
    office = forms.ModelChoiceField(
        Office.objects.all(),  # whether it is one of the person's own, the service judges
        to_field_name="slug",
        label=_("Office"),
        error_messages={"required": _("Select your office."), "invalid_choice": _("Select your office.")},
    )
    sharing = forms.ChoiceField(
        choices=[(sharing, sharing.label) for sharing in (Crisis.Sharing.STAFF, Crisis.Sharing.OFFICE)],
        label=_("Who can see this?"),
        initial=Crisis.Sharing.STAFF,
        widget=forms.RadioSelect,
        help_text=_("HQ decides on sharing with partners."),
    )
    key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ["required", "invalid"], _("This form had lost its number and has a new one. Check your answers and save.")
        ),
    )
    why_distinct = forms.CharField(
        required=False, widget=forms.HiddenInput, validators=[CountedLength(200, _("Reason"))]
    )
    distinct_from = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = [
        *("main_country", "title", "cause", "cause_detail", "phases", "started", "started_unknown", "onset"),
        *("crosses_border", "foreign_nationals", "groups", "people", "people_source", "people_date", "places"),
        *("state_request", "level_proposed", "glide", "summary", "office", "sharing"),
    ]

    def __init__(self, *args, offices, phases, **kwargs):
        """`offices` are those the person may log for, `phases` the framework's."""
        super().__init__(*args, **kwargs)
        self.fields["main_country"].help_text = _("Add other countries after saving.")
        offered = [(office.slug, office.name) for office in offices]
        self.fields["office"].choices = offered if len(offered) == 1 else [("", _("Select an office")), *offered]
        self.fields["phases"].choices = [(phase.slug, PHASES.get(phase.slug, phase.name)) for phase in phases]
        self.fields["phases"].coerce = {phase.slug: phase for phase in phases}.get

    def clean(self):
        said = super().clean()
        if said.get("people") is not None:
            if not said.get("people_source"):
                self.add_error("people_source", _("Select who gave the figure."))
            if "people_date" in said and not said["people_date"]:
                self.add_error("people_date", _("Enter the date of the figure."))
        elif "people" in said and (said.get("people_source") or said.get("people_date")):
            self.add_error("people", _("Enter how many people are affected, or clear the source and the date."))
        return said

    @property
    def figure(self):
        """The figure of people affected in the words of the services; None where no number is given."""
        said = self.cleaned_data
        if said["people"] is None:
            return None
        as_of, precision = said["people_date"]
        return {
            "metric": Figure.Metric.AFFECTED,
            "group": Figure.ALL,
            "value": said["people"],
            "source_kind": said["people_source"],
            "as_of": as_of,
            "as_of_precision": precision,
        }


def in_words(known):
    """Facts as services.facts_as_known tells them, as a person reads them: {question: (label, words)}. One query."""
    countries = Country.objects.in_bulk([known["main_country"], *known["other_countries"]])
    words = {}
    for name, field in EditForm.base_fields.items():
        if name == "started_unknown":
            continue
        value = known.get(name)
        if name == "started":
            said = spoken(known["started_on"], known["start_precision"])
        elif name == "main_country":
            said = countries[value].name
        elif name == "other_countries":
            said = ", ".join(countries[iso3].name for iso3 in value)
        elif name == "groups":
            said = ", ".join(str(AffectedGroup(group).label) for group in value)
        elif hasattr(field, "choices"):
            value = field.prepare_value(value)
            said = str(dict(field.choices)["" if value is None else value])
        else:
            said = value
        words[name] = (field.label, said or (gettext("Not known yet") if name == "started" else gettext("No answer")))
    return words
