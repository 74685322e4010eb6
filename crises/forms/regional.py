"""The form that says of which wider crisis a crisis is part."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.plan import PlanFilter

NONE = "none"


class PartsFilter(PlanFilter):
    """Which phases of the parts are shown."""

    show = None

    def _offer(self, name, known):
        if name in self.fields:
            super()._offer(name, known)


class PartOfForm(forms.Form):
    """The wider crisis, by its reference, or none."""

    whole = forms.ChoiceField(
        label=_("Part of"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Select the wider crisis, or “No wider crisis”."),
            "invalid_choice": _("That crisis is not open, or you cannot see it. Choose an open one from the list."),
        },
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, offered, **kwargs):
        """`offered` are crises; what is sent may be another one, found with other words: the service judges it."""
        super().__init__(*args, **kwargs)
        self.offered = {crisis.reference: crisis for crisis in offered}
        self.fields["whole"].choices = [
            *((reference, f"{crisis}, {crisis.main_country}") for reference, crisis in self.offered.items()),
            (NONE, _("No wider crisis")),
        ]

    @property
    def chosen(self):
        """The crisis chosen; None where it is no part of any."""
        return self.offered.get(self.cleaned_data["whole"])
