"""The forms for the course of a crisis: phases, end, sharing."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.facts import CountedLength
from crises.forms.fields import PartialDateField
from crises.forms.plan import DayInput
from crises.models import Crisis


class PhaseForm(forms.Form):
    """Enter or leave one phase, on a day that may be unknown."""

    day = forms.DateField(
        label=_("On which day?"),
        required=False,
        widget=DayInput,
        error_messages={"invalid": _("Date must be a real date, like 2026-09-24.")},
    )


class CloseForm(forms.Form):
    ended = PartialDateField(
        name=_("End date"),
        label=_("When did it end?"),
        required=False,
        help_text=_("Leave empty what you do not know."),
    )
    why = forms.CharField(
        label=_("Why is it closed?"), required=False, validators=[CountedLength(200, _("The reason"))]
    )


class SharingForm(forms.Form):
    sharing = forms.ChoiceField(label=_("Who can see this?"), widget=forms.RadioSelect)

    MEANINGS = {
        Crisis.Sharing.OFFICE: _("My office only: this office, the offices above it, and HQ"),
        Crisis.Sharing.STAFF: _("IOM staff: also the other offices of the region, while the crisis is open"),
        Crisis.Sharing.PARTNERS: _("Partners: also partner organisations whose agreement names the country"),
        Crisis.Sharing.PUBLIC: _("Public: also anybody, where this site publishes crises"),
    }

    def __init__(self, *args, allowed, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["sharing"].choices = [(one, self.MEANINGS[one]) for one in allowed]
