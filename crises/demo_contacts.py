"""The demo's contacts in the countries of the exercises: functions, all made up and marked so."""

import uuid

from django.utils import timezone

from crises import services
from offices.demo import person_of
from offices.models import Country, Role
from sectors.models import Cluster, System

NAMESPACE = uuid.UUID("c2b6c1f0-6b0e-4d0c-9a57-2f1d3f0e8a11")

# Country, system or cluster, who, organisation.
CONTACTS = [
    ("LBY", "cluster-system", "Head of office (demo)", "OCHA"),
    ("LBY", "refugee-regime", "Senior protection officer (demo)", "UNHCR"),
    ("LBY", "shelter", "Coordinator of the Shelter cluster (demo)", "UNHCR"),
    ("LBY", "health", "Coordinator of the Health cluster (demo)", "WHO"),
    ("LBY", "cccm", "Coordinator of the CCCM cluster (demo)", "IOM"),
    ("TUN", "refugee-regime", "Protection officer for the border (demo)", "UNHCR"),
    ("TUN", "child-protection", "Coordinator for child protection (demo)", "UNICEF"),
    ("ETH", "development-actors", "Programme adviser (demo)", "UNDP"),
    ("ETH", "food-security", "Coordinator of the Food Security cluster (demo)", "FAO"),
]


def load(at=None):
    """Enter the contacts that are not there yet. Needs the demo people (offices.demo)."""
    at = at or timezone.now()
    for iso3, slug, name, organisation in CONTACTS:
        services.add_contact(
            country=Country.objects.get(pk=iso3),
            partner=System.objects.filter(slug=slug).first() or Cluster.objects.get(slug=slug),
            name=name,
            organisation=organisation,
            reach=f"{slug}.{iso3.lower()}@demo.example",
            by=person_of(Role.LEAD, iso3),
            key=uuid.uuid5(NAMESPACE, f"{iso3} {slug}"),
            at=at,
        )
