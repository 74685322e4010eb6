"""Pages across crises that are given again: fast while nothing changes, never stale, never another reader's."""

import gc
import gzip
import weakref
from datetime import timedelta
from uuid import uuid4

import pytest
from django.shortcuts import render
from django.utils import timezone

from offices.models import Membership, Office, Role, User
from tests.conftest import signed_in
from tests.factories import log, make_hq, make_office, make_partner, make_user, set_status, share

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/"


def read(client, path=PAGE, **headers):
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def make_regional(slug):
    return make_office(slug, country=None, kind=Office.Kind.REGIONAL)


@pytest.fixture
def hq(hq_client):
    """An HQ reviewer whose browser has the cookie of the site's forms."""
    hq_client.get("/help/")
    return hq_client


def test_a_page_is_given_again_in_three_queries(hq, office, django_assert_num_queries):
    log(office=office, title="Floods in Kufra")
    first = read(hq)

    with django_assert_num_queries(3):  # the session, the reader, what the page follows from
        again = read(hq)

    assert again == first
    assert "Floods in Kufra" in again


def test_where_pages_are_kept_for_no_time_none_is_given_again(hq, office, settings, django_assert_num_queries):
    settings.ANSWERS_KEPT_SECONDS = 0
    log(office=office, title="Floods in Kufra")
    read(hq)

    for _more in range(2):
        with django_assert_num_queries(8):  # as the first time
            assert "Floods in Kufra" in read(hq)


def test_the_next_change_anywhere_is_seen_at_once(hq, office):
    crisis = log(office=office, title="Floods in Kufra")
    before = read(hq)

    set_status(crisis, "S01", "during", "active")
    after = read(hq)

    assert before != after


def test_each_reader_has_pages_of_their_own(hq, office, other_client):
    log(office=office, title="Floods in Kufra", sharing="office")
    other_client.get("/help/")

    assert "Floods in Kufra" in read(hq)
    assert "Floods in Kufra" not in read(other_client)


def test_two_readers_of_one_browser_have_pages_of_their_own(hq, office):
    second = signed_in(make_hq("second"))
    second.cookies["csrftoken"] = hq.cookies["csrftoken"].value
    log(office=office)

    assert "<bdi>hq</bdi>" in read(hq)
    assert "<bdi>second</bdi>" in read(second)


def test_who_loses_a_role_loses_the_page_with_the_next_request(hq, office):
    log(office=office, title="Floods in Kufra", sharing="office")
    assert "Floods in Kufra" in read(hq)

    Membership.objects.filter(user__username="hq").delete()

    assert "Floods in Kufra" not in read(hq)


def test_an_office_that_moves_takes_its_crises_along(office):
    above, elsewhere = make_regional("cairo"), make_regional("nairobi")
    Office.objects.filter(pk=office.pk).update(parent=above)
    client = signed_in(make_user("regional", Role.REGIONAL, office=above))
    client.get("/help/")
    log(office=office, title="Floods in Kufra", sharing="office")
    assert "Floods in Kufra" in read(client)

    Office.objects.filter(pk=office.pk).update(parent=elsewhere)

    assert "Floods in Kufra" not in read(client)


def test_a_partner_whose_agreement_ends_sees_no_more_of_the_country(office):
    partner = make_partner("LBY")
    client = signed_in(partner)
    client.get("/help/")
    crisis = log(office=office, title="Floods in Kufra")
    share(crisis)
    assert "Floods in Kufra" in read(client)

    partner.partner.countries.clear()

    assert "Floods in Kufra" not in read(client)


def test_who_is_disabled_is_led_to_sign_in(hq, office):
    log(office=office)
    read(hq)

    User.objects.filter(username="hq").update(is_active=False)

    assert hq.get(PAGE).status_code == 302


def test_a_browser_that_has_the_page_is_told_so(hq, office):
    crisis = log(office=office)
    etag = hq.get(PAGE)["ETag"]
    again = hq.get(PAGE, headers={"If-None-Match": etag})
    set_status(crisis, "S01", "during", "active")

    assert (again.status_code, again.content) == (304, b"")
    assert hq.get(PAGE, headers={"If-None-Match": etag}).status_code == 200


def test_a_browser_that_takes_no_gzip_gets_the_same_page(hq, office):
    log(office=office)
    packed = hq.get(PAGE, headers={"Accept-Encoding": "gzip"})

    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content).decode() == read(hq)


@pytest.mark.parametrize("changed", ["theme", "filter"])
def test_what_the_browser_asks_for_makes_another_page(hq, office, changed):
    log(office=office)
    before = read(hq)
    if changed == "theme":
        hq.cookies["theme"] = "dark"

    assert read(hq, PAGE if changed == "theme" else f"{PAGE}?phase=after") != before


def test_forms_of_a_kept_page_are_accepted(office):
    client = signed_in(make_hq())
    client.handler.enforce_csrf_checks = True
    log(office=office)
    client.get("/help/")
    read(client)
    token = read(client).split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

    sent = client.post("/theme/", {"theme": "dark", "next": PAGE, "csrfmiddlewaretoken": token})

    assert sent.status_code == 302


def test_a_message_is_shown_once(hq, office):
    crisis = log(office=office)
    read(hq)
    until = (timezone.now() + timedelta(days=30)).date().isoformat()
    waiver = {"key": uuid4(), "until": until, "reason": "Access is expected by then, as agreed with the office."}

    sent = hq.post(f"/crises/{crisis.reference}/plan/S03/during/waive/", waiver)

    assert sent.status_code == 303
    assert "is waived until" in read(hq)
    assert "is waived until" not in read(hq)


class Figures:
    """Stands for the thousands of rows that a page is counted from."""


def test_what_a_page_was_counted_from_goes_with_it_and_does_not_wait_for_the_collector(rf):
    figures = Figures()
    gone = weakref.ref(figures)
    gc.disable()
    try:
        render(rf.get("/"), "crises/_chips.html", {"figures": figures})
        del figures
        assert gone() is None
    finally:
        gc.enable()
