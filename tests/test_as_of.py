"""Pages, tables and answers as of a past moment: what was shown then, to whom, and what an address may ask."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crises import services
from crises.dates import moment
from crises.models import Crisis, Figure
from offices.models import Country, Office, Role
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    decide_level,
    log,
    make_field,
    make_lead,
    make_office,
    make_partner,
    make_user,
    phase,
    sector,
    set_status,
    share,
    waive,
)
from tests.test_dashboard import apply

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PAGES = ["", "plan/?phase=all", "plan/S03/during/", "figures/", "coordination/", "plan.csv", "coordination.csv"]
LISTS = ["/gaps/", "/crises/", "/crises/?sort=-gaps", "/crises/?sort=title&phase=during"]


@pytest.fixture
def clock(monkeypatch, settings):
    """clock(moment) stops the time there."""
    settings.SESSION_COOKIE_AGE = 10**9

    def stop(at):
        monkeypatch.setattr("django.utils.timezone.now", lambda: at)

    stop(NOON)
    return stop


def regional(office):
    """Reads everything of the office, names and notes too, and may change none of it: sees no form now or then."""
    return make_user("regional", Role.REGIONAL, office=office.parent)


def text(client, address):
    """What a page says in its main part, without what a page of the past has besides."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    body = (b"".join(answer) if answer.streaming else answer.content).decode()
    if "<main" not in body:
        return body
    main = re.search(r"<main.*?</main>", body, re.DOTALL)[0]
    main = re.sub(
        r'<form.*?</form>|<p class="msg warning then">.*?</p>|<p class="s">The (gaps|crises) that.*?</p>', "", main
    )
    main = re.sub(r"<form.*?</form>", "", main, flags=re.DOTALL)
    main = re.sub(r'<a class="btn" href="/worklist/[^>]*>.*?</a>', "", main)  # to ask, which is done now
    words = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)))
    return words.replace("Who could see this crisis then?", "Who can see this crisis?").replace(
        "until then", "until now"
    )


def at(address, said):
    return f"{address}{'&' if '?' in address else '?'}as_of={said}"


def shown(client, crises, said=""):
    """Everything that a reader is shown of these crises, and of all gaps; as of a moment where one is said."""
    pages = [page for page in PAGES if page != "coordination/"]  # it shows the contacts of now
    addresses = [f"/crises/{crisis.reference}/{page}" for crisis in crises for page in pages]
    found = {address: text(client, at(address, said) if said else address) for address in [*addresses, *LISTS]}
    answers = [f"crises/{crisis.reference}/{more}" for crisis in crises for more in ("", "plan/", "advice/")]
    for address in [*answers, "gaps/", "crises/", "crises/?status=merged"]:
        address = f"/api/v1/{address}"
        answer = client.get(at(address, said) if said else address)
        assert answer.status_code == 200, address
        found[address] = answer.json()
    for address in ("/gaps.csv?waived=0", "/gaps.csv?waived=1", "/crises.csv", "/crises.csv?sort=-gaps"):
        found[address] = text(client, at(address, said) if said else address)
    return found


MORE = ["figure", "activity", "level", "share", "country"]
OPERATIONS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["status", "facts", "priority", "open", "leave", "waive", "close", *MORE]),
        st.sampled_from(["S01", "S03", "S08", "S11", "S14"]),
        st.sampled_from(["before", "during", "after"]),
        st.sampled_from(["planned", "active", "completed", "stood_down"]),
        st.sampled_from([True, False, None]),
        st.sampled_from(["", "critical", "not_applicable"]),
    ),
    max_size=6,
)


def change(crisis, lead, moment, kind, code, slug, status, fact, priority):
    now = Crisis.objects.get(pk=crisis.pk)
    if kind == "figure":
        add_figure(now, moment.hour, by=lead, at=moment, metric="reached" if fact else "affected")
    elif kind == "activity":
        add_activity(now, f"Line {moment.hour}", sectors=[code], required=1000, by=lead, at=moment)
    elif kind == "level":
        decide_level(now, "2" if fact else "L3", at=moment, ended_on=date(2026, 2, 2) if fact is None else None)
    elif kind == "share":
        services.share_crisis(crisis=now, sharing="office" if fact else "staff", by=lead, at=moment)
    elif kind == "country" and now.is_open:
        others = Country.objects.filter(pk__in=["TUN", "EGY"] if fact else ["TCD"])
        title = "Renamed" if fact else "Named again"
        services.update_facts(
            crisis=now, by=lead, revision=now.facts_revision, other_countries=list(others), title=title, at=moment
        )
    elif kind != "country":
        apply(crisis, lead, moment, kind, code, slug, status, fact, priority)


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example costs hundreds of pages: no shrinking
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(operations=OPERATIONS)
def test_as_of_any_moment_every_page_table_and_answer_is_what_was_shown_then(db, clock, operations):
    cache.clear()  # the numbers of the changes that the example before took back are given out again
    with transaction.atomic():
        clock(NOON)
        office = make_office()
        lead, client = make_lead(office), signed_in(regional(office))
        crises = [log(title="One", by=lead), log(title="Another", by=lead, phases=["during", "after"])]
        then = {}
        for n, (which, *operation) in enumerate(operations):
            clock(NOON + timedelta(hours=n, minutes=15))
            change(crises[which], lead, NOON + timedelta(hours=n, minutes=15), *operation)
            clock(NOON + timedelta(hours=n, minutes=30))
            then[f"{NOON + timedelta(hours=n, minutes=30):%Y-%m-%dT%H:%MZ}"] = shown(client, crises)

        clock(NOON + 9 * DAY)
        for said, before in then.items():
            for address, after in shown(client, crises, said).items():
                assert after == before[address], f"{address} as of {said}"
        transaction.set_rollback(True)


# What an address may ask


NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-01", datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-03-05", NOW),  # today is until now
        ("2026-03-01T14:05Z", datetime(2026, 3, 1, 14, 5, tzinfo=UTC)),
        ("2026-03-01T14:05:30.25Z", datetime(2026, 3, 1, 14, 5, 30, 250000, tzinfo=UTC)),
        ("2026-03-01T14:05+02:00", datetime(2026, 3, 1, 12, 5, tzinfo=UTC)),
        ("2026-03-05T09:30Z", NOW),
    ],
)
def test_a_day_means_its_end_and_a_moment_itself(said, meant):
    assert moment(said, NOW) == meant


@pytest.mark.parametrize(
    "said",
    [
        "yesterday",
        "2026-3-1",
        "2026-02-30",
        "20260301",
        "2026-W09-7",
        "01/03/2026",
        "2026-03-01T14:05",
        "2026-03-01 14:05Z",
        "2026-03-01T25:00Z",
        "0001-01-01T00:00+14:00",
        "0001-01-01",
        "1899-12-31",
        "\u0662\u0660\u0662\u0666-\u0660\u0663-\u0660\u0661",
        "2026-03-01\n",
    ],
)
def test_what_is_no_moment_is_refused_with_how_to_write_one(said):
    with pytest.raises(ValidationError, match="a day like 2026-03-01"):
        moment(said, NOW)


@pytest.mark.parametrize("said", ["2026-03-06", "2026-03-05T09:31Z", "9999-12-31"])
def test_the_future_is_refused(said):
    with pytest.raises(ValidationError, match="is in the future"):
        moment(said, NOW)


ASKED = [
    "/crises/{}/",
    "/crises/{}/plan/",
    "/crises/{}/plan.csv",
    "/crises/{}/plan.pdf",
    "/crises/{}/plan/S03/during/",
    "/crises/{}/figures/",
    "/crises/{}/coordination/",
    "/crises/{}/coordination.csv",
    "/gaps/",
    "/gaps.csv",
    "/gaps.xlsx",
    "/crises/",
    "/crises.csv",
    "/crises.xlsx",
    "/api/v1/crises/",
    "/api/v1/crises/{}/",
    "/api/v1/crises/{}/plan/",
    "/api/v1/crises/{}/advice/",
    "/api/v1/crises/{}/coordination/",
    "/api/v1/gaps/",
]


@pytest.mark.parametrize("address", ASKED)
def test_every_address_refuses_what_is_no_past_moment_and_names_it(field_client, office, address):
    address = address.format(log(office=office).reference)

    for said in ("2999-01-01", "soon"):
        answer = field_client.get(at(address, said))

        assert answer.status_code == 400
        assert "as_of" in answer.content.decode()
        assert said in answer.content.decode()
    assert field_client.get(at(at(address, "2026-03-01"), "2026-03-02")).status_code == 400
    assert field_client.get(at(address, "")).status_code == 200


def test_a_crisis_that_was_not_logged_yet_is_not_found_and_the_page_says_since_when_it_is(field_client, office):
    crisis = log(office=office)

    for page in PAGES:
        answer = field_client.get(at(f"/crises/{crisis.reference}/{page}", "2026-02-28"))

        assert answer.status_code == 404
        words = "This crisis was not logged yet on 28 Feb 2026, 23:59 UTC; it was logged on 1 Mar 2026, 12:00 UTC."
        assert words in answer.content.decode()
    for more in ("", "plan/"):
        assert field_client.get(f"/api/v1/crises/{crisis.reference}/{more}?as_of=2026-02-28").status_code == 404
    for lists in ("/gaps/", "/crises/", "/api/v1/crises/"):
        assert crisis.reference not in field_client.get(f"{lists}?as_of=2026-02-28").content.decode()
    assert "No crisis that you might have seen was logged by then." in text(field_client, "/crises/?as_of=2026-02-28")


# What a page of the past shows


NAMED_NOW = "Titles, countries and offices are those of today."
NAMING = {
    "/grid/": True,
    "/worklist/": True,
    "/countries/": True,
    "/countries/LBY/": True,
    "/offices/tripoli/": True,
    "/dashboard/": False,
    "/crises/": False,
    "/gaps/": False,
}


@pytest.mark.parametrize("address", NAMING)
def test_a_page_of_the_past_that_names_crises_as_they_are_now_says_so(hq_client, office, address):
    crisis, renamed = log(office=office, title="Floods in Kufra"), NOON + timedelta(days=3)
    new = {"title": "Floods in Kufra and Sabha"}
    services.update_facts(crisis=crisis, by=crisis.focal_point, revision=crisis.revision, at=renamed, **new)

    now, then = (unescape(hq_client.get(f"{address}{query}").content.decode()) for query in ("", "?as_of=2026-03-02"))

    assert NAMED_NOW not in now
    assert "As it was on <b>2 Mar 2026" in then
    assert (NAMED_NOW in then) is NAMING[address]
    if address != "/countries/":  # which names no crisis
        assert "Floods in Kufra and Sabha</bdi>" in now
        assert ("Floods in Kufra and Sabha</bdi>" in then) is NAMING[address]
        assert NAMING[address] or "Floods in Kufra</bdi>" in then


def test_a_page_of_the_past_says_so_keeps_the_moment_and_lets_nobody_change_anything(lead_client, hq_client, office):
    crisis = log(office=office)
    add_figure(crisis, 10)
    said = "as_of=2026-03-01"

    for client in (lead_client, hq_client):
        for page in ("", "plan/?phase=all&show=gaps", "plan/S03/during/", "figures/", "coordination/?show=active"):
            body = client.get(at(f"/crises/{crisis.reference}/{page}", "2026-03-01")).content.decode()

            assert "As it was on <b>1 Mar 2026, 23:59 UTC</b>" in body
            main = re.search(r"<main.*?</main>", body, re.DOTALL)[0]
            assert 'method="post"' not in main
            assert not re.search(r'href="[^"]*/(edit|new|phases|level|sharing|close|waive)/', main)
            assert "What to do next" not in main
            links = re.findall(rf'href="(/crises/{crisis.reference}/[^"]*)"', main)
            # Who changed what, and the review, are pages of now.
            unkept = [link for link in links if said not in link and not re.search("/(history|review)/", link)]
            assert unkept == [f"/crises/{crisis.reference}/{page}".replace("&", "&amp;")]  # back to now
        gaps = client.get("/gaps/?as_of=2026-03-01&phase=during").content.decode()
        assert "As it was on <b>1 Mar 2026, 23:59 UTC</b>" in gaps
        assert "waive/" not in gaps
        assert f"/crises/{crisis.reference}/?{said}" in gaps


def test_a_form_leads_to_the_past_and_keeps_what_was_asked_for(field_client, office):
    crisis = log(office=office)

    for address in (f"/crises/{crisis.reference}/plan/?show=gaps", "/gaps/?sector=S03&page=1"):
        body = field_client.get(address).content.decode()
        (form,) = re.findall(r'<form class="theme" method="get">.*?</form>', body)

        assert re.search(r'name="as_of" type="date"', form)
        kept = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form))
        assert kept in ({"show": "gaps"}, {"sector": "S03"})


def test_days_and_lateness_are_those_of_then(field_client, office):
    crisis = log(office=office)
    address = f"/crises/{crisis.reference}/"

    assert "Gap, 2 days" in unescape(field_client.get(f"{address}?as_of=2026-03-03").content.decode())
    assert "late" not in text(field_client, f"{address}?as_of=2026-03-03")
    assert "Gap, 4 days, late" in text(field_client, f"{address}?as_of=2026-03-05")
    (row, *_more) = field_client.get("/api/v1/gaps/?as_of=2026-03-05").json()["results"]
    assert row["days_open"] == 4


def test_what_was_recorded_later_is_not_in_the_past(field_client, office):
    crisis = log(office=office, title="Early title", at=NOON)
    add_figure(crisis, 4321, at=NOON + 2 * DAY)
    add_activity(crisis, "Later line", required=5, at=NOON + 2 * DAY)
    decide_level(crisis, "3", at=NOON + 2 * DAY)
    set_status(crisis, "S03", "during", "active", at=NOON + 2 * DAY, lead="Later lead")
    crisis.refresh_from_db()
    services.update_facts(
        crisis=crisis, by=make_field(office), revision=crisis.facts_revision, title="Later title", at=NOON + 3 * DAY
    )

    for page in PAGES:
        body = text(field_client, at(f"/crises/{crisis.reference}/{page}", "2026-03-01"))
        for later in ("4,321", "4321", "Later", "Level 3"):
            assert later not in body, page
    answer = field_client.get(f"/api/v1/crises/{crisis.reference}/?as_of=2026-03-01").json()
    assert (answer["title"], answer["figures"], answer["level"]) == ("Early title", [], None)
    gaps = text(field_client, "/gaps/?as_of=2026-03-01")
    assert "Early title" in gaps
    assert "Later title" not in gaps
    assert "Transport" in gaps


def test_the_gap_list_of_the_past_counts_what_it_lists(hq_client, office):
    crisis, other = log(office=office), log(office=office, title="Other", phases=["before"])
    waive(crisis, "S01", at=NOON + DAY)
    services.close_crisis(crisis=other, by=make_lead(office), at=NOON + 2 * DAY)
    services.open_phase(crisis=crisis, phase=phase("after"), by=make_lead(office))

    for query, n in {"phase=before": 3, "phase=during": 6, "waived=1": 1, "": 9}.items():
        page = hq_client.get(f"/gaps/?as_of=2026-03-02&{query}").content.decode()
        csv = text(hq_client, f"/gaps.csv?as_of=2026-03-02&{query}").splitlines()
        answer = hq_client.get(
            f"/api/v1/gaps/?as_of=2026-03-02&{query or 'waived=0'}".replace("&phase", "&waived=0&phase")
        )

        assert page.count('<th scope="row"><a') == n == len(csv) - 1 == len(answer.json()["results"])


# Who may look back


def test_sharing_a_crisis_later_does_not_open_its_past_to_partners(partner_client, office, settings, client):
    settings.PUBLIC_CRISES = True
    crisis = log(office=office, title="Canaryville")
    share(crisis, "public", at=NOON + 2 * DAY)

    for reader in (partner_client, client):
        for page in (
            *(f"/crises/{crisis.reference}/{page}" for page in PAGES),
            f"/api/v1/crises/{crisis.reference}/plan/",
        ):
            assert reader.get(at(page, "2026-03-02")).status_code == 404
            assert reader.get(at(page, "2026-03-04")).status_code == 200
    for address in ("/api/v1/gaps/", "/api/v1/crises/"):
        assert partner_client.get(f"{address}?as_of=2026-03-02").json()["results"] == []
    for address in ("/gaps/", "/gaps.csv", "/crises/", "/crises.csv", "/api/v1/crises/"):
        assert "Canaryville" not in text(partner_client, f"{address}?as_of=2026-03-02")
        assert "Canaryville" in text(partner_client, f"{address}?as_of=2026-03-04")
    assert "Canaryville" not in text(client, "/crises/?as_of=2026-03-02")
    assert "Canaryville" in text(client, "/crises/?as_of=2026-03-04")


def test_a_past_that_was_the_office_s_own_stays_hidden_from_its_neighbours(hq_client, field_client, office):
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    Office.objects.filter(pk=office.pk).update(parent=cairo)
    neighbour = signed_in(make_field(make_office("tunis", country="TUN", parent=cairo), "neighbour"))
    crisis = log(office=office, sharing="office")
    services.share_crisis(crisis=crisis, sharing="staff", by=make_lead(office), at=NOON + 2 * DAY)
    address = f"/crises/{crisis.reference}/"

    assert neighbour.get(address).status_code == neighbour.get(at(address, "2026-03-04")).status_code == 200
    assert neighbour.get(at(address, "2026-03-02")).status_code == 404
    for lists in ("/gaps/", "/crises/", "/crises/?part_of=" + crisis.reference):
        assert f"{address}?" not in neighbour.get(at(lists, "2026-03-02")).content.decode()
        assert f"{address}?as_of=2026-03-02" in hq_client.get(at(lists, "2026-03-02")).content.decode()
    for inside in (hq_client, field_client):
        assert inside.get(at(address, "2026-03-02")).status_code == 200


def test_the_country_of_then_counts_for_partners(office):
    crisis = log(office=office, sharing="staff", country="TUN")
    share(crisis)
    crisis.refresh_from_db()
    libya = Country.objects.get(pk="LBY")
    services.update_facts(
        crisis=crisis, by=make_field(office), revision=crisis.facts_revision, main_country=libya, at=NOON + 2 * DAY
    )
    partner = signed_in(make_partner("LBY"))

    assert partner.get(f"/crises/{crisis.reference}/").status_code == 200
    assert partner.get(f"/crises/{crisis.reference}/?as_of=2026-03-02").status_code == 404


def test_a_hidden_crisis_answers_for_the_past_as_for_now(other_client, office):
    crisis = log(office=office)

    for reference in (crisis.reference, "LBY-2026-ZZZ"):
        for said in ("2026-02-01", "2026-03-04"):
            assert other_client.get(f"/crises/{reference}/?as_of={said}").status_code == 404
            answer = other_client.get(f"/crises/{reference}/?as_of={said}").content.decode()
            assert "not logged yet" not in answer


def test_partners_read_no_name_and_no_small_count_of_the_past(partner_client, office):
    crisis = log(office=office, sharing="staff")
    share(crisis)
    set_status(crisis, "S03", "during", "active", lead="A. Name", at=NOON)
    add_figure(crisis, 3, at=NOON)

    answer = partner_client.get(f"/api/v1/crises/{crisis.reference}/?as_of=2026-03-01").json()
    (figure,) = answer["figures"]
    assert (answer["focal_point"], figure["value"], figure["below"]) == (None, None, 5)
    assert "A. Name" not in text(partner_client, f"/crises/{crisis.reference}/plan/?as_of=2026-03-01")
    assert Figure.objects.get().value == 3


# What it costs


def test_the_past_costs_little_more_than_now(hq_client, office, settings, django_assert_num_queries):
    settings.ANSWERS_KEPT_SECONDS = 0
    crisis = log(office=office, other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])))
    set_status(crisis, "S03", "during", "active")
    add_figure(crisis, 1, sectors=[sector("S03")])
    add_activity(crisis, sectors=["S03"])
    hq_client.get("/gaps/")
    one = f"/crises/{crisis.reference}/"
    costs = {
        # session, user, crisis, row of then, countries, plan (4), figures, lines of work, history
        one: 12,
        f"{one}plan/": 8,  # session, user, crisis, row of then, periods, entries, gaps, waivers
        f"{one}plan.csv": 8,
        f"{one}plan/S03/during/": 11,  # as the plan, and figures, lines of work, changes
        f"{one}figures/": 7,  # session, user, crisis, row of then, figures, their sectors, their parts
        # session, user, countries and offices to choose, edition in force, gaps by cell, gaps, waivers, crises of then
        "/gaps/": 9,
        # session, user, count, rows of then, their phases, roles, countries and offices to choose, edition in force
        "/crises/": 9,
        "/crises.csv": 4,  # session, user, rows of then, their phases
        # session, user, grants, crisis, row of then; levels, figures with sectors and parts, lines of work and sectors,
        # parts, periods, countries
        f"/api/v1{one}": 14,
        f"/api/v1{one}plan/": 8,
        "/api/v1/gaps/": 5,  # session, user, gaps, waivers, crises of then
        "/api/v1/crises/": 5,  # session, user, rows of then, their phases, their other countries
    }
    for _more in range(2):
        for address, n in costs.items():
            with django_assert_num_queries(n):
                answer = hq_client.get(f"{address}?as_of=2026-03-01")
                assert answer.status_code == 200
                assert not answer.streaming or b"".join(answer)
        log(office=office, title="Another")
        waive(crisis, "S02" if crisis.gaps.open().filter(sector__code="S02").exists() else "S01", at=NOON)
