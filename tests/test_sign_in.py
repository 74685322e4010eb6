"""Signing in and out, the lock after failures, the password, and the demo's accounts."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core.exceptions import ImproperlyConfigured
from django.db.models import F
from django.test import Client
from django.utils import timezone

from mcof.tokens import TokenAuthentication
from offices import demo
from offices.models import Membership, Office, Partner, Token, User
from tests.factories import make_field, make_lead

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def person():
    user = make_field()
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, username="field", password=PASSWORD, next_="", **where):
    return client.post("/login/", {"username": username, "password": password, "next": next_}, **where)


def test_the_right_password_signs_in_and_leads_to_the_start_page(client, person):
    answer = sign_in(client)

    assert (answer.status_code, answer.url) == (302, "/")
    assert client.get("/account/").status_code == 200


def test_a_page_that_needs_an_account_comes_back_after_signing_in(client, person):
    answer = client.get("/account/?tab=roles")
    assert answer.url == "/login/?next=/account/%3Ftab%3Droles"

    page = client.get(answer.url)

    assert 'name="next" value="/account/?tab=roles"' in page.text
    assert sign_in(client, next_="/account/?tab=roles").url == "/account/?tab=roles"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_never_leads_to_another_site(client, person, elsewhere):
    assert sign_in(client, next_=elsewhere).url == "/"


def test_a_wrong_password_says_what_to_check_and_keeps_the_user_name(client, person):
    page = sign_in(client, password="wrong")

    assert page.status_code == 200
    assert "<title>Error: Sign in" in page.text
    assert "No account has this user name and password. Check both; capital letters count." in page.text
    assert 'value="field"' in page.text
    assert "wrong" not in page.text


def test_a_closed_account_cannot_sign_in_and_an_open_session_of_it_ends(client, person):
    sign_in(client)
    User.objects.update(is_active=False)

    assert client.get("/account/").status_code == 302
    assert "No account has this user name and password." in sign_in(Client()).text


def test_signing_out_takes_a_post_and_leads_to_signing_in(client, person):
    sign_in(client)

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").url == "/login/"
    assert client.get("/account/").status_code == 302


def test_somebody_signed_in_is_not_asked_again(client, person):
    sign_in(client)

    assert client.get("/login/").url == "/"


# --- the lock after failures


@pytest.fixture
def locking(settings):
    settings.AXES_ENABLED = True


def fail(client, times, **where):
    for _attempt in range(times):
        answer = sign_in(client, password="wrong", **where)
    return answer


def test_ten_failures_in_a_row_lock_the_account_for_that_address(client, person, locking):
    assert fail(client, 9).status_code == 200

    page = fail(client, 1)

    assert page.status_code == 429
    assert "Signing in with this user name failed 10 times in a row from your network." in page.text
    assert "nobody can sign in to it from there for 15 minutes" in page.text
    assert sign_in(client).status_code == 429


def test_the_lock_spares_other_accounts_and_other_addresses(client, person, locking):
    colleague = make_lead()
    colleague.set_password(PASSWORD)
    colleague.save()

    fail(client, 10)

    assert sign_in(Client(), "lead").status_code == 302
    assert sign_in(Client(), REMOTE_ADDR="198.51.100.7").status_code == 302


def test_a_success_starts_the_count_anew(client, person, locking):
    fail(client, 9)
    sign_in(client)
    client.post("/logout/")

    assert fail(client, 9).status_code == 200


def test_the_lock_ends_after_fifteen_minutes_even_if_somebody_kept_trying(client, person, locking):
    fail(client, 10)
    pass_time(minutes=14)
    assert fail(client, 3).status_code == 429

    pass_time(minutes=1, seconds=1)

    assert sign_in(client).status_code == 302


def pass_time(**much):
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(**much))


# --- the password


def change(client, now=PASSWORD, new="a much better password", again=None):
    return client.post(
        "/account/password/",
        {"old_password": now, "new_password1": new, "new_password2": new if again is None else again},
        follow=True,
    )


def test_a_changed_password_keeps_this_browser_signed_in_and_signs_out_the_others(client, person):
    elsewhere = Client()
    sign_in(elsewhere)
    sign_in(client)

    page = change(client)

    assert page.redirect_chain == [("/account/", 302)]
    assert "Your password is changed." in page.text
    assert elsewhere.get("/account/").status_code == 302
    assert sign_in(Client(), password="a much better password").status_code == 302


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"now": "wrong"}, "This is not your password now. Capital letters count."),
        ({"again": "another password"}, "The two new passwords differ. Type the same one twice."),
        ({"new": "short"}, "This password is too short. It must contain at least 12 characters."),
        ({"now": ""}, "Enter the password you have now."),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(client, person, answers, words):
    sign_in(client)

    page = change(client, **answers)

    assert "<title>Error: Change password" in page.text
    assert page.text.count(words) == 2  # in the summary and at the field
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


# --- the demo


@pytest.fixture
def trial(settings):
    settings.DEMO, settings.HTTPS = True, False


@pytest.mark.parametrize(("demo_on", "https"), [(False, False), (True, True), (False, True)])
def test_demo_people_are_refused_where_this_is_not_a_local_trial(settings, demo_on, https):
    settings.DEMO, settings.HTTPS = demo_on, https

    with pytest.raises(ImproperlyConfigured, match="published password"):
        demo.load_people()
    assert not User.objects.exists()


def test_every_account_on_the_sign_in_page_can_sign_in(client, trial):
    demo.load_people()

    page = client.get("/login/")

    assert "The password of each is <strong>demo</strong>." in page.text
    for username in ("field", "lead", "regional", "hq", "partner", "auditor", "admin"):
        assert f"<strong>{username}</strong>" in page.text
        assert sign_in(Client(), username, "demo").status_code == 302
    assert "field-hti" not in page.text


def test_the_accounts_are_shown_only_in_a_demo(client, trial, settings):
    demo.load_people()
    settings.DEMO = False

    assert "Demo accounts" not in client.get("/login/").text


def test_loading_the_demo_people_again_changes_nothing(trial):
    demo.load_people()
    User.objects.get(username="lead").memberships.all().delete()
    before = [list(model.objects.values()) for model in (Office, User, Membership, Partner)]

    demo.load_people()

    assert [list(model.objects.values()) for model in (Office, User, Membership, Partner)] == before


def test_everything_of_the_demo_is_marked_and_each_country_office_has_people(trial):
    demo.load_people()

    assert all(office.name.endswith("(demo)") for office in Office.objects.all())
    assert all(str(user).endswith("(demo)") for user in User.objects.all())
    for office in Office.objects.filter(kind=Office.Kind.COUNTRY):
        office.full_clean()
        assert sorted(office.memberships.values_list("role", flat=True)) == ["field", "lead"]
    assert {"HTI", "LBY", "PAK", "MLI", "CAF", "SSD", "ETH", "SDN", "TUN", "NPL"} <= set(
        Office.objects.filter(kind=Office.Kind.COUNTRY).values_list("country", flat=True)
    )


def test_accounts_that_only_enter_an_offices_crises_have_no_password(trial):
    demo.load_people()

    assert not User.objects.get(username="field-hti").has_usable_password()


def test_a_new_demo_token_works_and_the_one_before_stops(trial):
    demo.load_people()

    first, second = demo.partner_token(), demo.partner_token()

    user, token = TokenAuthentication().authenticate_credentials(second)
    assert user.username == "partner"
    assert 364 <= (token.expiry - timezone.now()).days <= 365
    assert [token.digest for token in Token.objects.working()] == [token.digest]
    with pytest.raises(Exception, match="expired or revoked"):
        TokenAuthentication().authenticate_credentials(first)
    assert second not in str(Token.objects.values())
