"""The forms for the course of a crisis: its phases, its end, who can see it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength, PartialDateField
from crises.forms.plan import DayInput
from crises.models import Crisis


class PhaseForm(forms.Form):
    """The day on which the crisis enters a phase, or leaves it."""

    day = forms.DateField(
        required=False,
        widget=DayInput,
        error_messages={"invalid": _("The day must be a real date, like 2026-09-24.")},
    )

    def __init__(self, data=None, *, phase, leaves):
        """`leaves` says whether the crisis is in the phase now."""
        super().__init__(data, auto_id=f"id_{phase.slug}_%s")
        self.phase, self.leaves = phase, leaves
        self.fields["day"].label = _("Left on") if leaves else _("Entered on")
        self.fields["day"].help_text = _("Empty means today.") if leaves else _("Leave it empty if it is not known.")

    def refuse(self, error):
        """Put what the service refuses on the day, or above the form."""
        for name, problems in getattr(error, "error_dict", {None: error}).items():
            self.add_error("day" if name in ("entered_on", "left_on") else None, problems)


class CloseForm(forms.Form):
    """When a crisis ended, as exactly as it is known, and why it is closed."""

    ended = PartialDateField(
        name=_("End date"),
        label=_("When did it end?"),
        required=False,
        help_text=_("Leave empty what is not known."),
    )
    why = forms.CharField(
        label=_("Why is it closed?"), required=False, validators=[CountedLength(200, _("The reason"))]
    )

    @property
    def values(self):
        """The cleaned answers in the words of the service."""
        ended_on, precision = self.cleaned_data["ended"] or (None, "")
        return {"ended_on": ended_on, "end_precision": precision, "why": self.cleaned_data["why"]}

    def refuse(self, error):
        """Put what the service refuses on the question that asks for it, or above the form."""
        for name, problems in getattr(error, "error_dict", {None: error}).items():
            self.add_error("ended" if name == "ended_on" else None, problems)


class ReopenForm(forms.Form):
    """Why a closed crisis is opened again."""

    why = forms.CharField(
        label=_("Why is it reopened?"), required=False, validators=[CountedLength(200, _("The reason"))]
    )


class SharingForm(forms.Form):
    """Who can see a crisis: each choice says in a sentence who that is."""

    MEANINGS = {
        Crisis.Sharing.OFFICE: _("My office only: staff of the office and of the offices above it, and HQ."),
        Crisis.Sharing.STAFF: _("IOM staff: also staff of the other offices of the region, while the crisis is open."),
        Crisis.Sharing.PARTNERS: _(
            "Partners: also partner organisations whose agreement names the country. No names of staff, no history."
        ),
        Crisis.Sharing.PUBLIC: _(
            "Public: also anybody, where this site publishes crises. No names of staff, no history."
        ),
    }

    sharing = forms.ChoiceField(
        label=_("Who can see this crisis?"),
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(["required", "invalid_choice"], _("Select who can see this crisis.")),
    )

    def __init__(self, data=None, *, offered, now):
        super().__init__(data, initial={"sharing": now})
        self.fields["sharing"].choices = [(sharing, self.MEANINGS[sharing]) for sharing in offered]
