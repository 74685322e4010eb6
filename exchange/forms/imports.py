"""The form that takes a file in."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from exchange.imports.reading import MOST_BYTES
from exchange.models import Import


class ImportForm(forms.Form):
    """What a file holds, and the file."""

    kind = forms.ChoiceField(
        choices=Import.Kind.choices,
        label=_("What does it hold?"),
        initial=Import.Kind.CRISES,
        widget=forms.RadioSelect({"class": "row"}),
        error_messages={
            "required": _("Select what the file holds."),
            "invalid_choice": _("Select what the file holds."),
        },
    )
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("CSV in UTF-8, or XLSX. Up to 5 MB and 5,000 rows, 200 of them new or changed."),
        widget=forms.FileInput({"accept": ".csv,.txt,.xlsx"}),
        error_messages=dict.fromkeys(["required", "missing", "invalid"], _("Choose a file.")),
    )

    def clean_file(self):
        if self.cleaned_data["file"].size > MOST_BYTES:
            raise ValidationError(_("The file is larger than 5 MB. Split it."))
        return self.cleaned_data["file"]
