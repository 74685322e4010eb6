"""The dashboard and the worklist in the API: the numbers of the pages, for the same readers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crises.api.said import inside
from crises.models import Crisis
from crises.panels import Panels
from crises.worklist import Worklist
from sectors import reference
from tests.factories import (
    NOON,
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_partner,
    reader,
    set_status,
    share,
    waive,
)
from tests.test_api_edits import said

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


@pytest.fixture
def crises(office):
    old = timezone.now() - timedelta(days=30)
    found = [log(title=f"Crisis {n}", at=old) for n in range(3)]
    set_status(found[0], "S03", "during", "active", at=old)
    waive(found[1], "S03", days=3)
    add_figure(found[1], 640, at=old)
    decide_level(found[2], "3", at=old)
    return found


def test_the_dashboard_is_the_page_s_own_numbers(crises):
    hq = make_hq()
    told = reader(hq).get(f"{V1}dashboard/").json()
    panels = Panels(Crisis.objects.visible_to(hq), reference.current(), inside=inside(hq))

    assert told["counts"] | {"first": None, "last": None} == panels.counts | {"first": None, "last": None}
    assert told["counts"]["first"] == panels.counts["first"].isoformat()
    total = panels.board.total
    names = ("needed", "active", "completed", "waived", "gaps")
    assert told["total"] == {name: getattr(total, name) for name in names}
    assert told["late"] == len(panels.board.late)
    assert len(told["coverage"]) == 45
    for name in names:
        assert sum(cell["tally"][name] for cell in told["coverage"] if cell["tally"]) == getattr(total, name)
    assert [row["crisis"] for row in told["decisions"]] == [one.row.reference for one in panels.decisions]
    assert len(told["weeks"]) == 12
    assert {row["active"] for row in told["links"] if row["slug"] == "refugee-regime"} == {
        n for side in panels.sides for partner, n in side.partners if partner.slug == "refugee-regime"
    }
    assert [(row["office"], row["crises"]) for row in told["offices"]] == [("tripoli", 3)]


def test_the_dashboard_narrows_and_goes_back_in_time(crises):
    client = reader(make_hq())

    assert client.get(f"{V1}dashboard/?country=PER").json()["counts"]["open"] == 0
    assert client.get(f"{V1}dashboard/?as_of=2020-01-01").json()["counts"]["open"] == 0
    assert {cell["phase"] for cell in client.get(f"{V1}dashboard/?phase=after").json()["coverage"]} == {"after"}
    said(client.get(f"{V1}dashboard/?contry=LBY"), 400)


def test_partners_read_the_dashboard_of_what_they_see_without_small_counts(crises):
    share(crises[0])
    add_figure(crises[0], 3)
    partner = reader(make_partner("LBY")).get(f"{V1}dashboard/").json()

    assert (partner["counts"]["open"], partner["counts"]["people"]) == (1, None)
    said(reader().get(f"{V1}dashboard/"), 401)


def test_the_dashboard_costs_ten_queries_at_most(crises, django_assert_max_num_queries):
    """Token, editions, how crises stand, countries of the filter, activations; two more for the past."""
    client = reader(make_hq())
    for query in ("", "?region=015", "?as_of=2026-03-01"):
        with django_assert_max_num_queries(10):
            client.get(f"{V1}dashboard/{query}")


def test_the_queues_and_their_numbers_are_the_page_s(crises):
    hq = make_hq()
    told = reader(hq).get(f"{V1}worklist/").json()["queues"]
    page = Worklist(Crisis.objects.visible_to(hq), hq, timezone.now(), decides=True).queues()

    assert [(queue["queue"], queue["n"]) for queue in told] == [(queue.slug, queue.n) for queue in page]
    assert told[0]["n"] > 0
    client = reader(hq)
    for queue, of_page in zip(told, page, strict=True):
        rows = client.get(queue["url"]).json()["results"]
        assert {row["key"] for row in rows} == {item.key for item in of_page.items()}
        assert len(rows) == queue["n"]


def test_the_rows_of_a_queue_come_in_pages_that_miss_nothing_when_one_is_done(crises):
    client, seen = reader(make_hq()), []
    address = f"{V1}worklist/gaps/?page_size=4"
    everything = [row["key"] for row in client.get(f"{V1}worklist/gaps/").json()["results"]]

    while address:
        page = client.get(address).json()
        seen += [row["key"] for row in page["results"]]
        if len(seen) == 4:
            done = seen[-1].split(".")  # the last row of the first page is dealt with meanwhile
            crisis = Crisis.objects.get(reference=done[0])
            set_status(crisis, done[1], done[2], "active", at=timezone.now())
        address = page["next"]

    assert seen == everything
    for bad in ("x", "", "W10=", "WyIxIiwyLDNd"):
        assert client.get(f"{V1}worklist/gaps/", {"cursor": bad}).status_code == 400


def test_the_worklist_is_for_staff_and_duplicates_for_hq(crises):
    said(reader(make_partner("LBY")).get(f"{V1}worklist/"), 403)
    said(reader(make_field()).get(f"{V1}worklist/duplicates/"), 403)
    said(reader(make_hq()).get(f"{V1}worklist/nothing/"), 404)
    assert reader(make_hq()).get(f"{V1}worklist/duplicates/").json()["results"]
    assert "duplicates" not in {queue["queue"] for queue in reader(make_field()).get(f"{V1}worklist/").json()["queues"]}
    assert NOON
