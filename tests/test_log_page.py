"""The page that logs a crisis: what it asks, what it refuses, and that one submission is one crisis."""

import re
import threading
import uuid
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from crises.models import Crisis, Draft
from offices.models import Role
from sectors import reference
from sectors.models import Edition
from tests.conftest import signed_in
from tests.factories import log, make_field, make_hq, make_office, make_partner, make_user

pytestmark = pytest.mark.django_db
ADDRESS = "/crises/new/"


def answers(office, **more):
    """The four required answers, and what the page sends with them."""
    said = {
        "key": str(uuid.uuid4()),
        "main_country": "LBY",
        "title": "Libya 2014",
        "cause": "conflict",
        "phases": ["during"],
        "office": office.slug,
        "sharing": "staff",
    }
    return said | more


def errors(response):
    """What the error summary says."""
    box = response.content.decode().partition('class="errors"')[2].partition("</ul>")[0]
    return re.findall(r"<li>(?:<a [^>]*>)?([^<]+)", box)


def text(response):
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", response.content.decode()))


# what it asks


def test_the_form_starts_with_what_the_system_knows_and_nothing_else(field_client, office):
    page = field_client.get(ADDRESS).content.decode()

    assert '<option value="LBY" selected>Libya</option>' in page
    assert f'<input type="hidden" name="office" value="{office.slug}">' in page
    checked = set(re.findall(r'name="(\w+)" value="(\w*)"[^>]* checked', page))
    unknown = {("onset", ""), ("crosses_border", ""), ("foreign_nationals", ""), ("state_request", "")}
    assert checked == unknown | {("level_proposed", ""), ("sharing", "staff")}


def test_every_form_has_a_number_of_its_own(field_client):
    first, second = (re.search(r'name="key" value="([^"]+)', field_client.get(ADDRESS).content.decode()) for _ in "ab")

    assert first[1] != second[1]


def test_a_person_of_several_offices_says_for_which(office):
    lima = make_office("lima", country="PER")
    by = make_field(office)
    make_user("field", Role.LEAD, office=lima)

    page = signed_in(by).get(ADDRESS).content.decode()
    unsaid = signed_in(by).post(ADDRESS, answers(office) | {"office": ""})
    signed_in(by).post(ADDRESS, answers(lima))

    assert '<option value="" selected>Select an office</option>' in page
    assert "selected>Libya" not in page
    assert errors(unsaid) == ["Select your office."]
    assert Crisis.objects.get().office == lima


def test_people_without_an_office_are_told_who_grants_the_right(db):
    for user in (make_hq(), make_user("nobody"), make_partner()):
        response = signed_in(user).get(ADDRESS)

        assert response.status_code == 403
        assert "You need to be a field officer or lead of an office to log a crisis." in text(response)


def test_the_form_costs_the_same_queries_for_everybody(field_client, office, django_assert_num_queries):
    reference.content(Edition.objects.current().pk)

    # session, user, own offices, the edition in force, and the countries to choose from
    with django_assert_num_queries(5):
        field_client.get(ADDRESS)


# what it refuses


def test_an_empty_form_names_the_four_answers_it_needs(field_client, office):
    response = field_client.post(ADDRESS, {"key": uuid.uuid4(), "office": office.slug, "sharing": "staff"})

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
        ({"main_country": "XXX"}, "Select the country most affected."),
        ({"cause": "bad luck"}, "Select the main cause."),
        ({"started_month": "6"}, "Start date must include a year."),
        ({"started_day": "6", "started_year": "2014"}, "Start date must include a month."),
        ({"started_day": "31", "started_month": "2", "started_year": "2014"}, "Start date must be a real date."),
        ({"started_year": "0201"}, "Start date must be a real date."),
        (
            {"started_year": "2099"},
            "Start date must be today or in the past. For a crisis you expect, choose only “Before”.",
        ),
        (
            {"started_year": "2014", "started_unknown": "on"},
            "Enter the start date or select “Not known yet”, not both.",
        ),
        ({"people": "many"}, "People affected must be a whole number, like 12500."),
        ({"people": "12,500"}, "People affected must be a whole number, like 12500."),
        ({"people": "12.5"}, "People affected must be a whole number, like 12500."),
        ({"people": "-5"}, "People affected must be 0 or more."),
        ({"people": "9999999999999"}, "People affected must be 1000000000000 or fewer."),
        ({"people": "12 500", "people_date_year": "2014"}, "Select who gave the figure."),
        ({"people": "12 500", "people_source": "un"}, "Enter the date of the figure."),
        ({"people_source": "un"}, "Enter how many people are affected, or clear the source and the date."),
        ({"places": "x" * 201}, "Places must be 200 characters or fewer. It has 201."),
        ({"glide": "EQ-15-NPL"}, "GLIDE number must look like EQ-2015-000048-NPL."),
        ({"summary": "x" * 1120}, "Summary must be 1,000 characters or fewer. It has 1,120."),
    ],
)
def test_each_mistake_is_named_and_what_was_typed_stays(field_client, office, said, message):
    response = field_client.post(ADDRESS, answers(office, **said))

    assert response.status_code == 400
    assert message in errors(response)
    assert text(response).count(message) == 2  # in the summary and at the question
    for name, value in said.items():
        assert value in response.content.decode() or name in ("main_country", "cause")
    assert not Crisis.objects.exists()


def test_the_mistakes_of_the_whole_page_are_told_at_once_in_its_order(field_client, office):
    said = {"title": "", "started_month": "6", "people": "many", "glide": "EQ-15-NPL", "summary": "x" * 1001}

    response = field_client.post(ADDRESS, answers(office, **said))

    assert [message.split()[0] for message in errors(response)] == ["Enter", "Start", "People", "GLIDE", "Summary"]


def test_each_mistake_leads_to_an_input(field_client, office):
    said = {"started_month": "6", "people": "1", "cause": ""}

    page = field_client.post(ADDRESS, answers(office, **said)).content.decode()

    links = re.findall(r'<li><a href="#([^"]+)', page)
    assert links == ["id_cause_0", "id_started_0", "id_people_source", "id_people_date_0"]
    for link in links:
        assert re.search(rf'<(input|select)[^>]* id="{link}"', page)


def test_a_line_break_counts_as_one_character(field_client, office):
    field_client.post(ADDRESS, answers(office, summary="x" * 499 + "\r\n" + "x" * 500))

    assert len(Crisis.objects.get().summary) == 1000


def test_numbers_may_have_spaces_between_thousands(field_client, office):
    said = {"people_source": "iom_dtm", "people_date_month": "6", "people_date_year": "2014"}

    field_client.post(ADDRESS, answers(office, people="12\u202f500", **said))

    figure = Crisis.objects.get().figures.get()
    assert (figure.value, figure.metric, figure.group, figure.headline) == (12500, "affected", "all", True)
    assert (figure.source_kind, figure.as_of_iso) == ("iom_dtm", "2014-06")


def test_an_office_of_other_people_is_refused(field_client, office):
    response = field_client.post(ADDRESS, answers(make_office("lima", country="PER")))

    assert response.status_code == 403
    assert not Crisis.objects.exists()


def test_a_form_without_its_number_gets_a_new_one_and_keeps_the_answers(field_client, office):
    response = field_client.post(ADDRESS, answers(office, key="lost", summary="Kept."))

    number = re.search(r'name="key" value="([^"]+)', response.content.decode())[1]
    assert errors(response) == ["This form had lost its number and has a new one. Check your answers and save."]
    assert "Kept." in response.content.decode()
    assert field_client.post(ADDRESS, answers(office, key=number)).status_code == 303


# one submission, one crisis


def test_four_answers_log_a_crisis_and_the_page_says_what_follows(field_client, office):
    response = field_client.post(ADDRESS, answers(office))
    page = field_client.get(response.url)

    crisis = Crisis.objects.get()
    assert (response.status_code, response.url) == (303, reverse("crisis", args=[crisis.reference]))
    received = f"Crisis {crisis.reference} received {crisis.logged_at:%H:%M} UTC. 7 critical sectors are not active."
    assert received in text(page)
    assert (crisis.crosses_border, crisis.onset, crisis.started_on, crisis.state_request) == (None, "", None, None)


def test_a_double_click_a_reload_and_a_retry_are_one_crisis(field_client, office):
    said = answers(office)

    first, again = field_client.post(ADDRESS, said), field_client.post(ADDRESS, said)

    assert (first.status_code, again.status_code) == (303, 303)
    assert first.url == again.url
    assert Crisis.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sixteen_senders_of_one_form_are_all_led_to_the_one_crisis(seeded):
    office = make_office()
    by, said, found = make_field(office), answers(office), []
    clients = [signed_in(by) for _ in range(16)]

    def send(client):
        try:
            response = client.post(ADDRESS, said)
            found.append((response.status_code, response.headers.get("Location")))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [(303, reverse("crisis", args=[Crisis.objects.get().reference]))] * 16


def test_the_same_form_with_other_answers_shows_both(field_client, office):
    figure = {"people": "400", "people_source": "un", "people_date_year": "2014"}
    said = answers(office, **figure)
    field_client.post(ADDRESS, said)

    response = field_client.post(
        ADDRESS,
        said | {"title": "Another name", "crosses_border": "no", "phases": ["during", "after"], "people": "500"},
    )

    crisis = Crisis.objects.get()
    page = response.content.decode()
    rows = dict(re.findall(r'<th scope="row">([^<]+)</th>\s*(<td>.*?</td>\s*<td>.*?</td>)', page, re.DOTALL))
    told = {question: re.findall(r"<td>(?:<strong>)?([^<]*)", cells) for question, cells in rows.items()}
    assert response.status_code == 422
    assert told["Short name"] == ["Libya 2014", "Another name"]
    assert told["Do people cross a border?"] == ["Not known yet", "No"]
    assert told["Where is it now?"] == ["During", "During, After"]
    assert told["How many people are affected?"] == ["400, United Nations, 2014", "500, United Nations, 2014"]
    assert told["Main cause"] == ["Conflict or violence", "the same"]
    assert f"{crisis.logged_at:%H:%M} UTC" in page
    assert reverse("crisis", args=[crisis.reference]) in page


def test_both_versions_show_what_was_received_and_not_what_it_became(field_client, office):
    said = answers(office)
    field_client.post(ADDRESS, said)
    crisis = Crisis.objects.get()
    edit = {"revision": crisis.facts_revision, "main_country": "LBY", "title": "Renamed since", "cause": "conflict"}
    field_client.post(reverse("crisis-edit", args=[crisis.reference]), edit)

    response = field_client.post(ADDRESS, said | {"title": "Another name"})

    cells = response.content.decode().partition("Short name")[2].partition("</tr>")[0]
    assert "Libya 2014" in cells
    assert "Renamed since" not in cells


def test_the_second_version_can_be_logged_as_a_crisis_of_its_own(field_client, office):
    said = answers(office)
    field_client.post(ADDRESS, said)
    page = field_client.post(ADDRESS, said | {"title": "Another name"}).content.decode()

    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    new = {name: value for name, value in hidden.items() if name != "csrfmiddlewaretoken"}
    asked = field_client.post(ADDRESS, new)
    field_client.post(ADDRESS, new | {"distinct_from": Crisis.objects.get().reference, "why_distinct": "Elsewhere."})

    assert hidden["key"] != said["key"]
    assert "Is it one of these?" in text(asked)
    assert set(Crisis.objects.values_list("title", flat=True)) == {"Libya 2014", "Another name"}


# is it one of these?


def test_a_likely_duplicate_is_asked_about_before_anything_is_saved(field_client, office):
    now = timezone.now()
    like = log(title="Tripoli clashes", started_on=now.date(), start_precision="day", at=now)
    day = (now - timedelta(days=5)).date()
    when = {"started_day": str(day.day), "started_month": str(day.month), "started_year": str(day.year)}
    said = answers(office, summary="Kept.", phases=["before", "during"], **when)

    asked = field_client.post(ADDRESS, said)
    unexplained = field_client.post(ADDRESS, said | {"distinct_from": like.reference})
    explained = field_client.post(
        ADDRESS, said | {"distinct_from": like.reference, "why_distinct": "Another town and other people."}
    )

    page = asked.content.decode()
    assert asked.status_code == 200
    assert "Tripoli clashes" in page
    assert reverse("crisis", args=[like.reference]) in page
    assert 'name="summary" value="Kept."' in page
    assert page.count('name="phases"') == 2
    assert unexplained.status_code == 400
    assert errors(unexplained) == ["Say in a few words why it is a new crisis."]
    assert explained.status_code == 303
    reason = Crisis.objects.get(title="Libya 2014").history.get().history_change_reason
    assert (reason["distinct_from"], reason["why"]) == ([like.reference], "Another town and other people.")


def test_a_reason_given_for_one_crisis_does_not_pass_for_another(field_client, office):
    seen, new = log(title="Seen before"), log(title="Logged in the meantime")

    response = field_client.post(
        ADDRESS, answers(office, distinct_from=seen.reference, why_distinct="Another town and other people.")
    )

    page = response.content.decode()
    assert "Logged in the meantime" in page
    assert "Seen before" not in page
    assert f'name="distinct_from" value="{" ".join(sorted([seen.reference, new.reference]))}"' in page
    assert not Crisis.objects.filter(title="Libya 2014").exists()


def test_a_crisis_i_may_not_see_is_not_hinted_at(field_client, office):
    lima = make_office("lima", country="PER")
    log(title="Canary", office=lima, by=make_field(lima, "lima-field"), country="LBY", sharing="office")

    response = field_client.post(ADDRESS, answers(office))

    assert response.status_code == 303


def test_going_back_from_the_duplicates_keeps_every_answer_and_judges_none(field_client, office):
    said = answers(office, summary="Kept.", people="many", started_month="6", groups=["returnees"], again="1")

    response = field_client.post(ADDRESS, said)

    page = response.content.decode()
    assert response.status_code == 200
    assert "Kept." in page
    assert f'name="key" value="{said["key"]}"' in page
    assert re.search(r'name="people" value="many"', page)
    assert re.search(r'name="started_month" value="6"', page)
    assert re.search(r'name="groups" value="returnees"[^>]* checked', page)
    assert re.search(r'name="phases" value="during"[^>]* checked', page)
    assert 'class="err' not in page
    assert not Crisis.objects.exists()


# the session ended


def test_answers_sent_after_the_session_ended_come_back_after_signing_in(client, office):
    by = make_field(office)
    said = answers(office, summary="Three hours of work.", writer=str(by.pk))

    refused = client.post(ADDRESS, said)
    client.force_login(by)
    page = client.get(urlsplit(refused.url).query.partition("next=")[2], follow=True)

    assert "/login/" in refused.url
    assert not Crisis.objects.exists()
    assert "Three hours of work." in page.content.decode()
    assert f'name="key" value="{said["key"]}"' in page.content.decode()
    assert "Your answers are kept. Check them and save." in text(page)
    assert Draft.objects.get().user == by  # and nothing is lost if this page is not received either


def test_answers_of_one_person_are_not_shown_to_the_next(client, office):
    by, other = make_field(office), make_field(office, "other")

    client.post(ADDRESS, answers(office, summary="Canary", writer=str(by.pk)))
    client.force_login(other)
    page = client.get(ADDRESS, follow=True)

    assert "Canary" not in page.content.decode()
    assert not Draft.objects.exists()


def test_a_visitor_cannot_fill_the_sessions_with_rubbish(client, office):
    client.post(ADDRESS, answers(office, summary="x" * 100_000))

    assert "unsent" not in client.session


# what arrived may leave the device


def test_the_next_page_is_told_which_copies_on_the_device_may_go(field_client, office):
    said = answers(office)

    response = field_client.post(ADDRESS, said)
    page = field_client.get(response.url).content.decode()

    assert response.cookies["received"].value == said["key"]
    assert "draft.js" in page
    assert said["key"] not in page
