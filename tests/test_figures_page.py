"""Figures, lines of work and levels: received once, told where they are wrong, never overwritten."""

import html
import re
import uuid
from datetime import date, timedelta

import pytest
from django.urls import reverse

from crises import services
from crises.models import Activity, Figure, LevelDecision
from tests.conftest import signed_in
from tests.factories import NOON, add_activity, add_figure, decide_level, log, make_field, make_hq, make_lead, share

pytestmark = pytest.mark.django_db

FIGURE = {
    "metric": "displaced",
    "group": "returnees",
    "value": "12 500",
    "qualifier": "about",
    "unit": "people",
    "as_of_day": "",
    "as_of_month": "2",
    "as_of_year": "2026",
    "source_kind": "iom_dtm",
    "source": "DTM round 3",
    "place": "Sindh",
    "sectors": ["S02", "S04"],
    "note": "Two districts not reached.",
    "headline": "on",
}
ACTIVITY = {
    "name": "Evacuation of stranded migrants",
    "sectors": ["S03", "S12"],
    "currency": "usd",
    "required": "2 000 000",
    "confirmed": "",
    "as_of_year": "2026",
    "source_kind": "iom",
}
LEVEL = {
    "value": "3",
    "decided_on": "2026-02-01",
    "decided_by": "The emergency board",
    "note": "More people than one office can serve.",
    "review_on": "2026-05-01",
    "source": "Decision 7",
}


def address(name, crisis):
    return reverse(name, args=[crisis.reference])


def send(client, name, crisis, said, **more):
    """Send a form with a key of its own, unless one is given."""
    return client.post(address(name, crisis), {"key": str(uuid.uuid4())} | said | more)


def errors(response):
    """What the summary says, and that each question repeats its own."""
    box = response.content.decode().partition('class="errors"')[2].partition("</ul>")[0]
    found = [html.unescape(error) for error in re.findall(r"<li>\s*(?:<a [^>]*>)?\s*([^<]+?)\s*<", box)]
    linked = re.findall(r'<li>\s*<a href="#([\w-]+)"', box)
    for target in linked:
        assert f'id="{target}"' in response.content.decode()
    return found


def message(client, response):
    """What the page after a save says."""
    assert response.status_code == 303
    box = client.get(response.url).content.decode().partition('class="msgs" role="status">')[2].partition("</div>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", box)).split())


def key_of(response):
    return re.search(r'name="key" value="([\w-]{36})"', response.content.decode())[1]


# figures


def test_a_figure_is_kept_as_the_source_said_it(field_client):
    crisis = log()

    response = send(field_client, "figure-add", crisis, FIGURE)

    figure = Figure.objects.get()
    assert response.url == address("figure-list", crisis)
    assert message(field_client, response) == "The figure is added."
    assert (figure.metric, figure.group, figure.value, figure.qualifier) == ("displaced", "returnees", 12500, "about")
    assert (figure.as_of_iso, figure.source_kind, figure.source) == ("2026-02", "iom_dtm", "DTM round 3")
    assert (figure.place, figure.note, figure.headline) == ("Sindh", "Two districts not reached.", True)
    assert [sector.code for sector in figure.sectors.all()] == ["S02", "S04"]
    assert figure.recorded_by.username == "field"


def test_a_number_left_empty_is_not_known_and_not_zero(field_client):
    crisis = log()

    send(field_client, "figure-add", crisis, FIGURE, value="")

    assert Figure.objects.get().value is None
    assert "not known" in field_client.get(address("figure-list", crisis)).content.decode()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"metric": ""}, "Select what is counted."),
        ({"group": "martians"}, "Select which group is counted."),
        ({"value": "many"}, "The number must be a whole number, like 12500."),
        ({"value": "-4"}, "The number must be 0 or more."),
        ({"as_of_year": "", "as_of_month": ""}, "Enter the date it holds for."),
        ({"as_of_year": ""}, "Date must include a year."),
        ({"as_of_day": "31"}, "Date must be a real date."),
        ({"as_of_year": "2099"}, "The date must be today or in the past."),
        ({"source_kind": ""}, "Select who says so."),
        ({"place": "x" * 90}, "Place must be 80 characters or fewer. It has 90."),
        ({"sectors": ["S02", "S99"]}, "“S99” is not one of the sectors."),
    ],
)
def test_each_mistake_of_a_figure_is_named_and_the_rest_stays(field_client, said, message):
    response = send(field_client, "figure-add", log(), FIGURE | said)

    assert response.status_code == 400
    assert errors(response) == [message]
    assert response.content.decode().count(html.escape(message)) == 2  # in the summary and at its question
    assert "<title>Error: Add a figure" in response.content.decode()
    assert 'value="Two districts not reached."' in response.content.decode()
    assert not Figure.objects.exists()


def test_an_empty_figure_names_what_it_needs(field_client):
    response = send(field_client, "figure-add", log(), {"qualifier": "exact", "unit": "people", "group": "all"})

    assert errors(response) == ["Select what is counted.", "Enter the date it holds for.", "Select who says so."]


@pytest.mark.parametrize(
    ("name", "said", "model", "client_name"),
    [
        ("figure-add", FIGURE, Figure, "field_client"),
        ("activity-add", ACTIVITY, Activity, "field_client"),
        ("crisis-level", LEVEL, LevelDecision, "hq_client"),
    ],
)
class TestSentTwice:
    """What holds for each of the three forms."""

    @pytest.fixture
    def client(self, request, client_name):
        return request.getfixturevalue(client_name)

    def test_a_double_click_is_one_statement(self, client, name, said, model):
        crisis, said = log(), said | {"key": str(uuid.uuid4())}

        first, again = client.post(address(name, crisis), said), client.post(address(name, crisis), said)

        assert first.url == again.url
        assert "It was saved once." in message(client, again)
        assert model.objects.count() == 1

    def test_the_same_form_with_other_answers_is_asked_about_and_then_added(self, client, name, said, model):
        crisis, key = log(), str(uuid.uuid4())
        client.post(address(name, crisis), said | {"key": key})

        response = client.post(address(name, crisis), said | {"key": key, "note": "Another."})

        assert response.status_code == 422
        assert "with other answers, and those are saved." in errors(response)[0]
        assert model.objects.count() == 1
        client.post(address(name, crisis), said | {"key": key_of(response), "note": "Another."})
        assert model.objects.count() == 2

    def test_a_refused_form_keeps_its_key_and_one_without_gets_a_new_one(self, client, name, said, model):
        crisis, key = log(), str(uuid.uuid4())

        refused = client.post(address(name, crisis), said | {"key": key, "note": "x" * 400})
        lost = client.post(address(name, crisis), said)

        assert key_of(refused) == key
        assert (lost.status_code, len(key_of(lost))) == (400, 36)
        assert not model.objects.exists()

    def test_what_was_typed_when_the_session_had_ended_is_there_after_signing_in(self, client, name, said, model):
        crisis = log()
        writer = client.session["_auth_user_id"]
        client.session.flush()
        client.cookies.clear()

        asked = client.post(address(name, crisis), said | {"key": str(uuid.uuid4()), "writer": writer, "note": "Kept."})
        assert asked.url.startswith("/login/")
        client.force_login(make_hq() if name == "crisis-level" else make_field())
        page = client.get(address(name, crisis)).content.decode()

        assert "Kept." in page
        assert "What you wrote is kept. Check it and save." in page
        assert not model.objects.exists()


def test_a_figure_can_be_added_to_a_closed_crisis(field_client):
    crisis = log()
    services.close_crisis(crisis=crisis, by=make_lead(), at=NOON + timedelta(days=1))

    assert send(field_client, "figure-add", crisis, FIGURE).status_code == 303


def test_hq_does_not_enter_figures_or_work(hq_client):
    crisis = log()

    assert send(hq_client, "figure-add", crisis, FIGURE).status_code == 403
    assert send(hq_client, "activity-add", crisis, ACTIVITY).status_code == 403
    assert not Figure.objects.exists()


# the list


def rows(client, crisis):
    body = client.get(address("figure-list", crisis)).content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    cut = (re.sub(r"<[^>]*>", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", body, re.S))
    return [" ".join(html.unescape(row).split()) for row in cut]


def test_every_statement_is_listed_with_its_source_and_none_is_added_up(hq_client):
    crisis = log()
    add_figure(crisis, 1000, as_of=date(2026, 1, 1), headline=False)
    services.add_figure(
        crisis=crisis,
        by=make_field(),
        at=NOON,
        metric="displaced",
        value=None,
        source_kind="iom_dtm",
        source="https://example.org/round-3",
        as_of=date(2026, 2, 1),
        as_of_precision="month",
        place="Sindh",
        note="Two districts not reached.",
    )

    assert rows(hq_client, crisis) == [
        "Displaced All groups not known Feb 2026 IOM Displacement Tracking Matrix https://example.org/round-3 "
        "recorded by field , 1 Mar 2026 Sindh Two districts not reached.",
        "People affected All groups 1,000 people 1 Jan 2026 United Nations recorded by field , 1 Mar 2026",
    ]


def test_an_empty_list_says_that_unknown_stays_unknown(field_client, hq_client):
    crisis = log()

    assert "Unknown stays unknown; do not enter 0." in field_client.get(address("figure-list", crisis)).content.decode()
    assert "Add the first figure" not in hq_client.get(address("figure-list", crisis)).content.decode()


def test_the_list_costs_the_same_for_one_figure_and_many(field_client, django_assert_num_queries):
    one, many = log(), log()
    add_figure(one, 1)
    for n in range(12):
        add_figure(many, n, at=NOON + timedelta(minutes=n))

    # session, reader, crisis, figures with who recorded and withdrew them, their sectors, their parts
    for crisis in (one, many):
        with django_assert_num_queries(6):
            field_client.get(address("figure-list", crisis))


def test_the_forms_cost_the_same_whatever_there_is(field_client, hq_client, django_assert_num_queries):
    crisis = log()
    hq_client.get(address("crisis-level", crisis))  # the process holds the edition from here on

    for _time in range(2):
        # session, reader, crisis
        with django_assert_num_queries(3):
            field_client.get(address("activity-add", crisis))
        # session, reader, crisis, bands of ages
        with django_assert_num_queries(4):
            field_client.get(address("figure-add", crisis))
        # session, reader, crisis, decisions with who recorded them, what the levels mean
        with django_assert_num_queries(5):
            hq_client.get(address("crisis-level", crisis))
        for value in "123":
            decide_level(crisis, value)
        add_activity(crisis)


# lines of work


def test_a_line_of_work_is_kept_with_its_sectors_and_money(field_client):
    crisis = log()

    response = send(field_client, "activity-add", crisis, ACTIVITY)

    line = Activity.objects.get()
    assert response.url == address("crisis", crisis) + "#work"
    assert (line.name, line.currency, line.required, line.confirmed) == (ACTIVITY["name"], "USD", 2_000_000, None)
    assert (line.as_of_iso, [sector.code for sector in line.sectors.all()]) == ("2026", ["S03", "S12"])


def test_a_line_of_work_may_be_of_no_sector(field_client):
    send(field_client, "activity-add", log(), ACTIVITY | {"sectors": []})

    assert not Activity.objects.get().sectors.exists()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"name": ""}, "Enter the line of work."),
        ({"currency": "dollars"}, "Write the currency as three capital letters, like USD."),
        ({"currency": ""}, "Enter the currency."),
        ({"required": "2.5 million"}, "The amount required must be a whole number, like 12500."),
        ({"confirmed": "-1"}, "The amount confirmed must be 0 or more."),
        ({"as_of_year": "2099"}, "The date must be today or in the past."),
    ],
)
def test_each_mistake_of_a_line_of_work_is_named(field_client, said, message):
    response = send(field_client, "activity-add", log(), ACTIVITY | said)

    assert response.status_code == 400
    assert message in errors(response)
    assert not Activity.objects.exists()


# levels


def test_a_decision_is_added_to_the_log_and_knows_its_scheme(hq_client):
    crisis = log()
    decide_level(crisis, "2")

    send(hq_client, "crisis-level", crisis, LEVEL)
    send(hq_client, "crisis-level", crisis, LEVEL, value="L3", note="Whole system.")

    assert set(crisis.levels.values_list("scheme", "value")) == {("iom", "2"), ("iom", "3"), ("inter_agency", "L3")}
    page = hq_client.get(address("crisis-level", crisis)).content.decode()
    assert page.count("Decision 7") == 2
    assert "Whole system." in page


def test_no_level_is_chosen_by_leaving_the_form_as_it_is(hq_client):
    response = send(hq_client, "crisis-level", log(), LEVEL | {"value": ""})

    assert errors(response) == ["Select the level that was decided."]
    select = response.content.decode().partition('<select name="value"')[2].partition("</select>")[0]
    assert re.findall(r'value="(\w*)"', select)[0] == ""
    assert re.findall(r'value="(\w*)" selected', select) in ([], [""])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"decided_on": ""}, "Enter the day of the decision."),
        ({"decided_by": " "}, "Say who decided: a body or a function."),
        ({"note": ""}, "Say in a few words why this was decided."),
        ({"decided_on": "soon"}, "The day of the decision must be a real date, like 2026-09-24."),
        ({"decided_on": "2099-01-01", "review_on": ""}, "The date must be today or in the past."),
        ({"ended_on": "2026-01-01"}, "The end of a level must be the day of the decision or later."),
        ({"ended_on": "2099-01-01"}, "The date must be today or in the past."),
        ({"review_on": "2026-01-01"}, "The review date must be the day of the decision or later."),
    ],
)
def test_each_mistake_of_a_decision_is_named_at_its_day(hq_client, said, message):
    response = send(hq_client, "crisis-level", log(), LEVEL | said)

    assert response.status_code == 400
    assert errors(response) == [message]
    assert response.content.decode().count(message) == 2
    assert not LevelDecision.objects.exists()


def test_only_hq_decides(lead_client):
    crisis = log()
    response = send(lead_client, "crisis-level", crisis, LEVEL)

    assert (response.status_code, lead_client.get(address("crisis-level", crisis)).status_code) == (403, 403)
    assert "You need to be an HQ reviewer." in response.content.decode()


def test_the_proposal_of_the_office_is_shown_to_who_decides(hq_client):
    crisis = log(level_proposed=2)

    assert "The office proposes level 2." in hq_client.get(address("crisis-level", crisis)).content.decode()


def test_a_hidden_crisis_takes_nothing(other_client):
    crisis = log()

    for name, said in (("figure-add", FIGURE), ("activity-add", ACTIVITY), ("crisis-level", LEVEL)):
        assert send(other_client, name, crisis, said).status_code == 404
    assert not Figure.objects.exists()


def test_names_of_who_recorded_a_figure_stay_inside(partner_client):
    field = make_field()
    field.first_name = "Canary"
    field.save()
    crisis = share(log(by=field))
    add_figure(crisis, 3, by=field)

    page = partner_client.get(address("figure-list", crisis)).content.decode()

    assert "Canary" not in page
    assert "fewer than <b>5</b> people" in " ".join(page.split())
    assert "Canary" in signed_in(field).get(address("figure-list", crisis)).content.decode()
