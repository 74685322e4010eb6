"""The account, the offices, the theme, the administration of people and keys, and the pages for what goes wrong."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import bad_request, server_error

from mcof.tokens import TokenAuthentication
from offices.models import Country, Membership, Office, Role, Token, User
from offices.services import MOST, issue_token
from tests.conftest import signed_in
from tests.factories import make_field, make_hq, make_lead, make_office, make_partner, make_user
from tests.test_accessibility import look

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree():
    """Headquarters, Cairo below it, Tripoli and Tunis below Cairo, Lima directly below headquarters."""
    hq = make_office("hq", country=None, kind=Office.Kind.HQ)
    cairo = make_office("cairo", country="EGY", parent=hq, kind=Office.Kind.REGIONAL)
    return {
        "hq": hq,
        "cairo": cairo,
        "tripoli": make_office("tripoli", parent=cairo),
        "tunis": make_office("tunis", country="TUN", parent=cairo),
        "lima": make_office("lima", country="PER", parent=hq),
    }


def sentences(user, heading):
    """The list items below this heading of the person's account page."""
    page = signed_in(user).get("/account/").text
    part = html.unescape(page).split(f"<h2>{heading}</h2>")[1].split("</section>")[0]
    return re.findall(r"<li>(.*?)</li>", part)


def sees(user):
    return sentences(user, "What you see, and why")


def may(user):
    return sentences(user, "What you may do")


# --- the account


def test_a_field_officer_is_told_of_the_own_office_and_the_region(tree):
    field = make_field(tree["tripoli"])

    assert sees(field) == [
        "You see every crisis of Tripoli, because you are a field officer there.",
        "You see open crises of the other offices of Cairo, where they are shared with IOM staff.",
    ]
    assert may(field) == ["You may log crises for Tripoli and keep their facts, plan, figures and activities true."]


def test_an_office_outside_the_regions_is_not_told_of_a_region(tree):
    assert sees(make_field(tree["lima"])) == ["You see every crisis of Lima, because you are a field officer there."]


def test_a_lead_is_told_of_closing(tree):
    lead = make_lead(tree["tripoli"])

    assert sees(lead)[0] == "You see every crisis of Tripoli, because you are an office lead there."
    assert may(lead)[0].endswith("and close and reopen them.")


def test_a_regional_officer_is_told_of_the_offices_below(tree):
    regional = make_user("regional", Role.REGIONAL, office=tree["cairo"])

    assert sees(regional) == [
        "You see every crisis of Cairo, because you are a regional officer there.",
        "Your role in Cairo reaches the offices below it.",
    ]
    assert may(regional) == [
        "You may change nothing in the crises of Cairo: each office keeps its own. You may ask those offices for an "
        "update and say who looks after a crisis."
    ]


def test_hq_is_told_of_every_crisis(tree):
    hq = make_hq()

    assert sees(hq) == [
        "You see every crisis of every office, whatever its sharing, because you are an HQ reviewer.",
    ]
    assert may(hq)[0].startswith("You may decide emergency levels, waive gaps and share crises with partners, ask ")


def test_auditors_and_administrators_are_told_that_their_role_shows_no_crisis(tree):
    auditor = make_user("auditor", Role.AUDITOR, office=tree["hq"])
    administrator = make_user("admin", Role.ADMINISTRATOR, office=tree["hq"])
    User.objects.filter(pk=administrator.pk).update(is_staff=True)

    assert sees(auditor)[0].startswith("You see every change of the crises of Hq and of the offices below it")
    assert sees(auditor)[0].endswith("This role shows no crisis itself.")
    assert may(auditor) == ["You may change nothing as an auditor."]
    assert sees(administrator)[0].endswith("This role shows no crisis.")
    assert (
        may(administrator)[1]
        == "You may make accounts, give and take away roles, and issue and revoke tokens of the API."
    )


def test_a_partner_is_told_of_the_agreements_countries():
    partner = make_partner("LBY", "HTI")

    assert sees(partner) == [
        "You see the crises that HQ shares with partners, where the country most affected is one of the agreement "
        "with Partner: Haiti, Libya."
    ]
    assert may(partner) == ["You may read. Nothing you do here changes a crisis."]


def test_a_partner_whose_agreement_names_no_country_is_told_so():
    partner = make_partner()
    partner.partner.countries.clear()

    assert sees(partner) == ["You see no crisis, because the agreement with Partner names no country yet."]


def test_several_roles_add_up(tree):
    person = make_lead(tree["tunis"])
    make_hq("lead")

    assert len(sees(person)) == 3
    assert len(may(person)) == 2


def test_somebody_without_a_role_is_told_so(tree):
    assert sees(make_user("new")) == [
        "You see the framework and no crisis, because no office has given you a role yet.",
    ]


def test_staff_learn_who_grants_roles_and_partners_get_no_names(tree):
    make_user("omar", Role.ADMINISTRATOR, office=tree["hq"])
    gone = make_user("gone", Role.ADMINISTRATOR, office=tree["hq"])
    User.objects.filter(pk=gone.pk).update(is_active=False)

    assert "Administrators are: omar." in signed_in(make_field(tree["tripoli"])).get("/account/").text
    assert "omar" not in signed_in(make_partner("LBY")).get("/account/").text


@pytest.mark.parametrize("roles", [[Role.FIELD], [Role.FIELD, Role.LEAD, Role.REGIONAL, Role.HQ]])
def test_the_account_page_costs_the_same_for_one_role_and_many(tree, roles, django_assert_num_queries):
    client = signed_in(make_user("many", *roles, office=tree["tripoli"]))

    # session, user, roles with their offices, administrators
    with django_assert_num_queries(4):
        client.get("/account/")


# --- the offices


@pytest.mark.parametrize("role", Role.values)
def test_everybody_with_a_role_sees_the_offices(tree, role):
    page = signed_in(make_user("somebody", role, office=tree["hq"])).get("/offices/")

    assert page.status_code == 200
    for name in ("Tripoli", "Tunis", "Cairo", "Lima", "Hq"):
        assert name in page.text


def test_partners_and_people_without_a_role_are_refused_and_told_why(tree):
    for user in (make_partner("LBY"), make_user("new")):
        page = signed_in(user).get("/offices/")

        assert page.status_code == 403
        assert "Only people with a role in an office see the offices and who works there." in page.text
        assert "Rights are granted by an administrator" in page.text
        assert "Tripoli" not in page.text


def test_the_signed_out_are_asked_to_sign_in_first(client, tree):
    assert client.get("/offices/").url == "/login/?next=/offices/"


def test_each_office_follows_the_one_above_it(tree):
    page = signed_in(make_hq()).get("/offices/").text

    assert re.findall(r'<tr id="([a-z]+)"', page) == ["hq", "cairo", "tripoli", "tunis", "lima"]


def test_offices_name_their_people_and_roles_but_not_closed_accounts(tree):
    make_user("amina", Role.FIELD, Role.LEAD, office=tree["tripoli"])
    gone = make_user("gone", Role.FIELD, office=tree["tripoli"])
    User.objects.filter(pk=gone.pk).update(is_active=False)

    page = signed_in(make_hq()).get("/offices/").text
    row = page.split('<tr id="tripoli"')[1].split("</tr>")[0]

    assert re.findall(r"<bdi>(\w+)</bdi> <small>([\w ]+)</small>", row) == [
        ("amina", "Field officer"),
        ("amina", "Office lead"),
    ]


@pytest.mark.parametrize("more", [0, 20])
def test_the_offices_page_costs_the_same_for_few_and_many(tree, more, django_assert_num_queries):
    for number in range(more):
        office = make_office(f"office-{number}", parent=tree["cairo"])
        make_field(office, f"field-{number}")
    client = signed_in(make_hq())

    # session, user, whether they hold a role, offices with their countries, grants with their people
    with django_assert_num_queries(5):
        client.get("/offices/")


# --- the theme


def choose(client, theme, back="/help/"):
    return client.post("/theme/", {"theme": theme, "next": back})


def test_the_theme_is_kept_for_a_year_and_leads_back_to_the_page(client):
    answer = choose(client, "dark", "/help/?a=1")
    cookie = answer.cookies["theme"]

    assert answer.url == "/help/?a=1"
    assert (cookie.value, cookie["max-age"], cookie["samesite"], cookie["secure"]) == ("dark", 31536000, "Lax", "")
    assert re.search(r'dark\.css"\s+media="screen"', client.get("/help/").text)


def test_the_theme_cookie_is_secure_where_the_site_is(client, settings):
    settings.HTTPS = True

    assert choose(client, "light").cookies["theme"]["secure"] is True


def test_an_unknown_theme_is_the_devices(client):
    assert choose(client, "pink").cookies["theme"].value == "auto"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_the_theme_never_leads_to_another_site(client, elsewhere):
    assert choose(client, "dark", elsewhere).url == "/"


def test_the_theme_changes_by_post_alone(client):
    assert client.get("/theme/").status_code == 405


# --- the administration


@pytest.fixture
def admin(tree):
    make_user("admin", Role.ADMINISTRATOR, office=tree["hq"])
    User.objects.filter(username="admin").update(is_staff=True, is_superuser=True)
    return signed_in(User.objects.get(username="admin"))


def test_a_key_is_shown_once_and_never_changed_and_its_hash_never_shown(admin):
    reader = make_partner("LBY")

    page = admin.post("/admin/offices/token/add/", {"user": reader.pk, "name": "Mirror", "days": "30"}, follow=True)
    key = re.search(r"mcof_[0-9a-f]+", page.text)[0]
    token = Token.objects.get()

    assert TokenAuthentication().authenticate_credentials(key) == (reader, token)
    assert round((token.expiry - token.created) / timedelta(days=1)) == 30
    pages = [page.text]
    for path in ("", f"{token.pk}/change/", f"{token.pk}/history/"):
        answer = admin.get(f"/admin/offices/token/{path}")
        assert answer.status_code == 200
        assert key not in answer.text
        pages.append(answer.text)
    assert admin.post(f"/admin/offices/token/{token.pk}/change/", {"name": "Other"}).status_code == 403
    assert not any(token.digest in text or token.token_key + '"' in text for text in pages)


def test_a_revoked_key_stops_working(admin):
    _token, key = Token.objects.create(make_partner("LBY"))

    pk = Token.objects.get().pk
    assert admin.post(f"/admin/offices/token/{pk}/delete/", {"post": "yes"}).status_code == 403
    done = admin.post("/admin/offices/token/", {"action": "revoke", "_selected_action": pk}, follow=True)

    assert "1 token is revoked." in done.text
    assert Token.objects.get().revoked_by.username == "admin"

    with pytest.raises(Exception, match="expired or revoked"):
        TokenAuthentication().authenticate_credentials(key)


def test_a_key_lasts_a_year_at_most(admin):
    page = admin.post("/admin/offices/token/add/", {"user": make_hq().pk, "name": "Mirror", "days": "366"})

    assert "less than or equal to 365" in page.text
    assert not Token.objects.exists()


def test_a_key_too_many_is_refused_in_words(admin):
    person = make_hq()
    for n in range(MOST):
        issue_token(user=person, name=str(n), lasts=timedelta(days=1))

    page = admin.post("/admin/offices/token/add/", {"user": person.pk, "name": "Mirror", "days": "30"})

    assert "20 tokens of this account work already." in page.text


def grant(admin, person, office, role=Role.FIELD):
    form = admin.get(f"/admin/offices/user/{person.pk}/change/").context["adminform"].form
    answers = {name: form.initial.get(name) or "" for name in form.fields if name != "password"}
    answers |= {"is_active": "on", "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0"}
    answers |= {"memberships-0-user": person.pk, "memberships-0-office": office.pk, "memberships-0-role": role}
    return admin.post(f"/admin/offices/user/{person.pk}/change/", answers)


def test_an_administrator_grants_a_role(admin, tree):
    person = make_user("new")

    assert grant(admin, person, tree["tripoli"]).status_code == 302

    assert Membership.objects.get(user=person).office == tree["tripoli"]


def test_a_partners_reader_is_never_granted_a_role(admin, tree):
    reader = make_partner("LBY")

    page = grant(admin, reader, tree["tripoli"])

    assert "A partner&#x27;s reader holds no role. Remove the partner or the role." in page.text
    assert not Membership.objects.filter(user=reader).exists()


@pytest.mark.parametrize("model", ["country", "region", "office", "partner", "user", "token"])
def test_every_list_of_the_administration_opens_and_can_be_searched(admin, model):
    make_partner("LBY")

    assert admin.get(f"/admin/offices/{model}/", {"q": "lib"}).status_code == 200


def test_countries_and_regions_are_read_only(admin):
    assert admin.get("/admin/offices/country/add/").status_code == 403
    assert admin.post("/admin/offices/country/LBY/change/", {"name": "Elsewhere"}).status_code == 403
    assert Country.objects.get(pk="LBY").name == "Libya"


def test_the_administration_is_for_administrators(tree):
    for user in (make_hq(), make_field(tree["tripoli"]), make_partner("LBY")):
        assert signed_in(user).get("/admin/").status_code == 302


# --- when something goes wrong


def test_a_page_that_is_not_there_offers_the_way_on(client, field_client):
    signed_out, signed_in_ = client.get("/nowhere/"), field_client.get("/nowhere/")

    assert (signed_out.status_code, signed_in_.status_code) == (404, 404)
    assert "We cannot find that page or crisis" in signed_out.text
    assert "Search the crises you can see" in signed_in_.text


def test_a_form_that_cannot_be_trusted_says_that_nothing_was_saved(tree):
    page = Client(enforce_csrf_checks=True).post("/login/", {"username": "field", "password": "x"})

    assert page.status_code == 403
    assert "Nothing was saved." in page.text


@pytest.mark.parametrize(("view", "status"), [(server_error, 500), (bad_request, 400)])
def test_the_plainest_pages_need_no_database(view, status, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = view(RequestFactory().get("/"), *([Exception()] if status == 400 else []))

    assert page.status_code == status
    assert "<h1>" in page.text


@pytest.mark.parametrize("path", ["/help/", "/accessibility/"])
def test_help_is_for_everybody_and_small(client, path):
    page = client.get(path)
    words = page.text.split('<main id="main"')[1].split("</main>")[0]

    assert page.status_code == 200
    assert len(re.sub(r"\s+", " ", words).encode()) <= 6 * 1024


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/account/", "/account/password/", "/offices/"])
def test_the_pages_of_people_are_accessible(page, axe, sign_in, path):
    sign_in(make_hq())

    look(page, axe, path)
