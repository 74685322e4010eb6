"""Who looks after a crisis: who may say so, who it may be, one person at a time, told by mail, seen by staff."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from crises import services
from crises.models import Assignment, Counter, Crisis
from crises.oversight import Carers, assigning
from offices.models import Office, Role
from tests.conftest import signed_in
from tests.factories import NOON, log, make_field, make_hq, make_lead, make_office, make_user, share

pytestmark = pytest.mark.django_db
SITE = "https://mcof.example.org/"
DAY = timedelta(days=1)


@pytest.fixture
def people(office):
    """Two HQ reviewers, who stands above Tripoli, who stands elsewhere, and the lead and field officer of Tripoli."""
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    dakar = make_office("dakar", country="SEN", kind=Office.Kind.REGIONAL)
    Office.objects.filter(pk=office.pk).update(parent=cairo)
    office.refresh_from_db()
    found = {
        "hq": make_hq(),
        "hq2": make_hq("hq2"),
        "regional": make_user("regional", Role.REGIONAL, office=cairo),
        "stranger": make_user("stranger", Role.REGIONAL, office=dakar),
        "lead": make_lead(office),
        "field": make_field(office),
    }
    for name, user in found.items():
        user.email = f"{name}@example.org"
        user.save()
    return found


def assign(crises, to, by=None, at=NOON + DAY, **more):
    crises = [crises] if isinstance(crises, Crisis) else crises
    return services.assign(crises=crises, to=to, by=by or make_hq(), at=at, **more)


def holder(crisis, at=None):
    return Assignment.objects.at(at).filter(crisis=crisis).values_list("assignee__username", flat=True).first()


# The service.


def test_a_crisis_has_one_person_at_a_time_and_its_past_is_kept(office, people):
    crisis = log(office=office)

    assign(crisis, people["hq"], at=NOON + DAY)
    assign(crisis, people["regional"], by=people["regional"], at=NOON + 2 * DAY)
    assign(crisis, None, at=NOON + 3 * DAY)

    assert holder(crisis) is None
    assert [holder(crisis, NOON + n * DAY) for n in range(4)] == [None, "hq", "regional", None]
    assert [row.history_change_reason for row in crisis.history.order_by("-revision")][:3] == [
        {"event": "unassigned"},
        {"event": "assigned", "to": "regional"},
        {"event": "assigned", "to": "hq"},
    ]


def test_the_database_holds_that_it_is_one_person(office, people):
    [row] = assign(log(office=office), people["hq"]).rows
    row.pk, row.assignee = None, people["hq2"]

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_it_may_be_hq_or_a_regional_officer_above_the_office(office, people):
    crisis = log(office=office)
    carers = Carers([Crisis.objects.select_related("office__parent").get()])

    assert {person.username for person in carers.people} == {"hq", "hq2", "regional"}
    for name in ("stranger", "lead", "field"):
        assert assign(crisis, people[name]).rows == []
    assert holder(crisis) is None


@pytest.mark.parametrize("who", ["lead", "field", "stranger"])
def test_others_may_not_say_who_it_is(office, people, who):
    with pytest.raises(PermissionDenied, match="HQ reviewer, or a regional officer"):
        assign(log(office=office), people["hq"], by=people[who])


def test_what_is_left_as_it_is_says_why(office, people):
    lima = make_office("lima", country="PER")
    closed, given = log(office=office, title="closed"), log(office=office, title="given")
    services.close_crisis(crisis=closed, by=people["lead"], at=NOON)
    assign(given, people["regional"])
    far, free = log(office=lima, by=make_field(lima, "lima"), title="far", country="PER"), log(office=office)
    other = log(office=office, title="other")
    assign(other, people["hq2"])
    found = Crisis.objects.select_related("office__parent").order_by("pk")

    told = {one.crisis.pk: one.sentence for one in assigning(list(found), to=people["regional"], by=people["hq"])}
    gone = {one.crisis.pk: one.sentence for one in assigning(list(found), to=None, by=people["regional"])}

    assert told == {
        closed.pk: "Stays as it is: the crisis is closed.",
        given.pk: "Is assigned to regional already.",
        far.pk: "Stays as it is: regional is neither an HQ reviewer nor a regional officer above Lima.",
        free.pk: "Will be assigned to regional.",
        other.pk: "Will be assigned to regional, now to hq2.",
    }
    assert gone[far.pk] == "Stays as it is: you do not oversee Lima."
    assert gone[free.pk] == "Is assigned to nobody."
    assert gone[given.pk] == "Will no longer be assigned to regional."
    assert {row.crisis_id for row in assign(list(found), people["regional"]).rows} == {free.pk, other.pk}


def test_the_crisis_itself_does_not_change_and_pages_kept_by_number_are_read_anew(office, people):
    crisis, before = log(office=office), Counter.objects.get().n
    kept = (crisis.revision, crisis.updated_at)

    assign(crisis, people["hq"])

    crisis.refresh_from_db()
    assert (crisis.revision, crisis.updated_at) == kept
    assert Counter.objects.get().n > before


def test_the_same_form_sent_twice_counts_once(office, people):
    crisis, key = log(office=office), uuid.uuid4()

    assert assign(crisis, people["hq"], key=key).fresh
    assert not assign(crisis, people["hq"], key=key).fresh
    with pytest.raises(services.KeyReused):
        assign(crisis, people["hq2"], key=key)
    assert Assignment.objects.count() == 1


# The mail.


def test_the_person_gets_one_mail_with_all_crises(office, people):
    crises = [log(office=office, title=f"crisis {n}") for n in range(3)]

    services.mail_assignments(assign(crises, people["regional"]).rows, site=SITE)

    [letter] = mail.outbox
    assert (letter.to, letter.subject) == (["regional@example.org"], "Assigned to you: 3 crises")
    assert all(f"{SITE}crises/{crisis.reference}/" in letter.body for crisis in crises)


def test_who_takes_a_crisis_over_themselves_gets_none(office, people):
    services.mail_assignments(assign(log(office=office), people["hq"], by=people["hq"]).rows, site=SITE)

    assert mail.outbox == []


def test_somebody_without_an_address_is_named_as_not_told(office, people):
    people["regional"].email = ""
    people["regional"].save()

    assert services.mail_assignments(assign(log(office=office), people["regional"]).rows, site=SITE) == 1
    assert Assignment.objects.get().not_emailed == "This person has no mail address."


# The pages.


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def form_of(client, address):
    markup = client.get(address).content.decode().split('<form class="decide" method="post"')[1]
    return unescape(re.search(r'action="([^"]+)"', markup)[1]), {
        "key": re.search(r'name="key" value="([^"]+)"', markup)[1],
        "to": re.search(r'name="shown" value="([^"]*)"', markup)[1],
        "shown": re.search(r'name="shown" value="([^"]*)"', markup)[1],
        "chosen": re.findall(r'name="chosen" value="([^"]+)"', markup),
    }


def test_hq_assigns_what_it_chose_and_staff_read_to_whom(office, people):
    hq, crisis = signed_in(people["hq"]), log(office=office)
    address = f"/worklist/assign/?queue=gaps&chosen={crisis.reference}.S01.during"

    assert "Will be assigned to hq." in text(hq, address)  # the reader, unless another is named
    page = text(hq, f"{address}&to=regional")
    action, form = form_of(hq, f"{address}&to=regional")
    answer = hq.post(action, form)

    assert "Will be assigned to regional." in page
    assert (answer.status_code, answer.url) == (303, "/worklist/?queue=gaps")
    assert "1 crisis is assigned to regional." in text(hq, answer.url)
    assert holder(crisis) == "regional"
    assert len(mail.outbox) == 1
    assert "Assigned to regional" in text(hq, "/worklist/?queue=gaps")
    assert "assigned to regional" in text(signed_in(people["field"]), f"/crises/{crisis.reference}/")
    assert "Assigned to regional." in text(signed_in(people["field"]), f"/crises/{crisis.reference}/history/")


def test_nothing_is_saved_for_somebody_of_whom_the_page_has_not_said_what_will_happen(office, people):
    hq, crisis = signed_in(people["hq"]), log(office=office)
    action, form = form_of(hq, f"/worklist/assign/?queue=gaps&chosen={crisis.reference}.S01.during")

    looked = hq.post(action, form | {"to": "regional", "look": "1"})
    chosen = hq.post(action, form | {"to": "regional"})

    for answer in looked, chosen:
        assert "Will be assigned to regional." in unescape(answer.content.decode())
        assert 'name="shown" value="regional"' in answer.content.decode()
    assert "Nothing is saved yet: you chose somebody else." in chosen.content.decode()
    assert holder(crisis) is None
    assert hq.post(action, form | {"to": "regional", "shown": "regional"}).status_code == 303
    assert holder(crisis) == "regional"


def test_a_regional_officer_leaves_a_crisis_with_nobody(office, people):
    regional, crisis = signed_in(people["regional"]), log(office=office)
    assign(crisis, people["hq"])

    action, form = form_of(regional, f"/worklist/assign/?chosen={crisis.reference}&to=")
    answer = regional.post(action, form)

    assert answer.url == f"/crises/{crisis.reference}/"
    assert "1 crisis is assigned to nobody." in text(regional, answer.url)
    assert holder(crisis) is None


def test_somebody_who_cannot_look_after_it_is_refused_in_words(office, people):
    crisis = log(office=office)

    answer = signed_in(people["hq"]).get(f"/worklist/assign/?chosen={crisis.reference}&to=field")

    assert answer.status_code == 400
    assert "“field” is neither an HQ reviewer nor a regional officer" in answer.content.decode()


def test_partners_do_not_read_who_looks_after_a_crisis(office, people, partner_client):
    crisis = share(log(office=office))
    assign(crisis, people["hq2"])

    assert "hq2" not in text(partner_client, f"/crises/{crisis.reference}/")
