"""The worklist: each queue counts what the database counts by itself, and its list has as many rows."""

import csv
import re
from datetime import date, datetime, timedelta
from html import unescape
from io import BytesIO, StringIO

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from crises import services
from crises.models import Assignment, Crisis, Gap, LevelDecision, PossibleDuplicate, ReviewState
from crises.worklist import SLUGS, OldestFirst, Worklist
from offices.models import Office, Role
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    send,
    send_back,
    set_status,
    waive,
)

pytestmark = pytest.mark.django_db


def later(days, hours=0):
    return NOON + timedelta(days=days, hours=hours)


def work(user, at, as_of=None, crises=None, **scope):
    crises = Crisis.objects.visible_to(user) if crises is None else crises
    return Worklist(crises, user, at, as_of=as_of, decides=user.holds(Role.HQ), **scope)


def counts(user, at, **scope):
    return {queue.slug: queue.n for queue in work(user, at, **scope).queues()}


def last_of_office(crisis):
    """The last change of a crisis that is not a decision of others about it, from its history."""
    others = ["waived", "level", "approved", "sent_back", "shared", "asked", "ask_withdrawn", "assigned", "unassigned"]
    told = crisis.history.exclude(history_change_reason__event__in=others)
    return told.latest("history_date").history_date


def recounted(user, at):
    """The same numbers, each asked of the tables that the rows are made from."""
    seen, today = Crisis.objects.visible_to(user).open(), at.date()
    missing = Gap.objects.open().filter(crisis__in=seen)
    uncovered = missing.exclude(waived_until__gte=today)
    reviews = {crisis: crisis.review for crisis in seen.with_review()}
    in_review = [crisis for crisis, review in reviews.items() if review == ReviewState.IN_REVIEW]
    mine = {c.pk for c in in_review if c in seen.reviewable_by(user) and c not in seen.authored_by(user)}
    late = uncovered.filter(opened_at__lt=at - timedelta(hours=settings.GAP_LATE_HOURS))
    lapsing = missing.filter(waived_until__range=(today, today + timedelta(days=7)))
    changed = {crisis.pk for crisis, review in reviews.items() if review == ReviewState.CHANGED}
    stale = {c.pk for c in seen if last_of_office(c) < at - timedelta(days=settings.CRISIS_STALE_DAYS)}
    unassessed = set()
    for crisis in seen:
        last = LevelDecision.objects.filter(crisis=crisis, scheme="iom").order_by("decided_on", "pk").last()
        if not last or last.ended_on or (last.review_on and last.review_on < today):
            unassessed.add(crisis.pk)
    open_ones = {gap.crisis_id for gap in (*late, *lapsing)} | changed | stale | unassessed
    given = set(Assignment.objects.filter(assignee=user, ended_at=None).values_list("crisis", flat=True))
    found = {
        "gaps": late.count(),
        "waiting": len(mine | given & open_ones),
        "level": len(unassessed),
        "changed": len(changed),
        "waivers": lapsing.count(),
        "stale": len(stale),
    }
    if user.holds(Role.HQ):
        found["duplicates"] = PossibleDuplicate.objects.undecided().count()
    return found


@pytest.fixture
def people(office):
    """HQ, a regional officer above Tripoli and Tunis, the lead and the field officer of Tripoli."""
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    Office.objects.filter(pk=office.pk).update(parent=cairo)
    office.refresh_from_db()
    make_office("tunis", country="TUN", parent=cairo)
    regional = make_user("regional", Role.REGIONAL, office=cairo)
    return {"hq": make_hq(), "regional": regional, "lead": make_lead(office), "field": make_field(office)}


def history_of_a_month(office, people):
    """A month of work, change by change: yields the moment after each."""
    tunis = Office.objects.get(slug="tunis")
    libya = log(office=office, title="libya", phases=["during", "after"])
    yield later(0)
    tunisia = log(office=tunis, by=make_field(tunis, "tunis"), title="tunisia", country="TUN", at=later(1))
    peru = log(
        office=make_office("lima", country="PER"),
        by=make_field(make_office("lima", country="PER"), "lima"),
        title="peru",
        country="PER",
        at=later(1),
    )
    yield later(1)
    decide_level(libya, "3", at=later(2), review_on=date(2026, 3, 20))
    decide_level(peru, "2", at=later(2), review_on=date(2026, 8, 1))
    yield later(2)
    set_status(libya, "S03", "during", "active", at=later(3))
    send(libya, at=later(4))
    yield later(4)
    approve(libya, at=later(5))
    set_status(libya, "S01", "during", "active", at=later(6))
    yield later(6)
    send(tunisia, at=later(7))
    services.assign(crises=[peru], to=people["hq"], by=people["hq"], at=later(7))
    yield later(7)
    waive(libya, "S13", at=later(8), days=6)
    waive(tunisia, "S04", at=later(8), days=30)
    yield later(9)
    log(office=office, title="libya again", at=later(10))
    send_back(tunisia, by=people["regional"], at=later(11))
    yield later(15)
    decide_level(peru, "2", at=later(16), ended_on=date(2026, 3, 16))
    services.close_crisis(crisis=libya, by=people["lead"], at=later(17))
    yield later(25)
    services.reopen_crisis(crisis=libya, by=people["lead"], at=later(26), why="It goes on.")
    services.assign(crises=[peru], to=None, by=people["hq"], at=later(26))
    yield later(30)
    yield later(45)


def test_every_queue_counts_what_the_tables_count_after_every_change(office, people):
    seen = []
    for at in history_of_a_month(office, people):
        for person in people.values():
            assert counts(person, at) == recounted(person, at), (person, at)
        seen.append(counts(people["hq"], at))

    assert all(any(found[slug] for found in seen) for slug in SLUGS)
    assert len({tuple(found.values()) for found in seen}) > 8


def test_a_past_moment_has_the_counts_that_it_had_then(office, people):
    kept = {}
    for at in history_of_a_month(office, people):
        kept[at] = {name: counts(person, at) for name, person in people.items()}

    for at, then in kept.items():
        for name, found in then.items():
            past = counts(people[name], later(60), as_of=at)
            assert past == found | ({"duplicates": 0} if name == "hq" else {}), (name, at)
    assert "not kept" in work(people["hq"], later(60), as_of=later(9)).queue("duplicates").unanswered


def test_a_queue_has_as_many_rows_as_it_says_the_oldest_first(office, people):
    *_moments, last = history_of_a_month(office, people)
    found = work(people["hq"], last)

    for queue in found.queues():
        rows = queue.items()
        assert len(rows) == queue.n == len({row.key for row in rows}), queue.slug
        order = [row.until or row.since for row in rows]
        assert order == sorted(order), queue.slug


@given(
    gaps=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), min_size=20, max_size=60),
    start=st.integers(0, 4),
    more=st.none() | st.integers(0, 4) | st.integers(0, 70),
)
def test_any_stretch_of_what_is_sorted_as_far_as_asked_for_is_that_of_the_whole(gaps, start, more):
    stretch = slice(start, more if more is None else start + more)

    assert OldestFirst(gaps)[stretch] == sorted(gaps)[stretch]
    assert [*OldestFirst(gaps)] == sorted(gaps)


def test_a_crisis_waits_for_whoever_may_approve_it_and_had_no_part_in_it(office, people):
    crisis = log(office=office, by=people["lead"])
    send(crisis, by=people["field"], at=later(1))

    waiting = {name: counts(person, later(1))["waiting"] for name, person in people.items()}

    assert waiting == {"hq": 1, "regional": 1, "lead": 0, "field": 0}


def test_what_is_assigned_waits_only_as_long_as_something_is_open_about_it(office, people):
    crisis = log(office=office, phases=["before"])
    for cell in Gap.objects.filter(crisis=crisis):
        set_status(crisis, cell.sector.code, "before", "active")
    decide_level(crisis, "2", at=later(1))
    services.assign(crises=[crisis], to=people["regional"], by=people["hq"], at=later(1))

    assert counts(people["regional"], later(1))["waiting"] == 0
    [row] = work(people["regional"], later(20)).queue("waiting").items()
    assert (row.what, row.page, row.since.date()) == ("Assigned to you: no update", "crisis", later(1).date())


def test_a_gap_is_late_after_72_hours_and_a_crisis_stale_after_14_days(office, people):
    log(office=office)

    assert counts(people["hq"], later(3))["gaps"] == 0
    assert counts(people["hq"], later(3) + timedelta(seconds=1))["gaps"] == 7
    assert counts(people["hq"], later(14))["stale"] == 0
    assert counts(people["hq"], later(14) + timedelta(seconds=1))["stale"] == 1


def test_a_waiver_stands_in_its_queue_for_its_last_week_and_the_gap_in_the_other_one_after_it(office, people):
    waive(log(office=office), "S04", at=NOON, days=10)

    found = [
        (counts(people["hq"], later(day))["waivers"], counts(people["hq"], later(day))["gaps"])
        for day in (2, 3, 10, 11)
    ]

    assert found == [(0, 0), (1, 0), (1, 6), (0, 7)]


def test_a_phase_narrows_the_gaps_and_their_waivers(office, people):
    log(office=office, phases=["during", "after"])

    both = counts(people["hq"], later(5))["gaps"]

    assert both == sum(counts(people["hq"], later(5), phase=slug)["gaps"] for slug in ("during", "after"))


# The page.


def read(client, address="/worklist/"):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def tabs(page):
    """{title: number} of the queues."""
    block = page.split('aria-label="Queues"')[1].split("</nav>")[0]
    return {title.strip(): number for title, number in re.findall(r">([^<>]+)<b[^>]*>([^<]*)</b>", block)}


def listed(page):
    return page.split("<tbody>")[1].split("</tbody>")[0].count("<tr>") if "<tbody>" in page else 0


def now(days, hours=0):
    return timezone.now() - timedelta(days=days, hours=hours)


@pytest.fixture
def cast(office, people):
    """Something in every queue, today."""
    old = log(office=office, title="old", at=now(30))
    decide_level(old, "3", at=now(29), review_on=now(2).date())
    waive(old, "S04", at=now(28), days=30)
    tunis = Office.objects.get(slug="tunis")
    sent = log(office=tunis, by=make_field(tunis, "tunis"), title="sent", country="TUN", at=now(1))
    send(sent, at=now(0, 20))
    changed = log(office=office, title="changed", cause="natural_hazard", at=now(6))
    send(changed, at=now(5))
    approve(changed, at=now(4))
    set_status(changed, "S01", "during", "active", at=now(3))
    log(office=office, title="old too", at=now(1))
    return {"old": old, "sent": sent, "changed": changed}


@pytest.mark.parametrize("query", ["", "office=tripoli&", "phase=during&", "exercise=true&", "q=sent&"])
def test_the_page_lists_as_many_rows_as_each_queue_counts(cast, hq_client, query):
    shown = tabs(read(hq_client, f"/worklist/?{query}"))

    for slug, number in zip(SLUGS, shown.values(), strict=True):
        page = read(hq_client, f"/worklist/?{query}queue={slug}")
        assert listed(page) == int(number), slug
        assert tabs(page) == shown
    assert query or all(int(number) for number in shown.values())


def test_the_first_queue_with_something_in_it_is_open(cast, people, client):
    tunis = Office.objects.get(slug="tunis")
    hq = signed_in(people["hq"])

    assert '<h2 id="queue">Critical gap older than 72 hours</h2>' in read(hq)
    assert '<h2 id="queue">Waiting for me</h2>' in read(hq, f"/worklist/?office={tunis.slug}")


def test_each_row_leads_to_where_it_is_dealt_with(cast, hq_client):
    old, sent, changed = (cast[name].reference for name in ("old", "sent", "changed"))
    places = {
        "gaps": f"/crises/{old}/plan/S01/during/",
        "waiting": f"/crises/{sent}/review/",
        "level": f"/crises/{old}/level/",
        "changed": f"/crises/{changed}/review/",
        "waivers": f"/crises/{old}/plan/S04/during/",
        "stale": f"/crises/{old}/",
        "duplicates": "/duplicates/",
    }

    for slug, place in places.items():
        rows = read(hq_client, f"/worklist/?queue={slug}").split("<tbody>")[1]
        assert f'<a href="{place}' in rows, slug
        assert hq_client.get(re.search(f'href="({place}[^"]*)"', rows)[1]).status_code == 200


def test_words_that_people_wrote_are_words_on_the_page_and_not_markup(cast, people, hq_client):
    wild = "<img src=x> \"' &amp;"
    for model, name in ((Crisis, "title"), (Office, "name")):
        model.objects.update(**{name: wild})
    people["hq"].first_name = wild
    people["hq"].save()
    services.ask_for_update(crises=[cast["old"]], by=people["hq"], note=wild)

    for slug in SLUGS:
        page = hq_client.get(f"/worklist/?queue={slug}").content.decode()
        assert "<img" not in page, slug
        assert page.count("&lt;img src=x&gt; &quot;&#x27; &amp;amp;") >= 3 * listed(page), slug


def test_the_days_of_a_gap_are_flagged_and_those_of_a_crisis_without_update_are_not(cast, hq_client):
    gaps, stale = (read(hq_client, f"/worklist/?queue={slug}").split("<tbody>")[1] for slug in ("gaps", "stale"))

    assert re.search(r'<td class="n"><span class="flag">\d+ days</span></td>', gaps)
    assert re.search(r'<td class="n">\d+ days</td>', stale)


def test_a_filter_keeps_the_queue_that_is_open(cast, hq_client):
    page = read(hq_client, "/worklist/?queue=stale")

    assert '<input type="hidden" name="queue" value="stale">' in page.split('id="filter"')[1].split("</form>")[0]
    assert 'name="queue"' not in read(hq_client, "/worklist/").split('id="filter"')[1].split("</form>")[0]


def test_who_does_not_decide_sees_levels_where_they_are_read_and_no_duplicates(cast, people):
    client = signed_in(people["lead"])

    assert f'/crises/{cast["old"].reference}/levels/"' in read(client, "/worklist/?queue=level")
    assert "Possible duplicates" not in read(client)
    answer = client.get("/worklist/?queue=duplicates")
    assert answer.status_code == 403
    assert "HQ reviewer" in answer.content.decode()


def test_partners_are_told_that_the_worklist_is_for_staff(cast, partner_client):
    answer = partner_client.get("/worklist/")

    assert answer.status_code == 403
    assert "for its staff" in answer.content.decode()


def test_a_queue_that_another_list_holds_too_leads_there(cast, hq_client):
    page = read(hq_client, "/worklist/?queue=changed&office=tripoli")
    link = re.search(r'href="([^"]+)">Open in the list<', page)[1]

    assert link == "/crises/?office=tripoli&status=open&review=changed"
    assert "1 crisis." in read(hq_client, link)
    assert cast["changed"].reference in read(hq_client, link)


def test_somebody_whom_nothing_needs_is_told_when_that_was_checked(people, hq_client):
    page = read(hq_client)

    assert re.search(r"Nothing needs you\. Last checked \d\d:\d\d UTC\.", page)
    assert set(tabs(page).values()) == {"0"}


def test_a_filter_that_nothing_passes_says_so_and_an_unknown_queue_is_refused(cast, hq_client):
    assert "Nothing needs you in this filter" in read(hq_client, "/worklist/?country=PER")
    assert "“queue” is one of" in hq_client.get("/worklist/?queue=late").content.decode()
    assert hq_client.get("/worklist/?queue=late").status_code == 400


def test_other_offices_crises_are_neither_counted_nor_named(cast, other_client):
    page = read(other_client)

    assert set(tabs(page).values()) == {"0"}
    assert all(crisis.reference not in page for crisis in cast.values())


def test_a_page_holds_fifty_rows(office, people, hq_client):
    for n in range(9):
        log(office=office, title=f"crisis {n}", at=now(10, n), cause="epidemic")

    page = read(hq_client, "/worklist/?queue=gaps")

    assert (listed(page), tabs(page)["Critical gap older than 72 hours"]) == (50, "63")
    assert "Page 1 of 2" in page
    assert listed(read(hq_client, "/worklist/?queue=gaps&page=2")) == 13


def test_the_past_is_read_only_and_its_links_stay_there(cast, hq_client):
    day = now(2).date().isoformat()

    page = read(hq_client, f"/worklist/?queue=gaps&as_of={day}")

    assert "As it was on" in page
    assert "checkbox" not in page
    assert "Ask for an update" not in page
    assert f"/plan/S01/during/?as_of={day}" in page
    assert "not kept" in read(hq_client, f"/worklist/?queue=duplicates&as_of={day}")


def test_the_page_costs_ten_queries_for_one_crisis_and_for_many(office, people, hq_client):
    # session, reader, roles; editions, countries, offices for the filters; how crises stand, reviews and who looks
    # after them, how many duplicates; the crises of the page.
    def cost(address):
        with CaptureQueriesContext(connection) as queries:
            read(hq_client, address)
        return len(queries)

    log(office=office, at=now(20))
    one = {slug: cost(f"/worklist/?queue={slug}") for slug in SLUGS}
    for n in range(12):
        crisis = log(office=office, title=f"crisis {n}", at=now(20))
        if n % 2:
            send(crisis, at=now(19))
        services.ask_for_update(crises=[crisis], by=people["hq"], at=now(18))
        services.assign(crises=[crisis], to=people["regional"], by=people["hq"], at=now(18))
    many = {slug: cost(f"/worklist/?queue={slug}") for slug in SLUGS}

    assert max(many.values()) <= 10
    assert all(many[slug] == one[slug] for slug in ("gaps", "level", "stale"))


# The files.


def rows_of(answer):
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(b"".join(answer).decode())))


@pytest.mark.parametrize("slug", SLUGS)
def test_the_file_of_a_queue_has_its_rows(cast, hq_client, people, slug):
    rows = rows_of(hq_client.get(f"/worklist.csv?queue={slug}"))
    sheet = load_workbook(BytesIO(b"".join(hq_client.get(f"/worklist.xlsx?queue={slug}")))).active

    assert len(rows) == sheet.max_row - 1 == counts(people["hq"], timezone.now())[slug] > 0
    assert {row["queue"] for row in rows} == {slug}
    assert all(row["reference"] and row["country_name"] and datetime.fromisoformat(row["since"]) for row in rows)


def test_the_file_tells_what_was_asked_and_who_looks_after_the_crisis(cast, people, hq_client):
    services.ask_for_update(crises=[cast["old"]], by=people["hq"], note="=1+1", at=now(0, 1))
    services.assign(crises=[cast["old"]], to=people["regional"], by=people["hq"], at=now(0, 1))

    row = rows_of(hq_client.get("/worklist.csv?queue=stale"))[0]

    assert (row["reference"], row["asked_by"], row["asked_note"]) == (cast["old"].reference, "hq", "'=1+1")
    assert row["assigned_to"] == "regional"


def test_chosen_rows_are_exported_alone_and_all_of_them_where_all_are_asked_for(cast, hq_client):
    key = f"{cast['old'].reference}.S01.during"

    some = rows_of(hq_client.get(f"/worklist.csv?queue=gaps&chosen={key}&chosen=LBY-2026-ZZZ"))
    every = rows_of(hq_client.get(f"/worklist.csv?queue=gaps&chosen={key}&all=1"))

    assert [(row["reference"], row["sector"]) for row in some] == [(cast["old"].reference, "S01")]
    assert len(every) == listed(read(hq_client, "/worklist/?queue=gaps"))


def test_partners_get_no_file(cast):
    assert signed_in(make_partner("LBY")).get("/worklist.csv").status_code == 403
