"""Whom an office coordinates with in a country: a contact for each system, cluster or group, for staff only."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from offices.models import Country, Office, Role
from sectors.models import Cluster, System

from .rows import Rows


class ContactQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The contacts this person may read: all of them for staff with a role, none for partners and visitors.

        With a token that is limited to countries, those of these.
        """
        if not user.is_authenticated or not user.is_active or user.partner_id:
            return self.none()
        found = self if user.only_in is None else self.filter(country__in=sorted(user.only_in))
        return found.filter(Exists(user.memberships.all()))

    def current(self):
        """Those that have not been removed."""
        return self.filter(removed_at=None)

    def listed(self):
        """The current ones as a list shows them: by country and name. One query."""
        return self.current().select_related("country").order_by("country__name", "name", "pk")

    def of_countries(self, countries):
        """The current ones of these countries as a list, in their order and then by name. One query."""
        place = {country.pk: n for n, country in enumerate(countries)}
        found = self.listed().filter(country__in=countries).select_related("system", "cluster")
        return sorted(found, key=lambda contact: place[contact.country_id])

    def of_main_country(self):
        """What to annotate crises with so that each carries the contacts of its main country: no query of its own.

        Each is a dictionary with the keys of `Contact.TOLD`, `system` and `cluster` among them.
        """
        here = self.current().filter(country=OuterRef("main_country")).order_by()
        told = JSONObject(**{name: F(name) for name in (*Contact.TOLD, "system", "cluster")})
        return Subquery(here.values("country").annotate(rows=Rows(told)).values("rows"))


class Contact(models.Model):
    """A professional contact for a system, cluster or group in a country, such as a cluster's coordinator.

    Never a person affected by a crisis. Removing one keeps it in the history.
    """

    TOLD = ("name", "organisation", "reach", "note")

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    country = models.ForeignKey(Country, models.PROTECT, related_name="contacts", verbose_name=_("country"))
    system = models.ForeignKey(System, models.PROTECT, null=True, blank=True, related_name="contacts")
    cluster = models.ForeignKey(Cluster, models.PROTECT, null=True, blank=True, related_name="contacts")
    name = models.CharField(_("name or function"), max_length=120)
    organisation = models.CharField(_("organisation"), max_length=120)
    reach = models.CharField(_("how to reach them"), max_length=200)
    note = models.CharField(_("note"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(editable=False)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    updated_at = models.DateTimeField(editable=False)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    revision = models.BigIntegerField(default=0, editable=False)

    objects = ContactQuerySet.as_manager()
    history = HistoricalRecords(history_change_reason_field=models.JSONField(null=True))

    class Meta:
        indexes = [models.Index(fields=["country"], condition=Q(removed_at=None), name="contacts_of_a_country")]
        constraints = [
            models.CheckConstraint(
                condition=Q(system=None, cluster__isnull=False) | Q(system__isnull=False, cluster=None),
                name="contact_is_for_one_system_or_one_cluster",
                violation_error_message=_("Choose one system, cluster or group."),
            ),
        ]

    def __str__(self):
        return f"{self.name} ({self.country_id})"

    @property
    def partner(self):
        """The system, cluster or group that the contact is for."""
        return self.system or self.cluster


def kept_by(user):
    """The countries whose contacts this person keeps: those of their offices, and for HQ every country."""
    if not user.is_authenticated or not user.is_active:
        return Country.objects.none()
    offices = Office.objects.reached_by(user, Role.FIELD, Role.LEAD, Role.REGIONAL)
    reached = Q() if user.only_in is None else Q(pk__in=sorted(user.only_in))
    return Country.objects.filter(
        reached, Exists(offices.filter(country=OuterRef("pk"))) | Exists(user.memberships.filter(role=Role.HQ))
    )
