"""The forms of the plan: which part of it is shown, the status of a cell, the waiver of its gap."""

from difflib import get_close_matches

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crises.dates import Precision, spoken
from crises.forms.fields import CountedLength
from crises.models import PlanCell, PlanPriority
from crises.models.plan import REASON


class PlanFilter(forms.Form):
    """Which phases and which cells are shown. An unknown name or value is a problem, never everything."""

    OPEN, ALL, CRITICAL, GAPS, CHANGED = "", "all", "critical", "gaps", "changed"

    phase = forms.ChoiceField(label=_("Phase"), required=False)
    show = forms.ChoiceField(label=_("Show"), required=False)

    def __init__(self, data, *, phases):
        super().__init__(data)
        self._offer("phase", [*(phase.slug for phase in phases), self.ALL])
        self._offer("show", [self.ALL, self.CRITICAL, self.GAPS, self.CHANGED])

    def _offer(self, name, known):
        self.fields[name].choices = [("", ""), *((value, value) for value in known)]
        self.fields[name].error_messages["invalid_choice"] = gettext(
            "The filter “%(filter)s” has no choice “%(value)s”. Use one of: %(known)s."
        ) % {"filter": name, "value": "%(value)s", "known": ", ".join(known)}

    def clean_show(self):
        return self.cleaned_data["show"] or self.ALL

    def clean(self):
        for name in self.data:
            if name not in self.fields:
                near = get_close_matches(name, self.fields, n=1)
                hint = gettext("Did you mean “%(near)s”?") % {"near": near[0]} if near else gettext("Remove it.")
                self.add_error(None, gettext("There is no filter “%(name)s”.") % {"name": name} + f" {hint}")
        return self.cleaned_data

    @property
    def problems(self):
        """What is wrong, in sentences."""
        return [message for messages in self.errors.values() for message in messages]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


class CellForm(forms.Form):
    """The status of a sector in a phase, since when, and who leads it."""

    status = forms.ChoiceField(
        choices=PlanCell.Status.choices,
        label=_("Status"),
        error_messages={"required": _("Select a status."), "invalid_choice": _("Select one of the statuses.")},
    )
    since = forms.DateField(
        label=_("Date"),
        required=False,
        widget=DayInput,
        help_text=_("The day it became so; for a planned sector, the day it should start. Left empty: today."),
        error_messages={"invalid": _("Date must be a real date, like 2026-09-24.")},
    )
    lead = forms.CharField(
        label=_("Lead"),
        required=False,
        help_text=_("The staff member or unit in charge."),
        validators=[CountedLength(80, _("Lead"))],
    )
    cluster_contact = forms.CharField(
        label=_("Cluster contact"),
        required=False,
        help_text=_("The person in the cluster or group to coordinate with."),
        validators=[CountedLength(120, _("Cluster contact"))],
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Needed when a sector stands down: say why."),
        validators=[CountedLength(500, _("Note"))],
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, entry, **kwargs):
        super().__init__(*args, **kwargs)
        # Only legal moves are offered; what comes back is judged by the service, which may know of a newer status.
        offered = dict.fromkeys(entry.statuses)
        if self.data.get("status") in PlanCell.Status:
            offered[PlanCell.Status(self.data["status"])] = None  # what was typed stays
        self.fields["status"].widget.choices = [(status, status.label) for status in offered]
        if entry.since:
            self.fields["since"].help_text = _(
                "The day it became so; for a planned sector, the day it should start. "
                "Left empty: today, or %(day)s where the status stays."
            ) % {"day": spoken(entry.since, Precision.DAY)}


class PriorityForm(forms.Form):
    """The office's own priority for a cell, and why; or the framework's again."""

    priority = forms.ChoiceField(
        label=_("Which priority does it have in this crisis?"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Select one of the priorities.")},
    )
    justification = forms.CharField(
        label=_("Why does it differ from the framework's?"),
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("20 to 500 characters. Everybody who sees the plan reads this. No personal data."),
        validators=[CountedLength(500, _("Justification"))],
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, cell, **kwargs):
        super().__init__(*args, **kwargs)
        as_default = _("As the framework says: %(priority)s") % {"priority": cell.default_label.lower()}
        own = [(value, label) for value, label in PlanPriority.choices if value != cell.default]
        self.fields["priority"].choices = [("", as_default), *own]

    def clean(self):
        said = self.cleaned_data
        why = said.get("justification", "")
        if said.get("priority") and "justification" in said and len(why) < REASON:
            words = {"least": REASON, "length": len(why)}
            self.add_error(
                "justification", _("Justification must be %(least)s characters or more. It has %(length)s.") % words
            )
        return said

    def refuse(self, error):
        """Put what the service refuses on the question that asks for it, or above the form."""
        for name, problems in getattr(error, "error_dict", {None: error}).items():
            known = {"own_priority": "priority", "justification": "justification"}
            self.add_error(known.get(name), problems)


class WaiverForm(forms.Form):
    """HQ accepts a gap until a day, for a reason."""

    reason = forms.CharField(
        label=_("Why is the gap accepted?"),
        widget=forms.Textarea({"rows": 3}),
        help_text=_("At least 20 characters. Everybody who sees the gap reads this."),
        validators=[CountedLength(500, _("Reason"))],
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
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_reason(self):
        reason = self.cleaned_data["reason"]
        if len(reason) < REASON:
            raise ValidationError(
                _("Reason must be %(least)s characters or more. It has %(length)s.")
                % {"least": REASON, "length": len(reason)}
            )
        return reason
