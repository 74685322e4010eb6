"""The parts of a figure by sex and age: a small grid of numbers, each of which may stay empty."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import WholeNumberField
from crises.models import FigurePart


class PartsWidget(forms.Widget):
    """Bands of ages down, sexes across; the values are {(sex, code of the band): what was typed}."""

    template_name = "crises/widgets/parts.html"
    use_fieldset = True
    bands = ()

    def value_from_datadict(self, data, files, name):
        typed = {
            (sex, band.code): data.get(f"{name}_{sex}_{band.code}", "").strip()
            for band in self.bands
            for sex in FigurePart.Sex.values
        }
        return {part: text for part, text in typed.items() if text}

    def value_omitted_from_data(self, data, files, name):
        return not any(sent.startswith(f"{name}_") for sent in data)

    def id_for_label(self, id_):
        return f"{id_}_0"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        number, value = 0, value or {}
        context["sexes"] = FigurePart.Sex.labels
        context["rows"] = rows = []
        for band in self.bands:
            rows.append((band, []))
            for sex in FigurePart.Sex:
                cell = {
                    "name": f"{name}_{sex.value}_{band.code}",
                    "id": f"{context['widget']['attrs'].get('id')}_{number}",
                    "label": f"{sex.label}, {band.label}",
                    "value": value.get((sex.value, band.code), ""),
                }
                rows[-1][1].append(cell)
                number += 1
        return context


class PartsField(forms.Field):
    """Cleans to {(sex, AgeBand): number}: only what was filled in, since an empty place is not known and not 0."""

    widget = PartsWidget

    def offer(self, bands):
        """The bands of ages to ask for."""
        self.widget.bands = bands

    def clean(self, value):
        bands, parts, wrong = {band.code: band for band in self.widget.bands}, {}, []
        for (sex, code), typed in value.items():
            band = bands[code]
            name = _("“%(sex)s, %(age)s”") % {"sex": FigurePart.Sex(sex).label, "age": band.label}
            try:
                parts[sex, band] = WholeNumberField(name=name).clean(typed)
            except ValidationError as error:
                wrong.append(error)
        if wrong:
            raise ValidationError(wrong)
        return parts
