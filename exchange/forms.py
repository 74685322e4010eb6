"""Forms of what leaves and enters: they parse and hold no rule."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.filters import CrisisFilter
from crises.forms.fields import CountedLength
from crises.models import SavedView
from exchange.models import Event

AS_IT_IS = "as-it-is"


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
