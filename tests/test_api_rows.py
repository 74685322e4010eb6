"""Cells, figures, lines of work, levels and reviews in the API: across crises and of one, for who may see them."""

import json
import uuid
from datetime import timedelta

import pytest

from crises import services
from crises.models import Figure, FigurePart
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_office,
    make_partner,
    reader,
    send,
    send_back,
    set_priority,
    set_status,
    share,
)
from tests.test_api_edits import patch, said, writer, wrong
from tests.test_api_intake import FIGURE, post

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
LISTS = ["cells", "figures", "activities", "levels", "reviews"]


def rows(address, user=None, **asked):
    answer = reader(user or make_hq()).get(f"{V1}{address}/", asked)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


@pytest.fixture
def crisis(office):
    crisis = log()
    set_status(crisis, "S03", "during", "active", lead="Unit A", note="As agreed.")
    set_priority(crisis, "S04", "during", "important")
    add_figure(crisis, 640)
    add_figure(crisis, 3, metric="dead", headline=False)
    add_activity(crisis, sectors=["S03"], required=5000)
    decide_level(crisis, "2")
    send(crisis)
    send_back(crisis, comments=[])
    return crisis


# What the lists say


def test_each_list_says_of_which_crisis_each_row_is(crisis):
    for name in LISTS:
        found = rows(name)
        assert found, name
        assert {row["crisis"] for row in found} == {crisis.reference}, name
        assert "id" not in found[0]


def test_cells_are_those_of_which_the_office_has_spoken(crisis):
    active, own = rows("cells")

    assert (active["sector"], active["phase"], active["status"], active["lead"]) == (
        "S03",
        "during",
        "active",
        "Unit A",
    )
    assert (own["own_priority"], own["status"]) == ("important", "not_started")
    assert rows("cells", sector_status="active") == [active]
    assert rows("cells", sector="S04", phase="during") == [own]
    assert rows("cells", phase="before") == []


def test_figures_and_levels_narrow_by_what_they_are_about(crisis):
    assert [row["value"] for row in rows("figures", metric="affected")] == [640]
    assert [row["value"] for row in rows("figures", headline="false")] == [3]
    assert [row["name"] for row in rows("activities", sector="S03")] == ["Evacuation"]
    assert rows("activities", sector="S01") == []
    assert [row["value"] for row in rows("levels", scheme="iom")] == ["2"]
    assert rows("levels", scheme="inter_agency") == []
    assert [row["step"] for row in rows("reviews")] == ["sent", "sent_back"]
    assert [row["note"] for row in rows("reviews", step="sent_back")] == ["Say where the number comes from."]


def test_the_filters_of_crises_narrow_what_is_said_of_them(crisis):
    other = log(office=make_office("lima", country="PER"), by=make_field(make_office("lima"), "other"), country="PER")
    add_figure(other, 7, by=make_field(make_office("lima"), "other"))

    assert {row["crisis"] for row in rows("figures")} == {crisis.reference, other.reference}
    assert {row["crisis"] for row in rows("figures", country="PER")} == {other.reference}
    assert rows("figures", status="closed") == []


def test_lists_of_one_crisis_are_the_same_rows(crisis):
    for name in LISTS[1:]:
        assert rows(f"crises/{crisis.reference}/{name}") == rows(name), name


def test_what_was_said_of_a_merged_crisis_is_found_with_the_one_that_stands(crisis):
    twin = log(title="The same fighting")
    add_figure(twin, 700)
    services.merge_crisis(crisis=twin, survivor=crisis, why="One and the same.", by=make_hq(), at=NOON)

    found = {row["value"]: row["crisis"] for row in rows("figures")}
    assert found[700] == crisis.reference
    assert rows(f"crises/{crisis.reference}/figures") == rows("figures")
    before = (NOON - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    assert rows("figures", as_of=before) == []


def test_a_past_moment_is_answered_as_it_was(office):
    crisis = log(at=NOON - timedelta(days=9))
    by = {"by": make_field(), "at": NOON - timedelta(days=8)}
    set_status(crisis, "S03", "during", "active", **by)
    add_figure(crisis, 640, as_of=None or NOON.date() - timedelta(days=9), **by)
    then = (NOON - timedelta(days=7)).isoformat().replace("+00:00", "Z")
    set_status(crisis, "S03", "during", "completed", at=NOON)
    services.withdraw_statement(
        statement=Figure.objects.get(), by=make_field(), why="The source took it back.", at=NOON
    )

    assert [row["status"] for row in rows("cells")] == ["completed"]
    assert [row["status"] for row in rows("cells", as_of=then)] == ["active"]
    assert rows("figures") == []
    assert [row["value"] for row in rows("figures", as_of=then)] == [640]
    assert [row["value"] for row in rows(f"crises/{crisis.reference}/figures", as_of=then)] == [640]
    assert rows("reviews", as_of=then) == []


# Who sees what


def test_partners_see_what_is_shared_without_names_and_small_counts(crisis):
    send(crisis)
    approve(crisis)
    services.share_crisis(crisis=crisis, sharing="partners", by=make_hq(), at=NOON)
    log(title="Hidden")
    partner = make_partner("LBY")

    assert [(row["value"], row["below"]) for row in rows("figures", partner)] == [(640, None), (None, 5)]
    [cell, _] = rows("cells", partner)
    assert (cell["lead"], cell["note"], cell["cluster_contact"]) == (None, None, None)
    for name in ("reviews", f"crises/{crisis.reference}/reviews", "worklist", "worklist/gaps"):
        said(reader(partner).get(f"{V1}{name}/"), 403)
        said(reader().get(f"{V1}{name}/"), 401)


def test_nobody_reads_what_is_said_of_a_crisis_they_may_not_see(crisis):
    stranger = make_field(make_office("lima", country="PER"), "stranger")
    number = crisis.figures.first().pk

    for name in LISTS:
        assert rows(name, stranger) == []
        if name != "cells":
            said(reader(stranger).get(f"{V1}crises/{crisis.reference}/{name}/"), 404)
    said(reader(stranger).get(f"{V1}crises/{crisis.reference}/figures/{number}/"), 404)
    for name in ("cells", "figures", "activities", "levels"):
        assert reader().get(f"{V1}{name}/").json()["results"] == []


# What it costs


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_one_crisis_and_for_many(name, crisis, django_assert_max_num_queries):
    """6 at most: token, rows; and sectors, parts with their bands, comments where there are some."""
    client = reader(make_hq())
    counts = []
    for _ in range(2):
        with django_assert_max_num_queries(6) as counted:
            assert client.get(f"{V1}{name}/").status_code == 200
        counts.append(len(counted))
        for n in range(4):
            more = log(title=f"Another {n}")
            set_status(more, "S03", "during", "active")
            FigurePart.objects.create(figure=add_figure(more, n + 50), sex="female", band_id=_band(), value=n)
            add_activity(more, sectors=["S01", "S03"])
            decide_level(more, "1")
            send(more)
            send_back(more)
    assert counts[0] <= counts[1] <= counts[0] + 1  # the bands of the parts, where there are parts


def _band():
    from crises.models import AgeBand

    return AgeBand.objects.first().pk


def test_pages_of_rows_follow_one_another_without_a_gap(crisis):
    for n in range(5):
        add_figure(crisis, 100 + n)
    client, seen, address = reader(make_hq()), [], f"{V1}figures/?page_size=2"

    while address:
        page = client.get(address).json()
        seen += [row["number"] for row in page["results"]]
        address = page["next"]

    assert seen == sorted(crisis.figures.values_list("pk", flat=True))


# Figures that are added and withdrawn


def test_a_figure_is_added_once_and_read_at_its_address(office):
    crisis, client, key = log(), writer(), uuid.uuid4()
    address = f"{V1}crises/{crisis.reference}/figures/"
    content = FIGURE | {"sectors": ["S03"], "parts": [{"sex": "male", "age_band": "0-4", "value": 9}]}

    first, again = (post(client, content, key, address) for _ in range(2))

    assert first.status_code == again.status_code == 201, first.content
    assert first.json() == again.json()
    assert first.headers["Location"] == first.json()["url"]
    figure = client.get(first.json()["url"]).json()
    assert (figure["value"], figure["sectors"], figure["number"]) == (640, ["S03"], first.json()["number"])
    assert figure["parts"][0]["value"] == 9
    assert crisis.figures.count() == 1
    said(post(client, content | {"value": 1}, key, address), 422)
    assert wrong(post(client, content | {"valeu": 1}, address=address)).keys() == {"valeu"}
    assert wrong(post(client, content, None, address)).keys() == {"Idempotency-Key"}
    assert wrong(post(client, content | {"as_of": "2999"}, address=address)).keys() == {"as_of"}


def test_a_wrong_figure_is_withdrawn_for_a_reason_on_the_version_that_was_read(office):
    crisis, client = log(), writer()
    figure = add_figure(crisis, 640)
    address, why = f"{V1}crises/{crisis.reference}/figures/{figure.pk}/", {"withdrawn_why": "The source took it back."}
    tag = client.get(address).headers["ETag"]

    said(patch(client, address, why, tag=None), 428)
    assert wrong(patch(client, address, {"withdrawn_why": "No."})).keys() == {"withdrawn_why"}
    assert wrong(patch(client, address, {"value": 5})).keys() == {"value"}
    answer = patch(client, address, why, tag)

    assert answer.status_code == 200, answer.content
    assert answer.json()["withdrawn_why"] == why["withdrawn_why"]
    assert answer.headers["ETag"] != tag
    assert rows(f"crises/{crisis.reference}/figures") == []
    refused = said(patch(client, address, why, tag), 412)
    assert (refused["changed_by"], refused["fields"][0]["path"]) == ("field", "withdrawn_why")
    said(patch(client, address, why), 409)


def test_figures_take_the_right_to_edit(office):
    crisis = log()
    figure = add_figure(crisis, 640)
    address = f"{V1}crises/{crisis.reference}/figures/"
    for client, status in (
        (reader(), 401),
        (reader(make_field()), 403),
        (writer(make_hq()), 403),
        (writer(make_field(make_office("lima", country="PER"), "far")), 404),
    ):
        said(post(client, FIGURE, address=address), status)
        said(patch(client, f"{address}{figure.pk}/", {"withdrawn_why": "It is wrong, I say."}, '"1"'), status)
    assert json.loads(reader(make_field()).get(address).content)["results"]
    share(crisis)
    said(post(reader(make_partner("LBY")), FIGURE, address=address), 403)
