"""Who sees and changes which crises: the querysets that every page and answer starts from."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from crises import services
from crises.models import Crisis
from crises.sight import followed
from offices.models import Membership, Office, Role
from tests.factories import NOON, log, make_field, make_hq, make_lead, make_office, make_partner, make_user, share

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    """Two regional offices; Tripoli and Tunis below Cairo, Lima below the other. One crisis of each kind."""
    hq = make_office("hq", country=None, kind=Office.Kind.HQ)
    cairo = make_office("cairo", country="EGY", parent=hq, kind=Office.Kind.REGIONAL)
    panama = make_office("panama", country="COL", parent=hq, kind=Office.Kind.REGIONAL)
    tripoli = make_office("tripoli", parent=cairo)
    tunis = make_office("tunis", country="TUN", parent=cairo)
    lima = make_office("lima", country="PER", parent=panama)
    tunis_field, lima_field = make_field(tunis, "tunis-field"), make_field(lima, "lima-field")
    return {
        "cairo": cairo,
        "tripoli": tripoli,
        "own": log(office=tripoli, title="own"),
        "own-office": log(office=tripoli, title="own-office", sharing="office"),
        "neighbour": log(office=tunis, by=tunis_field, title="neighbour", country="TUN"),
        "neighbour-office": log(office=tunis, by=tunis_field, title="neighbour-office", sharing="office"),
        "far": log(office=lima, by=lima_field, title="far", country="PER"),
        "far-partners": share(log(office=lima, by=lima_field, title="far-partners", country="PER")),
        "public": share(log(office=lima, by=lima_field, title="public", country="COL"), "public"),
    }


def seen(user):
    return set(Crisis.objects.visible_to(user).values_list("title", flat=True))


def changed(user):
    return set(Crisis.objects.editable_by(user).values_list("title", flat=True))


def test_a_field_officer_sees_the_own_office_and_what_the_region_shares(cast):
    field = make_field(cast["tripoli"])

    assert seen(field) == {"own", "own-office", "neighbour"}
    assert changed(field) == {"own", "own-office"}


def test_a_closed_crisis_of_a_neighbour_is_no_longer_shown(cast):
    Crisis.objects.filter(title="neighbour").update(status="closed")

    assert seen(make_field(cast["tripoli"])) == {"own", "own-office"}


def test_a_lead_sees_and_changes_what_a_field_officer_does(cast):
    lead = make_lead(cast["tripoli"])

    assert seen(lead) == {"own", "own-office", "neighbour"}
    assert changed(lead) == {"own", "own-office"}


def test_a_regional_officer_sees_the_region_and_changes_nothing_of_it(cast):
    regional = make_user("regional", Role.REGIONAL, office=cast["cairo"])

    assert seen(regional) == {"own", "own-office", "neighbour", "neighbour-office"}
    assert changed(regional) == set()


QUESTIONS = {
    "reads": lambda user: Crisis.objects.visible_to(user),
    "read then": lambda user: Crisis.objects.seen_then(user, NOON + timedelta(hours=1)),
    "may approve": lambda user: Crisis.objects.reviewable_by(user),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_whose_rights_have_been_read_is_answered_as_whose_rights_have_not(cast, question):
    Crisis.objects.filter(title="far").update(status="withdrawn")
    services.close_crisis(crisis=cast["neighbour-office"], by=make_lead(cast["neighbour-office"].office, "tunis-lead"))
    tripoli, cairo = cast["tripoli"], cast["cairo"]
    both = make_user("both", Role.HQ, office=cairo)
    Membership.objects.create(user=both, office=tripoli, role=Role.FIELD)
    gone, narrow = make_hq("gone"), make_hq("narrow")
    gone.is_active, narrow.only_in = False, frozenset({"COL", "TUN"})
    people = [make_hq(), both, gone, narrow, make_field(tripoli), make_lead(tripoli), make_partner("PER")]
    people += [make_user("regional", Role.REGIONAL, office=cairo), make_user("auditor", Role.AUDITOR, office=cairo)]
    people.append(make_user("nobody"))

    def answered():
        return {user.username: sorted(QUESTIONS[question](user).values_list("title", flat=True)) for user in people}

    assert not any("grants" in vars(user) for user in people)
    asked = answered()
    for user in people:
        user.__dict__.pop("grants", None)
        followed(user)
    assert all(isinstance(user.grants, set) for user in people)
    assert [user.agreed for user in people if user.partner_id] == [["PER"]]
    assert answered() == asked
    assert len(asked["hq"]) == len(asked["both"]) == 7
    assert asked["partner"] == ([] if question == "may approve" else ["far-partners"])
    assert asked["gone"] == asked["nobody"] == []
    assert set(asked["narrow"]) <= {"neighbour", "public"} == set(asked["narrow"])


def test_hq_sees_every_crisis_and_edits_none(cast):
    assert len(seen(make_hq())) == 7
    assert changed(make_hq()) == set()


def test_a_partner_sees_what_is_shared_in_the_agreed_countries_only(cast):
    assert seen(make_partner("PER")) == {"far-partners"}
    assert seen(make_partner("COL", username="other-partner")) == {"public"}
    assert seen(make_partner("LBY", username="third-partner")) == set()


def test_auditors_administrators_and_people_without_a_role_see_no_crisis(cast):
    for name, roles in {"auditor": [Role.AUDITOR], "administrator": [Role.ADMINISTRATOR], "nobody": []}.items():
        assert seen(make_user(name, *roles, office=cast["cairo"])) == set()


def test_a_superuser_has_no_more_of_the_crises_than_their_roles(cast):
    root = make_user("root")
    root.is_superuser = root.is_staff = True
    root.save()

    assert seen(root) == set()


def test_visitors_see_public_crises_only_where_the_site_publishes_them(cast, settings):
    assert seen(AnonymousUser()) == set()

    settings.PUBLIC_CRISES = True

    assert seen(AnonymousUser()) == {"public"}


def test_a_disabled_person_sees_nothing(cast):
    field, hq = make_field(cast["tripoli"]), make_hq()
    for user in (field, hq):
        user.is_active = False
        user.save()

    assert seen(field) == seen(hq) == changed(field) == set()


def test_rights_come_with_the_crisis(cast):
    def rights(user):
        crisis = Crisis.objects.visible_to(user).with_rights(user).get(title="own")
        return crisis.may_edit, crisis.may_close, crisis.may_decide

    assert rights(make_field(cast["tripoli"])) == (True, False, False)
    assert rights(make_lead(cast["tripoli"])) == (True, True, False)
    assert rights(make_hq()) == (False, False, True)
