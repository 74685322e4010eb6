"""The lines of work of a plan beside the total that a source states for it: two numbers, and what they differ by."""

import html
import re
import uuid
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from crises.models import Activity
from crises.money import by_currency
from tests.factories import add_activity, log, make_hq, reader

AMOUNTS = st.none() | st.integers(0, 10**9)
LINES = st.lists(
    st.builds(
        Activity,
        currency=st.sampled_from(["USD", "EUR"]),
        required=AMOUNTS,
        confirmed=AMOUNTS,
        whole_plan=st.booleans(),
        as_of=st.none() | st.dates(date(2020, 1, 1), date(2026, 1, 1)),
        pk=st.integers(1, 99),
    )
)


def text(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def work(client, crisis):
    page = client.get(reverse("crisis", args=[crisis.reference])).content.decode()
    return text(page.partition('id="work"')[2].partition("</section>")[0])


@given(LINES)
def test_a_total_is_never_part_of_a_sum_and_currencies_never_meet(activities):
    found = by_currency(activities)

    assert [money.currency for money in found] == sorted({activity.currency for activity in activities})
    for money in found:
        mine = [one for one in activities if one.currency == money.currency and not one.whole_plan]
        for name, summed in (("required", money.required), ("confirmed", money.confirmed)):
            said = [getattr(line, name) for line in mine if getattr(line, name) is not None]
            assert summed == (sum(said) if said else None)  # not known is never zero
        for compared in money.compared:
            assert compared.total.whole_plan
            if compared.required is not None:
                assert money.required + compared.required == compared.total.required
            else:
                assert None in (money.required, compared.total.required)
            assert compared.sentences


@pytest.mark.django_db
def test_the_page_shows_the_sum_beside_the_total_and_says_what_they_differ_by(field_client):
    crisis = log()
    add_activity(crisis, "Shelter", sectors=["S02"], required=12_000_000)
    add_activity(crisis, "Water", required=1_700_000)
    add_activity(crisis, "January appeal", required=23_300_000, whole_plan=True)

    said = work(field_client, crisis)

    assert "Sum of these lines 2 of 2 say what is required, 0 what is confirmed." in said
    assert "13,700,000 USD not known Total of the whole plan: January appeal" in said
    assert "It requires 9,600,000 USD more than the lines come to. IOM, 1 Feb 2026." in said
    assert "37,000,000" not in said  # never added to the lines


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "total", "sentence"),
    [
        ({"required": 5}, {"required": 5}, "The lines come to the same amount required."),
        ({"required": 7000}, {"required": 5}, "The lines come to 6,995 USD more than it requires."),
        ({"confirmed": 2}, {"required": 5}, "It cannot be compared with the lines: one of the two is not known."),
        ({"confirmed": 2}, {"confirmed": 5}, "It has 3 USD more confirmed than the lines."),
        ({"confirmed": 5}, {"confirmed": 2}, "The lines have 3 USD more confirmed."),
        ({"currency": "EUR"}, {"required": 5}, "The source does not break it down, or its lines are not recorded yet."),
    ],
)
def test_each_way_to_differ_has_its_sentence(field_client, line, total, sentence):
    crisis = log()
    add_activity(crisis, "Line", **line)
    add_activity(crisis, "Appeal", whole_plan=True, **total)

    assert sentence in work(field_client, crisis)


@pytest.mark.django_db
def test_totals_of_two_sources_stand_side_by_side(field_client):
    crisis = log()
    add_activity(crisis, "First", required=100, whole_plan=True, as_of=date(2026, 1, 1))
    add_activity(crisis, "Second", required=200, whole_plan=True, as_of=date(2026, 2, 1), source_kind="un")

    said = work(field_client, crisis)

    assert said.index("Total of the whole plan: Second") < said.index("Total of the whole plan: First")
    assert "300 USD" not in said


@pytest.mark.django_db
def test_a_total_of_the_whole_plan_states_an_amount_and_is_of_no_sector():
    crisis = log()

    with pytest.raises(ValidationError, match="the amount that the source gives for the whole plan"):
        add_activity(crisis, whole_plan=True)
    with pytest.raises(ValidationError, match="is of no sector"):
        add_activity(crisis, whole_plan=True, required=5, sectors=["S03"])


@pytest.mark.django_db
def test_the_form_takes_a_total_and_names_what_is_wrong_with_it(field_client):
    crisis = log()
    said = {"name": "Appeal", "currency": "USD", "required": "5000", "whole_plan": "on", "source_kind": "iom"}
    said |= {"as_of_year": "2026", "as_of_month": "1"}
    form = reverse("activity-add", args=[crisis.reference])

    wrong = field_client.post(form, said | {"key": str(uuid.uuid4()), "sectors": ["S03"]})
    empty = field_client.post(form, said | {"key": str(uuid.uuid4()), "required": ""})
    right = field_client.post(form, said | {"key": str(uuid.uuid4())})

    assert "The total of the whole plan is of no sector: clear the sectors." in text(wrong.content.decode())
    assert "Enter the amount that the source gives for the whole plan." in text(empty.content.decode())
    assert (wrong.status_code, empty.status_code, right.status_code) == (400, 400, 303)
    assert Activity.objects.get().whole_plan


@pytest.mark.django_db
def test_the_api_tells_lines_and_totals_apart():
    crisis = log()
    add_activity(crisis, "Shelter", required=12, confirmed=2)
    add_activity(crisis, "Cash", currency="EUR")
    add_activity(crisis, "Appeal", required=20, whole_plan=True, source="Appeal 7")

    body = reader(make_hq()).get(f"/api/v1/crises/{crisis.reference}/").json()

    assert {line["name"]: line["whole_plan"] for line in body["activities"]} == {
        "Appeal": True,
        "Shelter": False,
        "Cash": False,
    }
    euros, dollars = body["money"]
    assert euros == {
        "currency": "EUR",
        "lines": 1,
        "required": None,
        "requiring": 0,
        "confirmed": None,
        "confirming": 0,
        "totals": [],
    }
    assert (dollars["required"], dollars["confirmed"], dollars["lines"]) == (12, 2, 1)
    (total,) = dollars["totals"]
    assert (total["required"], total["required_more"], total["confirmed_more"]) == (20, 8, None)
    assert total["source"] == "Appeal 7"


@pytest.mark.django_db
def test_a_cell_lists_the_lines_of_its_sector_and_says_what_else_they_cover(field_client):
    crisis = log()
    add_activity(crisis, "Evacuation", sectors=["S03", "S12"], required=2_000_000, confirmed=500)
    add_activity(crisis, "Buses", sectors=["S03"])
    add_activity(crisis, "Radio", sectors=["S15"], required=7)
    add_activity(crisis, "Appeal", required=9, whole_plan=True)

    said = text(field_client.get(reverse("cell", args=[crisis.reference, "S03", "during"])).content.decode())

    assert "Evacuation 2,000,000 USD required. 500 USD confirmed. IOM, 1 Feb 2026. Also covers Consular" in said
    assert "the amounts are not all this sector's." in said
    assert "Buses Required: not known. Confirmed: not known." in said
    assert "Radio" not in said
    assert "Appeal" not in said
