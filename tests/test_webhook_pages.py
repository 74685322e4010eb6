"""The pages on which people make and mind their webhooks."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from exchange import signing
from exchange.models import Delivery, Webhook
from exchange.services import webhooks as services
from tests.conftest import signed_in
from tests.factories import NOON, make_hook, make_hq, make_user, save_view

pytestmark = pytest.mark.django_db
PAGES = "/account/webhooks/"
SAID = {"name": "Dashboard", "url": "https://example.org/hooks", "events": ["crisis.new", "crisis.gone"]}


@pytest.fixture
def hq(db):
    return make_hq()


@pytest.fixture
def client(hq):
    return signed_in(hq)


def said(**more):
    return SAID | {"key": str(uuid.uuid4())} | more


def test_a_webhook_is_made_and_its_secret_shown_once(client, hq):
    page = client.post(f"{PAGES}new/", said())
    hook = Webhook.objects.get()

    assert page.status_code == 200
    assert signing.secret_of(hook) in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert (hook.owner, hook.url, hook.events) == (hq, SAID["url"], SAID["events"])
    for path in (PAGES, f"{PAGES}{hook.uid}/", f"{PAGES}{hook.uid}/change/"):
        assert signing.secret_of(hook) not in client.get(path).content.decode()


def test_a_double_click_makes_one_and_shows_its_secret(client):
    form = said()
    pages = [client.post(f"{PAGES}new/", form) for _ in range(2)]
    hook = Webhook.objects.get()

    assert all(signing.secret_of(hook) in page.content.decode() for page in pages)
    Webhook.objects.update(made_at=timezone.now() - timedelta(minutes=2))
    late = client.post(f"{PAGES}new/", form)
    assert (late.status_code, late.url) == (303, f"{PAGES}{hook.uid}/")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"url": "http://example.org/"}, "must begin with https://"),
        ({"url": "https://10.0.0.1/"}, "inside a network"),
        ({"url": "nonsense"}, "Enter a whole address"),
        ({"events": []}, "Choose at least one event."),
        ({"events": ["crisis.eaten"]}, "Select a valid choice"),
        ({"name": ""}, "Enter a name."),
        ({"view": "none-of-yours"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, wrong, words):
    page = client.post(f"{PAGES}new/", said(**wrong))

    assert page.status_code == 400
    assert words in page.content.decode()
    assert (wrong.get("url") or SAID["url"]) in page.content.decode()
    assert not Webhook.objects.exists()


def test_one_person_has_ten_at_most(client, hq):
    for _ in range(services.MOST):
        make_hook(hq)
    page = client.post(f"{PAGES}new/", said())

    assert page.status_code == 400
    assert "You have 10 webhooks" in page.content.decode()


def test_the_filters_of_a_saved_view_are_kept_as_they_were(client, hq):
    view = save_view("Tunisia", by=hq, country="TUN")
    save_view("Of gaps", by=hq, sector="S03")
    form = client.get(f"{PAGES}new/").content.decode()
    client.post(f"{PAGES}new/", said(view=view.slug))
    hook = Webhook.objects.get()

    assert "Of gaps" not in form, "its filters are none of crises"
    assert (hook.filters, hook.filters_of) == ({"country": "TUN"}, "Tunisia")
    client.post(f"{PAGES}{hook.uid}/change/", said(name="Another name", view="as-it-is"))
    hook.refresh_from_db()
    assert (hook.name, hook.filters) == ("Another name", {"country": "TUN"})
    client.post(f"{PAGES}{hook.uid}/change/", said(view=""))
    hook.refresh_from_db()
    assert (hook.filters, hook.filters_of) == ({}, "")


def test_the_log_says_how_each_delivery_went_and_sends_it_again(client, hq):
    hook = make_hook(hq)
    sent = services.try_out(hook=hook, by=hq, at=NOON)
    went = {"state": "failed", "tries": 1, "status": 302, "milliseconds": 1234, "trouble": "redirect"}
    Delivery.objects.filter(pk=sent.pk).update(tried_at=NOON, **went)
    page = client.get(f"{PAGES}{hook.uid}/").content.decode()

    for words in (str(sent.uid), "Given up", "302", "1,234 ms", "a redirect, which is not followed"):
        assert words in page
    answer = client.post(f"{PAGES}{hook.uid}/{sent.uid}/replay/")
    assert answer.status_code == 303
    sent.refresh_from_db()
    assert (sent.state, sent.tries) == ("waiting", 0)


def test_buttons_test_pause_and_let_go_on(client, hq):
    hook = make_hook(hq)
    client.post(f"{PAGES}{hook.uid}/test/")
    assert hook.deliveries.get().event == "test"
    client.post(f"{PAGES}{hook.uid}/pause/")
    assert "Paused." in client.get(f"{PAGES}{hook.uid}/").content.decode()
    client.post(f"{PAGES}{hook.uid}/resume/")
    hook.refresh_from_db()
    assert hook.paused_at is None


def test_a_secret_is_renewed_once_at_a_time(client, hq):
    hook = make_hook(hq)
    old = signing.secret_of(hook)
    shown = client.post(f"{PAGES}{hook.uid}/secret/").content.decode()
    hook.refresh_from_db()

    assert signing.secret_of(hook) in shown
    assert old not in shown
    again = client.post(f"{PAGES}{hook.uid}/secret/")
    assert again.status_code == 409
    assert "End the old one first" in again.content.decode()
    client.post(f"{PAGES}{hook.uid}/one-secret/")
    assert client.post(f"{PAGES}{hook.uid}/secret/").status_code == 200


def test_a_removed_webhook_is_gone_with_its_log(client, hq):
    hook = make_hook(hq)
    services.try_out(hook=hook, by=hq)
    client.post(f"{PAGES}{hook.uid}/remove/")

    assert not Delivery.objects.exists()
    assert client.get(f"{PAGES}{hook.uid}/").status_code == 404


def test_nobody_reaches_the_webhook_of_another(client):
    theirs = make_hook(make_user("another"))

    for path in ("", "change/", "remove/", "secret/"):
        assert client.get(f"{PAGES}{theirs.uid}/{path}").status_code == 404


@pytest.mark.parametrize("many", [1, 9])
def test_pages_cost_the_same_however_many_there_are(client, hq, django_assert_num_queries, many):
    for _ in range(many):
        hook = make_hook(hq)
    for _ in range(many):
        test = services.try_out(hook=hook, by=hq)
        Delivery.objects.filter(pk=test.pk).update(state="sent")

    with django_assert_num_queries(3):  # session, reader, webhooks
        client.get(PAGES)
    with django_assert_num_queries(5):  # session, reader, the webhook, its deliveries, how many wait
        client.get(f"{PAGES}{hook.uid}/")
