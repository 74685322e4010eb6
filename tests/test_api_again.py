"""Answers of the API that are given again: fast while nothing changes, never stale, never another reader's."""

import pytest

from crises import services
from crises.models import SavedView
from offices.models import Membership
from tests.factories import log, make_field, make_hq, make_partner, reader, save_view, set_status, share

pytestmark = pytest.mark.django_db
LIST = "/api/v1/crises/"


def titles(client, address=LIST):
    return [row["title"] for row in client.get(address).json()["results"]]


@pytest.fixture
def crisis(office):
    return log(office=office, title="Floods in Kufra")


def test_an_answer_is_given_again_in_two_queries(crisis, django_assert_num_queries):
    client = reader(make_hq())
    first = client.get(LIST)

    with django_assert_num_queries(2):  # the token with its owner, what the answer follows from
        again = client.get(LIST)

    assert again.content == first.content
    assert {name: again[name] for name in ("ETag", "Content-Type", "Cache-Control")} == {
        name: first[name] for name in ("ETag", "Content-Type", "Cache-Control")
    }
    assert {"Authorization", "Cookie"} <= set(again["Vary"].split(", "))


@pytest.mark.parametrize("address", ["plan/", "gaps/", "", "history/", "plan/S03/during/"])
def test_the_next_change_is_seen_at_once(crisis, address):
    client, address = reader(make_hq()), f"{LIST}{crisis.reference}/{address}"
    before = client.get(address).json()
    assert client.get(address).json() == before

    set_status(crisis, "S03", "during", "active")

    assert client.get(address).json() != before


def test_each_reader_has_answers_of_their_own(office):
    log(office=office, title="Floods in Kufra", sharing="office")
    hq, field, partner = reader(make_hq()), reader(make_field(office)), reader(make_partner("LBY"))

    for _ in range(2):
        assert titles(hq) == titles(field) == ["Floods in Kufra"]
        assert titles(partner) == []


def test_a_narrower_token_of_the_same_person_has_answers_of_its_own(crisis):
    person = make_hq()
    wide, narrow = reader(person), reader(person, countries=["TUN"])

    for _ in range(2):
        assert titles(wide) == ["Floods in Kufra"]
        assert titles(narrow) == []


def test_who_loses_a_role_loses_the_answer_with_the_next_request(crisis):
    client = reader(make_hq())
    assert titles(client) == ["Floods in Kufra"]

    Membership.objects.filter(user__username="hq").delete()

    assert titles(client) == []


def test_a_partner_loses_what_is_shared_no_more(crisis):
    client = reader(make_partner("LBY"))
    share(crisis)
    assert titles(client) == ["Floods in Kufra"]

    services.share_crisis(crisis=crisis, sharing="staff", by=make_hq())

    assert titles(client) == []


def test_who_has_the_answer_is_told_so(crisis):
    client = reader(make_hq())
    etag = client.get(LIST)["ETag"]

    for tag in (etag, f"W/{etag}", "*"):
        again = client.get(LIST, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)


def test_it_comes_compressed_to_who_takes_that(crisis):
    client = reader(make_hq())
    plain = [client.get(LIST) for _ in range(2)]
    packed = [client.get(LIST, headers={"Accept-Encoding": "gzip"}) for _ in range(2)]

    assert [answer.headers.get("Content-Encoding") for answer in plain + packed] == [None, None, "gzip", "gzip"]
    assert {answer["ETag"] for answer in packed} == {f"W/{plain[0]['ETag']}"}
    assert all("Accept-Encoding" in answer["Vary"] for answer in packed)


def test_what_can_be_changed_says_its_revision_again(crisis):
    client, address = reader(make_hq()), f"{LIST}{crisis.reference}/"

    assert {client.get(address)["ETag"].split(".")[0] for _ in range(2)} == {f'"{crisis.facts_revision}'}


def test_refusals_are_not_kept(crisis):
    client = reader(make_hq())
    for _ in range(2):
        assert client.get(f"{LIST}?county=LBY").status_code == 400
        assert client.get(f"{LIST}XXX-2026-XXX/").status_code == 404


def test_what_a_saved_view_asks_for_is_not_kept(crisis):
    person = make_hq()
    view, client = save_view(by=person, name="Mine", country="LBY"), reader(person)
    address = f"{LIST}?view={view.slug}"
    assert titles(client, address) == ["Floods in Kufra"]

    SavedView.objects.filter(pk=view.pk).update(query="country=TUN")

    assert titles(client, address) == []


def test_nothing_is_kept_where_that_is_switched_off(crisis, settings, django_assert_num_queries):
    settings.ANSWERS_KEPT_SECONDS = 0
    client = reader(make_hq())
    client.get(LIST)

    with django_assert_num_queries(3):  # the token with its owner; the crises, what they name
        client.get(LIST)
