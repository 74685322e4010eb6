"""Answers that forms share: a date known to the day, month or year, and yes, no or not known yet."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crises.dates import Precision


class PartialDateWidget(forms.MultiWidget):
    """Three text inputs: day, month, year."""

    template_name = "crises/widgets/partial_date.html"

    def __init__(self, attrs=None):
        number = {"inputmode": "numeric", "autocomplete": "off"}
        widgets = {
            "day": forms.TextInput({**number, "maxlength": 2, "size": 2}),
            "month": forms.TextInput({**number, "maxlength": 2, "size": 2}),
            "year": forms.TextInput({**number, "maxlength": 4, "size": 4}),
        }
        super().__init__(widgets, attrs)

    def decompress(self, value):
        """(date, precision) or None into what the three inputs show."""
        if not value or not value[0]:
            return ["", "", ""]
        day, precision = value
        return [
            day.day if precision == Precision.DAY else "",
            day.month if precision != Precision.YEAR else "",
            day.year,
        ]


class PartialDateField(forms.MultiValueField):
    """A date as exact as it is known. Cleans to (date, precision), or None where all three inputs are empty."""

    widget = PartialDateWidget

    def __init__(self, *, name, **kwargs):
        self.name = name
        super().__init__(
            fields=[forms.CharField(required=False) for _part in "dmy"],
            require_all_fields=False,
            **kwargs,
        )

    def compress(self, data_list):
        day, month, year = [part.strip() for part in data_list] if data_list else ("", "", "")
        if not (day or month or year):
            return None
        if not year:
            raise ValidationError(_("%(name)s must include a year.") % {"name": self.name})
        if day and not month:
            raise ValidationError(_("%(name)s must include a month.") % {"name": self.name})
        try:
            if len(year) != 4:
                raise ValueError(year)
            known = date(int(year), int(month or 1), int(day or 1))
        except ValueError:
            raise ValidationError(_("%(name)s must be a real date.") % {"name": self.name}) from None
        return known, Precision.DAY if day else Precision.MONTH if month else Precision.YEAR


class YesNoField(forms.TypedChoiceField):
    """Yes, no, or not known yet, which is the default and means None."""

    def __init__(self, **kwargs):
        super().__init__(
            choices=[("yes", _("Yes")), ("no", _("No")), ("", _("Not known yet"))],
            coerce={"yes": True, "no": False}.get,
            empty_value=None,
            required=False,
            widget=forms.RadioSelect(attrs={"class": "row"}),
            **kwargs,
        )

    def prepare_value(self, value):
        return {True: "yes", False: "no", None: ""}.get(value, value)
