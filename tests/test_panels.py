"""The panels of the dashboard beside gaps and coverage: offices, links, activations, days to the first critical one."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from itertools import pairwise

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from crises import services, speed, trend
from crises.models import Crisis
from crises.panels import Panels
from crises.views.panel_files import TABLES
from sectors import reference
from tests.factories import (
    NOON,
    add_figure,
    decide_level,
    log,
    make_draft,
    make_field,
    make_lead,
    make_office,
    publish,
    revise,
    sector,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def panels(at=NOON, **more):
    return Panels(Crisis.objects.all(), reference.current(), at=at, **more)


def table(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.getvalue().decode())))


# Is the data fresh?


def test_an_office_is_as_fresh_as_its_newest_update_and_overdue_after_the_days_of_the_setting(settings):
    settings.CRISIS_STALE_DAYS = 14
    lima = make_office("lima", country="PER")
    log(title="old", at=NOON - 40 * DAY)
    log(title="new", at=NOON - 3 * DAY)
    log(title="far", office=lima, by=make_field(lima, "lima-field"), at=NOON - 14 * DAY - timedelta(seconds=1))

    found = panels()

    said = [(office.slug, office.days, office.overdue, office.crises, office.stale) for office in found.offices]
    assert said == [("lima", 14, True, 1, 1), ("tripoli", 3, False, 2, 1)]
    assert found.overdue == 1


# Who do we work with?


def test_links_count_the_active_sectors_of_open_phases_by_the_edition_that_each_crisis_follows():
    first = log(title="first", phases=["during", "after"])
    set_status(first, "S03", "during", "active")
    set_status(first, "S03", "after", "active")
    set_status(first, "S03", "before", "active")  # a phase the crisis is not in
    set_status(first, "S04", "during", "planned")
    second = log(title="second")
    set_status(second, "S03", "during", "active")
    set_status(second, "S04", "during", "active")
    set_status(second, "S04", "during", "completed")
    content = reference.current()

    found = {partner: n for side in panels().sides for partner, n in side.partners}

    assert found == {link.target: 3 for link in content.links_of(sector("S03"))}
    unlinked = set(panels().unlinked)
    assert unlinked == {*content.systems, *content.clusters} - set(found)
    in_one_phase = {partner: n for side in panels(phase="after").sides for partner, n in side.partners}
    assert set(in_one_phase.values()) == {1}


def test_links_follow_the_crisis_s_own_edition():
    crisis = log()
    set_status(crisis, "S03", "during", "active")
    before = panels().board.links
    draft = make_draft()
    draft.systemlinks.filter(sector=sector("S03")).delete()
    revise("S05", "during", priority="recommended")
    publish()
    now = log(title="now")
    set_status(now, "S03", "during", "active")

    assert crisis.edition_id != now.edition_id
    found = panels().board.links
    systems = set(reference.current().systems)
    assert {partner: found[partner] for partner in before if partner in systems} == {
        partner: n for partner, n in before.items() if partner in systems
    }
    assert all(found[partner] == 2 * n for partner, n in before.items() if partner not in systems)


# Is response speeding up?


def by_week(at=NOON, **more):
    return [tuple(week.by.values()) for week in trend.weeks(Crisis.objects.all(), at, **more)]


def test_activations_are_counted_in_the_week_since_which_they_hold_by_the_priority_of_the_plan():
    crisis = log(foreign_nationals=False, at=NOON - 90 * DAY)
    today = NOON.date()
    set_status(crisis, "S03", "during", "active", since=today)
    set_status(crisis, "S04", "during", "active", since=today - 6 * DAY)
    set_status(crisis, "S01", "during", "active", since=today - 7 * DAY)
    set_status(crisis, "S12", "during", "active", since=today - 83 * DAY)  # recommended: no foreign nationals
    set_status(crisis, "S02", "during", "active", since=today - 84 * DAY)  # before the twelve weeks
    set_priority(crisis, "S05", "during", "critical")
    set_status(crisis, "S05", "during", "active", since=today)
    set_status(crisis, "S06", "during", "planned", since=today)

    found = by_week()

    assert len(found) == 12
    assert found[-1] == (3, 0, 0)
    assert found[-2] == (1, 0, 0)
    assert found[0] == (0, 0, 1)
    assert sum(map(sum, found)) == 5


def test_a_sector_completed_or_in_a_crisis_closed_since_was_activated_all_the_same():
    crisis = log(at=NOON - 30 * DAY)
    set_status(crisis, "S03", "during", "active", at=NOON - 20 * DAY)
    set_status(crisis, "S03", "during", "completed", at=NOON - 3 * DAY)
    services.close_crisis(crisis=crisis, by=make_lead(), at=NOON - 2 * DAY)

    assert by_week()[-3] == (1, 0, 0)
    assert sum(map(sum, by_week())) == 1


def test_one_phase_is_counted_alone():
    crisis = log(phases=["during", "after"])
    set_status(crisis, "S03", "during", "active")
    set_status(crisis, "S14", "after", "active")

    assert sum(map(sum, by_week(phase="after"))) == 1
    assert sum(map(sum, by_week())) == 2


def test_a_past_week_is_as_it_was_known_then():
    crisis = log(at=NOON - 30 * DAY, foreign_nationals=True)
    set_status(crisis, "S12", "during", "active", at=NOON - 20 * DAY)
    shown = by_week(NOON - 15 * DAY)
    set_status(crisis, "S03", "during", "active", at=NOON - 10 * DAY)
    set_priority(crisis, "S12", "during", "important", at=NOON - 9 * DAY)
    crisis.refresh_from_db()
    services.update_facts(
        crisis=crisis,
        by=make_field(),
        revision=crisis.facts_revision,
        foreign_nationals=False,
        crosses_border=False,
        at=NOON - 5 * DAY,
    )

    assert by_week(as_of=NOON - 15 * DAY) == shown
    assert shown[-1] == (1, 0, 0)
    assert sum(map(sum, by_week())) == 2


def test_columns_stand_on_one_another_and_within_the_drawing():
    weeks = [trend.Week(NOON.date() + 7 * n * DAY, NOON.date() + 7 * n * DAY + 6 * DAY) for n in range(12)]
    weeks[3].by |= {"critical": 5, "recommended": 2}
    weeks[11].by |= {"critical": 900, "important": 90, "recommended": 9}

    drawn = trend.columns(weeks)

    low, high = [block for block in drawn.blocks if block.x == drawn.blocks[0].x]
    assert (low.priority, high.priority) == ("critical", "recommended")
    assert low.y + low.height == pytest.approx(drawn.base)
    assert high.y + high.height == pytest.approx(low.y)
    assert min(block.y for block in drawn.blocks) >= trend.TOP
    assert max(block.x + drawn.wide for block in drawn.blocks) <= drawn.right
    assert [label for _y, label in drawn.rows] == ["0", "500", "1,000"]


def test_twelve_weeks_without_an_activation_can_be_drawn():
    drawn = trend.columns(trend.weeks(Crisis.objects.none(), NOON))

    assert drawn.blocks == []
    assert [label for _y, label in drawn.rows] == ["0", "1"]


# How fast is the first critical sector active?


def test_days_to_the_first_critical_sector_by_level():
    quick, before, waiting, old = (
        log(title=title, at=NOON - days * DAY)
        for title, days in [("quick", 10), ("before", 20), ("waiting", 30), ("old", 366)]
    )
    decide_level(quick, "3", at=NOON - 10 * DAY)
    set_status(quick, "S03", "during", "active", since=(NOON - 6 * DAY).date())
    set_status(quick, "S04", "during", "active", since=NOON.date())
    set_status(before, "S03", "during", "active", since=(NOON - 50 * DAY).date())
    set_status(waiting, "S05", "during", "active")  # important: no critical one
    set_status(old, "S03", "during", "active")

    found = {level.value: level for level in panels().times}

    assert list(found) == ["3", "2", "1", ""]
    assert (found["3"].days, found["3"].waiting, found["3"].median) == ([4], [], 4)
    assert (found[""].days, found[""].waiting, found[""].slowest) == ([0], [30], 0)
    assert found["2"].median is None
    overall = panels().overall
    assert (sorted(overall.days), overall.waiting, overall.median) == ([0, 4], [30], 2)


def test_dots_of_about_the_same_days_are_one_with_their_number_and_the_scale_ends(settings):
    settings.FIRST_ACTIVATION_TARGET_DAYS = 3
    level = speed.Times("", "Not assessed", days=[0, 0, 0, 5, 200], waiting=[1000])

    drawn = speed.strip([speed.Times("3", "Level 3"), level])

    assert [line.name for _y, line in drawn.lines] == ["Not assessed"]
    assert [(dot.n, dot.waiting) for dot in drawn.dots] == [(4, False), (1, False), (1, True)]
    assert drawn.ticks[-1][1] == "180+"
    assert all(dot.x + dot.radius <= drawn.width for dot in drawn.dots)
    assert all(dot.y + dot.radius <= drawn.foot for dot in drawn.dots)


def test_the_scale_is_as_short_as_the_times_allow(settings):
    settings.FIRST_ACTIVATION_TARGET_DAYS = 3

    drawn = speed.strip([speed.Times("", "Not assessed", days=[1, 2, 2, 11])])

    assert [label for _x, label in drawn.ticks] == ["0", "3", "6", "9", "12"]
    assert [dot.n for dot in drawn.dots] == [1, 2, 1]
    assert drawn.dots[1].x == drawn.medians[0][0]  # each on its own day


@pytest.mark.parametrize("longest", [11, 23, 59, 179, 4000])
def test_no_dot_hides_another_however_many_there_are(longest):
    level = speed.Times("", "Not assessed", days=[day % longest for day in range(0, 2000, 7)], waiting=[longest] * 500)

    drawn = speed.strip([level])

    met = [dot for dot in drawn.dots if not dot.waiting]
    assert sum(dot.n for dot in met) == 286
    assert all(other.x - one.x >= one.radius + other.radius for one, other in pairwise(met))


# As of a past moment


def test_a_past_dashboard_names_crises_as_they_were_called_and_where_they_were(hq_client):
    crisis = log(title="Old name", at=NOON)
    set_status(crisis, "S03", "during", "active", at=NOON)
    add_figure(crisis, 4000, at=NOON)
    crisis.refresh_from_db()
    services.update_facts(
        crisis=crisis, by=make_field(), revision=crisis.facts_revision, title="New name", at=NOON + 5 * DAY
    )
    set_status(crisis, "S04", "during", "active", at=NOON + 6 * DAY)

    page = hq_client.get("/dashboard/?as_of=2026-03-02").content.decode()

    assert "Old name" in page
    assert "New name" not in page
    assert "What needed a decision then?" in page
    assert "4,000" in page
    assert f'href="/crises/{crisis.reference}/plan/S04/during/?as_of=2026-03-02"' in page
    assert 'href="/dashboard/crises.csv?as_of=2026-03-02"' in page
    then = panels(as_of=NOON + DAY)
    assert then.board.total.gaps == panels(NOON + 9 * DAY).board.total.gaps + 1
    assert {gap.title for gap in then.decisions} == {"Old name"}
    assert table(hq_client, "/dashboard/crises.csv?as_of=2026-03-02")[0]["crisis"] == "Old name"


def test_a_phase_of_the_past_is_the_phase_of_then(hq_client):
    crisis = log(phases=["before"], at=NOON)
    services.open_phase(crisis=crisis, phase=reference.current().phase("during"), by=make_field(), at=NOON + 5 * DAY)
    services.close_phase(crisis=crisis, phase=reference.current().phase("before"), by=make_field(), at=NOON + 5 * DAY)

    then = table(hq_client, "/dashboard/figures.csv?as_of=2026-03-02&phase=before")

    assert then[0]["value"] == "1"
    assert table(hq_client, "/dashboard/figures.csv?phase=before")[0]["value"] == "0"


# The files


@pytest.fixture
def some(office):
    crisis = log(office=office, title="=one", at=timezone.now() - 20 * DAY)
    set_status(crisis, "S03", "during", "active", at=timezone.now() - 4 * DAY)
    add_figure(crisis, 3)
    waive(crisis, "S04")
    for n in range(14):
        log(office=office, title=f"crisis {n}", phases=["before"])
    return crisis


@pytest.mark.parametrize("panel", TABLES)
def test_each_panel_is_a_file_in_both_kinds_with_the_same_lines(some, hq_client, panel):
    lines = list(csv.reader(StringIO(hq_client.get(f"/dashboard/{panel}.csv").getvalue().decode())))
    answer = hq_client.get(f"/dashboard/{panel}.xlsx?phase=during")
    book = load_workbook(BytesIO(answer.getvalue()))

    assert len(lines) > 1
    assert {len(line) for line in lines} == {len(lines[0])}
    assert [cell.value for cell in next(book.active.rows)] == lines[0]
    assert f"{panel}-during-" in answer["Content-Disposition"]


def test_files_hold_every_line_and_the_numbers_of_the_page(some, hq_client):
    figures = {line["figure"]: line["value"] for line in table(hq_client, "/dashboard/figures.csv")}
    crises = table(hq_client, "/dashboard/crises.csv")
    gaps = table(hq_client, "/dashboard/gaps.csv")
    covered = table(hq_client, "/dashboard/coverage.csv")
    weeks = table(hq_client, "/dashboard/trend.csv")

    assert len(crises) == 15 == int(figures["open_crises"])
    assert len(gaps) == int(figures["critical_gaps"]) == sum(int(one["critical_gaps"]) for one in crises)
    assert sum(int(cell["gaps"]) for cell in covered) == len(gaps)
    assert crises[0]["crisis"] == "'=one"
    assert gaps == sorted(gaps, key=lambda gap: gap["opened_at"])
    assert sum(int(week["critical"]) for week in weeks) == 1
    assert table(hq_client, "/dashboard/speed.csv")[-1]["median_days"] == "16"
    assert table(hq_client, "/dashboard/freshness.csv")[0]["open_crises"] == "15"


def test_an_unknown_panel_is_not_found(hq_client):
    assert hq_client.get("/dashboard/secrets.csv").status_code == 404
    assert hq_client.get("/dashboard/crises.pdf").status_code == 404


def test_files_tell_outsiders_no_small_count_and_nothing_hidden(some, partner_client, other_client):
    share(some)
    log(title="Canaryville", at=timezone.now())

    people = [line["people"] for line in table(partner_client, "/dashboard/crises.csv")]

    assert people == ["<5"]
    for panel in TABLES:
        for client in (partner_client, other_client):
            assert b"Canaryville" not in client.get(f"/dashboard/{panel}.csv").getvalue()
    assert len(table(partner_client, "/dashboard/gaps.csv")) < 15
    assert sum(int(week["critical"]) for week in table(other_client, "/dashboard/trend.csv")) == 0


def test_the_cost_of_a_file_does_not_grow(some, hq_client, django_assert_num_queries):
    # session, user, editions, how the crises stand; and the countries of the crises, or the activations
    for panel, n in (("crises", 5), ("trend", 5), ("coverage", 4)):
        with django_assert_num_queries(n):
            hq_client.get(f"/dashboard/{panel}.csv")


def test_a_crisis_merged_into_another_is_not_counted_twice(office, hq_client):
    now = timezone.now()
    stays, gone = log(title="Stays", office=office, at=now), log(title="Gone", office=office, at=now)
    for crisis in (stays, gone):
        set_status(crisis, "S03", "during", "active", at=now)

    before = table(hq_client, "/dashboard/trend.csv")
    Crisis.objects.filter(pk=gone.pk).update(status="merged", merged_into=stays)

    assert before[-1]["critical"] == "2"
    assert table(hq_client, "/dashboard/trend.csv")[-1]["critical"] == "1"
