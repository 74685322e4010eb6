"""What the API takes to change a crisis or a cell of its plan, each field as strict as it is written.

Nothing is guessed: a number is no text, "yes" is no boolean, and a name that is not here is refused.
"""

import re
from difflib import get_close_matches

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from crises.dates import from_iso, iso
from crises.models import AffectedGroup, Crisis, PlanCell, PlanPriority
from crises.models.crisis import GLIDE
from offices.models import Country

from .crises import PARTIAL
from .plans import CellSerializer


class TextField(serializers.CharField):
    """Text; null and "" both mean that nothing is said."""

    def __init__(self, **options):
        super().__init__(**{"allow_null": True, "allow_blank": True} | options)

    def run_validation(self, data=serializers.empty):
        said = super().run_validation(data)
        return "" if said is None else said

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class TitleField(serializers.CharField):
    """Text that must say something: a number is none."""

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class CodeField(serializers.ChoiceField):
    """One of the codes; null, where it is allowed, means that none is given."""

    def run_validation(self, data=serializers.empty):
        said = super().run_validation(data)
        return "" if said is None else said

    def to_internal_value(self, data):
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(
                _("Must be one of: %(known)s.") % {"known": ", ".join(map(str, self.choices))}
            )
        return data


class YesNoField(serializers.BooleanField):
    """True, false, or null for not known yet."""

    def __init__(self, **options):
        super().__init__(allow_null=True, **options)

    def to_internal_value(self, data):
        if not isinstance(data, bool):
            raise serializers.ValidationError(_("Must be true, false, or null for not known yet."))
        return data


class PartialDateField(serializers.CharField):
    """A date as exact as it is known. Cleans to (day, precision); (None, "") for null."""

    def __init__(self, **options):
        super().__init__(allow_null=True, help_text=PARTIAL, **options)

    def run_validation(self, data=serializers.empty):
        return super().run_validation(data) or (None, "")

    def to_internal_value(self, data):
        try:
            return from_iso(data)
        except (TypeError, ValueError):
            raise serializers.ValidationError(_("Must be a date like 2014-06-01, 2014-06 or 2014, or null.")) from None

    def run_validators(self, value):
        """The rules of text are not for dates."""


class CountryField(serializers.CharField):
    """The ISO3 code of a country. One query."""

    def to_internal_value(self, data):
        code = isinstance(data, str) and re.fullmatch("[A-Z]{3}", data)
        found = Country.objects.filter(pk=data).first() if code else None
        if found is None:
            raise serializers.ValidationError(_("Must be the ISO3 code of a country, such as LBY."))
        return found

    def run_validators(self, value):
        """The rules of text are not for countries."""


class CountriesField(serializers.ListField):
    """ISO3 codes of countries. One query, however many."""

    def __init__(self, **options):
        super().__init__(child=serializers.CharField(), max_length=50, help_text="ISO3 codes.", **options)

    def run_child_validation(self, data):
        codes = [code for code in data if isinstance(code, str) and re.fullmatch("[A-Z]{3}", code)]
        known = Country.objects.in_bulk(codes) if codes else {}
        words = _("Must be the ISO3 code of a country, such as LBY.")
        if wrong := {n: [words] for n, code in enumerate(data) if not (isinstance(code, str) and code in known)}:
            raise serializers.ValidationError(wrong)
        return list(dict.fromkeys(known[code] for code in data))


class GlideField(serializers.CharField):
    def to_internal_value(self, data):
        if not isinstance(data, str) or not GLIDE.fullmatch(data):
            raise serializers.ValidationError(_("GLIDE number must look like EQ-2015-000048-NPL."))
        return data


class Strict(serializers.Serializer):
    """What is sent: an object of which nothing is ignored. A name that is not here is answered with the nearest one."""

    UNKNOWN = gettext_lazy("This cannot be set here.")

    def to_internal_value(self, data):
        if not isinstance(data, dict):
            raise serializers.ValidationError([_("Must be an object.")])
        wrong = {name: [self._unknown(name)] for name in data.keys() - self.fields.keys()}
        try:
            said = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({**wrong, **error.detail}) from None
        if wrong:
            raise serializers.ValidationError(wrong)
        return said

    def _unknown(self, name):
        near = get_close_matches(name, self.fields, n=1)
        words = {"near": near and near[0], "known": ", ".join(self.fields)}
        hint = _("Did you mean “%(near)s”?") if near else _("These can: %(known)s.")
        return f"{self.UNKNOWN} {hint % words}"


class Edit(Strict):
    """A change: an object that names what is to be different. What it does not name stays."""

    UNKNOWN = gettext_lazy("This cannot be changed here.")

    def to_internal_value(self, data):
        said = super().to_internal_value(data)
        if not said:
            raise serializers.ValidationError({"body": [_("Name at least one field to change.")]})
        return said


class CrisisEdit(Edit):
    """What can be changed of the facts of a crisis."""

    title = TitleField(max_length=80)
    country = CountryField(help_text="The country most affected, ISO3.")
    other_countries = CountriesField()
    places = TextField(max_length=200)
    cause = CodeField(Crisis.Cause.choices)
    cause_detail = TextField(max_length=120)
    onset = CodeField(Crisis.Onset.choices, allow_null=True)
    started = PartialDateField()
    crosses_border = YesNoField()
    foreign_nationals = YesNoField()
    state_request = YesNoField()
    groups = serializers.ListField(child=CodeField(AffectedGroup.choices), max_length=20)
    glide = serializers.ListField(child=GlideField(), max_length=10, help_text="GLIDE numbers.")
    level_proposed = CodeField([(level, level) for level in "123"], allow_null=True)
    summary = TextField(max_length=1000)


class CellEdit(Edit):
    """What can be changed of a cell: its status and what goes with it, or its priority; one of the two at a time."""

    status = CodeField(PlanCell.Status.choices)
    since = serializers.DateField(help_text="The day it became so. Left out, a new status begins today.")
    lead = TextField(max_length=80)
    cluster_contact = TextField(max_length=120)
    note = TextField(max_length=500)
    priority = CodeField(PlanPriority.choices, allow_null=True, help_text="Null goes back to the framework's.")
    justification = TextField(max_length=500, help_text="At least 20 characters; needed with a priority.")

    PRIORITY = {"priority", "justification"}
    TWO = gettext_lazy("Send the priority and the status one after the other: each is a change of its own.")

    def validate(self, said):
        """Each kind of change has its own right moment and its own reason, so one request holds one of them."""
        named = self.PRIORITY & said.keys()
        if named and said.keys() - self.PRIORITY:
            raise serializers.ValidationError({name: [self.TWO] for name in sorted(said)})
        if named and "priority" not in said:
            raise serializers.ValidationError({"priority": [_("Name the priority that this justifies.")]})
        if named and not said["priority"] and said.get("justification"):
            raise serializers.ValidationError(
                {"justification": [_("Going back to the framework's priority takes none. Leave it out.")]}
            )
        return said


class OneCellSerializer(CellSerializer):
    """A cell at its own address, with all that can be changed of it."""

    own_priority = serializers.SerializerMethodField(help_text="The office's own; null where none.")
    cluster_contact = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    note = serializers.SerializerMethodField(help_text="Null for readers outside the organisation.")
    crisis = serializers.SerializerMethodField(help_text="Its reference.")

    def get_own_priority(self, cell) -> str | None:
        return cell.entry.own_priority or None

    def get_cluster_contact(self, cell) -> str | None:
        return cell.entry.cluster_contact or None if self.context["inside"] else None

    def get_note(self, cell) -> str | None:
        return cell.entry.note or None if self.context["inside"] else None

    def get_crisis(self, cell) -> str:
        return self.context["crisis"].reference


def facts_in_codes(known):
    """Facts as services.facts_as_known tells them, as the API names and writes them."""
    same = ("title", "places", "cause", "cause_detail", "onset", "summary")
    plain = {name: known[name] or None for name in same}
    yes_no = {name: known[name] for name in ("crosses_border", "foreign_nationals", "state_request")}
    return (
        plain
        | yes_no
        | {
            "country": known["main_country"],
            "other_countries": known["other_countries"],
            "groups": known["groups"],
            "glide": known["glide"].split(),
            "level_proposed": known["level_proposed"] and str(known["level_proposed"]),
            "started": iso(known["started_on"], known["start_precision"]),
        }
    )


def entry_in_codes(cell):
    """What the office says of a cell (PlanCell, or a row of its history), as the API names and writes it."""
    return {
        "status": cell.status,
        "since": cell.since and cell.since.isoformat(),
        "lead": cell.lead or None,
        "cluster_contact": cell.cluster_contact or None,
        "note": cell.note or None,
        "priority": cell.own_priority or None,
        "justification": cell.justification or None,
    }
