"""Crises side by side: whose they are, columns, order and pages, the same rows as a file; and the start page."""

import csv
import re
from datetime import date, timedelta
from html import unescape
from io import StringIO

import pytest
from django.utils import timezone

from crises import listing, services
from crises.models import Counter, Crisis, Gap
from crises.services.amend import amend
from crises.views.pages import PAGE
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


def read(client, address="/crises/"):
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def titles(client, address="/crises/"):
    """The names in the table, in its order."""
    return re.findall(r'<th scope="row"><a href="/crises/[^"]+"><bdi>([^<]*)</bdi>', read(client, address))


def row(client, title, address="/crises/"):
    """What the table says of one crisis, without markup."""
    body = read(client, address).split("<tbody>")[1].split("</tbody>")[0]
    [found] = [line for line in body.split("<tr>") if f"<bdi>{title}</bdi>" in line]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def lines(client, address="/crises.csv"):
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(answer.getvalue().decode())))


def many(n, office):
    """Crises as the archive holds them, without the work of logging each."""
    like = log(office=office, title="crisis 0")
    shared = {field.attname: getattr(like, field.attname) for field in Crisis._meta.concrete_fields}
    for own in ("id", "title", "reference", "revision", "facts_revision"):
        del shared[own]
    first = Counter.objects.get().n
    Crisis.objects.bulk_create(
        Crisis(
            title=f"crisis {i}",
            reference=f"LBY-2026-{i:04}",
            revision=first + i,
            facts_revision=first + i,
            **shared,
        )
        for i in range(1, n)
    )
    Counter.objects.update(n=first + n)


def test_a_row_says_where_a_crisis_stands(hq_client, office):
    crisis = log(
        office=office, title="floods", phases=["during", "after"], started_on=date(2026, 2, 1), start_precision="month"
    )
    decide_level(crisis, "2", decided_on=NOON.date())
    waive(crisis, "S13")
    n = crisis.gaps.open().count() - 1
    updated = f"{timezone.now():%-d %b %Y} stale, office 1 Mar 2026"

    said = row(hq_client, "floods")

    assert said.startswith(f"floods {crisis.reference} Libya · During, After")
    assert said.endswith(f"Libya During, After 2 Not reviewed {n} Feb 2026 {updated} Tripoli")


@pytest.mark.parametrize("as_of", ["", "&as_of=2026-03-05"])
@pytest.mark.parametrize("sort", ["-updated", "-gaps"])
def test_with_a_phase_only_its_gaps_are_counted_as_on_the_grid(hq_client, office, as_of, sort):
    log(office=office, title="floods", phases=["during", "after"])
    log(office=office, title="drought", phases=["during"])
    query = f"phase=after&sort={sort}{as_of}"

    gaps = {line["title"]: line["critical_gaps"] for line in lines(hq_client, f"/crises.csv?{query}")}
    [counted] = [line["critical_gaps"] for line in lines(hq_client, f"/grid.csv?phase=after{as_of}")]

    assert gaps == {"floods": counted}
    assert f" {counted} " in row(hq_client, "floods", f"/crises/?{query}")


def test_a_filter_keeps_the_order_of_the_list(hq_client, office):
    bar = read(hq_client, "/crises/?sort=title").split('id="filter"')[1].split("</form>")[0]

    assert '<input type="hidden" name="sort" value="title">' in bar


def test_a_crisis_without_an_update_for_too_long_is_marked_while_it_is_open(hq_client, office, settings):
    long_ago = timezone.now() - timedelta(days=settings.CRISIS_STALE_DAYS, minutes=1)
    log(office=office, title="stale", at=long_ago)
    log(office=office, title="fresh", at=long_ago + timedelta(minutes=2))
    over = log(office=office, title="over", at=long_ago - timedelta(days=1))
    services.close_crisis(crisis=over, by=make_lead(office), at=long_ago)

    assert "stale" in row(hq_client, "stale").removeprefix("stale")
    assert "stale" not in row(hq_client, "fresh")
    assert "stale" not in row(hq_client, "over")
    assert "closed" in row(hq_client, "over")


def test_a_level_that_has_ended_is_not_shown(hq_client, office):
    crisis = log(office=office, title="ended")
    decide_level(crisis, "3", decided_on=NOON.date(), ended_on=NOON.date())

    assert "not assessed" in row(hq_client, "ended")


def test_everybody_lists_what_they_may_see(office, hq_client, field_client, other_client, partner_client, client):
    log(office=office, title="inside", sharing="office")
    shared = log(office=office, title="shared")
    share(shared)

    assert set(titles(hq_client)) == set(titles(field_client)) == {"inside", "shared"}
    assert titles(partner_client) == ["shared"]
    assert titles(other_client) == []
    assert client.get("/crises/").url == "/login/?next=/crises/"
    assert client.get("/crises.csv").url == "/login/?next=/crises.csv"


def test_visitors_list_public_crises_where_the_site_publishes_them(office, client, settings):
    settings.PUBLIC_CRISES = True
    log(office=office, title="inside")
    share(log(office=office, title="public"), "public")

    assert titles(client) == ["public"]
    assert "2 crises" not in read(client)
    assert [line["title"] for line in lines(client)] == ["public"]


def test_my_offices_are_those_where_i_work_and_those_below(office, field_client):
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    Office.objects.filter(pk=office.pk).update(parent=cairo)
    tunis = make_office("tunis", country="TUN", parent=cairo)
    log(office=office, title="own")
    log(office=tunis, by=make_field(tunis, "tunis-field"), title="neighbour", country="TUN")
    regional = signed_in(make_user("regional", Role.REGIONAL, office=cairo))

    assert set(titles(field_client)) == {"own", "neighbour"}
    assert titles(field_client, "/crises/?mine=1") == ["own"]
    assert set(titles(regional, "/crises/?mine=1")) == {"own", "neighbour"}
    assert [line["title"] for line in lines(field_client, "/crises.csv?mine=1")] == ["own"]


def test_a_list_of_the_past_is_sorted_and_paged_by_what_held_then_and_its_links_keep_the_moment(hq_client, office):
    day = timedelta(days=1)
    first = log(office=office, title="Alpha", at=NOON)
    log(office=office, title="beta", country="EGY", at=NOON + timedelta(hours=1))
    many(PAGE, office)
    services.update_facts(
        crisis=first,
        by=make_field(office),
        revision=first.facts_revision,
        title="Zeta",
        main_country=Country.objects.get(pk="TUN"),
        at=NOON + 3 * day,
    )
    then = "as_of=2026-03-01"

    # What came into the archive without history was not there; the first of `many` was logged by the service.
    assert titles(hq_client, f"/crises/?{then}") == ["crisis 0", "beta", "Alpha"]
    assert titles(hq_client, f"/crises/?{then}&sort=title") == ["Alpha", "beta", "crisis 0"]
    assert titles(hq_client, f"/crises/?{then}&sort=country") == ["beta", "crisis 0", "Alpha"]
    assert [line["title"] for line in lines(hq_client, f"/crises.csv?{then}&sort=-title")] == [
        "crisis 0",
        "beta",
        "Alpha",
    ]
    page = read(hq_client, f"/crises/?{then}&sort=title")
    assert f'href="/crises/{first.reference}/?{then}"' in page
    assert f'href="?{then}&sort=-title"' in page
    assert f'href="/crises.xlsx?{then}&sort=title"' in page
    assert "possible duplicate" not in page
    revision = Crisis.history.get(id=first.pk, title="Alpha").revision
    assert titles(hq_client, f"/crises/?{then}&newer={revision}") == ["crisis 0", "beta"]
    assert titles(hq_client, f"/crises/?{then}&older={revision + 1}") == ["Alpha"]


def test_my_offices_of_a_past_moment_are_those_that_had_the_crisis_then(office):
    tunis = make_office("tunis", country="TUN")
    lead = make_lead(office)
    crisis = log(office=office, by=lead, title="passed on")
    with amend(crisis, by=lead, right="edit", at=NOON + timedelta(days=2), why=Gap.Why.CRISIS) as (amendment, _outcome):
        amendment.crisis.office = tunis
        amendment.record("facts")
    hq = make_user("both", Role.HQ, office=make_office("hq"))
    make_user("both", Role.LEAD, office=tunis)
    client = signed_in(hq)

    assert titles(client, "/crises/?mine=1") == ["passed on"]
    assert titles(client, "/crises/?mine=1&as_of=2026-03-02") == []
    assert titles(client, "/crises/?mine=1&as_of=2026-03-04") == ["passed on"]


def test_a_wider_crisis_leads_to_itself_and_its_parts_in_the_list(office, hq_client):
    whole, part = log(office=office, title="whole"), log(office=office, title="part")
    log(office=office, title="other")
    services.set_part_of(crisis=part, whole=whole, by=make_hq())
    address = f"/crises/?part_of={whole.reference}"

    assert f'href="{address}">In the list' in read(hq_client, f"/crises/{whole.reference}/parts/")
    assert set(titles(hq_client, address)) == {"whole", "part"}
    assert f"Part of: {whole.reference}<" in read(hq_client, address.lower())


def test_the_last_changed_stands_first_and_every_other_order_is_a_link(office, hq_client):
    a = log(
        office=office,
        title="Alpha",
        country="TUN",
        started_on=date(2025, 1, 1),
        start_precision="day",
        phases=["before"],
    )
    log(
        office=office,
        title="beta",
        country="LBY",
        started_on=date(2026, 1, 1),
        start_precision="day",
        phases=["during"],
    )
    log(office=office, title="Gamma", country="EGY", phases=["after"])
    set_status(a, "S08", "before", "active")  # leaves it 2 gaps; the phase after has 5 and the one during 7

    assert titles(hq_client) == ["Alpha", "Gamma", "beta"]
    for sort, expected in {
        "updated": "beta Gamma Alpha",
        "title": "Alpha beta Gamma",
        "-title": "Gamma beta Alpha",
        "country": "Gamma beta Alpha",
        "started": "Alpha beta Gamma",  # not known stands last both ways
        "-started": "beta Alpha Gamma",
        "-gaps": "beta Gamma Alpha",
    }.items():
        page = read(hq_client, f"/crises/?sort={sort}")
        assert titles(hq_client, f"/crises/?sort={sort}") == expected.split(), sort
        assert [line["title"] for line in lines(hq_client, f"/crises.csv?sort={sort}")] == expected.split(), sort
        assert page.count("aria-sort") == 1
    assert 'aria-sort="descending"><a href="?sort=updated">' in read(hq_client)
    assert 'aria-sort="ascending"><a href="?sort=-title">' in read(hq_client, "/crises/?sort=title")


@pytest.mark.parametrize("most", [3, 100])
def test_a_page_of_a_long_list_is_the_same_stretch_of_the_whole(office, most):
    hq, begun = make_hq(), {"start_precision": "day"}
    for n, phases in enumerate([["during"], ["after"], ["before", "after"], ["during"], ["after"]]):
        started = begun | {"started_on": date(2026, 1, 1 + n % 2)} if n % 3 else {}
        log(office=office, title=f"{'aB'[n % 2]} {n}", country=("LBY", "EGY")[n % 2], phases=phases, **started)
    for title in ("closed", "Covered"):
        Crisis.objects.filter(pk=log(office=office, title=title, phases=["after"]).pk).update(status="closed")
    Gap.objects.filter(crisis__status="closed").update(closed_at=NOON, closed_why=Gap.Why.CRISIS)
    Gap.objects.open().filter(crisis__title="a 4").update(waived_until=date(2999, 1, 1))
    found = Crisis.objects.visible_to(hq)
    for sort in [f"{sign}{name}" for name in listing.SORTS for sign in ("", "-")]:
        whole = [crisis.title for crisis in listing.in_order(listing.listed(found), sort)]

        kept = listing.Sorted(found, sort, most)

        assert kept.n == min(most + 1, len(whole)), sort
        for start, stop in [(0, 2), (1, 4), (3, 4), (0, 4)]:
            assert [crisis.title for crisis in kept[start:stop]] == whole[start:stop], (sort, start)


def test_pages_of_the_last_changed_show_each_crisis_once_whatever_changes_meanwhile(office, hq_client):
    many(2 * PAGE + 10, office)
    first = titles(hq_client)
    [after] = re.findall(r'href="(\?older=\d+)">Next', read(hq_client))
    log(office=office, title="new")  # comes to the top and shifts everything

    second = titles(hq_client, f"/crises/{after}")
    [later] = re.findall(r'href="(\?older=\d+)">Next', read(hq_client, f"/crises/{after}"))
    third = titles(hq_client, f"/crises/{later}")

    assert [len(page) for page in (first, second, third)] == [PAGE, PAGE, 10]
    assert len({*first, *second, *third}) == 2 * PAGE + 10
    assert "Next" not in read(hq_client, f"/crises/{later}")
    [back] = re.findall(r'href="(\?newer=\d+)">Previous', read(hq_client, f"/crises/{later}"))
    assert titles(hq_client, f"/crises/{back}") == second
    [start] = re.findall(r'href="(\?newer=\d+)">Previous', read(hq_client, f"/crises/{back}"))
    assert titles(hq_client, f"/crises/{start}") == first
    assert "111 crises" in read(hq_client, f"/crises/{later}")


def test_pages_in_another_order_are_numbered(office, hq_client):
    many(PAGE + 10, office)

    page = read(hq_client, "/crises/?sort=title&page=2")

    assert "Page 2 of 2" in page
    assert 'href="?sort=title&page=1">Previous' in page
    assert "Next" not in page
    assert len(titles(hq_client, "/crises/?sort=title&page=2")) == 10
    assert titles(hq_client, "/crises/?sort=title&page=9") == titles(hq_client, "/crises/?sort=title&page=2")
    assert len(lines(hq_client, "/crises.csv?sort=title")) == PAGE + 10


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("phse=during", "There is no parameter “phse” here. Did you mean “phase”?"),
        ("country=Lybia", "Did you mean “LBY” (Libya)?"),
        ("sort=size", "“sort” is one of title, country, gaps, started, updated"),
        ("mine=yes", "“mine” is 1"),
        ("page=0", "“page” is a whole number from 1 on."),
        ("older=x", "“older” is a whole number"),
        ("sort=title&sort=gaps", "The parameter “sort” is there twice. Keep one."),
    ],
)
def test_an_address_that_is_not_understood_names_the_mistake_and_shows_no_rows(office, hq_client, query, words):
    log(office=office, title="Not to be shown")

    answer = hq_client.get(f"/crises/?{query}")
    page = unescape(answer.content.decode())

    assert answer.status_code == 400
    assert words in page
    assert "Not to be shown" not in page
    assert 'href="/crises/">Open the page without filters' in page


def test_a_file_for_an_address_that_is_not_understood_says_so_in_words(hq_client):
    answer = hq_client.get("/crises.csv?phse=during")

    assert (answer.status_code, answer["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert answer.content.decode() == "There is no parameter “phse” here. Did you mean “phase”?"


def test_filters_in_use_are_named_and_stay_while_searching_sorting_and_choosing(office, hq_client):
    log(office=office, title="floods", cause="natural_hazard")
    log(office=office, title="fighting")

    page = read(hq_client, "/crises/?cause=natural_hazard&sort=title")

    assert "1 crisis." in page
    assert 'href="?sort=title"><span class="vh">Remove the filter </span>Main cause: Natural hazard' in page
    assert 'href="?cause=natural_hazard&sort=-title"' in page
    assert 'href="/crises.csv?cause=natural_hazard&sort=title"' in page
    searching = page.split('role="search"')[1].split("</form>")[0]
    assert '<input type="hidden" name="cause" value="natural_hazard">' in searching


def test_an_empty_list_says_what_to_do(office, field_client, hq_client, other_client):
    assert "No crisis logged yet. <a" in read(field_client)
    assert "There is no crisis that you may see." in read(hq_client)
    log(office=office)
    assert 'No crisis matches these 2 filters. <a href="/crises/">Clear' in read(hq_client, "/crises/?q=x&level=3")
    assert "No crisis logged yet." in read(other_client)
    assert "Your offices have logged no crisis yet." in read(other_client, "/crises/?mine=1")


def test_only_people_who_log_are_offered_to_log(office, field_client, hq_client, partner_client):
    assert "Log a crisis" in read(field_client)
    assert "Log a crisis" not in read(hq_client)
    assert "Log a crisis" not in read(partner_client)


def test_own_drafts_are_named(office, field_client):
    user = make_field(office)
    services.save_draft(key="5f0e2d3c-6f3b-4a55-9d0a-3f5f7f1c2014", answers="title=x", by=user)

    assert '<a href="/drafts/">You have 1 draft</a>' in read(field_client)
    assert "draft</a>" not in read(signed_in(make_lead(office)))


def test_the_file_holds_every_row_of_the_filter_and_no_formula(office, hq_client):
    crisis = log(office=office, title="=HYPERLINK(1)", phases=["during", "after"], glide="EQ-2015-000048-NPL")
    log(office=office, title="other", cause="epidemic")

    [line] = lines(hq_client, "/crises.csv?cause=conflict")

    assert line == {
        "reference": crisis.reference,
        "title": "'=HYPERLINK(1)",
        "status": "open",
        "exercise": "no",
        "country": "LBY",
        "country_name": "Libya",
        "region": "Northern Africa",
        "office": "Tripoli",
        "cause": "conflict",
        "glide": "EQ-2015-000048-NPL",
        "started": "",
        "phases": "during after",
        "iom_level": "",
        "critical_gaps": str(crisis.gaps.open().count()),
        "sharing": "staff",
        "review": "not_reviewed",
        "approved_at": "",
        "logged_at": "2026-03-01T12:00:00+00:00",
        "updated_at": "2026-03-01T12:00:00+00:00",
        "revision": str(crisis.revision),
    }
    name = hq_client.get("/crises.csv?cause=conflict")["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="crises-conflict-\d{8}T\d{4}Z.csv"', name)


def test_the_list_costs_the_same_for_one_crisis_and_for_many(office, field_client, django_assert_num_queries):
    log(office=office)
    field_client.get("/crises/")
    # session, user, edition in force, count, crises, their open phases, roles, drafts, countries and offices to choose
    for address in ("/crises/", "/crises/?country=LBY&region=002&office=tripoli&level=none&needs=S03&sort=-gaps&q=a"):
        with django_assert_num_queries(10):
            field_client.get(address)
    many(PAGE + 5, office)
    for n in range(4):
        log(office=office, title=f"more {n}")
    for address in ("/crises/", "/crises/?country=LBY&region=002&office=tripoli&level=none&needs=S03&sort=-gaps&q=a"):
        with django_assert_num_queries(10):
            field_client.get(address)


def test_each_reader_starts_where_their_work_is(office, client, field_client, lead_client, hq_client, partner_client):
    regional = signed_in(make_user("regional", Role.REGIONAL, office=office))
    auditor = signed_in(make_user("auditor", Role.AUDITOR, office=office))

    assert "What is active" not in read(client, "/")
    assert 'href="/login/"' in read(client, "/")
    assert hq_client.get("/").url == regional.get("/").url == "/dashboard/"
    assert field_client.get("/").url == lead_client.get("/").url == "/crises/?mine=1"
    assert partner_client.get("/").url == "/crises/"
    assert auditor.get("/").url == "/history/"
