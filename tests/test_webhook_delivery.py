"""What webhooks tell, to whom, in which order, how often and signed how; and that no crash loses or doubles it."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from crises import services as crises
from crises.models import Crisis
from exchange import delivering, signing
from exchange.management.commands import deliver_webhooks
from exchange.management.commands.deliver_webhooks import matching, step
from exchange.models import Delivery, Event, Webhook
from exchange.outbound import Answer, Trouble
from exchange.services import webhooks as services
from tests.at_once import AtOnce
from tests.factories import (
    decide_level,
    log,
    make_field,
    make_hook,
    make_hq,
    make_office,
    make_partner,
    save_view,
    set_status,
    share,
)

pytestmark = pytest.mark.django_db
FINE, DOWN = Answer(204, 12), Answer(None, 3, Trouble.CONNECTION)


class Receiver:
    """The other side: keeps what it is sent, and answers as it is told to."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    def __call__(self, url, body, headers):
        self.calls.append((url, json.loads(body), headers))
        return self.answers.pop(0) if self.answers else FINE

    @property
    def told(self):
        return [(said["type"], said["crisis"]) for _url, said, _headers in self.calls]


def work(receiver=None, *, now=None):
    """Let the worker do all that is due at a moment. What was told."""
    receiver, now = receiver or Receiver(), now or timezone.now()
    for hook in Webhook.objects.behind():
        while delivering.note(hook, matching=matching, now=now):
            pass
    while hook := delivering.claim(now):
        delivering.deliver(hook, now=now, post=receiver)
    return receiver


# What is told


def test_each_change_is_told_once_in_order_by_type():
    make_hook(make_hq())
    crisis = log()
    set_status(crisis, "S02", "during", "active")
    decide_level(crisis, "3")

    assert work().told == [
        ("crisis.new", crisis.reference),
        ("gap.opened", crisis.reference),
        ("crisis.changed", crisis.reference),
        ("gap.closed", crisis.reference),
        ("crisis.changed", crisis.reference),
        ("level.decided", crisis.reference),
    ]
    assert work().told == []


def test_a_call_says_which_change_of_which_crisis_and_no_more():
    make_hook(make_hq(), events=[Event.NEW])
    crisis = log(title="Canaryville")
    ((url, said, headers),) = work().calls

    assert url == "https://example.org/hooks"
    assert said.keys() == {"id", "type", "crisis", "revision", "at"}
    assert (said["crisis"], said["revision"]) == (crisis.reference, crisis.revision)
    assert said["id"] == headers["Mcof-Delivery"] == str(Delivery.objects.get().uid)
    assert said["at"] == "2026-03-01T12:00:00.000000Z"


def test_only_the_events_that_were_chosen_are_told():
    make_hook(make_hq(), events=[Event.LEVEL, Event.GAP_CLOSED])
    crisis = log()
    decide_level(crisis, "3")

    assert work().told == [("level.decided", crisis.reference)]


def test_what_happened_before_it_was_made_is_not_told():
    crisis = log()
    make_hook(make_hq())

    assert work().told == []
    decide_level(crisis, "2")
    assert work().told == [("crisis.changed", crisis.reference), ("level.decided", crisis.reference)]


def test_a_request_for_an_update_is_no_change():
    crisis = log()
    make_hook(make_hq())
    crises.ask_for_update(crises=[crisis], by=make_hq())

    assert work().told == []


def test_a_saved_view_narrows_what_is_told():
    make_hook(make_hq(), view=save_view(country="TUN"), events=[Event.NEW])
    log()
    wanted = log(country="TUN")

    assert work().told == [("crisis.new", wanted.reference)]


# To whom


def test_a_partner_is_told_from_the_sharing_to_its_end_and_nothing_else():
    make_hook(make_partner("LBY"))
    crisis = log()
    log(title="Canaryville", country="TUN")
    decide_level(crisis, "2")

    assert work().told == []
    share(crisis)
    assert work().told == [("crisis.new", crisis.reference)]
    crises.share_crisis(crisis=crisis, sharing="staff", by=make_hq())
    set_status(crisis, "S02", "during", "active")
    assert work().told == [("crisis.gone", crisis.reference)]


def test_who_lost_the_right_before_the_call_is_told_nothing():
    partner = make_partner("LBY")
    make_hook(partner)
    crisis = share(log())
    work(Receiver(DOWN))
    partner.partner.countries.set(["TUN"])
    later = work(now=timezone.now() + timedelta(hours=1))

    assert later.told == []
    assert {row.state for row in Delivery.objects.filter(crisis=crisis.reference)} == {"withheld"}


def test_a_person_who_may_not_sign_in_any_more_is_told_nothing():
    hq = make_hq()
    make_hook(hq)
    log()
    hq.is_active = False
    hq.save()

    assert work().told == []


# How it is signed


def verified(headers, body, secret):
    """As the receiver verifies it, by the words of the API's page."""
    parts = [part.split("=") for part in headers["Mcof-Signature"].split(",")]
    signed = f"{dict(parts)['t']}.".encode() + body
    own = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return [own == value for name, value in parts if name == "v1"]


def call_of(hook, now=None):
    hook.refresh_from_db()
    test = services.try_out(hook=hook, by=hook.owner)
    return delivering.call(hook, test, now or timezone.now())


def test_a_call_is_signed_with_the_time_and_the_body():
    hook = make_hook(make_hq())
    body, headers = call_of(hook)

    assert verified(headers, body, signing.secret_of(hook)) == [True]
    assert verified(headers, body + b" ", signing.secret_of(hook)) == [False]
    assert verified(headers, body, signing.secret_of(make_hook(make_hq()))) == [False]


def test_while_a_secret_is_renewed_both_are_good_and_then_only_the_new_one():
    hook = make_hook(make_hq())
    old = signing.secret_of(hook)
    hook = services.renew_secret(hook=hook, by=hook.owner)
    new = signing.secret_of(hook)
    body, headers = call_of(hook)

    assert verified(headers, body, new) == [True, False]
    assert verified(headers, body, old) == [False, True]
    body, headers = call_of(hook, timezone.now() + timedelta(days=8))
    assert verified(headers, body, old) == [False]
    services.end_old_secret(hook=hook, by=hook.owner)
    body, headers = call_of(hook)
    assert verified(headers, body, new) == [True]


def test_while_the_key_of_the_site_is_renewed_the_secret_that_was_shown_is_good(settings):
    hook = make_hook(make_hq())
    shown = signing.secret_of(hook)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key of the site"
    body, headers = call_of(hook)

    assert any(verified(headers, body, shown))


def test_no_secret_is_in_the_database():
    hook = make_hook(make_hq())
    stored = " ".join(str(value) for value in Webhook.objects.values_list().get(pk=hook.pk))

    assert signing.secret_of(hook) not in stored
    assert signing.secret_of(hook).removeprefix(signing.PREFIX) not in stored


# How often


def test_a_failed_call_is_tried_again_later_and_later_under_the_same_number():
    hook = make_hook(make_hq(), events=[Event.NEW])
    log()
    receiver, now, waits = Receiver(*[DOWN] * 3), timezone.now(), []
    for _ in range(4):
        work(receiver, now=now)
        row = hook.deliveries.get()
        waits.append((row.due_at - now).total_seconds())
        now = row.due_at

    assert [24 <= waits[0] <= 36, 48 <= waits[1] <= 72, 96 <= waits[2] <= 144] == [True, True, True]
    assert len({said["id"] for _url, said, _headers in receiver.calls}) == 1
    assert (row.state, row.tries, row.status, row.milliseconds) == ("sent", 4, 204, 12)


def test_the_wait_doubles_up_to_six_hours_and_ends_within_two_days():
    waits = [delivering.wait(tries, lambda: 0.5) for tries in range(1, delivering.TRIES)]

    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert max(waits) == timedelta(hours=6)
    assert timedelta(hours=30) < sum(waits, timedelta()) < timedelta(hours=36)
    assert delivering.wait(3, lambda: 0) == timedelta(seconds=96)
    assert delivering.wait(3, lambda: 1) == timedelta(seconds=144)


def test_what_follows_waits_for_what_came_before_and_goes_on_when_that_is_given_up():
    hook = make_hook(make_hq(), events=[Event.NEW])
    first, second = log(), log()
    receiver, now = Receiver(*[DOWN] * delivering.TRIES), timezone.now()
    work(receiver, now=now)
    assert receiver.told == [("crisis.new", first.reference)]
    for _ in range(delivering.TRIES - 1):
        now = hook.deliveries.get(crisis=first.reference).due_at
        work(receiver, now=now)

    assert hook.deliveries.get(crisis=first.reference).state == "failed"
    assert receiver.told[-1] == ("crisis.new", second.reference)


def test_a_webhook_that_fails_for_days_is_paused_and_its_owner_told_once():
    hq = make_hq()
    hq.email = "hq@example.org"
    hq.save()
    hook, now = make_hook(hq, events=[Event.NEW]), timezone.now()
    for _ in range(3):
        log()
    while not hook.paused_at:
        work(Receiver(*[DOWN] * 9), now=now)
        now += timedelta(hours=6, minutes=1)
        hook.refresh_from_db()

    assert now - hook.failing_since < timedelta(days=4)
    assert [message.to for message in mail.outbox] == [["hq@example.org"]]
    assert hook.name in mail.outbox[0].body
    assert work(now=now + timedelta(days=9)).told == []
    services.resume(hook=hook, by=hq, at=now)
    assert len(work(now=now).told) == hook.deliveries.filter(state="sent").count() > 0


def test_a_success_ends_a_time_of_failing():
    hook = make_hook(make_hq(), events=[Event.NEW])
    log()
    work(Receiver(DOWN))
    hook.refresh_from_db()
    assert hook.failing_since
    work(now=timezone.now() + timedelta(hours=1))
    hook.refresh_from_db()
    assert hook.failing_since is None


def test_what_happens_while_it_is_paused_is_told_when_it_goes_on():
    hook = make_hook(make_hq(), events=[Event.NEW])
    services.pause(hook=hook, by=hook.owner)
    crisis = log()

    assert work().told == []
    services.resume(hook=hook, by=hook.owner)
    assert work().told == [("crisis.new", crisis.reference)]


def test_a_test_goes_ahead_of_what_waits_and_is_sent_once():
    hook = make_hook(make_hq(), events=[Event.NEW])
    log()
    work(Receiver(DOWN))
    services.try_out(hook=hook, by=hook.owner)
    services.try_out(hook=hook, by=hook.owner)
    receiver = work(Receiver(DOWN))

    assert receiver.told == [("test", None)]
    assert hook.deliveries.get(event="test").state == "failed"


def test_a_replay_sends_the_same_delivery_again():
    hook = make_hook(make_hq(), events=[Event.NEW])
    crisis = log()
    (first,) = work().calls
    services.replay(delivery=hook.deliveries.get(), by=hook.owner)
    (again,) = work().calls

    assert again[1] == first[1]
    assert again[1]["crisis"] == crisis.reference


def test_the_log_forgets_what_was_sent_long_ago_and_nothing_that_waits():
    hook = make_hook(make_hq(), events=[Event.NEW])
    log(at=timezone.now() - timedelta(days=40))
    work(now=timezone.now() - timedelta(days=39))
    log(at=timezone.now() - timedelta(days=40))
    delivering.note(hook, matching=matching, now=timezone.now() - timedelta(days=39))

    assert delivering.forget(timezone.now()) == 1
    assert hook.deliveries.get().state == "waiting"


# Whatever dies


class Killed(BaseException):
    """The end of the process."""


def test_a_process_that_dies_between_the_call_and_the_record_leaves_it_to_be_sent_again():
    make_hook(make_hq(), events=[Event.NEW])
    log()
    now, calls = timezone.now(), []

    def answered_then_killed(url, body, headers):
        calls.append(json.loads(body)["id"])
        raise Killed

    with pytest.raises(Killed):
        work(answered_then_killed, now=now)
    assert work(now=now + timedelta(seconds=30)).told == [], "it may still be at it"
    (again,) = work(now=now + delivering.CLAIMED).calls
    assert [again[1]["id"]] == calls
    assert work(now=now + timedelta(hours=1)).told == []


def test_a_process_that_dies_while_it_notes_changes_leaves_them_to_be_noted(monkeypatch):
    hook = make_hook(make_hq(), events=[Event.NEW])
    crisis = log()

    def killed(*args):
        raise Killed

    with pytest.raises(Killed):
        delivering.note(Webhook.objects.get(), matching=matching, now=_killed_after_insert(monkeypatch))
    monkeypatch.undo()

    assert not hook.deliveries.exists()
    assert work().told == [("crisis.new", crisis.reference)]


def _killed_after_insert(monkeypatch):
    """A moment; and the process ends as soon as the deliveries are inserted."""
    insert = delivering.Delivery.objects.bulk_create

    def die(*args, **kwargs):
        insert(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(delivering.Delivery.objects, "bulk_create", die)
    return timezone.now()


def test_changes_that_are_looked_at_twice_are_told_once():
    hook = make_hook(make_hq())
    log()
    told = work().told
    Webhook.objects.update(followed=hook.followed)

    assert len(told) == 2
    assert work().told == []


def test_changes_are_noted_in_stretches(monkeypatch):
    monkeypatch.setattr(delivering, "AT_ONCE", 2)
    make_hook(make_hq(), events=[Event.NEW])
    references = [log().reference for _ in range(5)]

    assert [reference for _type, reference in work().told] == references


def test_a_fault_of_one_webhook_keeps_no_other_back(monkeypatch, caplog):
    hq = make_hq()
    make_hook(hq, view=save_view(country="LBY"), events=[Event.NEW])
    make_hook(hq, events=[Event.NEW])
    crisis, receiver = log(), Receiver()

    def broken(*args, **kwargs):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(deliver_webhooks, "CrisisFilter", broken)
    while step(post=receiver):
        pass

    assert receiver.told == [("crisis.new", crisis.reference)]
    assert "could not be noted" in caplog.text
    monkeypatch.undo()
    while step(post=receiver):
        pass
    assert len(receiver.told) == 2


# Many at once


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once_tell_each_change_of_several_writers_once_in_order(seeded):
    hooks = [make_hook(make_hq(), url=f"https://example.org/{n}", events=[Event.NEW, Event.CHANGED]) for n in range(2)]
    office, written = make_office(), threading.Event()
    field, receiver = make_field(office), Receiver()

    def write():
        for n in range(4):
            crisis = log(office=office, by=field, title=f"{threading.get_ident()} {n}")
            set_status(crisis, "S02", "during", "active", by=field)

    def deliver():
        while step(post=receiver) or not written.is_set():
            pass

    workers, writers = AtOnce(*[deliver] * 3), AtOnce(*[write] * 4)
    writers.join()
    written.set()
    workers.join()
    deliver()

    changes = sorted(Crisis.history.values_list("revision", flat=True))
    for hook in hooks:
        told = [said for url, said, _headers in receiver.calls if url == hook.url]
        assert [said["revision"] for said in told] == changes
        assert len({said["id"] for said in told}) == len(changes)
