"""The demo's offices and people, all made up and marked so. Their password is published: never load them for real."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from offices import services
from offices.models import Country, Membership, Office, Partner, Role, Token, User

PASSWORD = "demo"  # noqa: S105 (published on the sign-in page)

# What the sign-in page says of each account it offers.
ACCOUNTS = {
    "field": _("The crises of the Libya office, and what other offices of the region share. Logs crises."),
    "lead": _("The same as the field officer. Also closes and reopens crises."),
    "regional": _("Every crisis of the offices below Regional Office Cairo."),
    "hq": _("Every crisis. Decides levels, waives gaps, shares with partners."),
    "partner": _("Crises shared with partners in Ethiopia, Haiti, Libya and Sudan."),
    "auditor": _("Every change of every crisis, who made it and why; offices, people and roles. No crisis itself."),
    "admin": _("Accounts, roles, offices and keys, in the administration. No crises."),
}

# Regional office: the city it is named after, its country, and the country offices below it.
REGIONS = {
    "Cairo": ("EGY", {"LBY": "Tripoli", "TUN": "Tunis"}),
    "Nairobi": ("KEN", {"ETH": "Addis Ababa", "SDN": "Khartoum", "SSD": "Juba"}),
    "Dakar": ("SEN", {"CAF": "Bangui", "MLI": "Bamako", "NER": "Niamey", "TCD": "N'Djamena"}),
    "Bangkok": ("THA", {"NPL": "Kathmandu", "PAK": "Islamabad", "PHL": "Manila"}),
    "San José": ("CRI", {"COL": "Bogotá", "HTI": "Port-au-Prince"}),
}
PARTNER_COUNTRIES = ["ETH", "HTI", "LBY", "SDN"]


def accounts():
    """The accounts a visitor of the demo may sign in with, in the order shown; none where this is no demo."""
    if not settings.DEMO:
        return []
    people = User.objects.filter(username__in=ACCOUNTS, is_active=True).in_bulk(field_name="username")
    return [(people[username], sees) for username, sees in ACCOUNTS.items() if username in people]


@transaction.atomic
def load_people():
    """Create the demo's offices, partner and people where they are missing; what is there stays as it is.

    Raises ImproperlyConfigured where this is not a local trial.
    """
    if not settings.DEMO or settings.HTTPS:
        raise ImproperlyConfigured("Demo people have a published password: set DEMO=true and HTTPS=false to load them.")
    hq = _office("Headquarters (demo)", Office.Kind.HQ)
    countries = Country.objects.in_bulk()
    for city, (iso3, below) in REGIONS.items():
        region = _office(f"Regional Office {city} (demo)", Office.Kind.REGIONAL, iso3, hq, slug=city)
        for country, capital in below.items():
            office = _office(f"Country Office {capital} (demo)", Office.Kind.COUNTRY, country, region, slug=capital)
            for role, title in ((Role.FIELD, "Field officer"), (Role.LEAD, "Office lead")):
                _person(_username(role, country), title, countries[country].name, office, role)
        if city == "Cairo":
            _person("regional", "Regional officer", city, region, Role.REGIONAL)
    _person("hq", "HQ reviewer", "Headquarters", hq, Role.HQ)
    _person("auditor", "Auditor", "Headquarters", hq, Role.AUDITOR)
    _person("admin", "Administrator", "Headquarters", hq, Role.ADMINISTRATOR, is_staff=True, is_superuser=True)
    partner, made = Partner.objects.get_or_create(slug="relief-partner", defaults={"name": "Relief Partner (demo)"})
    if made:
        partner.countries.set(PARTNER_COUNTRIES)
    _person("partner", "Reader", "Relief Partner", partner=partner)


def office_of(country):
    """The demo's office of a country, which may by now have other offices too."""
    capitals = {iso3: capital for _region, below in REGIONS.values() for iso3, capital in below.items()}
    return Office.objects.get(slug=slugify(capitals[country]))


def person_of(role, country):
    """Who entered what the demo tells of a country, whatever role they hold by now."""
    return User.objects.get(username=_username(role, country))


def _username(role, country):
    return role.value if country == "LBY" else f"{role.value}-{country.lower()}"


def _office(name, kind, country=None, parent=None, slug="headquarters"):
    defaults = {"name": name, "kind": kind, "country_id": country, "parent": parent}
    return Office.objects.get_or_create(slug=slugify(slug), defaults=defaults)[0]


def _person(username, title, place, office=None, role=None, **rights):
    """A person who exists already is left alone, a changed password or a revoked role included."""
    if User.objects.filter(username=username).exists():
        return
    email = f"{username}@mcof.example"
    user = User(username=username, first_name=title, last_name=f"{place} (demo)", email=email, **rights)
    # Without a password the account exists only to have entered its office's crises.
    user.set_password(PASSWORD if username in ACCOUNTS else None)
    user.save()
    if office:
        Membership.objects.create(user=user, office=office, role=role)


@transaction.atomic
def partner_token():
    """A year's token for the demo's partner, in plain text. The one issued before stops working."""
    partner = User.objects.get(username="partner")
    for token in Token.objects.filter(user=partner, name="Demo"):
        services.revoke_token(token=token, by=partner)
    return services.issue_token(user=partner, name="Demo", lasts=timedelta(days=365))[1]
