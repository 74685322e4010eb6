"""Unfinished forms kept on the server, and the receipts of what arrived."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from crises.models import Crisis, Draft, Receipt
from tests.conftest import signed_in
from tests.factories import log, make_field, make_office
from tests.test_log_page import ADDRESS, answers, text

pytestmark = pytest.mark.django_db


def save_draft(client, **said):
    said = {"key": str(uuid.uuid4()), "draft": "1"} | said
    return said["key"], client.post(ADDRESS, said)


def test_a_draft_needs_no_answer_and_comes_back_as_it_was(field_client, office):
    said = {"title": "Half a name", "people": "many", "started_month": "6", "groups": ["returnees", "refugees"]}

    key, response = save_draft(field_client, **said)
    page = field_client.get(response.url)

    form = page.content.decode()
    assert (response.status_code, response.url) == (303, f"{ADDRESS}?draft={key}")
    assert f"Draft saved {Draft.objects.get().saved_at:%H:%M} UTC." in text(page)
    assert 'class="err' not in form
    assert "<title>Error" not in form
    assert f'name="key" value="{key}"' in form
    assert 'name="title" value="Half a name"' in form
    assert 'name="people" value="many"' in form
    assert 'name="started_month" value="6"' in form
    assert set(re.findall(r'name="groups" value="(\w+)"[^>]* checked', form)) == {"returnees", "refugees"}


def test_saving_a_draft_again_replaces_it(field_client, office):
    key, _response = save_draft(field_client, title="First")

    save_draft(field_client, key=key, title="Second")

    assert "Second" in field_client.get(f"{ADDRESS}?draft={key}").content.decode()
    assert Draft.objects.count() == 1


def test_the_list_names_drafts_newest_first_with_continue_and_discard(field_client, office):
    save_draft(field_client)
    key, _response = save_draft(field_client, title="Half a name")

    page = field_client.get("/drafts/").content.decode()

    assert re.findall(r'<th scope="row">([^<]+)</th>', page) == ["Half a name", "No name yet"]
    assert f'href="{ADDRESS}?draft={key}"' in page


def test_empty_lists_say_so_in_a_sentence(field_client, office):
    page = text(field_client.get("/drafts/"))

    assert "Nothing waiting. Everything you wrote has been received." in page
    assert "Nothing received in the last 30 days." in page


def test_logging_a_crisis_from_a_draft_removes_the_draft_and_leaves_a_receipt(field_client, office):
    said = answers(office)
    save_draft(field_client, **said)

    field_client.post(ADDRESS, said)
    page = field_client.get("/drafts/")

    crisis = Crisis.objects.get()
    assert not Draft.objects.exists()
    assert crisis.reference in text(page)
    assert f"{crisis.logged_at:%H:%M} UTC" in text(page)


def test_a_draft_saved_after_its_form_arrived_goes_with_the_retry(field_client, office):
    said = answers(office)
    field_client.post(ADDRESS, said)
    save_draft(field_client, **said)

    field_client.post(ADDRESS, said)

    assert not Draft.objects.exists()
    assert Crisis.objects.count() == 1


def test_a_refused_crisis_leaves_its_draft(field_client, office):
    said = answers(office)
    save_draft(field_client, **said)

    field_client.post(ADDRESS, said | {"started_year": "2099"})

    assert Draft.objects.exists()


def test_receipts_are_kept_for_30_days_and_are_the_persons_own(field_client, office):
    now = timezone.now()
    by = make_field(office)
    log(title="Last month", by=by, at=now - timedelta(days=31))
    log(title="This week", by=by, at=now - timedelta(days=3))
    log(title="By a colleague", by=make_field(office, "colleague"), at=now)

    page = text(field_client.get("/drafts/"))

    assert "This week" in page
    assert "Last month" not in page
    assert "By a colleague" not in page


def test_a_receipt_for_a_crisis_that_is_no_longer_mine_to_see_is_not_shown(field_client, office):
    crisis = log(title="Canary", at=timezone.now())
    Crisis.objects.filter(pk=crisis.pk).update(office=make_office("lima", country="PER"))

    assert Receipt.objects.count() == 1
    assert "Canary" not in field_client.get("/drafts/").content.decode()


def test_a_draft_is_its_writers_alone(field_client, other_client, client, office):
    key, _response = save_draft(field_client, title="Canary")

    assert other_client.get(f"{ADDRESS}?draft={key}").status_code == 404
    assert other_client.post(f"/drafts/{key}/discard/").status_code == 404
    assert "Canary" not in other_client.get("/drafts/").content.decode()
    assert client.get("/drafts/").status_code == client.post(f"/drafts/{key}/discard/").status_code == 302
    assert Draft.objects.count() == 1


def test_a_form_left_open_by_one_person_becomes_the_next_persons_own_draft(field_client, office):
    key, _response = save_draft(field_client, title="Of the first")
    second = signed_in(make_field(office, "second"))

    _key, response = save_draft(second, key=key, title="Of the second")

    assert key not in response.url
    assert "Of the second" in second.get(response.url).content.decode()
    assert "Of the first" in field_client.get(f"{ADDRESS}?draft={key}").content.decode()


@pytest.mark.parametrize("key", ["", "x", "00000000-0000-0000-0000-000000000000", "\x00"])
def test_a_draft_nobody_has_is_not_found(field_client, office, key):
    assert field_client.get(ADDRESS, {"draft": key}).status_code == 404


def test_discarding_a_draft_takes_a_post_and_says_so(field_client, office):
    key, _response = save_draft(field_client, title="Half a name")

    assert field_client.get(f"/drafts/{key}/discard/").status_code == 405
    response = field_client.post(f"/drafts/{key}/discard/")

    assert (response.status_code, response.url) == (303, "/drafts/")
    assert "The draft is discarded." in text(field_client.get("/drafts/"))
    assert response.cookies["received"].value == key  # the copy on the device goes too
    assert not Draft.objects.exists()


def test_the_list_costs_the_same_queries_for_one_draft_and_many(field_client, office, django_assert_num_queries):
    log(at=timezone.now())
    save_draft(field_client, title="One")
    field_client.get("/drafts/")  # the message of the draft

    # session, user, drafts, receipts with their crises
    with django_assert_num_queries(4):
        field_client.get("/drafts/")
    for n in range(10):
        save_draft(field_client, title=f"Draft {n}")
        log(title=f"Crisis {n}", at=timezone.now())
    field_client.get("/drafts/")
    with django_assert_num_queries(4):
        field_client.get("/drafts/")
