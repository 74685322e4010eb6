"""Conditional changes through the API: who may, on which version, and what is refused."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from crises import services
from crises.models import Crisis, PlanCell
from offices.models import Country, Role, Token
from offices.services import issue_token
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    log,
    make_field,
    make_hq,
    make_office,
    make_partner,
    make_user,
    reader,
    set_priority,
    set_status,
    share,
)

pytestmark = pytest.mark.django_db
WHY = "The assessment of March found it otherwise."


def writer(user=None):
    """A client of the API with a token that may change."""
    client = reader()
    _, key = issue_token(user=user or make_field(), name="", lasts=timedelta(days=1), may_write=True)
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def of(crisis, cell=""):
    return f"/api/v1/crises/{crisis.reference}/{cell and f'plan/{cell}/'}"


def patch(client, address, said, tag="read", key=None):
    """Send a change; `tag` is the ETag it is conditional on, by default the present one."""
    headers = {"if-match": client.get(address).headers["ETag"] if tag == "read" else tag}
    headers |= {"idempotency-key": str(key)} if key else {}
    body = said if isinstance(said, str | bytes) else json.dumps(said)
    content_type = "application/json"
    return client.patch(address, body, content_type=content_type, headers={k: v for k, v in headers.items() if v})


def said(answer, status):
    body = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), body
    assert body["status"] == status
    assert body["detail"]
    return body


def wrong(answer):
    return {error["path"]: error["message"] for error in said(answer, 400)["errors"]}


def stands(crisis):
    """Everything a change might touch."""
    crisis = Crisis.objects.get(pk=crisis.pk)
    return (
        crisis.revision,
        crisis.facts_revision,
        crisis.title,
        list(crisis.cells.order_by("pk").values()),
        crisis.history.count(),
    )


# What a change does


def test_a_changed_cell_answers_what_stands_now_with_its_new_tag():
    crisis, client = log(), writer()
    address = of(crisis, "S03/during")
    first = client.get(address)

    answer = patch(client, address, {"status": "active", "lead": "Unit A", "cluster_contact": "B", "note": "C"})

    assert answer.status_code == 200, answer.content
    assert answer.json() == client.get(address).json()
    assert answer.headers["ETag"] == client.get(address).headers["ETag"] != first.headers["ETag"]
    assert {name: answer.json()[name] for name in ("status", "lead", "cluster_contact", "note", "gap")} == {
        "status": "active",
        "lead": "Unit A",
        "cluster_contact": "B",
        "note": "C",
        "gap": None,
    }
    assert answer.headers["ETag"].startswith(f'"{crisis.cells.get().revision}.')


def test_what_a_change_does_not_name_stays():
    crisis, client = log(), writer()
    set_status(crisis, "S03", "during", "active", lead="Unit A", note="As agreed.")
    since = crisis.cells.get().since

    patch(client, of(crisis, "S03/during"), {"lead": None})

    cell = crisis.cells.get()
    assert (cell.status, cell.since, cell.lead, cell.note) == ("active", since, "", "As agreed.")


def test_a_priority_of_the_office_s_own_needs_a_reason_and_null_goes_back():
    crisis, client = log(), writer()
    address = of(crisis, "S03/during")

    assert wrong(patch(client, address, {"priority": "not_applicable"})).keys() == {"justification"}
    assert wrong(patch(client, address, {"priority": "critical", "justification": WHY})).keys() == {"priority"}
    answer = patch(client, address, {"priority": "not_applicable", "justification": WHY})
    assert (answer.status_code, answer.json()["priority"], answer.json()["justification"]) == (
        200,
        "not_applicable",
        WHY,
    )
    assert patch(client, address, {"priority": None}).json()["own_priority"] is None
    assert crisis.cells.get().justification == ""


def test_one_request_holds_one_kind_of_change():
    crisis, client = log(), writer()

    found = wrong(patch(client, of(crisis, "S03/during"), {"status": "active", "priority": None}))

    assert found.keys() == {"priority", "status"}
    assert not crisis.cells.exists()


def test_facts_are_changed_in_codes_and_read_again_by_answer_and_page():
    crisis, client = log(), writer()
    facts = {
        "title": "Fighting in the west",
        "country": "TUN",
        "other_countries": ["EGY", "LBY"],
        "places": "Zuwara",
        "cause": "several",
        "cause_detail": "Clashes",
        "onset": "slow",
        "started": "2014-06",
        "crosses_border": False,
        "foreign_nationals": True,
        "state_request": True,
        "groups": ["refugees"],
        "glide": ["EQ-2015-000048-NPL"],
        "level_proposed": "2",
        "summary": "Access is open.",
    }

    answer = patch(client, of(crisis), facts)

    assert answer.status_code == 200, answer.content
    assert {name: answer.json()[name] for name in facts} == facts
    assert answer.json() == client.get(of(crisis)).json()
    assert answer.json()["started_precision"] == "month"
    assert "Fighting in the west" in signed_in(make_field()).get(f"/crises/{crisis.reference}/").content.decode()
    nothing = dict.fromkeys(
        ("places", "cause_detail", "onset", "started", "crosses_border", "state_request", "level_proposed", "summary")
    )
    assert patch(client, of(crisis), nothing | {"glide": [], "groups": [], "other_countries": []}).status_code == 200
    assert {name: client.get(of(crisis)).json()[name] for name in nothing} == nothing


def test_a_change_that_changes_nothing_takes_no_revision():
    crisis, client = log(), writer()
    before = stands(crisis)

    assert patch(client, of(crisis), {"title": crisis.title}).status_code == 200
    assert stands(crisis) == before


def test_the_same_key_makes_a_change_once_and_another_change_with_it_is_refused():
    crisis, client, key = log(), writer(), uuid.uuid4()
    for address, change, other in (
        (of(crisis), {"title": "Once"}, {"title": "Twice"}),
        (of(crisis, "S03/during"), {"status": "planned", "lead": "A"}, {"lead": "B"}),
        (of(crisis, "S04/during"), {"priority": "important", "justification": WHY}, {"priority": None}),
    ):
        key, tag = uuid.uuid4(), client.get(address).headers["ETag"]

        first, again = (patch(client, address, change, tag, key) for _ in range(2))

        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()
        said(patch(client, address, other, tag, key), 422)
    assert (crisis.history.filter(title="Once").values("facts_revision").distinct().count()) == 1
    assert wrong(patch(client, of(crisis), {"title": "x"}, key="nonsense")).keys() == {"Idempotency-Key"}


# The condition


@pytest.mark.parametrize("tag", ["", "*"])
@pytest.mark.parametrize("cell", ["", "S03/during"])
def test_a_change_without_a_version_is_refused(cell, tag):
    crisis = log()

    said(patch(writer(), of(crisis, cell), {"summary": "x"}, tag), 428)


@pytest.mark.parametrize("tag", ["5", '"1", "2"', "W/5", "\x00", '"' + "9" * 500 + '"x'])
def test_what_is_no_tag_is_named(tag):
    assert wrong(patch(writer(), of(log()), {"title": "x"}, tag)).keys() == {"If-Match"}


def test_a_stale_cell_says_who_changed_what_and_when():
    crisis, client = log(), writer(make_field(username="second"))
    address = of(crisis, "S03/during")
    tag = client.get(address).headers["ETag"]
    set_status(crisis, "S03", "during", "planned", lead="Unit A", at=NOON + timedelta(hours=1))
    before = stands(crisis)

    body = said(patch(client, address, {"lead": "Unit B"}, tag), 412)

    assert body["changed_by"] == "field"
    assert body["changed_at"].startswith("2026-03-01T13:00")
    fields = {field.pop("path"): field for field in body["fields"]}
    assert fields["lead"] == {"was": None, "now": "Unit A", "yours": "Unit B"}
    assert fields["status"] == {"was": "not_started", "now": "planned"}
    assert stands(crisis) == before


def test_stale_facts_say_who_changed_what_even_where_other_fields_were_sent():
    crisis, client = log(), writer(make_field(username="second"))
    tag = client.get(of(crisis)).headers["ETag"]
    services.update_facts(
        crisis=crisis,
        by=make_field(),
        revision=crisis.facts_revision,
        at=NOON + timedelta(hours=1),
        other_countries=[Country.objects.get(pk="TUN")],
        crosses_border=True,
    )
    set_status(crisis, "S03", "during", "planned", by=make_hq_field(), at=NOON + timedelta(hours=2))

    body = said(patch(client, of(crisis), {"title": "Mine"}, tag), 412)

    assert (body["changed_by"], body["changed_at"][:16]) == ("field", "2026-03-01T13:00")
    assert {field["path"]: (field["was"], field["now"]) for field in body["fields"]} == {
        "crosses_border": (None, True),
        "other_countries": ([], ["TUN"]),
        "title": ("Fighting around Tripoli", "Fighting around Tripoli"),
    }


def make_hq_field():
    return make_field(username="third")


@pytest.mark.parametrize("tag", ['"abc"', '"99999999999"', '"999999999999999999"'])
def test_a_tag_of_nothing_we_know_is_stale(tag):
    crisis = log()

    for cell, change in (
        ("", {"title": "x"}),
        ("S03/during", {"status": "active"}),
        ("S04/during", {"priority": None}),
    ):
        body = said(patch(writer(), of(crisis, cell), change, tag), 412)
        assert body["fields"] or "priority" in change


def test_changes_elsewhere_in_the_crisis_leave_a_tag_good():
    crisis, client = log(), writer()
    cell, facts = of(crisis, "S03/during"), of(crisis)
    tags = {address: client.get(address).headers["ETag"] for address in (cell, facts)}

    assert patch(client, of(crisis, "S04/during"), {"status": "active"}).status_code == 200
    assert patch(client, facts, {"title": "x"}, tags[facts]).status_code == 200
    assert patch(client, cell, {"status": "active"}, f"W/{tags[cell]}").status_code == 200


def test_who_has_the_answer_already_gets_none_again_until_it_differs():
    crisis = log()
    client = writer()
    v1 = f"/api/v1/crises/{crisis.reference}/"
    for address in (
        v1,
        f"{v1}plan/",
        f"{v1}plan/?diff=framework",
        f"{v1}gaps/",
        f"{v1}plan/S03/during/",
        "/api/v1/gaps/",
    ):
        tag = client.get(address).headers["ETag"]
        for seen in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = client.get(address, headers={"if-none-match": seen})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200
    tag = client.get(f"{v1}gaps/").headers["ETag"]
    set_status(crisis, "S03", "during", "active")
    assert client.get(f"{v1}gaps/", headers={"if-none-match": tag}).status_code == 200


def test_a_tag_is_never_right_for_another_day_or_another_reader(monkeypatch):
    crisis = share(log())
    address = of(crisis, "S03/during")
    set_status(crisis, "S03", "during", "planned", lead="Unit A")

    staff, partner = (reader(user).get(address).headers["ETag"] for user in (make_hq(), make_partner("LBY")))

    assert staff != partner
    assert reader(make_partner("LBY")).get(address, headers={"if-none-match": staff}).status_code == 200


# Who may


def test_each_reader_is_refused_in_the_words_that_help():
    office = make_office("tunis", country="TUN", parent=make_office("mena", country=None, kind="regional"))
    crisis = share(log(office=office, by=make_field(office, "owner"), country="TUN"))
    neighbour = make_user("neighbour", Role.FIELD, office=make_office("cairo", country="EGY", parent=office.parent))
    before = stands(crisis)
    partner = make_partner("TUN")
    _, key = Token.objects.create(partner, may_write=True)
    sly = reader()
    sly.credentials(HTTP_AUTHORIZATION=f"Token {key}")

    for cell in ("", "S03/during"):
        for client, status, words in (
            (reader(), 401, "Send the token"),
            (reader(make_field(office, "owner")), 403, "This token only reads"),
            (reader(partner), 403, "This token only reads"),
            (sly, 403, "This token only reads"),
            (signed_in(partner), 403, "field officer or lead"),
            (writer(neighbour), 403, "field officer or lead"),
            (writer(make_hq()), 403, "field officer or lead"),
            (writer(make_field(make_office("lima", country="PER"), "far")), 404, "not shared with you"),
        ):
            answer = patch(client, of(crisis, cell), {"title": "x"} if not cell else {"status": "active"}, '"1"')
            assert words in said(answer, status)["detail"]
    assert stands(crisis) == before
    assert patch(writer(make_field(office, "owner")), of(crisis), {"title": "x"}).status_code == 200


def test_a_hidden_crisis_is_refused_as_one_that_does_not_exist():
    lima = make_office("lima", country="PER")
    hidden = log(office=lima, by=make_field(lima, "lima-field"))
    for client in (reader(), reader(make_field()), writer(), reader(make_partner("LBY"), may_write=True)):
        for cell in ("", "plan/S03/during/", "plan/S99/during/"):
            there, nowhere = (
                patch(client, f"/api/v1/crises/{reference}/{cell}", "{", tag)
                for reference, tag in ((hidden.reference, '"1"'), ("LBY-2014-K7Q", ""))
            )
            assert there.status_code in (401, 403, 404)
            assert (there.content, there.headers.items()) == (nowhere.content, nowhere.headers.items())


def test_a_person_who_is_signed_in_changes_with_their_session_and_only_from_our_pages():
    crisis = log()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_field())
    body, how = '{"title": "x"}', {"content_type": "application/json"}
    tag = client.get(of(crisis)).headers["ETag"]

    assert "CSRF" in said(client.patch(of(crisis), body, headers={"if-match": tag}, **how), 403)["detail"]
    client.cookies["csrftoken"] = "a" * 32
    headers = {"if-match": tag, "x-csrftoken": "a" * 32}
    assert client.patch(of(crisis), body, headers=headers, **how).status_code == 200


def test_a_partner_gets_no_token_that_may_change():
    token = Token(user=make_partner("LBY"), may_write=True)

    with pytest.raises(Exception, match="Partners only read"):
        token.clean()


def test_a_closed_crisis_cannot_be_changed():
    crisis, client = log(), writer()
    services.close_crisis(crisis=crisis, by=make_lead_of(crisis), at=NOON)

    for cell, change in (("", {"title": "x"}), ("S03/during", {"status": "active"})):
        assert "closed" in said(patch(client, of(crisis, cell), change), 409)["detail"]


def make_lead_of(crisis):
    return make_user("lead", Role.LEAD, office=crisis.office)


# What is sent


@pytest.mark.parametrize(
    ("cell", "change", "names"),
    [
        ("", {"titel": "x"}, {"titel"}),
        ("", {"reference": "X", "revision": 5, "started_precision": "day", "title": 5}, None),
        ("", {}, {"body"}),
        ("", [], {"body"}),
        ("", "null", {"body"}),
        ("", {"title": ""}, {"title"}),
        ("", {"title": None}, {"title"}),
        ("", {"title": True}, {"title"}),
        ("", {"title": "x" * 81}, {"title"}),
        ("", {"title": "a\0b"}, {"title"}),
        ("", '{"title": "\\ud800"}', {"title"}),
        ("", {"country": "Libya"}, {"country"}),
        ("", {"country": "XXX"}, {"country"}),
        ("", {"country": None}, {"country"}),
        ("", {"country": ["LBY"]}, {"country"}),
        ("", {"other_countries": "LBY"}, {"other_countries"}),
        ("", {"other_countries": ["TUN", "???"]}, {"other_countries.1"}),
        ("", {"other_countries": None}, {"other_countries"}),
        ("", {"cause": "war"}, {"cause"}),
        ("", {"cause": None}, {"cause"}),
        ("", {"onset": {"a": 1}}, {"onset"}),
        ("", {"started": "2014-13"}, {"started"}),
        ("", {"started": "2014-00"}, {"started"}),
        ("", {"started": "1014"}, {"started"}),
        ("", {"started": 2014}, {"started"}),
        ("", {"started": "2114"}, {"started"}),
        ("", {"crosses_border": "yes"}, {"crosses_border"}),
        ("", {"crosses_border": 1}, {"crosses_border"}),
        ("", {"groups": ["everyone"]}, {"groups.0"}),
        ("", {"glide": ["EQ-1"]}, {"glide.0"}),
        ("", {"level_proposed": "4"}, {"level_proposed"}),
        ("", {"level_proposed": 2}, {"level_proposed"}),
        ("", {"level_proposed": 10**400}, {"level_proposed"}),
        ("", {"summary": "x" * 1001}, {"summary"}),
        ("S03/during", {"status": "finished"}, {"status"}),
        ("S03/during", {"status": "completed"}, {"status"}),
        ("S03/during", {"status": None}, {"status"}),
        ("S03/during", {"since": None}, {"since"}),
        ("S03/during", {"since": "yesterday"}, {"since"}),
        ("S03/during", {"status": "active", "since": "2999-01-01"}, {"since"}),
        ("S03/during", {"lead": "x" * 81}, {"lead"}),
        ("S03/during", {"lead": ["a"]}, {"lead"}),
        ("S03/during", {"note": "\0"}, {"note"}),
        ("S03/during", {"revision": 3, "sector": "S04"}, {"revision", "sector"}),
        ("S03/during", {"priority": "urgent"}, {"priority"}),
        ("S03/during", {"justification": WHY}, {"priority"}),
        ("S03/during", {"priority": None, "justification": WHY}, {"justification"}),
        ("S03/during", {"priority": "important", "justification": "Too short."}, {"justification"}),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_changes(cell, change, names):
    crisis, client = log(), writer()
    before = stands(crisis)

    found = wrong(patch(client, of(crisis, cell), change))

    assert found.keys() == (names or change.keys())
    assert stands(crisis) == before


HOSTILE = [
    ("application/json", b"", 400),
    ("application/json", b"{", 400),
    ("application/json", b"[" * 30_000, 400),
    ("application/json", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
    ("application/json", b'{"title": NaN}', 400),
    ("application/json", b'{"title": Infinity}', 400),
    ("application/json", b'{"title": 1e999}', 400),
    ("application/json", b'{"title": ' + b"9" * 5000 + b"}", 400),
    ("application/json", b'{"title": "x", "title": "y"}', 400),
    ("application/json", b'{"title": "\xff\xfe"}', 400),
    ("application/json", b'\xef\xbb\xbf{"title": "x"}', 400),
    ("application/json", '{"title": "x"}'.encode("utf-16"), 400),
    ("application/json; charset=latin-1", b'{"title": "x"}', 415),
    ("application/json; charset=\xff", b'{"title": "x"}', 415),
    ("application/json", b'{"title": "' + b"x" * 10_000_000 + b'"}', 413),
    ("application/json", b'{"title": "\\u0000"}', 400),
    ("application/json", b'{"\\ud800": "x"}', 400),
    ("application/json", b'{"\\u0000": "x"}', 400),
    ("text/plain", b'{"title": "x"}', 415),
    ("application/x-www-form-urlencoded", b"title=x", 415),
    ("multipart/form-data; boundary=x", b"--x--", 415),
    ("", b'{"title": "x"}', 415),
    ("nonsense", b'{"title": "x"}', 415),
    ("application/merge-patch+json", b'{"title": "x"}', 415),
]


@pytest.mark.parametrize(("content_type", "body", "status"), HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("cell", ["", "S03/during"])
def test_a_hostile_body_is_refused_and_nothing_changes(content_type, body, status, cell):
    crisis, client = log(), writer()
    before, tag = stands(crisis), client.get(of(crisis, cell)).headers["ETag"]

    answer = client.generic("PATCH", of(crisis, cell), body, content_type, headers={"if-match": tag})

    said(answer, status)
    assert stands(crisis) == before


def test_a_cell_that_is_none_and_a_parameter_on_a_change_are_refused():
    crisis, client = log(), writer()

    said(client.get(of(crisis, "S99/during")), 404)
    said(patch(client, of(crisis, "S99/during"), {"status": "active"}, '"0"'), 404)
    assert wrong(patch(client, f"{of(crisis)}?as_of=2026-03-01", {"title": "x"}, '"0"')).keys() == {"as_of"}
    said(client.post(of(crisis), {}, format="json"), 405)


# At the same time


def at_once(*actions):
    """Do these at the same time, each in a thread with a connection of its own; what failed fails the test."""
    failed = []

    def run(action):
        try:
            action()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_clients_on_one_cell_none_loses_another_s_change(seeded):
    crisis, by, answers = log(), make_field(), []
    address = of(crisis, "S03/during")
    clients = [writer(by) for _ in range(16)]

    def changes(n):
        for time in range(4):
            lead = f"Person {n}, {time}"
            answers.append((patch(clients[n], address, {"status": "planned", "lead": lead}).status_code, lead))

    at_once(*(lambda n=n: changes(n) for n in range(16)))

    accepted = sorted(lead for status, lead in answers if status == 200)
    assert sorted(PlanCell.history.values_list("lead", flat=True)) == accepted
    assert accepted
    assert {status for status, _lead in answers} <= {200, 412}


@pytest.mark.django_db(transaction=True)
def test_two_people_on_two_cells_and_a_third_on_the_facts_never_refuse_one_another(seeded):
    crisis, by, statuses = log(), make_field(), []
    rounds = 100 if connection.vendor == "postgresql" else 20  # SQLite lets one writer in at a time anyway

    def changes(cell, field):
        client, address = writer(by), of(crisis, cell)

        def run():
            for n in range(rounds):
                statuses.append(patch(client, address, {field: f"Time {n}"}).status_code)

        return run

    at_once(changes("S03/during", "lead"), changes("S04/during", "lead"), changes("", "summary"))

    assert statuses == [200] * 3 * rounds
    assert PlanCell.history.count() == 2 * rounds


def test_a_priority_through_the_api_is_the_priority_of_the_plan_page():
    crisis = log()
    set_priority(crisis, "S03", "during", "important")
    tag = writer().get(of(crisis, "S03/during")).headers["ETag"]

    assert (
        patch(writer(), of(crisis, "S03/during"), {"priority": "recommended", "justification": WHY}, tag).status_code
        == 200
    )
    assert "Recommended" in signed_in(make_field()).get(f"/crises/{crisis.reference}/plan/S03/during/").content.decode()
