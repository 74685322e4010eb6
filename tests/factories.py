"""What tests need, as plain functions with defaults. Nothing random: a test that needs a value says it."""

import uuid
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from crises import services
from crises.models import Crisis
from exchange.models import Event
from exchange.services import webhooks
from offices.models import Country, Membership, Office, Partner, Role, Token, User
from sectors import services as edition_services
from sectors.models import Cluster, Edition, Phase, Sector, System

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_office(slug="tripoli", *, country="LBY", parent=None, kind=Office.Kind.COUNTRY):
    """An office; country offices stand below headquarters unless told otherwise."""
    if kind != Office.Kind.HQ and parent is None:
        parent = make_office("hq", country=None, kind=Office.Kind.HQ)
    office, _ = Office.objects.get_or_create(
        slug=slug,
        defaults={"name": slug.title(), "kind": kind, "country_id": country, "parent": parent},
    )
    return office


def make_user(username, *roles, office=None, partner=None):
    """A person with these roles in an office."""
    user, _ = User.objects.get_or_create(username=username, defaults={"partner": partner})
    for role in roles:
        Membership.objects.get_or_create(user=user, office=office, role=role)
    return user


def make_field(office=None, username="field"):
    return make_user(username, Role.FIELD, office=office or make_office())


def make_lead(office=None, username="lead"):
    return make_user(username, Role.LEAD, office=office or make_office())


def make_hq(username="hq"):
    return make_user(username, Role.HQ, office=make_office("hq", country=None, kind=Office.Kind.HQ))


def make_partner(*countries, username="partner"):
    """A reader of a partner organisation whose agreement names these countries."""
    partner, _ = Partner.objects.get_or_create(slug=username, defaults={"name": username.title()})
    partner.countries.set(Country.objects.filter(pk__in=countries or ["LBY"]))
    return make_user(username, partner=partner)


def sector(code):
    return Sector.objects.get(framework=Edition.objects.current().framework, code=code)


def phase(slug):
    return Phase.objects.get(framework=Edition.objects.current().framework, slug=slug)


def logged(*, by=None, phases=("during",), key=None, office=None, country="LBY", at=NOON, **facts):
    """The outcome of logging a crisis through the service: conflict in Libya, in the emergency phase."""
    office = office or make_office()
    facts = {"title": "Fighting around Tripoli", "cause": Crisis.Cause.CONFLICT} | facts
    return services.log_crisis(
        by=by or make_field(office),
        key=key or uuid.uuid4(),
        office=office,
        main_country=Country.objects.get(pk=country),
        phases={phase(slug): None for slug in phases},
        at=at,
        **facts,
    )


def log(**facts):
    """A crisis logged through the service."""
    return logged(**facts).crisis


def set_status(crisis, code, slug, status, *, by=None, at=NOON, revision=None, note="", **entry):
    """Change the status of a sector in a phase through the service."""
    one, two = sector(code), phase(slug)
    if revision is None:
        cell = crisis.cells.filter(sector=one, phase=two).first()
        revision = cell.revision if cell else 0
    return services.change_status(
        crisis=crisis,
        sector=one,
        phase=two,
        status=status,
        by=by or make_field(crisis.office),
        revision=revision,
        note=note or ("The work was handed over." if status == "stood_down" else ""),
        at=at,
        **entry,
    )


def set_priority(crisis, code, slug, priority, *, by=None, at=NOON, revision=None, why="", **more):
    """Give a sector in a phase a priority of the office's own through the service; "" goes back to the default."""
    one, two = sector(code), phase(slug)
    if revision is None:
        cell = crisis.cells.filter(sector=one, phase=two).first()
        revision = cell.revision if cell else 0
    return services.set_priority(
        crisis=crisis,
        sector=one,
        phase=two,
        priority=priority,
        justification=why or ("The assessment of March found it otherwise." if priority else ""),
        by=by or make_field(crisis.office),
        revision=revision,
        at=at,
        **more,
    )


def waive(crisis, code, *, at=None, days=30):
    """HQ accepts the open gap of a sector for so many days from that moment, now unless told."""
    at = at or timezone.now()
    until = (at + timedelta(days=days)).date()
    gap = crisis.gaps.open().get(sector__code=code)
    services.waive_gap(gap=gap, reason="The State does this by itself.", until=until, by=make_hq(), at=at)


def send(crisis, *, by=None, at=NOON, **step):
    """Who logged a crisis sends it to review through the service."""
    services.send_to_review(crisis=crisis, by=by or crisis.logged_by, at=at, **step)


def approve(crisis, *, by=None, at=NOON, **step):
    """HQ approves what a crisis says now, through the service."""
    crisis.refresh_from_db()
    services.approve(crisis=crisis, by=by or make_hq(), seen=crisis.content_revision, at=at, **step)


def send_back(crisis, *, by=None, at=NOON, note="Say where the number comes from.", **step):
    """HQ sends a crisis back to its office through the service."""
    crisis.refresh_from_db()
    services.send_back(crisis=crisis, by=by or make_hq(), seen=crisis.content_revision, note=note, at=at, **step)


def share(crisis, sharing="partners", *, at=NOON):
    """The office sends a crisis to review, HQ approves it and shares it: what partners see. Answers the crisis."""
    send(crisis, at=at)
    approve(crisis, at=at)
    services.share_crisis(crisis=crisis, sharing=sharing, by=make_hq(), at=at)
    crisis.refresh_from_db()
    return crisis


def add_figure(crisis, value, *, by=None, at=NOON, **values):
    """A sourced figure added through the service: people affected, all groups, a United Nations report."""
    values = {
        "metric": "affected",
        "source_kind": "un",
        "as_of": date(2026, 2, 1),
        "as_of_precision": "day",
        "headline": True,
    } | values
    services.add_figure(crisis=crisis, by=by or make_field(crisis.office), value=value, at=at, **values)
    return crisis.figures.order_by("-pk").first()


def add_activity(crisis, name="Evacuation", *, sectors=(), by=None, at=NOON, **values):
    """A line of work added through the service, from an IOM appeal; `sectors` are codes."""
    values = {"source_kind": "iom", "as_of": date(2026, 2, 1), "as_of_precision": "day"} | values
    sectors = [sector(code) for code in sectors]
    by = by or make_field(crisis.office)
    services.add_activity(crisis=crisis, name=name, sectors=sectors, by=by, at=at, **values)
    return crisis.activities.order_by("-pk").first()


def decide_level(crisis, value, *, at=NOON, **values):
    """A decision on the level recorded through the service; 1, 2 and 3 are IOM's own."""
    values = {
        "scheme": "iom" if value in "123" else "inter_agency",
        "decided_on": date(2026, 2, 1),
        "decided_by": "The emergency board",
        "note": "More people than one office can serve.",
    } | values
    services.decide_level(crisis=crisis, value=value, by=make_hq(), at=at, **values)


def add_contact(partner="refugee-regime", name="Head of protection", *, country="LBY", by=None, at=NOON, **values):
    """A contact recorded through the service; `partner` is the slug of a system, cluster or group."""
    values = {"organisation": "UNHCR", "reach": "protection@example.org", "key": uuid.uuid4()} | values
    found = System.objects.filter(slug=partner).first() or Cluster.objects.get(slug=partner)
    country = Country.objects.get(pk=country)
    return services.add_contact(country=country, partner=found, name=name, by=by or make_hq(), at=at, **values).contact


def save_view(name="Shelter", *, by=None, shared=False, at=NOON, **filters):
    """Filters saved under a name through the service, by HQ unless told."""
    return services.save_view(name=name, filters=filters, by=by or make_hq(), shared=shared, at=at).view


def make_hook(by=None, *, url="https://example.org/hooks", events=None, view=None, name="Dashboard", at=NOON):
    """A webhook made through the service, of every event unless told; narrowed to a saved view where there is one."""
    chosen = {"filters": view.filters, "filters_of": view.name} if view else {}
    said = {"name": name, "url": url, "events": Event.values if events is None else events} | chosen
    return webhooks.make_webhook(by=by or make_hq(), key=uuid.uuid4(), at=at, **said)[0]


def reader(user=None, **token):
    """A client of the API with a token of this person; a visitor's where there is none.

    The token has just been used: its first use would cost a query of its own.
    """
    client = APIClient()
    if user:
        _, key = Token.objects.create(user, **{"used_at": timezone.now()} | token)
        client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def make_draft(*, by=None, at=NOON):
    """The draft of the next edition of the framework in force."""
    return edition_services.make_draft(framework=Edition.objects.current().framework, by=by or make_hq(), at=at)


def revise(code, slug, *, edition=None, by=None, at=NOON, revision=None, **said):
    """Change what the draft says of a sector in a phase, through the service; what is not said stays."""
    edition = edition or make_draft()
    row = edition.priorities.get(sector__code=code, phase__slug=slug)
    revision = row.revision if revision is None else revision
    return edition_services.change_priority(
        edition=edition,
        sector=row.sector,
        phase=row.phase,
        by=by or make_hq(),
        revision=revision,
        at=at,
        **row.says | said,
    )


def publish(note="What the review of 2026 found.", *, at=NOON):
    """The draft, published with whatever has changed in it."""
    draft, by = make_draft(), make_hq()
    revision = edition_services.note_revision(draft)
    draft = edition_services.change_note(edition=draft, note=note, by=by, revision=revision, at=at)
    return edition_services.publish_edition(edition=draft, by=by, revision=draft.revision, at=at)
