"""How the API says no: always problem details (RFC 9457), and never a hint of what is hidden."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from offices.models import Token
from tests.factories import log, make_field, make_hq, make_office, make_partner, reader

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
LISTS = ["sectors", "phases", "systems", "clusters", "regions", "countries", "offices", "crises", "gaps", "changes"]


def said(answer, status):
    """The problem that an answer describes, after checking its shape."""
    body = answer.json()
    assert answer.status_code == body["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["type"].startswith("/api/#")
    assert body["title"]
    assert body["detail"]
    return body


def errors(answer):
    return {error["path"]: error["message"] for error in said(answer, 400)["errors"]}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_refuses_a_parameter_it_does_not_know(name):
    found = errors(reader(make_hq()).get(f"{V1}{name}/?colour=blue"))

    assert "There is no parameter “colour” here." in found["colour"]


@pytest.mark.parametrize("name", ["framework", "codes"])
def test_a_single_answer_takes_no_parameter_at_all(name):
    address = V1 + name.format(log().reference) + "/"

    assert errors(reader(make_hq()).get(f"{address}?page_size=1")) == {
        "page_size": "There is no parameter “page_size” here. This address takes none."
    }


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("crises/{}", "as_of, expand, fields"),
        ("crises/{}/plan", "as_of, diff, phase, sector"),
        ("crises/{}/plan/S03/during", "as_of"),
        ("crises/{}/gaps", "as_of"),
    ],
)
def test_a_crisis_takes_few_parameters_and_names_them(name, known):
    address = V1 + name.format(log().reference) + "/"

    assert errors(reader(make_hq()).get(f"{address}?page_size=1")) == {
        "page_size": f"There is no parameter “page_size” here. The known ones are: {known}."
    }


def test_a_mistyped_filter_is_answered_with_the_nearest_one():
    client = reader(make_hq())

    assert "Did you mean “country”?" in errors(client.get(f"{V1}crises/?county=LBY"))["county"]
    assert "Did you mean “sector”?" in errors(client.get(f"{V1}gaps/?sectors=S01"))["sectors"]


def test_a_format_is_no_parameter_because_there_is_one_format():
    for name in ("json", "xml"):
        assert errors(reader().get(f"{V1}crises/?format={name}")).keys() == {"format"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cause", "war"),
        ("country", "XXX"),
        ("region", "Africa"),
        ("office", "nowhere"),
        ("phase", "later"),
        ("level", "4"),
        ("needs", "S99"),
        ("exercise", "maybe"),
        ("q", "\0"),
        ("page_size", "0"),
        ("page_size", "201"),
        ("page_size", "ten"),
        ("page_size", ""),
        ("page_size", "\u0661"),  # a digit, but not one of ours
        ("cursor", ""),
        ("cursor", "!!!"),
        ("cursor", "abcd"),
        ("cursor", "cD1hYmM="),  # p=abc: a cursor by its form, but not a position in this list
        ("cursor", "cD0lMDA="),  # p=%00
    ],
)
@pytest.mark.parametrize("address", ["crises", "gaps"])
def test_a_value_that_cannot_be_used_is_named(address, name, value):
    assert errors(reader(make_hq()).get(f"{V1}{address}/", {name: value})).keys() == {name}


def test_a_cursor_that_no_database_can_compare_is_refused():
    nul = "cD0lMDA="  # p=%00

    assert errors(reader().get(f"{V1}countries/", {"cursor": nul})).keys() == {"cursor"}


def test_a_parameter_given_twice_is_refused():
    assert errors(reader().get(f"{V1}crises/?cause=conflict&cause=epidemic")).keys() == {"cause"}
    assert errors(reader().get(f"{V1}sectors/?page_size=1&page_size=2")).keys() == {"page_size"}


def test_a_cursor_beyond_the_last_number_is_an_end_and_no_fault():
    log()
    huge = "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk="  # p=99999999999999999999999999999

    assert reader(make_hq()).get(f"{V1}crises/", {"cursor": huge}).status_code == 200


# Tokens


def test_a_visitor_reads_what_is_open_without_a_token():
    assert [reader().get(f"{V1}{name}/").status_code for name in ("framework", "countries", "crises", "gaps")] == [
        200
    ] * 4


def refused(header):
    client = reader()
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get(f"{V1}framework/")
    assert answer.headers["WWW-Authenticate"] == "Token"
    return said(answer, 401)["detail"]


def test_a_token_that_is_wrong_expired_or_revoked_is_refused_even_where_none_is_needed():
    user = make_field()
    _, good = Token.objects.create(user)
    expired, late = Token.objects.create(user)
    expired.expiry = timezone.now() - timedelta(seconds=1)
    expired.save()
    revoked, gone = Token.objects.create(user)
    revoked.delete()

    assert reader(user).get(f"{V1}framework/").status_code == 200
    for key in ("nonsense", late, gone, good[:-1], good + "0", good.upper(), "\0" * 8):
        assert "wrong, expired or revoked" in refused(f"Token {key}")


def test_reading_with_an_expired_token_writes_nothing(django_assert_num_queries):
    token, key = Token.objects.create(make_field(), expiry=timedelta(seconds=-1))

    # the tokens that begin like this one and still work
    with django_assert_num_queries(1):
        refused(f"Token {key}")
    assert Token.objects.filter(pk=token.pk).exists()


def test_the_token_of_a_person_who_has_left_is_refused():
    user = make_field()
    _, key = Token.objects.create(user)
    user.is_active = False
    user.save()

    assert "wrong, expired or revoked" in refused(f"Token {key}")


@pytest.mark.parametrize("header", ["Bearer mcof_123", "Basic Zm9vOmJhcg==", "Token", "Token a b", "Token \xff\xfe"])
def test_a_header_that_is_no_token_is_refused_and_told_how_to_write_one(header):
    assert "Authorization: Token" in refused(header)


def test_the_word_token_is_understood_in_any_case():
    _, key = Token.objects.create(make_field())
    client = reader()
    client.credentials(HTTP_AUTHORIZATION=f"token {key}")

    assert client.get(f"{V1}offices/").status_code == 200


# What is not there, or not for you


def test_what_is_hidden_answers_as_what_does_not_exist():
    hidden = log(office=make_office("lima", country="PER"), by=make_field(make_office("lima", country="PER"), "lima"))
    for client in (reader(make_field()), reader(make_partner("LBY")), reader()):
        for part in ("", "plan/"):
            there = client.get(f"{V1}crises/{hidden.reference}/{part}")
            nowhere = client.get(f"{V1}crises/LBY-2014-K7Q/{part}")

            said(there, 404)
            assert there.content == nowhere.content == client.get(f"{V1}nothing/").content
            assert there.headers.items() == nowhere.headers.items()


@pytest.mark.parametrize(
    "address",
    [
        "nothing/",
        "nothing",
        "",
        "crises",
        "crises/lby-2014-k7q/",
        "crises/%00/",
        "crises/LBY-2014-K7Q/plan/S01/",
        "../v2/",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_any_other_address_is_a_problem_too(address, method):
    said(getattr(reader(), method)(V1 + address), 404)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_an_address_cannot_do_is_refused_and_what_it_can_is_named(method):
    reference = log().reference
    addresses = {
        "crises/": "GET, POST, HEAD, OPTIONS",
        "gaps/": "GET, HEAD, OPTIONS",
        "framework/": "GET, HEAD, OPTIONS",
        f"crises/{reference}/plan/": "GET, HEAD, OPTIONS",
        f"crises/{reference}/gaps/": "GET, HEAD, OPTIONS",
        f"crises/{reference}/": "GET, PATCH, HEAD, OPTIONS",
        f"crises/{reference}/plan/S03/during/": "GET, PATCH, HEAD, OPTIONS",
    }
    for address, allowed in addresses.items():
        if method.upper() not in allowed:
            answer = getattr(reader(make_hq()), method)(V1 + address, {}, format="json")

            said(answer, 405)
            assert answer.headers["Allow"] == allowed


def test_a_page_of_another_site_cannot_write_with_my_session():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_hq())

    said(client.post(f"{V1}crises/", {}), 403)


def test_what_is_not_json_is_not_offered():
    said(reader().get(f"{V1}crises/", headers={"accept": "text/html"}), 406)
    assert reader().get(f"{V1}crises/", headers={"accept": "text/html, */*"}).status_code == 200


def test_a_fault_of_ours_is_a_problem_to_readers_of_the_api_and_a_page_to_others(rf):
    handler = get_resolver().resolve_error_handler(500)

    answer = handler(rf.get(f"{V1}crises/"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert json.loads(answer.content)["type"] == "/api/#fault"
    assert handler(rf.get("/crises/")).headers["Content-Type"].startswith("text/html")
