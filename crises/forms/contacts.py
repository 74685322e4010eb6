"""The forms of coordination: which part of the sheet is shown, and the contacts of a country."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength
from crises.forms.plan import PlanFilter
from sectors.models import Cluster


class SheetFilter(PlanFilter):
    """Which sectors the sheet shows: those active or needed, or only those that are active."""

    ACTIVE = "active"

    def __init__(self, data):
        super().__init__(data, phases=())
        self.fields = {"show": self.fields["show"]}
        self._offer("show", [self.ALL, self.ACTIVE])

    @property
    def active_only(self):
        return self.cleaned_data["show"] == self.ACTIVE


class ContactForm(forms.Form):
    """What is said of a contact: who, where they work, how to reach them."""

    name = forms.CharField(
        label=_("Name or function"),
        help_text=_("For example: Coordinator of the Shelter cluster. A function stays true when people change."),
        validators=[CountedLength(120, _("Name or function"))],
        error_messages={"required": _("Enter a name or a function.")},
    )
    organisation = forms.CharField(
        label=_("Organisation"),
        validators=[CountedLength(120, _("Organisation"))],
        error_messages={"required": _("Enter the organisation.")},
    )
    reach = forms.CharField(
        label=_("How to reach them"),
        help_text=_("Work email, telephone or radio. No private numbers."),
        validators=[CountedLength(200, _("How to reach them"))],
        error_messages={"required": _("Enter how to reach them.")},
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        help_text=_("For example: when and where the group meets."),
        validators=[CountedLength(300, _("Note"))],
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    ANSWERS = ("name", "organisation", "reach", "note")

    def take_new_key(self):
        """What is sent next is another submission; what was typed stays."""
        self.data = self.data.copy()
        self.data["key"] = str(uuid.uuid4())


class NewContactForm(ContactForm):
    """A contact of a country that the writer keeps, for one system, cluster or group.

    `parties` are systems and clusters; what the form calls each is the code of crises.coordination.Party.
    """

    country = forms.TypedChoiceField(label=_("Country"), error_messages={"required": _("Select the country.")})
    partner = forms.TypedChoiceField(
        label=_("System, cluster or group"),
        error_messages={"required": _("Select the system, cluster or group.")},
    )

    field_order = ["country", "partner", *ContactForm.ANSWERS, "key"]

    def __init__(self, *args, countries, content, **kwargs):
        super().__init__(*args, **kwargs)
        parties = {
            _("Systems"): [(f"system:{row.slug}", row) for row in content.systems],
            _("Clusters"): [(f"cluster:{row.slug}", row) for row in content.clusters_of(Cluster.Kind.CLUSTER)],
            _("Other clusters, sectors, groups"): [
                (f"cluster:{row.slug}", row) for row in content.clusters_of(Cluster.Kind.GROUP)
            ],
        }
        by_code = {country.pk: country for country in countries}
        named = [(code, country.name) for code, country in by_code.items()]
        self._offer("country", by_code, [("", _("Select the country")), *named])
        self._offer(
            "partner",
            {code: row for rows in parties.values() for code, row in rows},
            [
                ("", _("Select the system, cluster or group")),
                *((title, [(code, row.name) for code, row in rows]) for title, rows in parties.items()),
            ],
        )

    def _offer(self, name, known, choices):
        field = self.fields[name]
        field.choices, field.coerce = choices, known.get
        field.error_messages["invalid_choice"] = _("“%(value)s” is not one of those offered here.")


class ChangeContactForm(ContactForm):
    """The same of a contact there is, with the number that the writer saw."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class RemoveContactForm(forms.Form):
    """Take a contact off the lists."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)
