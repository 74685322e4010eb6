"""Answers that forms share: partial dates, yes or no or not known yet, whole numbers, countries, long texts."""

import re
from datetime import date
from difflib import get_close_matches

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crises.dates import FIRST_YEAR, Precision, moment
from crises.models.crisis import fold
from offices.models import Country


class CountedLength(MaxLengthValidator):
    """Says how long the text may be and how long it is."""

    message = _("%(field)s must be %(limit)s characters or fewer. It has %(length)s.")

    def __init__(self, limit, field):
        super().__init__(limit)
        self.field = field

    def __call__(self, value):
        if len(value) > self.limit_value:
            words = {"field": self.field, "limit": f"{self.limit_value:,}", "length": f"{len(value):,}"}
            raise ValidationError(self.message % words)


class LongTextField(forms.CharField):
    """A text of several lines. A line break counts as one character, as the browser's counter counts it."""

    def __init__(self, *, rows, attrs=None, **kwargs):
        super().__init__(widget=forms.Textarea({"cols": False, "rows": rows, **(attrs or {})}), **kwargs)

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n")


class WholeNumberField(forms.CharField):
    """A whole number as people type it: digits, with spaces of any kind between thousands if they like."""

    MOST = 10**12

    def __init__(self, *, name, **kwargs):
        self.name = name
        super().__init__(widget=forms.TextInput({"inputmode": "numeric", "size": 14, "autocomplete": "off"}), **kwargs)

    def clean(self, value):
        typed = re.sub(r"\s", "", super().clean(value))
        if not typed:
            return None
        if re.fullmatch(r"[-\u2212]\d+", typed):
            raise ValidationError(_("%(name)s must be 0 or more.") % {"name": self.name})
        if not re.fullmatch(r"\d{1,18}", typed):
            raise ValidationError(_("%(name)s must be a whole number, like 12500.") % {"name": self.name})
        if int(typed) > self.MOST:
            raise ValidationError(_("%(name)s must be %(most)s or fewer.") % {"name": self.name, "most": self.MOST})
        return int(typed)


class DayField(forms.DateField):
    """A day, written as a field for dates sends it."""

    def __init__(self, **kwargs):
        super().__init__(
            input_formats=["%Y-%m-%d"], widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **kwargs
        )


class MomentField(forms.CharField):
    """A day or a moment of the past, as dates.moment reads it; None where it is left empty."""

    def clean(self, value):
        return moment(text, timezone.now()) if (text := super().clean(value)) else None


class ReferenceField(forms.CharField):
    """The reference of a crisis, however it is typed."""

    def to_python(self, value):
        return super().to_python(value).upper()


class CountriesField(forms.CharField):
    """Countries as people write them: names, a part of a name that fits one, or ISO codes, with commas or new lines.

    Cleans to a list of Country, each once. One query.
    """

    def clean(self, value):
        words = [word.strip() for word in re.split(r"[;\r\n]", super().clean(value)) if word.strip()]
        countries = list(Country.objects.all()) if words else []
        known = {fold(name): country for country in countries for name in (country.name, country.iso3, country.iso2)}
        found = {}
        for word in words:
            # Some names hold a comma themselves, so a whole line is tried before its parts.
            for part in [word] if fold(word) in known else word.split(","):
                if part := part.strip():
                    country = known.get(fold(part)) or self._the_one(part, countries, known)
                    found[country.pk] = country
        return list(found.values())

    def _the_one(self, part, countries, known):
        fitting = [country for country in countries if fold(part) in fold(country.name)] if len(part) > 3 else []
        if len(fitting) == 1:
            return fitting[0]
        near = fitting[:3] or [known[name] for name in get_close_matches(fold(part), known, 1)]
        problem = _("We do not know the country “%(word)s”.") % {"word": part}
        hint = _("Did you mean %(names)s?") % {"names": _(" or ").join(country.name for country in near)}
        raise ValidationError(f"{problem} {hint}" if near else problem)


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

    def prepare_value(self, value):
        # A pair would pass for the parts themselves.
        return self.widget.decompress(value) if isinstance(value, tuple) else value

    def compress(self, data_list):
        day, month, year = [part.strip() for part in data_list] if data_list else ("", "", "")
        if not (day or month or year):
            return None
        if not year:
            raise ValidationError(_("%(name)s must include a year.") % {"name": self.name})
        if day and not month:
            raise ValidationError(_("%(name)s must include a month.") % {"name": self.name})
        try:
            if len(year) != 4 or int(year) < FIRST_YEAR:
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
            widget=forms.RadioSelect({"class": "row"}),
            **kwargs,
        )

    def prepare_value(self, value):
        return {True: "yes", False: "no", None: ""}.get(value, value)
