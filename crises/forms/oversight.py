"""The forms with which headquarters and regional offices ask for an update and say who looks after crises."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength, LongTextField


class KeyedForm(forms.Form):
    """A form that counts once, however often it is sent."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self.initial.setdefault("key", uuid.uuid4())


class AskForm(KeyedForm):
    """What the offices are told with the request."""

    note = LongTextField(
        label=_("What do you need to know?"),
        required=False,
        rows=3,
        help_text=_("It is mailed to the officers and shown with the crisis, as is your name. Nothing confidential."),
        validators=[CountedLength(500, _("Note"))],
    )


class AssignForm(KeyedForm):
    """To whom."""
