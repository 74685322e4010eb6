"""Tokens that people make themselves: shown once, kept as a hash, and never more than their maker may."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone

from crises.models import Contact, Crisis
from offices.models import Country, Membership, Role, Token, User
from offices.services import MOST, MadeBefore, issue_token, revoke_token
from tests.conftest import signed_in
from tests.factories import (
    add_contact,
    log,
    make_field,
    make_hq,
    make_office,
    make_partner,
    make_user,
    reader,
    set_status,
    share,
)
from tests.test_permissions import routes

pytestmark = pytest.mark.django_db
NEW = "/account/tokens/new/"
KEY = re.compile(r"mcof_[0-9a-f]{64}")
V1 = "/api/v1/"


def answers(**said):
    return {"name": "Mirror", "scope": "read", "countries": "", "days": "90", "key": str(uuid.uuid4())} | said


def make(client, **said):
    """The token in plain text, as the page shows it after the form."""
    page = client.post(NEW, answers(**said))
    assert page.status_code == 200, page.text
    return KEY.search(page.text)[0]


def bearing(key):
    return {"authorization": f"Token {key}"}


def read(key, address="crises/"):
    return Client().get(V1 + address, headers=bearing(key))


def references(answer):
    return {row["reference"] for row in answer.json()["results"]}


# --- the page


def test_a_token_is_shown_once_and_kept_as_a_hash(field_client, office):
    crisis = log(office=office)

    page = field_client.post(NEW, answers())
    key = KEY.search(page.text)[0]

    assert "no-store" in page.headers["Cache-Control"]
    assert references(read(key)) == {crisis.reference}
    token = Token.objects.get()
    assert (token.name, token.may_write, token.countries, token.made_by) == ("Mirror", False, None, token.user)
    assert round((token.expiry - token.created) / timedelta(days=1)) == 90
    kept = json.dumps([list(Token.objects.values()), [one.get_decoded() for one in Session.objects.all()]], default=str)
    assert key not in kept
    assert key not in field_client.get("/account/tokens/").text


def test_one_form_makes_one_token_however_often_it_is_sent(field_client):
    said = answers()
    field_client.post(NEW, said)

    again = field_client.post(NEW, said, follow=True)

    assert again.redirect_chain == [("/account/tokens/", 303)]
    assert "was made once, and it is shown once" in again.text
    assert Token.objects.count() == 1
    assert make(field_client, name="Another")


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_token(seeded):
    user, key = make_field(), uuid.uuid4()

    def click(_n):
        try:
            issue_token(user=user, name="Mirror", lasts=timedelta(days=1), form_key=key)
        except MadeBefore as made:
            return made.token.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(click, range(4)))

    assert sorted(answers, key=bool) == [None] + [Token.objects.get().pk] * 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Enter a name."),
        ({"scope": "all"}, "Select what it may do."),
        ({"days": "0"}, "Days must be a whole number from 1 to 365."),
        ({"days": "366"}, "Days must be a whole number from 1 to 365."),
        ({"days": "soon"}, "Days must be a whole number, like 12500."),
        ({"countries": "Atlantis"}, "We do not know the country “Atlantis”."),
        ({"key": "x"}, "Enter a valid UUID."),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(field_client, wrong, words):
    page = field_client.post(NEW, answers(**wrong))

    assert page.status_code == 400
    assert words in page.text
    assert not Token.objects.exists()


def test_the_list_tells_what_each_token_does_until_when_and_when_it_was_used(field_client):
    read(make(field_client, name="Reads", countries="LBY, Tunisia", days="30"))
    make(field_client, name="Changes", scope="write")

    page = field_client.get("/account/tokens/").text

    assert "reads only · LBY, TUN" in page
    assert "reads and changes · every country" in page
    assert page.count("Never") == 1
    assert f"{timezone.now():%-d %b %Y}" in page


def test_a_token_is_revoked_after_a_question_by_its_owner_alone(field_client, other_client):
    key = make(field_client)
    address = f"/account/tokens/{Token.objects.get().pk}/revoke/"

    assert other_client.post(address).status_code == 404
    assert field_client.get(address).status_code == 200
    assert read(key).status_code == 200

    done = field_client.post(address, follow=True)

    assert "The token “Mirror” is revoked." in done.text
    assert read(key).status_code == 401
    revoked = Token.objects.get()
    assert revoked.revoked_by == revoked.user
    assert "had been revoked already" in field_client.post(address, follow=True).text
    with pytest.raises(PermissionDenied):
        revoke_token(token=revoked, by=User.objects.get(username="other"))


def test_nobody_has_more_working_tokens_than_limits_can_bear(field_client):
    user = make_field()
    for n in range(MOST):
        issue_token(user=user, name=str(n), lasts=timedelta(days=1))

    assert "Revoke one that is no longer needed first" in field_client.post(NEW, answers()).text

    revoke_token(token=Token.objects.first(), by=user)
    assert make(field_client)


# --- never more than its maker may, at that moment


def test_a_partner_is_not_asked_what_it_may_do_and_gets_a_token_that_reads(partner_client):
    assert "What it may do" not in partner_client.get(NEW).text

    make(partner_client, scope="write")

    assert not Token.objects.get().may_write


def test_a_partner_limits_a_token_to_countries_of_the_agreement_alone(partner_client):
    page = partner_client.post(NEW, answers(countries="Libya, Peru"))

    assert "PER: not among the countries you may choose." in page.text
    assert make(partner_client, countries="Libya")


def test_what_its_maker_may_no_longer_see_its_token_does_not_show():
    crisis, user = log(), make_field()
    client = reader(user, may_write=True)
    assert references(client.get(f"{V1}crises/")) == {crisis.reference}

    Membership.objects.filter(user=user).delete()

    assert references(client.get(f"{V1}crises/")) == set()


def test_the_token_of_somebody_who_has_become_a_partner_changes_nothing(office):
    crisis, user = log(office=office), make_field(office)
    client = reader(user, may_write=True)
    user.partner = make_partner("LBY").partner
    user.save()

    answer = client.patch(f"{V1}crises/{crisis.reference}/", {"title": "x"}, format="json", headers={"if-match": '"1"'})

    assert answer.status_code == 403
    assert "This token only reads" in answer.json()["detail"]


def test_a_closed_account_and_an_expired_token_are_refused_from_the_next_request_on():
    left, late = make_field(), make_hq()
    clients = [reader(left), reader(late)]
    assert [client.get(f"{V1}crises/").status_code for client in clients] == [200, 200]

    User.objects.filter(pk=left.pk).update(is_active=False)
    Token.objects.filter(user=late).update(expiry=timezone.now())

    assert [client.get(f"{V1}crises/").status_code for client in clients] == [401, 401]


def test_a_token_that_reads_changes_nothing_at_any_address_that_changes(office):
    crisis = log(office=office)
    known = {"reference": crisis.reference, "sector": "S03", "phase": "during"}
    for method, name, pattern in changing():
        address = reverse_somehow(name, pattern, known)
        answer = getattr(reader(make_field(office)), method)(address, {}, format="json")

        assert answer.status_code == 403, (method, name)
        assert "This token only reads" in answer.json()["detail"]


def reverse_somehow(name, pattern, known):
    """An address of this name: what varies in it is known, or anything that it takes."""
    names = pattern.converters or pattern.regex.groupindex
    for anything in ("1", "abc", str(uuid.uuid4())):
        with suppress(NoReverseMatch):
            return reverse(name, kwargs={key: known.get(key, anything) for key in names})
    raise AssertionError(f"no address found for {name}")


def changing():
    """Every (method, name, pattern) of the API that is not for reading."""
    for name, route in routes(get_resolver().url_patterns):
        view = getattr(route.callback, "cls", None)
        for method in ("post", "put", "patch", "delete"):
            if name.startswith("api-") and hasattr(view, method):
                yield method, name, route.pattern


# --- limited to countries


@pytest.fixture
def two():
    """A crisis in Libya with everything that answers tell of, and one in Tunisia of the same regional office."""
    cairo = make_office("cairo", country="EGY", kind="regional")
    libya, tunisia = make_office("tripoli", parent=cairo), make_office("tunis", country="TUN", parent=cairo)
    canary = "Canaryville"
    hidden = log(office=libya, title=canary, places=canary, summary=canary, cause_detail=canary)
    set_status(hidden, "S03", "during", "active", lead=canary)
    seen = log(office=tunisia, by=make_field(tunisia, "tunis"), country="TUN", title="Storm")
    Crisis.objects.filter(pk=seen.pk).update(part_of=hidden)
    add_contact(name=canary)
    return share(hidden), share(seen)


READERS = {
    "hq": make_hq,
    "regional": lambda: make_user("regional", Role.REGIONAL, office=make_office("cairo")),
    "auditor": lambda: make_user("auditor", Role.AUDITOR, office=make_office("cairo")),
    "partner": lambda: make_partner("LBY", "TUN"),
}


def addresses(crisis):
    """Every address of the API that takes nothing but a crisis and a cell of its plan, or nothing at all."""
    known = {"reference": crisis.reference, "sector": "S03", "phase": "during"}
    for name, route in routes(get_resolver().url_patterns):
        names = {*route.pattern.converters, *getattr(route.pattern, "regex", re.compile("")).groupindex}
        if name.startswith("api-") and names <= known.keys() and hasattr(route.callback, "cls"):
            address = reverse(name, kwargs={key: known[key] for key in names})
            if "get" in route.callback.cls.__dict__ or hasattr(route.callback.cls, "get"):
                yield address


@pytest.mark.parametrize("who", READERS)
def test_a_token_for_some_countries_shows_nothing_of_the_others_anywhere(two, who):
    hidden, seen = two
    user = READERS[who]()
    limited, unlimited = reader(user, countries=["TUN"]), reader(user)
    shown = set()
    for crisis in two:
        for address in addresses(crisis):
            shown |= {address} if "Canaryville" in body(unlimited.get(address)) else set()
            for query in ("", "?as_of=2099-01-01", "?as_of=2026-03-02"):
                told = body(limited.get(address + query))

                assert "Canaryville" not in told, address
                if crisis is seen:  # the address of an answer may repeat what was asked for
                    assert hidden.reference not in told, address
    assert shown or who == "auditor"


def body(answer):
    found = b"".join(answer) if answer.streaming else answer.content
    return found.decode()


def test_lists_counts_gaps_and_history_are_of_these_countries_alone(two):
    hidden, seen = two
    client = reader(make_hq(), countries=["TUN"])

    assert references(client.get(f"{V1}crises/")) == {seen.reference}
    assert {row["crisis"] for row in client.get(f"{V1}gaps/").json()["results"]} == {seen.reference}
    for part in ("", "plan/", "gaps/", "history/", "advice/", "coordination/", "plan/S03/during/"):
        there, nowhere = (client.get(f"{V1}crises/{name}/{part}") for name in (hidden.reference, "LBY-2014-K7Q"))
        assert there.status_code == 404, part
        assert there.content == nowhere.content
        assert client.get(f"{V1}crises/{seen.reference}/{part}").status_code == 200, part
    assert client.get(f"{V1}crises/{seen.reference}/").json()["part_of"] is None
    assert reader(make_hq()).get(f"{V1}crises/{seen.reference}/").json()["part_of"] == hidden.reference


def test_two_tokens_of_one_person_never_share_an_answer(two):
    user = make_hq()
    limited, unlimited = reader(user, countries=["TUN"]), reader(user)
    tag = unlimited.get(f"{V1}crises/").headers["ETag"]

    answer = limited.get(f"{V1}crises/", headers={"if-none-match": tag})

    assert answer.status_code == 200
    assert "Authorization" in answer.headers["Vary"]


def test_contacts_are_of_these_countries_alone(two):
    hidden, _seen = two
    Contact.objects.update(country="TUN")
    address = f"{V1}crises/{hidden.reference}/coordination/"
    Crisis.objects.get(pk=hidden.pk).other_countries.add(Country.objects.get(pk="TUN"))

    assert "Canaryville" in body(reader(make_hq()).get(address))
    assert "Canaryville" not in body(reader(make_hq(), countries=["LBY"]).get(address))


def test_a_limit_that_names_no_country_shows_nothing(two):
    client = reader(make_hq(), countries=[])

    assert references(client.get(f"{V1}crises/")) == set()
    assert client.get(f"{V1}crises/{two[0].reference}/").status_code == 404


def test_a_partner_sees_what_both_the_agreement_and_the_token_name(two):
    hidden, seen = two
    partner = make_partner("LBY", "TUN")
    client = reader(partner, countries=["TUN", "LBY"])
    assert references(client.get(f"{V1}crises/")) == {hidden.reference, seen.reference}

    partner.partner.countries.set(["TUN"])

    assert references(client.get(f"{V1}crises/")) == {seen.reference}


def test_with_a_limited_token_a_crisis_is_neither_changed_elsewhere_nor_moved_there(office):
    here = log(office=office)
    there = log(office=office, country="TUN", cause="epidemic")
    client = reader(make_field(office), may_write=True, countries=["LBY"])

    def patch(crisis, **change):
        address = f"{V1}crises/{crisis.reference}/"
        tag = f'"{crisis.facts_revision}"'
        return client.patch(address, change, format="json", headers={"if-match": tag})

    assert patch(there, title="x").status_code == 404
    moved = patch(here, country="TUN")
    assert moved.status_code == 403
    assert "limited to other countries" in moved.json()["detail"]
    here.refresh_from_db()
    assert here.main_country_id == "LBY"
    assert patch(here, title="x").status_code == 200


def test_with_a_limited_token_no_crisis_is_logged_elsewhere(office):
    field = make_field(office)
    field.only_in = frozenset({"LBY"})

    with pytest.raises(PermissionDenied, match="limited to other countries"):
        log(office=office, by=field, country="TUN")
    assert not Crisis.objects.exists()
    assert log(office=office, by=field, country="LBY")


# --- last used


def test_the_last_use_is_written_once_in_ten_minutes_however_often_it_is_used(django_assert_num_queries):
    client, noon = reader(make_hq(), used_at=None), timezone.now()
    token = Token.objects.get()

    client.get(f"{V1}codes/")
    first = Token.objects.get().used_at
    with django_assert_num_queries(1):  # the token itself
        client.get(f"{V1}codes/")

    assert first >= noon
    assert Token.objects.get().used_at == first
    Token.objects.update(used_at=first - timedelta(minutes=11))
    Token.objects.note_use(token)  # another process that has read it before it was used
    assert Token.objects.get().used_at > first
    Token.objects.note_use(token, at=first + timedelta(minutes=5))
    assert Token.objects.get().used_at < first + timedelta(minutes=5)


def test_a_refused_token_is_not_used():
    client = reader(make_hq(), used_at=None, revoked_at=timezone.now())

    assert client.get(f"{V1}codes/").status_code == 401
    assert Token.objects.get().used_at is None


# --- where people are told


def test_who_changes_a_password_is_reminded_of_tokens_that_work_on(office):
    user = make_field(office)
    user.set_password("a long first password")
    user.save()
    issue_token(user=user, name="Mirror", lasts=timedelta(days=1))
    new = {"new_password1": "a long second password", "new_password2": "a long second password"}

    page = signed_in(user).post("/account/password/", {"old_password": "a long first password"} | new, follow=True)

    assert "Your API tokens still work." in page.text


def test_a_token_in_the_address_opens_nothing(field_client):
    key = make(field_client)

    assert Client().get(f"{V1}offices/?token={key}").status_code == 401
    assert Client().get(f"{V1}crises/?token={key}").status_code == 400


def test_the_page_of_the_api_the_account_and_a_refusal_lead_to_where_tokens_are_made(client, field_client):
    assert 'href="/account/tokens/"' in client.get("/api/").text
    assert 'href="/account/tokens/"' in field_client.get("/account/").text
    assert "/account/tokens/" in read("nonsense").json()["detail"]


def test_a_form_begun_before_the_session_ended_is_there_after_signing_in(office):
    user, client = make_field(office), Client()
    client.post(NEW, answers(name="Kept", writer=user.pk))
    client.force_login(user)

    assert 'value="Kept"' in client.get(NEW).text
    assert not Token.objects.exists()
    assert signed_in(make_hq()).get("/account/tokens/").status_code == 200
