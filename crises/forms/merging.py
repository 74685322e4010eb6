"""The forms of HQ about crises that may be one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength


class ApartForm(forms.Form):
    """Why two crises that may be one are different."""

    why = forms.CharField(
        label=_("Why are they different?"),
        widget=forms.Textarea({"rows": 2}),
        help_text=_("One sentence for whoever meets the two again. Only HQ reads it."),
        validators=[CountedLength(500, _("Reason"))],
        error_messages={"required": _("Say in a few words why they are different.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


class MergeForm(forms.Form):
    """Why two crises are one. It names what its writer had before them: the survivor and the numbers of both."""

    why = forms.CharField(
        label=_("Why are they the same crisis?"),
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Staff who see the crisis that stands read this."),
        validators=[CountedLength(500, _("Reason"))],
        error_messages={"required": _("Say in a few words why they are the same crisis.")},
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    survivor_revision = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)


class UnmergeForm(forms.Form):
    """Why a merge is undone."""

    why = forms.CharField(
        label=_("Why are they two crises?"),
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Staff who see either crisis read this."),
        validators=[CountedLength(500, _("Reason"))],
        error_messages={"required": _("Say in a few words why they are two crises.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
