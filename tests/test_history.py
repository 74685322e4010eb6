"""Who changed what, from what to what, and why: the page of a crisis, its table and answer, and the auditors' page."""

import csv
import io
import re
from datetime import date, timedelta
from html import unescape

import pytest

from crises import history, services
from crises.models import Crisis, Gap
from crises.services.amend import amend
from crises.timeline import TELL
from crises.views.pages import PAGE
from offices.models import Country, Office, Role
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    phase,
    reader,
    send,
    send_back,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def update(crisis, *, at=NOON, by=None, **facts):
    crisis.refresh_from_db()
    services.update_facts(
        crisis=crisis, by=by or make_field(crisis.office), revision=crisis.facts_revision, at=at, **facts
    )


def told(crisis, n=0):
    """The differences of the newest change, or of one before it: {(sector, phase, name): (from, to)}."""
    change = history.told(history.rows().filter(id=crisis.pk))[n]
    return {
        (one.sector and one.sector.code, one.phase and one.phase.slug, one.name): (one.was, one.now)
        for one in change.differences
    }


def words(crisis, n=0):
    change = history.told(history.rows().filter(id=crisis.pk))[n]
    return [f"{one.label}: {one.was_words or '-'} > {one.now_words or '-'}" for one in change.differences]


def seen(client, address):
    """The changes a page lists: (sentence, from what to what)."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    rows = re.findall(r"<tr>(.*?)</tr>", answer.content.decode().partition("<tbody>")[2], re.DOTALL)
    return [unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row))).strip() for row in rows]


def table(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(answer).decode())))


# From what to what


def test_facts_that_changed_are_told_with_what_they_were():
    crisis = log(started_on=date(2014, 6, 1), start_precision="month", other_countries=[Country.objects.get(pk="TUN")])
    update(
        crisis,
        title="Fighting in the west",
        started_on=date(2014, 6, 13),
        start_precision="day",
        crosses_border=True,
        groups=["returnees", "refugees"],
        other_countries=list(Country.objects.filter(pk__in=["EGY", "TUN"])),
    )

    assert told(crisis) == {
        (None, None, "title"): ("Fighting around Tripoli", "Fighting in the west"),
        (None, None, "started"): ("2014-06", "2014-06-13"),
        (None, None, "crosses_border"): (None, True),
        (None, None, "groups"): (None, ["refugees", "returnees"]),
        (None, None, "other_countries"): (["TUN"], ["EGY", "TUN"]),
    }
    assert words(crisis)[:3] == [
        "Short name: Fighting around Tripoli > Fighting in the west",
        "Other countries: Tunisia > Egypt; Tunisia",
        "Start: Jun 2014 > 13 Jun 2014",
    ]


def test_what_was_logged_is_told_as_new():
    crisis = log(summary="Roads are cut.")

    logged = told(crisis)

    assert logged[None, None, "summary"] == (None, "Roads are cut.")
    assert logged[None, None, "status"] == (None, "open")
    assert (None, None, "crosses_border") not in logged


def test_a_cell_is_told_with_its_sector_and_phase():
    crisis = log()
    set_status(crisis, "S03", "during", "planned", lead="A. First", since=date(2026, 3, 5))
    set_status(crisis, "S03", "during", "active", lead="B. Second", since=date(2026, 3, 1))
    set_priority(crisis, "S05", "during", "critical", why="The assessment of March found it so.")

    assert told(crisis) == {
        ("S05", "during", "own_priority"): (None, "critical"),
        ("S05", "during", "justification"): (None, "The assessment of March found it so."),
    }
    assert told(crisis, 1) == {
        ("S03", "during", "status"): ("planned", "active"),
        ("S03", "during", "since"): ("2026-03-05", "2026-03-01"),
        ("S03", "during", "lead"): ("A. First", "B. Second"),
    }
    assert told(crisis, 2)["S03", "during", "status"] == ("not_started", "planned")


def test_cells_changed_at_the_same_moment_in_another_crisis_are_not_mixed_in():
    crisis, other = log(), log()
    set_status(other, "S04", "during", "active", at=NOON + DAY)
    set_status(crisis, "S03", "during", "active", at=NOON + DAY)

    assert {code for code, _phase, _name in told(crisis)} == {"S03"}


def test_a_waiver_that_takes_the_place_of_another_says_from_which_day():
    crisis = log()
    waive(crisis, "S03", at=NOON + DAY, days=10)
    waive(crisis, "S03", at=NOON + 2 * DAY, days=3)

    assert told(crisis) == {("S03", "during", "waived_until"): ("2026-03-12", "2026-03-06")}


def test_phases_closing_sharing_and_waivers_are_told():
    crisis = log()
    services.open_phase(crisis=crisis, phase=phase("after"), by=make_lead(), entered_on=date(2026, 3, 1), at=NOON)
    services.close_phase(crisis=crisis, phase=phase("during"), by=make_lead(), at=NOON + DAY)
    services.share_crisis(crisis=crisis, sharing="partners", by=make_hq(), at=NOON + DAY)
    waive(crisis, "S06", at=NOON + DAY, days=10)
    services.close_crisis(crisis=crisis, by=make_lead(), ended_on=date(2026, 3, 2), end_precision="day", at=NOON + DAY)

    assert told(crisis) == {
        (None, None, "ended"): (None, "2026-03-02"),
        (None, None, "status"): ("open", "closed"),
    }
    assert told(crisis, 1) == {("S06", "after", "waived_until"): (None, "2026-03-12")}
    assert told(crisis, 2) == {(None, None, "sharing"): ("staff", "partners")}
    assert told(crisis, 3) == {(None, "during", "left_on"): (None, "2026-03-02")}
    assert told(crisis, 4) == {(None, "after", "entered_on"): (None, "2026-03-01")}


def test_a_level_is_told_with_the_one_that_was_in_force():
    crisis = log()
    decide_level(crisis, "2")
    decide_level(crisis, "L3")
    decide_level(crisis, "3", decided_on=date(2026, 2, 5))
    decide_level(crisis, "3", decided_on=date(2026, 2, 5), ended_on=date(2026, 2, 9))

    assert told(crisis) == {(None, None, "iom"): ("3", None)}
    assert told(crisis, 1) == {(None, None, "iom"): ("2", "3")}
    assert told(crisis, 2) == {(None, None, "inter_agency"): (None, "L3")}


def test_figures_and_lines_of_work_are_told_and_what_is_withdrawn_the_other_way_round():
    crisis = log()
    figure = add_figure(crisis, 12_500)
    add_activity(crisis, required=90_000)
    services.withdraw_statement(statement=figure, by=make_field(), why="The report was corrected.", at=NOON)

    assert words(crisis) == ["Number: 12,500 people > -"]
    assert words(crisis, 1) == ["Required: - > 90,000 USD"]
    assert words(crisis, 2) == ["Number: - > 12,500 people"]


def test_the_steps_of_a_review_are_told_with_their_note():
    crisis = log()
    send(crisis)
    send_back(crisis, note="Say where the number comes from.")

    (change, _sent, _logged) = history.told(history.rows().filter(id=crisis.pk))

    assert (change.kind, change.sentence, change.why) == (
        history.Kind.REVIEW,
        "Sent back.",
        "Say where the number comes from.",
    )


def test_every_event_is_of_a_kind():
    assert TELL.keys() <= history.KINDS.keys()


# Who reads it


def test_staff_read_the_history_of_a_crisis_and_partners_do_not(
    field_client, hq_client, partner_client, client, office
):
    crisis = share(log(office=office))
    address = f"/crises/{crisis.reference}/history/"

    assert len(seen(field_client, address)) == len(seen(hq_client, address)) == 4
    assert partner_client.get(address).status_code == 403
    assert "for its staff" in partner_client.get(address).content.decode()
    assert client.get(address).url == f"/login/?next={address}"
    assert address in field_client.get(f"/crises/{crisis.reference}/").content.decode()
    assert address not in partner_client.get(f"/crises/{crisis.reference}/").content.decode()
    api = f"/api/v1{address}"
    assert field_client.get(api).status_code == 200
    for outsider in (partner_client, client):
        assert outsider.get(api).status_code == outsider.get("/api/v1/crises/LBY-2026-ZZZ/history/").status_code == 404


def test_changes_made_while_a_crisis_was_the_office_s_own_stay_hidden_from_its_neighbours(field_client, office):
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    Office.objects.filter(pk=office.pk).update(parent=cairo)
    neighbour = signed_in(make_field(make_office("tunis", country="TUN", parent=cairo), "neighbour"))
    crisis = log(office=office, sharing="office", title="Canaryville")
    update(crisis, title="Harmless")
    set_status(crisis, "S03", "during", "active", note="Canary in a note.")
    services.share_crisis(crisis=crisis, sharing="staff", by=make_lead(office), at=NOON)
    address = f"/crises/{crisis.reference}/history/"

    assert len(seen(field_client, address)) == 4
    (shared,) = seen(neighbour, address)
    assert "My office only → IOM staff" in shared
    pages = [address, f"/crises/{crisis.reference}/", f"/api/v1{address}", f"/crises/{crisis.reference}/history.csv"]
    for page in [*pages, f"/crises/{crisis.reference}/plan/S03/during/?as_of=2026-03-05"]:
        answer = neighbour.get(page)
        body = b"".join(answer) if answer.streaming else answer.content
        assert b"Canaryville" not in body, page
    assert len(neighbour.get(f"/api/v1{address}").json()["results"]) == 1


def test_auditors_read_the_changes_of_their_offices_and_no_crisis(office):
    lima = make_office("lima", country="PER")
    crisis, far = log(office=office), log(office=lima, by=make_field(lima, "lima-field"), title="Far", sharing="office")
    auditor = signed_in(make_user("auditor", Role.AUDITOR, office=office))
    everywhere = signed_in(make_user("auditor-hq", Role.AUDITOR, office=office.parent))

    assert len(seen(auditor, "/history/")) == 1
    assert len(seen(everywhere, "/history/")) == len(seen(signed_in(make_hq()), "/history/")) == 2
    assert b"Far" not in auditor.get("/history/").content
    assert len(table(auditor, "/history.csv")) == len(table(auditor, f"/crises/{crisis.reference}/history.csv"))
    assert seen(auditor, f"/crises/{crisis.reference}/history/")
    assert auditor.get(f"/crises/{far.reference}/history/").status_code == 404
    assert auditor.get(f"/api/v1/crises/{far.reference}/history/").status_code == 404
    assert auditor.get(f"/crises/{crisis.reference}/").status_code == 404
    body = everywhere.get(f"/crises/{crisis.reference}/history/").content.decode()
    assert f'href="/crises/{crisis.reference}/"' not in body
    assert 'href="/history/"' in body


def test_others_are_told_which_right_reads_all_changes(field_client, partner_client, client):
    for outsider in (field_client, partner_client):
        assert outsider.get("/history/").status_code == outsider.get("/history.csv").status_code == 403
        assert "You need to be an auditor or an HQ reviewer." in outsider.get("/history/").content.decode()
    assert client.get("/history/").url == "/login/?next=/history/"


# Filters and pages


def test_the_history_narrows_by_kind_person_and_day(hq_client, office):
    crisis = log(office=office)
    set_status(crisis, "S03", "during", "active", at=NOON + DAY)
    decide_level(crisis, "2", at=NOON + 2 * DAY)
    address = f"/crises/{crisis.reference}/history/"

    for query, n in {
        "kind=plan": 1,
        "kind=facts": 1,
        "kind=review": 0,
        "by=hq": 1,
        "by=field": 2,
        "by=nobody": 0,
        "since=2026-03-02": 2,
        "until=2026-03-02": 2,
        "since=2026-03-02&until=2026-03-02&kind=plan&by=field": 1,
    }.items():
        assert len(seen(hq_client, f"{address}?{query}")) == n, query
        assert len(hq_client.get(f"/api/v1{address}?{query}").json()["results"]) == n, query
        assert len(seen(hq_client, f"/history/?{query}&office=tripoli&reference={crisis.reference.lower()}")) == n
    assert seen(hq_client, "/history/?office=hq")
    assert seen(hq_client, "/history/?reference=LBY-2026-ZZZ") == []
    assert 'href="?by=field"' in hq_client.get(address).content.decode()


@pytest.mark.parametrize(
    "query", ["kind=fact", "since=yesterday", "until=2026-02-30", "colour=blue", "older=x", "by=1&by=2"]
)
def test_an_address_that_is_not_understood_shows_nothing(hq_client, office, query):
    crisis = log(office=office, title="Not to be shown")

    for address in (f"/crises/{crisis.reference}/history", "/history"):
        for page in (f"{address}/", f"{address}.csv"):
            answer = hq_client.get(f"{page}?{query}")
            assert answer.status_code == 400
            assert query.partition("=")[0] in answer.content.decode()
            assert "Not to be shown" not in answer.content.decode()


def test_a_long_history_comes_in_pages_that_leave_nothing_out(hq_client, office):
    crisis = log(office=office)
    for n in range(PAGE + 5):
        add_figure(crisis, n, at=NOON + timedelta(minutes=n))

    for address in (f"/crises/{crisis.reference}/history/", "/history/"):
        first = seen(hq_client, address)
        older = re.search(r'href="(\?older=\d+)">Next', hq_client.get(address).content.decode())[1]
        second = seen(hq_client, address + older)
        newer = re.search(r'href="(\?newer=\d+)">Previous', hq_client.get(address + older).content.decode())[1]

        assert (len(first), len(second)) == (PAGE, 6)
        assert not set(first) & set(second)
        assert seen(hq_client, address + newer) == first


def test_a_file_is_the_whole_history_with_codes_and_runs_nothing(field_client, office, monkeypatch):
    crisis = log(office=office, title="=cmd|' /C calc'!A0")
    set_status(crisis, "S03", "during", "active", lead="@lead")
    update(crisis, crosses_border=True, groups=["returnees", "refugees"])

    rows = table(field_client, f"/crises/{crisis.reference}/history.csv")
    by_field = {(row["event"], row["field"]): row for row in rows}

    assert by_field["logged", "title"]["to"] == "'=cmd|' /C calc'!A0"
    lead = by_field["status", "lead"]
    assert (lead["sector"], lead["phase"], lead["from"], lead["to"]) == ("S03", "during", "", "'@lead")
    assert by_field["facts", "crosses_border"]["to"] == "yes"
    assert by_field["facts", "groups"]["to"] == "refugees returnees"
    assert {row["kind"] for row in rows} == {"facts", "plan"}
    pieces = list(history.streamed(history.rows().filter(id=crisis.pk), size=2))
    assert pieces == history.told(history.rows().filter(id=crisis.pk))


def test_the_answer_of_the_api_is_in_codes():
    crisis = log()
    set_priority(crisis, "S05", "during", "critical", why="The assessment of March found it so.")
    client = reader(make_hq())

    first, last = client.get(f"/api/v1/crises/{crisis.reference}/history/").json()["results"]

    assert first | {"differences": []} == {
        "revision": Crisis.objects.get().revision,
        "at": Crisis.objects.get().updated_at.isoformat().replace("+00:00", "Z"),
        "by": "field",
        "kind": "plan",
        "event": "priority",
        "sentence": "Priority of Psychosocial (during) changed from important to critical.",
        "why": "The assessment of March found it so.",
        "differences": [],
    }
    assert first["differences"][0] == {
        "sector": "S05",
        "phase": "during",
        "field": "own_priority",
        "from": None,
        "to": "critical",
    }
    assert (last["event"], last["why"]) == ("logged", None)
    page = client.get(f"/api/v1/crises/{crisis.reference}/history/?page_size=1").json()
    assert client.get(page["next"]).json()["results"] == [last]


def test_an_event_that_nobody_knows_is_told_as_a_change(field_client, office):
    crisis = log(office=office)
    with amend(crisis, by=make_field(office), right="edit", at=NOON, why=Gap.Why.FACTS) as (amendment, _outcome):
        amendment.record("turned")

    assert "Changed." in seen(field_client, f"/crises/{crisis.reference}/history/")[0]


# What it costs


def test_the_history_costs_the_same_for_one_change_and_for_many(hq_client, office, settings, django_assert_num_queries):
    settings.ANSWERS_KEPT_SECONDS = 0
    crisis = log(office=office)
    set_status(crisis, "S05", "during", "active")
    address = f"/crises/{crisis.reference}/history/"
    hq_client.get(address)
    for _more in range(2):
        # session, user, crisis; the changes, those before them, other countries, cells, phases, levels
        with django_assert_num_queries(9):
            hq_client.get(address)
        # and whether the reader audits, offices to choose, without the crisis
        with django_assert_num_queries(10):
            hq_client.get("/history/")
        with django_assert_num_queries(9):
            hq_client.get(f"/api/v1{address}")
        for code in ("S01", "S02", "S03"):
            set_status(log(office=office, title=code), code, "during", "active")
            set_status(crisis, code, "during", "active")
        decide_level(crisis, "2")
        add_figure(crisis, 1)
        update(crisis, other_countries=[Country.objects.get(pk="TUN")])


def test_a_partner_who_sees_a_crisis_finds_no_name_in_any_page_of_it(office):
    crisis = share(log(office=office))
    partner = signed_in(make_partner("LBY"))

    assert "History" not in partner.get(f"/crises/{crisis.reference}/").content.decode().partition("<main")[2]
