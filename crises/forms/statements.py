"""The forms that add a dated statement: a figure, a line of work, a decision on the level."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength, LongTextField, PartialDateField, WholeNumberField
from crises.forms.parts import PartsField
from crises.forms.plan import DayInput
from crises.models import AgeBand, Figure, LevelDecision, SourceKind
from crises.models.statements import WHY_WITHDRAWN


def _says(message):
    """One sentence for an answer that is missing and for one that was never offered."""
    return dict.fromkeys(["required", "invalid_choice"], message)


class StatementForm(forms.Form):
    """A form received once: its key is made when it is first shown and kept until it is received."""

    key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ["required", "invalid"], _("This form had lost its number and has a new one. Check your answers and save.")
        ),
    )

    def __init__(self, data=None, *, sectors):
        """`sectors` are the framework's; a form that asks for none takes no notice of them."""
        super().__init__(data, initial={"key": uuid.uuid4()})

    def take_new_key(self):
        """What is sent next is another submission; what was typed stays."""
        self.data = self.data.copy()
        self.data["key"] = str(uuid.uuid4())

    @property
    def values(self):
        """The cleaned answers in the words of the services."""
        return self.cleaned_data


class SourcedForm(StatementForm):
    """What figures and lines of work say of themselves: when they hold and where they come from."""

    as_of = PartialDateField(
        name=_("Date"),
        label=_("Which date does it hold for?"),
        help_text=_("Leave the day empty if the source gives only the month."),
        error_messages={"required": _("Enter the date it holds for.")},
    )
    source_kind = forms.ChoiceField(
        choices=[("", _("Select a source")), *SourceKind.choices],
        label=_("Who says so?"),
        error_messages=_says(_("Select who says so.")),
    )
    source = forms.CharField(
        label=_("Document or address"),
        required=False,
        help_text=_("Its title, number or web address, so that others can find it."),
        validators=[CountedLength(300, _("Document or address"))],
    )
    sectors = forms.TypedMultipleChoiceField(
        label=_("Sectors"),
        required=False,
        widget=forms.CheckboxSelectMultiple({"class": "cols"}),
        error_messages={"invalid_choice": _("“%(value)s” is not one of the sectors.")},
    )
    note = forms.CharField(label=_("Note"), required=False, validators=[CountedLength(300, _("Note"))])

    def __init__(self, data=None, *, sectors):
        super().__init__(data, sectors=sectors)
        self.fields["sectors"].choices = [(sector.code, f"{sector.number} {sector.short_name}") for sector in sectors]
        self.fields["sectors"].coerce = {sector.code: sector for sector in sectors}.get

    @property
    def values(self):
        as_of, precision = self.cleaned_data["as_of"]
        return self.cleaned_data | {"as_of": as_of, "as_of_precision": precision}


class FigureForm(SourcedForm):
    """One number from one source for one date."""

    metric = forms.ChoiceField(
        choices=[("", _("Select what is counted")), *Figure.Metric.choices],
        label=_("What is counted?"),
        error_messages=_says(_("Select what is counted.")),
    )
    group = forms.ChoiceField(
        choices=Figure.GROUPS, label=_("Which group?"), error_messages=_says(_("Select which group is counted."))
    )
    value = WholeNumberField(
        name=_("The number"),
        label=_("How many?"),
        required=False,
        help_text=_("From one source: do not add sources together. Leave it empty if it is not known: do not enter 0."),
    )
    qualifier = forms.ChoiceField(
        choices=Figure.Qualifier.choices,
        initial=Figure.Qualifier.EXACT,
        label=_("How exact is it?"),
        widget=forms.RadioSelect({"class": "row"}),
        error_messages=_says(_("Select how exact the number is.")),
    )
    unit = forms.ChoiceField(
        choices=Figure.Unit.choices,
        initial=Figure.Unit.PEOPLE,
        label=_("What does one stand for?"),
        widget=forms.RadioSelect({"class": "row"}),
        error_messages=_says(_("Select people, households or houses.")),
    )
    place = forms.CharField(
        label=_("Place"),
        required=False,
        help_text=_("Only if the number is for a part of the crisis."),
        validators=[CountedLength(80, _("Place"))],
    )
    parts = PartsField(
        label=_("How many of each sex and age?"),
        required=False,
        help_text=_(
            "Only what the source says, as it says it: do not add up or work out anything. An empty place is not known."
        ),
    )
    headline = forms.BooleanField(
        label=_("Show it among the key figures of the crisis"),
        required=False,
        initial=True,
    )

    field_order = [
        *("metric", "group", "value", "qualifier", "unit", "as_of", "source_kind", "source"),
        *("parts", "place", "sectors", "note", "headline"),
    ]

    def __init__(self, data=None, *, sectors):
        """One query: the bands of ages that are offered."""
        super().__init__(data, sectors=sectors)
        self.fields["parts"].offer(list(AgeBand.objects.filter(offered=True)))


class ActivityForm(SourcedForm):
    """A line of work and its money."""

    name = forms.CharField(
        label=_("Line of work"),
        help_text=_("For example: evacuation of stranded migrants, or water and sanitation."),
        validators=[CountedLength(120, _("Line of work"))],
        error_messages={"required": _("Enter the line of work.")},
    )
    currency = forms.CharField(
        label=_("Currency"),
        initial="USD",
        widget=forms.TextInput({"size": 4, "autocomplete": "off"}),
        help_text=_("Three letters, like USD."),
        error_messages={"required": _("Enter the currency.")},
    )
    required = WholeNumberField(
        name=_("The amount required"),
        label=_("Amount required"),
        required=False,
        help_text=_("In whole units. Leave it empty if it is not known: do not enter 0."),
    )
    confirmed = WholeNumberField(name=_("The amount confirmed"), label=_("Amount confirmed by donors"), required=False)
    whole_plan = forms.BooleanField(
        label=_("This is the total of the whole plan, as its source gives it"),
        required=False,
        help_text=_("It is shown beside the sum of the lines of work and never added to them."),
    )

    field_order = [
        *(
            "name",
            "whole_plan",
            "sectors",
            "currency",
            "required",
            "confirmed",
            "as_of",
            "source_kind",
            "source",
            "note",
        ),
    ]

    def __init__(self, data=None, *, sectors):
        super().__init__(data, sectors=sectors)
        self.fields["sectors"].help_text = _("One, several, or none where the framework's list has none for it.")

    def clean_currency(self):
        return self.cleaned_data["currency"].upper()


class WithdrawForm(StatementForm):
    """What is wrong with a statement, in enough words to be understood later."""

    why = LongTextField(
        rows=3,
        label=_("What is wrong with it?"),
        help_text=_("At least 10 characters. Colleagues who read the list see this; partners do not."),
        validators=[CountedLength(300, _("The reason"))],
        error_messages={"required": _("Say what is wrong with it.")},
    )

    def clean_why(self):
        why = self.cleaned_data["why"]
        if len(why) < WHY_WITHDRAWN:
            words = {"least": WHY_WITHDRAWN, "length": len(why)}
            raise ValidationError(_("The reason must be %(least)s characters or more. It has %(length)s.") % words)
        return why


class LevelForm(StatementForm):
    """A decision on the level, in one of the two schemes."""

    value = forms.ChoiceField(
        choices=[
            ("", _("Select a level")),
            *(
                (scheme.label, [(level.value, level.label) for level in levels])
                for scheme, levels in LevelDecision.VALUES.items()
            ),
        ],
        label=_("Which level was decided?"),
        error_messages=_says(_("Select the level that was decided.")),
    )
    decided_on = forms.DateField(
        label=_("Decided on"),
        widget=DayInput,
        error_messages={
            "required": _("Enter the day of the decision."),
            "invalid": _("The day of the decision must be a real date, like 2026-09-24."),
        },
    )
    decided_by = forms.CharField(
        label=_("Decided by"),
        help_text=_("The body or function that decided, such as the Director General. No private data."),
        validators=[CountedLength(120, _("Decided by"))],
        error_messages={"required": _("Say who decided: a body or a function.")},
    )
    ended_on = forms.DateField(
        label=_("Ended on"),
        required=False,
        widget=DayInput,
        help_text=_("To end a level, record it once more with the day it ended."),
        error_messages={"invalid": _("The end must be a real date, like 2026-09-24.")},
    )
    review_on = forms.DateField(
        label=_("To be reviewed on"),
        required=False,
        widget=DayInput,
        error_messages={"invalid": _("The day of the review must be a real date, like 2026-09-24.")},
    )
    source = forms.CharField(
        label=_("Document or address"), required=False, validators=[CountedLength(300, _("Document or address"))]
    )
    note = forms.CharField(
        label=_("Why?"),
        widget=forms.Textarea({"rows": 2}),
        help_text=_("In a few words: what the decision rests on."),
        validators=[CountedLength(300, _("Why"))],
        error_messages={"required": _("Say in a few words why this was decided.")},
    )

    @property
    def values(self):
        said = self.cleaned_data
        scheme = next(scheme for scheme, levels in LevelDecision.VALUES.items() if said["value"] in levels)
        return said | {"scheme": scheme}


class DefinitionForm(forms.Form):
    """What a level means, in the organisation's own words."""

    text = LongTextField(
        rows=8,
        label=_("What does this level mean?"),
        required=False,
        help_text=_("As the organisation's own procedure says it. Up to 2,000 characters. Empty: no definition."),
        validators=[CountedLength(2000, _("The definition"))],
    )
    source = forms.CharField(
        label=_("Document or address"), required=False, validators=[CountedLength(300, _("Document or address"))]
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
