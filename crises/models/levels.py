"""What a level means, in the organisation's own words: editable text, empty until somebody enters it."""

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from .statements import LevelDecision


class LevelDefinition(models.Model):
    """The meaning of a level in one of the two schemes.

    The criteria are those of the organisations' own procedures (IC/2012/7, paragraph 14). None comes with the software:
    a level without a row has no definition.
    """

    scheme = models.CharField(_("scheme"), max_length=12, choices=LevelDecision.Scheme.choices)
    value = models.CharField(_("level"), max_length=8, choices=LevelDecision.Value.choices)
    text = models.TextField(_("definition"), blank=True, validators=[MaxLengthValidator(2000)])
    source = models.CharField(_("document or address"), max_length=300, blank=True)
    revision = models.PositiveIntegerField(default=0, editable=False)
    updated_at = models.DateTimeField(editable=False)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)

    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scheme", "value"], name="level_defined_once"),
            models.CheckConstraint(
                condition=models.Q(scheme="iom", value__in=["1", "2", "3"])
                | models.Q(scheme="inter_agency", value__in=["L3", "scale_up"]),
                name="definition_belongs_to_a_level_of_its_scheme",
                violation_error_message=_("That level does not belong to that scheme."),
            ),
        ]

    def __str__(self):
        return f"{self.get_scheme_display()}: {self.get_value_display()}"
