"""Whom to coordinate with in a country: kept by its offices, once, without loss, and never shown to partners."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from crises import services
from crises.models import Contact, Counter
from crises.models.contacts import kept_by
from offices.models import Country, Office, Role
from sectors.models import System
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_contact,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    set_status,
    share,
)

pytestmark = pytest.mark.django_db
SAYS = {"name": "Head of protection", "organisation": "UNHCR", "reach": "protection@example.org"}


def unhcr():
    return System.objects.get(slug="refugee-regime")


def add(by, *, country="LBY", **values):
    values = {"partner": unhcr(), "key": uuid.uuid4(), "at": NOON, **SAYS} | values
    return services.add_contact(country=Country.objects.get(pk=country), by=by, **values)


def change(contact, by, **values):
    values = {"revision": contact.revision, "at": NOON + timedelta(days=1), **SAYS} | values
    return services.change_contact(contact=contact, by=by, **values)


# Whose they are


def test_the_offices_of_a_country_their_regional_office_and_hq_keep_its_contacts(office):
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    below = make_office("tunis", country="TUN", parent=cairo)
    people = {
        "field": make_field(office),
        "lead": make_lead(below, "lead-tun"),
        "regional": make_user("regional", Role.REGIONAL, office=cairo),
    }
    kept = {name: set(kept_by(person).values_list("pk", flat=True)) for name, person in people.items()}

    assert kept == {"field": {"LBY"}, "lead": {"TUN"}, "regional": {"EGY", "TUN"}}
    assert kept_by(make_hq()).count() == Country.objects.count()


def test_partners_auditors_and_people_without_a_role_keep_none(office):
    nobody = make_user("nobody")
    gone = make_field(office, "gone")
    gone.is_active = False
    for person in (make_partner("LBY"), make_user("auditor", Role.AUDITOR, office=office), nobody, gone):
        assert not kept_by(person).exists()
        with pytest.raises(PermissionDenied, match="officer of an office in Libya"):
            add(person)
    assert not Contact.objects.exists()


def test_a_contact_of_another_country_is_not_mine_to_change(office):
    contact = add_contact()
    other = make_field(make_office("lima", country="PER"), "other")

    with pytest.raises(PermissionDenied):
        change(contact, other)
    with pytest.raises(PermissionDenied):
        services.remove_contact(contact=contact, revision=contact.revision, by=other)


def test_staff_with_a_role_read_contacts_and_nobody_else_does(office):
    add_contact()

    def read(person):
        return Contact.objects.visible_to(person).count()

    assert read(make_field(office)) == read(make_user("auditor", Role.AUDITOR, office=office)) == 1
    assert read(make_partner("LBY")) == read(make_user("nobody")) == 0


# Once, without loss, with its history


def test_the_same_form_sent_twice_makes_one_contact(office):
    field, key = make_field(office), uuid.uuid4()

    first, second = add(field, key=key), add(field, key=key)

    assert (first.fresh, second.fresh) == (True, False)
    assert first.contact == second.contact == Contact.objects.get()
    with pytest.raises(services.KeyReused):
        add(field, key=key, name="Somebody else")
    assert Contact.history.count() == 1


def test_an_edit_of_what_somebody_else_changed_is_stale(office):
    field = make_field(office)
    contact = add(field).contact
    seen = contact.revision
    change(contact, field, name="New head of protection")

    with pytest.raises(services.Stale) as stale:
        change(contact, field, revision=seen, reach="other@example.org")
    with pytest.raises(services.Stale):
        services.remove_contact(contact=contact, revision=seen, by=field)

    assert stale.value.current.name == Contact.objects.get().name == "New head of protection"


def test_each_change_takes_a_number_and_one_row_of_history_that_answers_for_the_past(office):
    field, hq = make_field(office), make_hq()
    contact = add(field).contact
    change(contact, hq, name="New head of protection")
    contact.refresh_from_db()
    services.remove_contact(contact=contact, revision=contact.revision, by=field, at=NOON + timedelta(days=2))

    rows = list(Contact.history.order_by("history_date").values_list("name", "history_user__username", "revision"))
    assert [row[:2] for row in rows] == [
        ("Head of protection", "field"),
        ("New head of protection", "hq"),
        ("New head of protection", "field"),
    ]
    assert rows[0][2] < rows[1][2] < rows[2][2] == Counter.objects.get().n
    then = Contact.history.as_of(NOON + timedelta(hours=1)).get()
    assert (then.name, then.removed_at) == ("Head of protection", None)
    assert not Contact.objects.current().exists()


def test_a_change_that_changes_nothing_takes_no_number(office):
    contact = add(make_field(office)).contact

    change(contact, make_field(office))

    assert Contact.objects.get().revision == contact.revision
    assert Contact.history.count() == 1


def test_a_removed_contact_cannot_be_changed_or_removed_again(office):
    field, key = make_field(office), uuid.uuid4()
    contact = add(field).contact
    for _click in range(2):
        kept = services.remove_contact(contact=contact, revision=contact.revision, by=field, key=key)
    assert not kept.fresh

    with pytest.raises(ValidationError, match="removed in the meantime"):
        change(contact, field)


@pytest.mark.parametrize("field", ["name", "organisation", "reach"])
def test_a_contact_says_who_where_and_how(office, field):
    with pytest.raises(ValidationError) as refused:
        add(make_field(office), **{field: ""})

    assert set(refused.value.message_dict) == {field}
    assert not Contact.objects.exists()


def test_a_contact_is_for_one_system_or_one_cluster(office):
    contact = add_contact()

    with pytest.raises(IntegrityError, match="contact_is_for_one_system_or_one_cluster"), transaction.atomic():
        Contact.objects.filter(pk=contact.pk).update(system=None)


# The pages


def form_of(client, address):
    """The hidden answers of the form at an address."""
    page = client.get(address).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(key|revision|writer)" value="([^"]*)"', page))


def test_a_contact_is_added_from_the_sheet_of_a_crisis_and_leads_back_there(field_client):
    crisis = log()
    address = f"/contacts/new/?country=LBY&partner=system:refugee-regime&crisis={crisis.reference}"
    page = field_client.get(address).content.decode()
    assert '<option value="LBY" selected>' in page
    assert '<option value="system:refugee-regime" selected>' in page
    assert "Never enter people affected by a crisis" in page

    sent = form_of(field_client, address) | SAYS | {"country": "LBY", "partner": "system:refugee-regime"}
    response = field_client.post(address, sent)

    assert (response.status_code, response.url) == (303, f"/crises/{crisis.reference}/coordination/#refugee-regime")
    assert "Head of protection" in field_client.get(response.url).content.decode()
    assert field_client.post(address, sent).status_code == 303
    assert Contact.objects.count() == 1


def test_only_the_countries_that_i_keep_are_offered_and_taken(field_client):
    page = field_client.get("/contacts/new/?country=TUN").content.decode()
    assert 'value="LBY"' in page
    assert 'value="TUN"' not in page

    sent = form_of(field_client, "/contacts/new/") | SAYS | {"country": "TUN", "partner": "cluster:shelter"}
    response = field_client.post("/contacts/new/", sent)

    assert response.status_code == 400
    assert "“TUN” is not one of those offered here." in response.content.decode()
    assert 'value="Head of protection"' in response.content.decode()


def test_a_reference_that_i_may_not_see_leads_to_the_page_of_the_system(field_client):
    lima = make_office("lima", country="PER")
    hidden = log(office=lima, country="PER", by=make_field(lima, "other"))
    address = f"/contacts/new/?crisis={hidden.reference}"
    sent = form_of(field_client, address) | SAYS | {"country": "LBY", "partner": "system:refugee-regime"}

    assert field_client.post(address, sent).url == "/systems/refugee-regime/"


def test_a_stale_edit_keeps_what_was_typed_and_shows_what_stands(field_client, office):
    contact = add_contact()
    address = f"/contacts/{contact.uid}/"
    sent = form_of(field_client, address) | SAYS | {"reach": "mine@example.org"}
    change(contact, make_hq(), reach="theirs@example.org")

    response = field_client.post(address, sent)
    page = response.content.decode()

    assert response.status_code == 409
    assert 'value="mine@example.org"' in page
    assert "Now: theirs@example.org" in page
    assert "<bdi>hq</bdi> changed it on" in page

    again = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page)) | SAYS | {"reach": "mine@example.org"}
    assert field_client.post(address, again).status_code == 303
    assert Contact.objects.get().reach == "mine@example.org"


def test_a_contact_is_removed_after_a_question(field_client):
    contact = add_contact()
    address = f"/contacts/{contact.uid}/remove/"
    sent = form_of(field_client, address)
    assert Contact.objects.current().exists()

    assert field_client.post(address, sent).url == "/systems/refugee-regime/"
    assert field_client.post(address, sent).status_code == 303  # a second click
    assert not Contact.objects.current().exists()
    assert field_client.get(f"/contacts/{contact.uid}/").status_code == 404


def test_what_was_typed_survives_the_end_of_the_session(office):
    person = make_field(office)
    client = signed_in(person)
    sent = form_of(client, "/contacts/new/") | SAYS | {"country": "LBY", "partner": "cluster:shelter"}
    signed_out = Client()
    signed_out.post("/contacts/new/", sent)
    signed_out.force_login(person)

    assert 'value="Head of protection"' in signed_out.get("/contacts/new/").content.decode()


def test_the_pages_of_a_system_and_a_cluster_list_the_contacts_country_by_country(field_client):
    add_contact(country="TUN", name="In Tunis")
    add_contact(name="In Tripoli")
    add_contact("shelter", name="Of shelter")

    page = field_client.get("/systems/refugee-regime/").content.decode()

    assert page.index("In Tripoli") < page.index("In Tunis")
    assert "Of shelter" not in page
    assert "Of shelter" in field_client.get("/clusters/shelter/").content.decode()
    assert page.count("/contacts/new/") == 1
    assert page.count('href="/contacts/') == 2  # add one, and change the one of the own country


def test_no_page_or_answer_gives_a_partner_or_a_visitor_a_contact(partner_client, client, settings):
    settings.PUBLIC_CRISES = True
    crises = [share(log()), share(log(), "public")]
    for crisis in crises:
        set_status(crisis, "S12", "during", "active")
    for slug in ("refugee-regime", "protection"):
        add_contact(slug, "CANARY-1", organisation="CANARY-2", reach="CANARY-3", note="CANARY-4")
    uid = Contact.objects.first().uid
    addresses = ["/systems/refugee-regime/", "/clusters/protection/", f"/contacts/{uid}/"]
    for crisis in crises:
        for name in ("coordination", "coordination-csv", "plan", "plan-csv", "crisis", "api-coordination", "api-plan"):
            addresses.append(reverse(name, args=[crisis.reference]))
        addresses.append(f"/crises/{crisis.reference}/plan/S12/during/")

    for reading in (partner_client, client):
        for address in addresses:
            response = reading.get(address)
            body = b"".join(response) if response.streaming else response.content
            assert b"CANARY" not in body, address
            assert str(uid) in address or str(uid).encode() not in body, address
    staff = signed_in(make_field())
    assert b"CANARY-1" in staff.get(f"/crises/{crises[0].reference}/plan/S12/during/").content
