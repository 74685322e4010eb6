"""The form of a saved view: what it is called and who can use it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength


class SavedViewForm(forms.Form):
    """A name, and for staff whether all staff can use the view. Partners keep theirs for themselves."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("For example: Open crises in Northern Africa. Name no person."),
        validators=[CountedLength(60, _("Name"))],
        error_messages={"required": _("Enter a name.")},
    )
    shared = forms.TypedChoiceField(
        label=_("Who can use it"),
        choices=[("", _("Only me")), ("yes", _("All IOM staff"))],
        coerce=bool,
        empty_value=False,
        required=False,
        widget=forms.RadioSelect,
        help_text=_("Everybody sees only the crises that they may see."),
    )

    def __init__(self, *args, staff, **kwargs):
        super().__init__(*args, **kwargs)
        if not staff:
            del self.fields["shared"]

    @property
    def answers(self):
        return {"shared": False} | self.cleaned_data
