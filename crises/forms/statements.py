"""The forms that add a dated statement: a figure, a line of work, a decision on the level."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.facts import CountedLength, WholeNumberField
from crises.forms.fields import PartialDateField
from crises.forms.plan import DayInput
from crises.models import Figure, LevelDecision, SourceKind


class SourcedForm(forms.Form):
    """What every statement says of itself: when it holds and where it comes from."""

    as_of = PartialDateField(
        name=_("Date"),
        label=_("Date it holds for"),
        help_text=_("Leave the day empty if the source gives only the month."),
        error_messages={"required": _("Enter the date it holds for.")},
    )
    source_kind = forms.ChoiceField(
        choices=[("", _("Select a source")), *SourceKind.choices],
        label=_("Who says so?"),
        error_messages={"required": _("Select who says so.")},
    )
    source = forms.CharField(
        label=_("Document or address"), required=False, validators=[CountedLength(300, _("Document or address"))]
    )
    note = forms.CharField(label=_("Note"), required=False, validators=[CountedLength(300, _("Note"))])
    sectors = forms.ModelMultipleChoiceField(
        None,
        label=_("Sectors"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("One, several or none."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, sectors, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["sectors"].queryset = sectors

    @property
    def values(self):
        """The cleaned answers in the words of the services."""
        said = dict(self.cleaned_data)
        said["as_of"], said["as_of_precision"] = said["as_of"]
        said["sectors"] = list(said["sectors"])
        return said


class FigureForm(SourcedForm):
    field_order = (
        "metric",
        "group",
        "value",
        "qualifier",
        "unit",
        "as_of",
        "source_kind",
        "source",
        "place",
        "headline",
        "sectors",
        "note",
    )

    metric = forms.ChoiceField(
        choices=[("", _("Select what is counted")), *Figure.Metric.choices],
        label=_("What is counted?"),
        error_messages={"required": _("Select what is counted.")},
    )
    group = forms.ChoiceField(choices=Figure.GROUPS, label=_("Which group?"))
    value = WholeNumberField(
        name=_("The number"),
        label=_("How many?"),
        required=False,
        help_text=_("From one source. Leave empty if it is not known: do not enter 0."),
    )
    qualifier = forms.ChoiceField(
        choices=Figure.Qualifier.choices, label=_("How exact?"), widget=forms.RadioSelect(attrs={"class": "row"})
    )
    unit = forms.ChoiceField(
        choices=Figure.Unit.choices, label=_("Unit"), widget=forms.RadioSelect(attrs={"class": "row"})
    )
    place = forms.CharField(label=_("Place"), required=False, validators=[CountedLength(80, _("Place"))])
    headline = forms.BooleanField(label=_("Show it among the key figures of the crisis"), required=False)


class ActivityForm(SourcedForm):
    field_order = ("name", "sectors", "required", "confirmed", "currency", "as_of", "source_kind", "source", "note")

    name = forms.CharField(
        label=_("Line of work"),
        help_text=_("For example evacuation of stranded migrants, or water and sanitation."),
        validators=[CountedLength(120, _("Line of work"))],
        error_messages={"required": _("Enter the line of work.")},
    )
    required = WholeNumberField(name=_("The amount"), label=_("Amount required"), required=False)
    confirmed = WholeNumberField(name=_("The amount"), label=_("Amount confirmed"), required=False)
    currency = forms.CharField(label=_("Currency"), initial="USD", help_text=_("Three letters, like USD."))

    def clean_currency(self):
        return self.cleaned_data["currency"].strip().upper()


class LevelForm(forms.Form):
    value = forms.ChoiceField(
        choices=[
            (LevelDecision.Scheme.IOM.label, [(value, value.label) for value in LevelDecision.VALUES["iom"]]),
            (
                LevelDecision.Scheme.INTER_AGENCY.label,
                [(value, value.label) for value in LevelDecision.VALUES["inter_agency"]],
            ),
        ],
        label=_("Level"),
    )
    decided_on = forms.DateField(
        label=_("Decided on"), widget=DayInput, error_messages={"required": _("Enter the day of the decision.")}
    )
    ended_on = forms.DateField(label=_("Ended on"), required=False, widget=DayInput)
    review_on = forms.DateField(label=_("Review on"), required=False, widget=DayInput)
    source = forms.CharField(
        label=_("Document or address"), required=False, validators=[CountedLength(300, _("Document or address"))]
    )
    note = forms.CharField(label=_("Note"), required=False, validators=[CountedLength(300, _("Note"))])
    key = forms.UUIDField(widget=forms.HiddenInput)

    @property
    def values(self):
        said = dict(self.cleaned_data)
        iom = said["value"] in LevelDecision.VALUES[LevelDecision.Scheme.IOM]
        return said | {"scheme": LevelDecision.Scheme.IOM if iom else LevelDecision.Scheme.INTER_AGENCY}
