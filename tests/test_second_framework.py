"""A second framework is only data: crises logged under it have its plan, older ones keep theirs, on the same pages."""

from html import unescape

import pytest

from crises.models import Gap
from crises.reading import plan_of
from sectors.models import Edition
from tests import second_framework
from tests.factories import log, make_draft, make_field, reader, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def older(office):
    """A crisis logged under the framework of 2012, before the other came into force."""
    return log(office=office, title="An older crisis")


@pytest.fixture
def newer(office, older, tmp_path):
    """A crisis logged under the smaller framework, which is in force now."""
    second_framework.load(tmp_path)
    return log(office=office, title="A newer crisis", phases=["acute"], foreign_nationals=True)


def get(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return unescape(b"".join(answer).decode())


def test_a_crisis_has_the_plan_of_the_framework_it_was_logged_under(older, newer):
    assert (len(plan_of(older).cells), len(plan_of(newer).cells)) == (45, 8)
    assert {gap.sector.code for gap in newer.gaps.open()} == {"A1", "A2", "A4"}
    set_status(newer, "A1", "acute", "active")
    assert {gap.sector.code for gap in newer.gaps.open()} == {"A2", "A4"}


def test_the_pages_of_both_crises_stand_side_by_side(older, newer, field_client):
    for crisis, sector, phase in ((older, "S03", "during"), (newer, "A2", "acute")):
        page = f"/crises/{crisis.reference}/"
        for address in (
            page,
            f"{page}plan/?phase=all",
            f"{page}plan.csv",
            f"{page}plan/{sector}/{phase}/",
            f"{page}edition/",
            f"{page}coordination/",
            f"{page}phases/",
            f"{page}edit/",
            f"{page}figures/new/",
            f"{page}activities/new/",
        ):
            get(field_client, address)
        get(field_client, f"/sectors/{plan_of(crisis).cell(sector, phase).sector.slug}/")
    plan = get(field_client, f"/crises/{newer.reference}/plan/?phase=all")
    assert "Small A4" in plan
    assert "S03" not in plan
    get(field_client, f"/crises/{newer.reference}/plan/S03/during/", 404)


def test_lists_and_the_dashboard_count_the_gaps_of_both(older, newer, hq_client):
    open_gaps = Gap.objects.open().count()

    page = get(hq_client, "/gaps/")
    assert f"{open_gaps} " in page
    assert "Small A2" in page
    assert "Transport" in page
    assert "Not in this table, but in every total" in get(hq_client, "/dashboard/")
    for address in ("/dashboard/", "/dashboard/coverage.csv", "/crises/", "/crises.csv", "/gaps.csv"):
        get(hq_client, address)
    assert "A newer crisis" in get(hq_client, "/crises/?needs=A2&phase=acute")
    assert "An older crisis" not in get(hq_client, "/crises/?needs=A2&phase=acute")


def test_the_dashboard_says_nothing_of_other_frameworks_where_there_is_one(older, hq_client):
    assert "Not in this table" not in get(hq_client, "/dashboard/")


def test_the_filters_know_the_codes_of_both_frameworks(older, newer, hq_client):
    assert "An older crisis" in get(hq_client, "/crises/?needs=S03&phase=during")
    assert "An older crisis" in get(hq_client, "/gaps/?sector=S03&phase=during")


def test_the_matrix_is_that_of_the_framework_in_force_and_the_older_keeps_its_address(newer, client):
    assert "Small sector A1" in get(client, "/matrix/")
    assert "Transport Assistance" in get(client, "/matrix/editions/mcof-2012/1/")
    assert "Small sector A1" in get(client, f"/matrix/editions/{second_framework.SLUG}/1/")
    listed = get(client, "/matrix/editions/")
    assert listed.count("in force") == 1
    get(client, "/matrix/editions/compare/?framework=mcof-2012&from=1&to=1")
    get(client, "/matrix/editions/compare/?from=1&to=1")


def test_the_api_answers_the_plan_of_either(older, newer):
    api = reader(make_field(older.office))

    for crisis, framework, cells in ((older, "mcof-2012", 45), (newer, second_framework.SLUG, 8)):
        plan = api.get(f"/api/v1/crises/{crisis.reference}/plan/").json()
        assert (plan["framework"], len(plan["cells"])) == (framework, cells)
        assert api.get(f"/api/v1/crises/{crisis.reference}/").json()["framework"] == framework
    rows = api.get("/api/v1/gaps/").json()["results"]
    assert {row["sector"] for row in rows} >= {"A2", "S03"}


def test_no_crisis_is_asked_to_follow_an_edition_of_another_framework(older, newer, field_client):
    assert "the newest there is" in get(field_client, f"/crises/{older.reference}/edition/")


def test_refugees_are_not_sent_to_their_consulate_whatever_the_sector_is_called(newer, field_client):
    page = get(field_client, f"/crises/{newer.reference}/plan/A4/acute/")

    assert "Refugees are not sent to their consulate." in page


def test_the_next_edition_of_the_smaller_framework_is_drafted_like_any_other(newer):
    draft = make_draft()

    assert (draft.framework.slug, draft.number, draft.priorities.count()) == (second_framework.SLUG, 2, 8)
    assert Edition.objects.drafts().count() == 1
