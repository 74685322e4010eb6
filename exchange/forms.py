"""The form of a token: what it is called, what it may do, where, and for how long."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength, CountriesField, WholeNumberField
from offices.models import Token

SHORTEST, LONGEST = Token.SHORTEST.days, Token.LONGEST.days


class DaysField(WholeNumberField):
    """How many days something lasts, as a timedelta."""

    def clean(self, value):
        days = super().clean(value)
        if days is None or not SHORTEST <= days <= LONGEST:
            words = _("%(name)s must be a whole number from %(from)s to %(to)s.")
            raise ValidationError(words % {"name": self.name, "from": SHORTEST, "to": LONGEST})
        return timedelta(days=days)

    def prepare_value(self, value):
        return value.days if isinstance(value, timedelta) else value


class TokenForm(forms.Form):
    """A token for the person who asks. Partners only read, so they are not asked what it may do."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("What will use it, for example: Dashboard of the cluster. It tells your tokens apart."),
        validators=[CountedLength(80, _("Name"))],
        error_messages={"required": _("Enter a name.")},
    )
    scope = forms.ChoiceField(
        label=_("What it may do"),
        choices=[("read", _("Read only")), ("write", _("Read, and change what I may change"))],
        initial="read",
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Select what it may do."),
            "invalid_choice": _("Select what it may do."),
        },
    )
    countries = CountriesField(
        label=_("Only crises of these countries"),
        required=False,
        help_text=_("Names or ISO codes, with commas. Left empty: of every country where you see crises."),
    )
    days = DaysField(
        name=_("Days"),
        label=_("For how many days"),
        initial=settings.REST_KNOX["TOKEN_TTL"],
        help_text=_("From 1 to 365. After that it no longer works."),
        error_messages={"required": _("Enter for how many days it is to work.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, partner, **kwargs):
        super().__init__(*args, **kwargs)
        if partner:
            del self.fields["scope"]

    @property
    def answers(self):
        said = self.cleaned_data
        return {
            "name": said["name"],
            "may_write": said.get("scope") == "write",
            "countries": said["countries"] or None,
            "lasts": said["days"],
            "form_key": said["key"],
        }
