"""The forms of a cell of the plan."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.facts import CountedLength
from crises.models import PlanCell


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


class CellForm(forms.Form):
    """The status of a sector in a phase, and who leads it."""

    status = forms.ChoiceField(choices=PlanCell.Status.choices, label=_("Status"))
    since = forms.DateField(
        label=_("Date"),
        required=False,
        widget=DayInput,
        help_text=_("The day it became so; for a planned sector the day it should start. Empty means today."),
        error_messages={"invalid": _("Date must be a real date, like 2026-09-24.")},
    )
    lead = forms.CharField(
        label=_("Lead"),
        required=False,
        validators=[CountedLength(80, _("Lead"))],
        help_text=_("A staff member or unit."),
    )
    cluster_contact = forms.CharField(
        label=_("Cluster contact"), required=False, validators=[CountedLength(120, _("Cluster contact"))]
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed when a sector stands down: say why."),
        validators=[CountedLength(500, _("Note"))],
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, entry, **kwargs):
        super().__init__(*args, **kwargs)
        self.entry = entry
        # Only legal moves are offered; what comes back is judged by the service, which may know of a newer status.
        current = PlanCell.Status(entry.status)
        self.fields["status"].widget.choices = [(move, move.label) for move in (current, *PlanCell.MOVES[current])]


class WaiverForm(forms.Form):
    """HQ accepts a gap until a day."""

    reason = forms.CharField(
        label=_("Why is the gap accepted?"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("At least 20 characters. Everybody who sees the gap reads this."),
        error_messages={"required": _("Say why the gap is accepted.")},
    )
    until = forms.DateField(
        label=_("Last day"),
        widget=DayInput,
        help_text=_("After this day the gap counts again by itself."),
        error_messages={
            "required": _("Enter the last day of the waiver."),
            "invalid": _("Last day must be a real date, like 2026-09-24."),
        },
    )
