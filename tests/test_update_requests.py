"""Asking offices for an update: who may, once until something changes, by mail and in the history, and back again."""

import re
import threading
import uuid
from datetime import timedelta
from html import unescape
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crises import services
from crises.models import Counter, Crisis, UpdateRequest
from crises.oversight import MOST, asking
from crises.past import crisis_at
from crises.reading import plan_of
from crises.worklist import Worklist
from offices.models import Country, Office, Role
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_user,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
SITE = "https://mcof.example.org/"
DAY = timedelta(days=1)


def with_mail(user):
    user.email = f"{user.username}@example.org"
    user.save()
    return user


@pytest.fixture
def people(office):
    """Those of Tripoli and who stands above it; the lead is told by mail, and the field officer."""
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    Office.objects.filter(pk=office.pk).update(parent=cairo)
    return {
        "hq": make_hq(),
        "regional": make_user("regional", Role.REGIONAL, office=cairo),
        "lead": with_mail(make_lead(office)),
        "field": with_mail(make_field(office)),
        "auditor": make_user("auditor", Role.AUDITOR, office=cairo),
    }


def ask(crises, by=None, at=NOON + DAY, **more):
    crises = [crises] if isinstance(crises, Crisis) else crises
    return services.ask_for_update(crises=crises, by=by or make_hq(), at=at, **more)


def standing(crisis):
    return list(UpdateRequest.objects.standing().filter(crisis=crisis))


# The service.


def test_hq_asks_any_office_and_a_regional_officer_those_below(office, people):
    lima = make_office("lima", country="PER")
    libya, peru = log(office=office), log(office=lima, by=make_field(lima, "lima"), country="PER")

    ask([libya, peru], by=people["regional"], note="How many people?")
    ask([libya, peru], by=people["hq"])

    assert [(one.asked_by, one.note) for one in standing(libya)] == [(people["regional"], "How many people?")]
    assert [one.asked_by for one in standing(peru)] == [people["hq"]]


@pytest.mark.parametrize("who", ["lead", "field", "auditor"])
def test_others_are_told_which_right_they_lack(office, people, who):
    with pytest.raises(PermissionDenied, match="HQ reviewer, or a regional officer"):
        ask(log(office=office), by=people[who])

    assert not UpdateRequest.objects.exists()


def test_a_regional_officer_of_elsewhere_does_not_ask_this_office(office, people):
    stranger = make_user("dakar", Role.REGIONAL, office=make_office("dakar", country="SEN", kind="regional"))

    with pytest.raises(PermissionDenied):
        ask(log(office=office), by=stranger)


def test_an_office_is_asked_once_until_something_changes(office, people):
    crisis = log(office=office)
    ask(crisis)
    ask(crisis, by=people["regional"], at=NOON + 2 * DAY)
    assert len(standing(crisis)) == 1

    set_status(crisis, "S03", "during", "active", at=NOON + 3 * DAY)
    assert standing(crisis) == []

    ask(crisis, at=NOON + 4 * DAY)
    assert len(standing(crisis)) == 1
    assert UpdateRequest.objects.count() == 2


def test_the_database_holds_that_an_office_is_asked_once(office, people):
    crisis = log(office=office)
    [row] = ask(crisis).rows
    row.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_nothing_of_the_crisis_changes_by_a_request(office, people):
    crisis = log(office=office)
    before = Crisis.objects.filter(pk=crisis.pk).values("revision", "updated_at", "content_revision").get()
    stale = Worklist(Crisis.objects.all(), people["hq"], NOON + 20 * DAY).stale

    ask(crisis, at=NOON + 19 * DAY)

    assert Crisis.objects.filter(pk=crisis.pk).values(*before).get() == before
    assert Worklist(Crisis.objects.all(), people["hq"], NOON + 20 * DAY).stale == stale != []


def test_each_request_takes_a_number_of_its_own(office, people):
    crises = [log(office=office, title=f"crisis {n}") for n in range(3)]
    before = Counter.objects.get().n

    ask(crises)

    numbers = [crisis.history.order_by("-revision")[0].revision for crisis in crises]
    assert sorted(numbers) == [before + 1, before + 2, before + 3]
    assert Counter.objects.get().n == before + 3


def test_a_request_costs_the_same_for_one_crisis_and_for_many(office, people):
    def cost(crises):
        with CaptureQueriesContext(connection) as queries:
            ask(crises)
        return len(queries)

    crises = [
        log(office=office, title=f"crisis {n}", other_countries=[Country.objects.get(pk="TUN")]) for n in range(9)
    ]

    assert cost(crises[:1]) == cost(crises[1:]) + 1  # the right to a single one is asked by itself


def test_an_answer_is_written_nowhere(office, people):
    crisis = log(office=office)

    def cost(at):
        with CaptureQueriesContext(connection) as queries:
            set_status(crisis, "S03", "during", "active", at=at, revision=crisis.cells.first().revision, lead=str(at))
        return len(queries)

    set_status(crisis, "S03", "during", "active")
    without = cost(NOON + DAY)
    ask(crisis, at=NOON + 2 * DAY)

    assert cost(NOON + 3 * DAY) == without
    assert standing(crisis) == []


def test_the_same_form_sent_twice_asks_once_and_other_content_is_refused(office, people):
    crisis, key = log(office=office), uuid.uuid4()

    assert ask(crisis, key=key, note="How many?").fresh
    assert not ask(crisis, key=key, note="How many?").fresh
    with pytest.raises(services.KeyReused):
        ask(crisis, key=key, note="Where?")
    assert UpdateRequest.objects.count() == 1


def test_what_is_not_asked_says_why(office, people):
    lima, empty = make_office("lima", country="PER"), make_office("quito", country="ECU")
    asked, closed = log(office=office, title="asked"), log(office=office, title="closed")
    far = log(office=lima, by=make_field(lima, "lima"), country="PER")
    alone = log(office=empty, by=make_field(empty, "quito"), country="ECU")
    Office.objects.filter(pk=empty.pk).update(parent=Office.objects.get(slug="cairo"))
    empty.memberships.all().delete()
    gone = make_lead(empty, "gone")
    gone.is_active = False
    gone.save()
    services.close_crisis(crisis=closed, by=people["lead"], at=NOON)
    closed.refresh_from_db()
    ask(asked)
    found = [asked, closed, far, alone, log(office=office, title="good")]

    told = [one.sentence for one in asking(found, by=people["regional"])]

    assert told == [
        "Not asked again: asked on 2 Mar 2026 by hq, and the office has changed nothing since.",
        "Not asked: the crisis is closed.",
        "Not asked: you do not oversee Lima.",
        "Nobody to ask: Quito has no active field officer or lead.",
        "Will be asked: 2 people of Tripoli.",
    ]
    assert [row.crisis.title for row in ask(found, by=people["regional"]).rows] == ["good"]


def test_more_than_500_at_once_are_refused_and_a_note_that_is_too_long(office, people):
    crisis = log(office=office)

    with pytest.raises(ValidationError, match="At most 500"):
        ask([crisis] * (MOST + 1))
    with pytest.raises(ValidationError, match="500 characters"):
        ask(crisis, note="x" * 501)
    assert not UpdateRequest.objects.exists()


def test_what_others_decide_about_a_crisis_answers_no_request(office, people):
    crisis = log(office=office)
    set_status(crisis, "S01", "during", "active", at=NOON)
    services.send_to_review(crisis=crisis, by=people["field"], at=NOON)
    crisis.refresh_from_db()
    [asked] = ask(crisis).rows
    last = crisis.last_update

    waive(crisis, "S04", at=NOON + 2 * DAY)
    decide_level(crisis, "2", at=NOON + 2 * DAY)
    services.approve(crisis=crisis, by=people["lead"], seen=crisis.content_revision, at=NOON + 3 * DAY)
    services.share_crisis(crisis=crisis, sharing="partners", by=people["hq"], at=NOON + 3 * DAY)

    crisis.refresh_from_db()
    assert crisis.updated_at > last == crisis.last_update
    assert standing(crisis) == [asked]
    assert ask(crisis, at=NOON + 4 * DAY).rows == []

    set_status(crisis, "S02", "during", "active", at=NOON + 5 * DAY)

    assert standing(crisis) == []
    assert Crisis.objects.get(pk=crisis.pk).last_update > last


# The history.


def test_the_history_tells_of_it_and_the_past_stays_as_it_was(office, people):
    tunisia = Country.objects.get(pk="TUN")
    crisis = log(office=office, other_countries=[tunisia], summary="First.")
    ask(crisis, note="How many?", at=NOON + DAY)
    services.update_facts(
        crisis=crisis, by=people["field"], revision=crisis.facts_revision, summary="Then.", at=NOON + DAY
    )

    rows = list(crisis.history.order_by("-revision"))
    then = crisis_at(crisis, NOON + DAY)

    assert [row.history_change_reason["event"] for row in rows] == ["facts", "asked", "logged"]
    assert rows[0].history_date > rows[1].history_date  # though both were sent at one moment
    assert crisis_at(crisis, NOON + 2 * DAY).summary == "Then."
    assert (then.summary, [one.country for one in then.past.other_countries.all()]) == ("First.", [tunisia])
    assert plan_of(then, as_of=NOON + DAY).tally == plan_of(crisis, as_of=NOON).tally


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def test_the_page_of_the_history_says_who_asked_and_what(office, people):
    crisis = log(office=office, other_countries=[Country.objects.get(pk="TUN")])
    ask(crisis, note="How many?")

    page = text(signed_in(people["field"]), f"/crises/{crisis.reference}/history/")
    narrowed = text(signed_in(people["field"]), f"/crises/{crisis.reference}/history/?kind=oversight")

    assert "2 Mar 2026, 12:00 hq Asked for an update. How many?" in page
    assert page.count("Tunisia") == 1  # logged with it; the request changed nothing
    assert "Asked for an update." in narrowed
    assert "Logged." not in narrowed


# The mail.


def test_the_officers_and_leads_of_an_office_get_one_mail(office, people):
    retired = with_mail(make_field(office, "retired"))
    retired.is_active = False
    retired.save()
    crises = [log(office=office, title=f"crisis {n}") for n in range(2)]

    failed = services.mail_requests(ask(crises, note="How many people?").rows, site=SITE)

    [letter] = mail.outbox
    assert failed == 0
    assert sorted(letter.to) == ["field@example.org", "lead@example.org"]
    assert letter.subject == "Update asked for: 2 crises"
    assert "hq asks Tripoli" in letter.body
    assert "How many people?" in letter.body
    assert all(f"{SITE}crises/{crisis.reference}/" in letter.body for crisis in crises)
    assert all(row.emailed_at and not row.not_emailed for row in UpdateRequest.objects.all())


def test_each_office_gets_its_own_mail_and_no_more_than_its_own_crises(office, people):
    lima = make_office("lima", country="PER")
    with_mail(make_field(lima, "lima"))
    crises = [log(office=office, title="R & D <Libya>"), log(office=lima, by=make_field(lima, "lima"), title="peru")]

    services.mail_requests(ask(crises).rows, site=SITE)

    assert sorted(letter.subject for letter in mail.outbox) == [
        "Update asked for: R & D <Libya>",
        "Update asked for: peru",
    ]
    peru = next(letter for letter in mail.outbox if letter.to == ["lima@example.org"])
    assert "Libya" not in peru.body


def test_a_mail_is_sent_once(office, people):
    rows = ask(log(office=office)).rows

    services.mail_requests(rows, site=SITE)
    services.mail_requests(rows, site=SITE)

    assert len(mail.outbox) == 1


class Refusing(BaseEmailBackend):
    def send_messages(self, letters):
        raise SMTPException("550")


class Unreachable(BaseEmailBackend):
    def open(self):
        raise ConnectionRefusedError


@pytest.mark.parametrize("server", [Refusing, Unreachable])
def test_a_mail_that_fails_undoes_nothing_and_is_sent_again(office, people, server):
    crisis = log(office=office)
    rows = ask(crisis).rows

    assert services.mail_requests(rows, site=SITE, connection=server()) == 1
    [row] = standing(crisis)
    assert (row.emailed_at, row.not_emailed) == (None, "The mail server did not take the mail.")

    assert services.mail_requests(rows, site=SITE) == 0
    [row] = standing(crisis)
    assert row.emailed_at
    assert row.not_emailed == ""
    assert len(mail.outbox) == 1


def test_an_office_without_addresses_is_asked_all_the_same(people):
    lima = make_office("lima", country="PER")
    crisis = log(office=lima, by=make_field(lima, "lima"), country="PER")

    assert asking([crisis], by=people["hq"])[0].sentence == "Will be asked: 1 person of Lima. 1 has no mail address."
    assert services.mail_requests(ask(crisis).rows, site=SITE) == 1
    assert standing(crisis)[0].not_emailed == "Nobody in the office has a mail address."


def test_nobody_is_told_of_a_request_that_was_answered(office, people):
    crisis = log(office=office)
    rows = ask(crisis).rows
    set_status(crisis, "S03", "during", "active", at=NOON + 2 * DAY)

    services.mail_requests(rows, site=SITE)

    assert mail.outbox == []


# Taking it back.


def test_who_asked_can_withdraw_it_for_ten_minutes(office, people):
    crisis = log(office=office)
    [row] = ask(crisis).rows

    with pytest.raises(PermissionDenied, match="Only the person who asked"):
        services.withdraw_request(asked=row, by=people["regional"], at=row.asked_at)
    with pytest.raises(ValidationError, match="ten minutes"):
        services.withdraw_request(asked=row, by=people["hq"], at=row.asked_at + timedelta(minutes=10, seconds=1))
    services.withdraw_request(asked=row, by=people["hq"], at=row.asked_at + timedelta(minutes=10))

    assert standing(crisis) == []
    assert crisis.history.order_by("-revision")[0].history_change_reason == {"event": "ask_withdrawn"}
    with pytest.raises(ValidationError, match="answered or withdrawn"):
        services.withdraw_request(asked=row, by=people["hq"], at=row.asked_at)
    assert len(ask(crisis, at=NOON + 2 * DAY).rows) == 1


# The pages.


def form_of(client, address):
    """The answers that stand in the form of a page of confirmation."""
    markup = client.get(address).content.decode().split('<form class="decide" method="post"')[1]
    return {
        "action": unescape(re.search(r'action="([^"]+)"', markup)[1]),
        "key": re.search(r'name="key" value="([^"]+)"', markup)[1],
        "chosen": re.findall(r'name="chosen" value="([^"]+)"', markup),
    }


def test_hq_asks_from_a_queue_sees_first_what_will_happen_and_the_office_reads_it(office, people):
    hq, crisis = signed_in(people["hq"]), log(office=office, title="old", at=timezone.now() - 20 * DAY)
    log(office=make_office("lima", country="PER"), by=make_field(make_office("lima"), "lima"), title="far")
    address = f"/worklist/ask/?queue=gaps&office=tripoli&chosen={crisis.reference}.S01.during&chosen=LBY-2026-ZZZ"

    page = text(hq, address)
    form = form_of(hq, address)
    answer = hq.post(form.pop("action"), form | {"note": "How many?"})

    assert "Will be asked: 2 people of Tripoli." in page
    assert "1 of those chosen is not to be found" in page
    assert "LBY-2026-ZZZ" not in page.split("http://testserver")[0]  # the address stands in the foot of the print
    assert UpdateRequest.objects.count() == 1
    assert (answer.status_code, answer.url) == (303, "/worklist/?queue=gaps&office=tripoli")
    assert "Asked for an update about 1 crisis. For ten minutes you can withdraw it." in text(hq, answer.url)
    assert "http://testserver/crises/" in mail.outbox[0].body
    theirs = text(signed_in(people["field"]), f"/crises/{crisis.reference}/")
    assert "An update is asked for : hq , " in theirs
    assert "“How many?”" in theirs


def test_all_of_a_queue_are_asked_each_crisis_once(office, people):
    crises = [log(office=office, title=f"crisis {n}", at=timezone.now() - 20 * DAY) for n in range(2)]
    hq = signed_in(people["hq"])

    form = form_of(hq, "/worklist/ask/?queue=gaps&all=1")
    hq.post(form.pop("action"), form)

    assert sorted(form["chosen"]) == sorted(crisis.reference for crisis in crises)
    assert UpdateRequest.objects.count() == 2


def test_a_double_click_asks_and_mails_once(office, people):
    hq, crisis = signed_in(people["hq"]), log(office=office)
    form = form_of(hq, f"/worklist/ask/?chosen={crisis.reference}")
    action = form.pop("action")

    hq.post(action, form)
    again = hq.post(action, form)

    assert (again.status_code, again.url) == (303, f"/crises/{crisis.reference}/")
    assert "This had already been received. It was saved once." in text(hq, again.url)
    assert (UpdateRequest.objects.count(), len(mail.outbox)) == (1, 1)
    assert hq.post(action, form | {"note": "Other words."}).status_code == 422


def test_a_note_that_is_too_long_comes_back_with_what_is_wrong(office, people):
    hq, crisis = signed_in(people["hq"]), log(office=office)
    form = form_of(hq, f"/worklist/ask/?chosen={crisis.reference}")

    answer = hq.post(form.pop("action"), form | {"note": "x" * 501})

    assert answer.status_code == 400
    assert "Note must be 500 characters or fewer. It has 501." in answer.content.decode()
    assert crisis.reference in answer.content.decode()


def test_nothing_chosen_too_much_chosen_and_the_past_are_refused_in_words(office, people):
    hq, crisis = signed_in(people["hq"]), log(office=office)
    many = "&".join(f"chosen=X-{n}" for n in range(MOST + 1))

    assert "Choose at least one crisis" in text(hq, hq.get("/worklist/ask/?queue=gaps").url)
    assert "At most 500 crises at once" in hq.get(f"/worklist/ask/?{many}").content.decode()
    past = hq.get(f"/worklist/ask/?chosen={crisis.reference}&as_of=2026-03-02")
    assert past.status_code == 400
    assert "Take “as_of” out of the address" in past.content.decode()


@pytest.mark.parametrize("who", ["lead", "field", "auditor"])
def test_others_find_no_way_to_ask_on_their_pages(office, people, who):
    crisis, client = log(office=office, at=timezone.now() - 20 * DAY), signed_in(people[who])

    answer = client.get(f"/worklist/ask/?chosen={crisis.reference}")

    assert answer.status_code == 403
    assert "regional officer above this crisis" in unescape(answer.content.decode())
    assert "Ask for an update" not in text(client, "/worklist/")
    if who != "auditor":
        assert "Ask for an update" not in text(client, f"/crises/{crisis.reference}/")


def test_a_crisis_hidden_since_it_was_chosen_is_not_asked(office, people):
    regional, crisis = signed_in(people["regional"]), log(office=office)
    form = form_of(regional, f"/worklist/ask/?chosen={crisis.reference}")
    Office.objects.filter(pk=office.pk).update(parent=Office.objects.get(kind="hq"))

    answer = regional.post(form.pop("action"), form)

    assert answer.status_code == 303
    assert "Choose at least one crisis that you may see." in text(regional, answer.url)
    assert not UpdateRequest.objects.exists()


def test_the_crisis_page_offers_to_ask_until_it_is_asked_and_then_to_withdraw(office, people):
    hq, crisis = signed_in(people["hq"]), log(office=office)
    address = f"/crises/{crisis.reference}/"

    assert "Ask for an update" in text(hq, address)
    ask(crisis, by=people["hq"], at=timezone.now())
    page = text(hq, address)
    assert "Ask for an update" not in page
    assert "Nobody was told by mail." in page
    assert "Withdraw the request" in page

    hq.post(f"{address}request/mail/", {"next": "/worklist/"})
    assert len(mail.outbox) == 1
    answer = hq.post(f"{address}request/withdraw/", {"next": "//elsewhere.example/"})

    assert answer.url == address
    page = text(hq, address)
    assert "The mail about it had gone out already." in page
    assert "An update is asked for" not in page


def test_partners_read_nothing_of_it(office, people, partner_client):
    crisis = share(log(office=office))
    ask(crisis, note="Secret words")

    page = text(partner_client, f"/crises/{crisis.reference}/")

    assert "Secret words" not in page
    assert "update is asked for" not in page


def test_the_crisis_page_costs_no_query_more(office, people):
    crisis, field = log(office=office), signed_in(people["field"])

    def cost():
        with CaptureQueriesContext(connection) as queries:
            field.get(f"/crises/{crisis.reference}/")
        return len(queries)

    before = cost()
    ask(crisis)
    services.assign(crises=[crisis], to=people["hq"], by=people["hq"], at=NOON + DAY)

    assert cost() == before


# Two people at once.

RACES = 40 if connection.vendor == "postgresql" else 3


def at_once(acts):
    """Do all of these, each in a thread of its own. What they raised."""
    barrier, failed = threading.Barrier(len(acts)), []

    def attempt(act):
        barrier.wait()
        try:
            act()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ask_at_once_make_one_request_and_one_mail(seeded):
    office = make_office()
    with_mail(make_field(office))
    people = [make_hq(), make_hq("hq2")]
    for n in range(RACES):
        crises = [log(office=office, title=f"crisis {n}.{m}") for m in range(2)]

        def ask_and_mail(by, crises):
            done = services.ask_for_update(crises=crises, by=by)
            services.mail_requests(done.rows, site=SITE)

        failed = at_once(
            [lambda one=one, c=crises[::step]: ask_and_mail(one, c) for one, step in zip(people, (1, -1), strict=True)]
        )

        assert failed == []
        assert [len(standing(crisis)) for crisis in crises] == [1, 1]
        assert sum(body.count(crises[0].reference) for body in (letter.body for letter in mail.outbox)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_and_a_change_at_once_leave_a_history_in_order(seeded):
    crisis, hq, field = log(office=make_office()), make_hq(), make_field()
    for n in range(RACES):
        now = Crisis.objects.get(pk=crisis.pk)
        failed = at_once(
            [
                lambda: services.ask_for_update(crises=[crisis], by=hq),
                lambda now=now, n=n: services.update_facts(
                    crisis=crisis, by=field, revision=now.facts_revision, summary=f"words {n}"
                ),
            ]
        )

        assert failed == []
        by_moment = list(crisis.history.order_by("history_date").values_list("revision", flat=True))
        assert by_moment == sorted(by_moment)
        assert crisis_at(crisis, timezone.now()).summary == f"words {n}"
        now = Crisis.objects.get(pk=crisis.pk)
        last = crisis.history.order_by("-revision")[0].history_change_reason["event"]
        assert len(standing(now)) == (last == "asked")
