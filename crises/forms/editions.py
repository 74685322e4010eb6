"""The form of the office's decision about a newer edition of the framework."""

from django import forms
from django.utils.translation import gettext_lazy as _

from sectors.models import Edition


class FollowForm(forms.Form):
    """The edition and the revision of the crisis that were shown, and what the office chose."""

    FOLLOW, KEEP = "follow", "keep"

    choice = forms.ChoiceField(
        choices=[(FOLLOW, _("Follow")), (KEEP, _("Keep"))],
        error_messages=dict.fromkeys(["required", "invalid_choice"], _("Choose whether to follow the edition.")),
    )
    edition = forms.ModelChoiceField(
        Edition.objects.none(),
        to_field_name="number",
        error_messages=dict.fromkeys(["required", "invalid_choice"], _("There is no such published edition.")),
    )
    revision = forms.IntegerField(required=False)

    def __init__(self, *args, framework, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["edition"].queryset = Edition.objects.published().filter(framework=framework)

    @property
    def problems(self):
        """What is wrong, in sentences."""
        return [message for messages in self.errors.values() for message in messages]
