"""The page that logs a crisis: what it asks, what it refuses, and that nothing typed is lost."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crises.models import Crisis, Draft
from tests.conftest import signed_in
from tests.factories import log, make_field, make_hq, make_office, make_user, phase

pytestmark = pytest.mark.django_db
ADDRESS = "/crises/new/"


def answers(office, **more):
    said = {
        "key": str(uuid.uuid4()),
        "main_country": "LBY",
        "title": "Libya 2014",
        "cause": "conflict",
        "phases": [phase("during").pk],
        "office": office.pk,
        "sharing": "staff",
    }
    return said | more


def errors(response):
    """What the error summary says."""
    box = response.content.decode().partition('class="errors"')[2].partition("</ul>")[0]
    return re.findall(r"<li>(?:<a [^>]*>)?([^<]+)", box)


def test_four_answers_log_a_crisis_and_the_page_says_what_follows(field_client, office):
    response = field_client.post(ADDRESS, answers(office), follow=True)

    crisis = Crisis.objects.get()
    assert response.redirect_chain[0][0].startswith(reverse("crisis", args=[crisis.reference]))
    message = str(next(iter(response.context["messages"])))
    assert re.fullmatch(
        rf"Crisis {crisis.reference} received \d\d:\d\d UTC. 7 critical sectors are not active.", message
    )


def test_an_empty_form_names_the_four_answers_it_needs(field_client, office):
    response = field_client.post(ADDRESS, {"key": uuid.uuid4(), "office": office.pk, "sharing": "staff"})

    assert response.status_code == 400
    assert errors(response) == [
        "Select the country most affected.",
        "Enter a short name.",
        "Select the main cause.",
        "Select at least one phase.",
    ]
    assert "<title>Error: Log a crisis" in response.content.decode()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"title": "x" * 94}, "Short name must be 80 characters or fewer. It has 94."),
        ({"started_month": "6"}, "Start date must include a year."),
        ({"started_day": "31", "started_month": "2", "started_year": "2014"}, "Start date must be a real date."),
        (
            {"started_year": "2099"},
            "Start date must be today or in the past. For a crisis you expect, choose only “Before”.",
        ),
        ({"people": "many"}, "People affected must be a whole number, like 12500."),
        ({"people": "-5"}, "People affected must be 0 or more."),
        ({"people": "12 500", "people_date_year": "2014"}, "Select who gave the figure."),
        ({"people": "12 500", "people_source": "un"}, "Enter the date of the figure."),
        ({"glide": "EQ-15-NPL"}, "GLIDE number must look like EQ-2015-000048-NPL."),
        ({"summary": "x" * 1120}, "Summary must be 1000 characters or fewer. It has 1120."),
        (
            {"started_year": "2014", "started_unknown": "on"},
            "Enter the start date or select “Not known yet”, not both.",
        ),
    ],
)
def test_each_mistake_is_named_and_what_was_typed_stays(field_client, office, said, message):
    response = field_client.post(ADDRESS, answers(office, **said))

    assert response.status_code == 400
    assert message in errors(response)
    for value in said.values():
        assert str(value) in response.content.decode()
    assert not Crisis.objects.exists()


def test_a_first_figure_is_kept_with_its_source_and_date(field_client, office):
    said = {"people": "12 500", "people_source": "iom_dtm", "people_date_month": "6", "people_date_year": "2014"}

    field_client.post(ADDRESS, answers(office, **said))

    figure = Crisis.objects.get().figures.get()
    assert (figure.value, figure.metric, figure.source_kind, figure.as_of_iso) == (
        12500,
        "affected",
        "iom_dtm",
        "2014-06",
    )
    assert figure.headline


def test_a_double_click_a_reload_and_a_retry_are_one_crisis(field_client, office):
    said = answers(office)

    first, again = field_client.post(ADDRESS, said), field_client.post(ADDRESS, said)

    assert first.url == again.url
    assert Crisis.objects.count() == 1


def test_the_same_form_with_other_answers_shows_both(field_client, office):
    said = answers(office)
    field_client.post(ADDRESS, said)

    response = field_client.post(ADDRESS, said | {"title": "Another name"})

    page = response.content.decode()
    assert response.status_code == 422
    assert "Libya 2014" in page
    assert "Another name" in page
    assert Crisis.objects.count() == 1


def test_a_likely_duplicate_is_asked_about_before_anything_is_saved(field_client, office):
    now = timezone.now()
    like = log(title="Tripoli clashes", started_on=now.date(), start_precision="day", at=now)
    today = (now - timedelta(days=5)).date()
    said = answers(
        office,
        started_day=str(today.day),
        started_month=str(today.month),
        started_year=str(today.year),
        summary="Kept.",
    )

    asked = field_client.post(ADDRESS, said)
    unexplained = field_client.post(ADDRESS, said | {"new": "1", "distinct_from": like.reference})
    explained = field_client.post(
        ADDRESS, said | {"new": "1", "distinct_from": like.reference, "why_distinct": "Another town and other people."}
    )

    assert "Tripoli clashes" in asked.content.decode()
    assert 'name="summary" value="Kept."' in asked.content.decode()
    assert unexplained.status_code == 400
    assert explained.status_code == 302
    reason = Crisis.objects.get(title="Libya 2014").history.get().history_change_reason
    assert (reason["distinct_from"], reason["why"]) == ([like.reference], "Another town and other people.")


def test_a_duplicate_nobody_may_show_me_is_not_hinted_at(field_client, office):
    lima = make_office("lima", country="PER")
    log(title="Canary", office=lima, by=make_field(lima, "lima-field"), country="LBY", sharing="office")

    response = field_client.post(ADDRESS, answers(office))

    assert response.status_code == 302


def test_going_back_from_the_duplicates_keeps_every_answer(field_client, office):
    response = field_client.post(ADDRESS, answers(office, summary="Kept.", again="1"))

    page = response.content.decode()
    assert response.status_code == 200
    assert "Kept." in page
    assert 'class="errors"' not in page


def test_answers_sent_after_the_session_ended_come_back_after_signing_in(client, office):
    by = make_field(office)

    refused = client.post(ADDRESS, answers(office, summary="Three hours of work."))
    client.force_login(by)
    form = client.get(ADDRESS).content.decode()

    assert refused.status_code == 302
    assert "/login/" in refused.url
    assert "Three hours of work." in form
    assert "Your answers are kept." in form


def test_a_draft_needs_nothing_and_comes_back_as_it_was(field_client, office):
    key = str(uuid.uuid4())

    response = field_client.post(ADDRESS, {"key": key, "title": "Half a name", "draft": "1"}, follow=True)

    assert "Half a name" in response.content.decode()
    assert 'class="errors"' not in response.content.decode()
    assert "Half a name" in field_client.get("/drafts/").content.decode()


def test_logging_a_crisis_from_a_draft_removes_the_draft(field_client, office):
    said = answers(office)
    field_client.post(ADDRESS, said | {"draft": "1"})

    field_client.post(ADDRESS, said)

    assert not Draft.objects.exists()
    assert Crisis.objects.get().title in field_client.get("/drafts/").content.decode()


def test_a_draft_is_its_writers_alone(field_client, other_client, office):
    key = str(uuid.uuid4())
    field_client.post(ADDRESS, {"key": key, "title": "Canary", "draft": "1"})

    assert other_client.get(f"{ADDRESS}?draft={key}").status_code == 404
    assert other_client.post(f"/drafts/{key}/discard/").status_code == 404
    assert "Canary" not in other_client.get("/drafts/").content.decode()
    assert field_client.post(f"/drafts/{key}/discard/").status_code == 302
    assert not Draft.objects.exists()


def test_people_without_an_office_are_told_who_grants_the_right(db):
    for user in (make_hq(), make_user("nobody")):
        response = signed_in(user).get(ADDRESS)

        assert response.status_code == 403
        assert "lead" in response.content.decode()


def test_an_office_of_other_people_cannot_be_posted(field_client, office):
    lima = make_office("lima", country="PER")

    response = field_client.post(ADDRESS, answers(lima))

    assert response.status_code == 400
    assert not Crisis.objects.exists()


def test_the_form_costs_the_same_queries_for_everybody(field_client, office, django_assert_num_queries):
    # session, user, the edition in force, offices, and for the choices: countries, phases
    with django_assert_num_queries(6):
        field_client.get(ADDRESS)
