"""The forms of tokens and webhooks: they parse and hold no rule."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crises.filters import CrisisFilter
from crises.forms.fields import CountedLength, CountriesField, WholeNumberField
from crises.models import SavedView
from exchange.models import Event
from offices.models import Token

SHORTEST, LONGEST = Token.SHORTEST.days, Token.LONGEST.days
AS_IT_IS = "as-it-is"  # the filters that a webhook has already


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


class WebhookForm(forms.Form):
    """Where to call, of what, and of which crises: all the person may see, or those of a saved view."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Name"),
        help_text=_("For example: Dashboard of the shelter cluster."),
        validators=[CountedLength(60, _("Name"))],
        error_messages={"required": _("Enter a name.")},
    )
    url = forms.CharField(
        label=_("Address"),
        help_text=_("Begins with https://. It must be reachable from the Internet."),
        validators=[CountedLength(300, _("Address"))],
        error_messages={"required": _("Enter the address to call.")},
    )
    events = forms.MultipleChoiceField(
        label=_("What it tells of"),
        choices=Event.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one event.")},
    )
    view = forms.ChoiceField(
        label=_("Of which crises"),
        required=False,
        help_text=_(
            "Of a saved view its filters are kept as they are now. That a crisis went out of your sight is always told."
        ),
    )

    def __init__(self, *args, reader, hook=None, **kwargs):
        super().__init__(*args, **kwargs)
        known = CrisisFilter.base_filters.keys()
        usable = SavedView.objects.usable_by(reader)
        self.views = {view.slug: view for view in usable if view.filters.keys() <= known}
        choices = [("", _("All that you may see"))]
        if hook and hook.filters:
            choices.append((AS_IT_IS, hook.filters_of))
            self.kept = hook
        self.fields["view"].choices = choices + [(slug, view.name) for slug, view in self.views.items()]

    @property
    def answers(self):
        """What was said, with the filters of the chosen view."""
        said = {name: self.cleaned_data[name] for name in ("name", "url", "events")}
        chosen = self.cleaned_data["view"]
        if chosen == AS_IT_IS:
            return said | {"filters": self.kept.filters, "filters_of": self.kept.filters_of}
        view = self.views.get(chosen)
        return said | ({"filters": view.filters, "filters_of": view.name} if view else {})
