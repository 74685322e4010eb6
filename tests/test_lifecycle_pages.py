"""Pages for the course of a crisis: each says what follows before it happens, and what followed."""

import html
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crises import services
from crises.models import Crisis
from tests.factories import NOON, approve, log, make_field, make_lead, phase, send, set_status, share

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)


def address(name, crisis):
    return reverse(name, args=[crisis.reference])


def text(response):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode())).split())


def message(client, response):
    """What the page after a save says."""
    assert response.status_code == 303
    box = client.get(response.url).content.decode().partition('class="msgs" role="status">')[2].partition("</div>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", box)).split())


def errors(response):
    box = response.content.decode().partition('class="errors"')[2].partition("</ul>")[0]
    for target in re.findall(r'<li>\s*<a href="#([\w-]+)"', box):
        assert f'id="{target}"' in response.content.decode()
    return [html.unescape(error) for error in re.findall(r"<li>\s*(?:<a [^>]*>)?\s*([^<]+?)\s*<", box)]


def open_phases(crisis):
    return set(crisis.periods.filter(left_on=None).values_list("phase__slug", flat=True))


# phases


def test_the_page_says_what_entering_and_leaving_would_mean(field_client):
    crisis = log(phases=["before", "during"])
    set_status(crisis, "S06", "after", "active")

    said = text(field_client.get(address("crisis-phases", crisis)))

    assert "Entering “After” makes 5 critical sectors needed. 4 of them are not active and become gaps." in said
    assert "Leaving “During” ends 7 gaps" in said
    assert "Leaving “Before” ends 3 gaps" in said


def test_the_only_phase_cannot_be_left(field_client):
    crisis = log()

    said = text(field_client.get(address("crisis-phases", crisis)))

    assert "An open crisis is in at least one phase, and this is the only one." in said
    assert "Leave “During”" not in said
    response = field_client.post(address("crisis-phases", crisis), {"phase": "during", "leave": "1"})
    assert errors(response) == [
        "An open crisis is in at least one phase. Open the next phase first, or close the crisis."
    ]


def test_entering_a_phase_says_which_gaps_opened(field_client):
    crisis = log()

    response = field_client.post(
        address("crisis-phases", crisis), {"phase": "after", "day": "2026-03-01", "enter": "1"}
    )

    assert message(field_client, response) == "The crisis is in the phase “After”. 5 gaps have opened."
    assert crisis.periods.get(phase=phase("after")).entered_on == date(2026, 3, 1)
    assert "1 Mar 2026 \N{EN DASH} now" in text(field_client.get(address("crisis-phases", crisis)))


def test_leaving_a_phase_says_which_gaps_ended_and_means_today_where_no_day_is_given(field_client):
    crisis = log(phases=["during", "after"])

    response = field_client.post(address("crisis-phases", crisis), {"phase": "during", "leave": "1"})

    assert message(field_client, response) == "The crisis has left the phase “During”. 7 gaps have ended."
    assert crisis.periods.get(phase=phase("during")).left_on == timezone.now().date()


def test_a_second_click_on_a_phase_is_no_mistake(field_client):
    crisis, said = log(), {"phase": "after", "enter": "1"}
    field_client.post(address("crisis-phases", crisis), said)

    again = field_client.post(address("crisis-phases", crisis), said)

    assert message(field_client, again).endswith("The crisis is in the phase “After” already.")
    assert crisis.periods.filter(phase=phase("after")).count() == 1
    field_client.post(address("crisis-phases", crisis), {"phase": "after", "leave": "1"})
    left_again = field_client.post(address("crisis-phases", crisis), {"phase": "after", "leave": "1"})
    assert message(field_client, left_again).endswith("The crisis is not in the phase “After”.")


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        ("tomorrow", "The day must be a real date, like 2026-09-24."),
        ("2099-01-01", "The date must be today or in the past."),
    ],
)
def test_a_wrong_day_is_named_at_its_phase_and_stays(field_client, day, problem):
    crisis = log()

    response = field_client.post(address("crisis-phases", crisis), {"phase": "after", "day": day, "enter": "1"})

    assert response.status_code == 400
    assert errors(response) == [problem]
    assert 'href="#id_after_day"' in response.content.decode()
    assert response.content.decode().count(problem) == 2
    assert f'value="{day}"' in response.content.decode()
    assert open_phases(crisis) == {"during"}


def test_a_phase_is_not_left_before_it_was_entered(field_client):
    crisis = log(phases=["during"])
    services.open_phase(crisis=crisis, phase=phase("after"), by=make_field(), entered_on=date(2026, 3, 1), at=LATER)

    response = field_client.post(
        address("crisis-phases", crisis), {"phase": "after", "day": "2026-02-01", "leave": "1"}
    )

    assert errors(response) == ["The day a phase ended must be the day it began or later."]


def test_the_phases_of_a_closed_crisis_can_be_read_and_not_changed(field_client):
    crisis = log(phases=["during", "after"])
    services.close_crisis(crisis=crisis, by=make_lead(), at=LATER)

    assert (
        "<button class"
        not in field_client.get(address("crisis-phases", crisis)).content.decode().partition("<footer")[0]
    )
    response = field_client.post(address("crisis-phases", crisis), {"phase": "after", "leave": "1"})
    assert errors(response) == ["This crisis is closed. Its office's lead can reopen it."]


def test_an_unknown_phase_is_not_found(field_client):
    assert field_client.post(address("crisis-phases", log()), {"phase": "later", "enter": "1"}).status_code == 404


# closing and reopening


def test_closing_says_what_ends_with_it(lead_client):
    crisis = log(started_on=date(2026, 2, 1), start_precision="month")
    assert "7 gaps end with it" in text(lead_client.get(address("crisis-close", crisis)))

    response = lead_client.post(
        address("crisis-close", crisis), {"ended_month": "2", "ended_year": "2026", "why": "The State leads now."}
    )

    assert message(lead_client, response) == "The crisis is closed. 7 gaps have ended with it."
    crisis.refresh_from_db()
    assert (crisis.status, crisis.ended) == (Crisis.Status.CLOSED, "Feb 2026")
    assert crisis.history.first().history_change_reason["why"] == "The State leads now."


def test_an_end_known_to_the_year_is_not_before_a_start_in_that_year(lead_client):
    crisis = log(started_on=date(2014, 6, 12), start_precision="day")

    response = lead_client.post(address("crisis-close", crisis), {"ended_year": "2014"})

    assert response.status_code == 303
    crisis.refresh_from_db()
    assert crisis.ended == "2014"


def test_an_end_in_this_year_is_kept_as_a_day_that_has_come(lead_client):
    crisis = log(started_on=date(2014, 6, 12), start_precision="day")

    lead_client.post(address("crisis-close", crisis), {"ended_year": timezone.now().year})

    crisis.refresh_from_db()
    assert crisis.ended_on == timezone.now().date()
    assert crisis.ended == str(timezone.now().year)


def test_a_crisis_closes_without_an_end_that_nobody_knows(lead_client):
    crisis = log()

    lead_client.post(address("crisis-close", crisis), {})

    crisis.refresh_from_db()
    assert (crisis.status, crisis.ended_on) == (Crisis.Status.CLOSED, None)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"ended_year": "2099"}, "The date must be today or in the past."),
        ({"ended_year": "2013"}, "The end date must be the start date or later."),
        ({"ended_day": "3"}, "End date must include a year."),
        ({"why": "x" * 201}, "The reason must be 200 characters or fewer. It has 201."),
    ],
)
def test_each_mistake_of_an_end_is_named_at_its_question(lead_client, said, problem):
    crisis = log(started_on=date(2014, 6, 1), start_precision="month")

    response = lead_client.post(address("crisis-close", crisis), said)

    assert response.status_code == 400
    assert errors(response) == [problem]
    assert response.content.decode().count(problem) == 2
    crisis.refresh_from_db()
    assert crisis.is_open


def test_closing_twice_and_reopening_twice_change_nothing_more(lead_client):
    crisis = log()
    for name, words in (("crisis-close", "closed"), ("crisis-reopen", "open")):
        lead_client.post(address(name, crisis), {})

        assert message(lead_client, lead_client.post(address(name, crisis), {})).endswith(
            f"This crisis is {words} already."
        )
    assert crisis.history.count() == 3


def test_reopening_says_which_gaps_opened_and_keeps_the_reason(lead_client):
    crisis = log()
    services.close_crisis(crisis=crisis, by=make_lead(), ended_on=date(2026, 3, 2), end_precision="day", at=LATER)
    assert "gaps from now on" in text(lead_client.get(address("crisis-reopen", crisis)))

    response = lead_client.post(address("crisis-reopen", crisis), {"why": "Fighting began again."})

    assert message(lead_client, response) == "The crisis is open again. 7 gaps have opened."
    crisis.refresh_from_db()
    assert (crisis.is_open, crisis.ended_on) == (True, None)
    assert crisis.history.first().history_change_reason["why"] == "Fighting began again."


def test_a_field_officer_neither_closes_nor_reopens(field_client):
    crisis = log()
    response = field_client.post(address("crisis-close", crisis), {})

    assert response.status_code == 403
    assert "You need to be the lead of this crisis's office." in text(response)
    assert field_client.post(address("crisis-reopen", crisis), {}).status_code == 403


def test_a_reason_typed_when_the_session_had_ended_is_there_after_signing_in(client):
    crisis, lead = log(), make_lead()
    client.post(address("crisis-close", crisis), {"why": "The State leads now.", "writer": lead.pk})
    client.force_login(lead)

    assert 'value="The State leads now."' in client.get(address("crisis-close", crisis)).content.decode()


# sharing


def choices(client, crisis):
    page = client.get(address("crisis-sharing", crisis)).content.decode()
    return re.findall(r'name="sharing"\s+value="(\w+)"', page)


def test_each_person_is_offered_only_what_they_may_decide(field_client, hq_client):
    crisis = log()
    assert choices(field_client, crisis) == ["office", "staff"]
    assert choices(hq_client, crisis) == ["staff", "partners", "public"]

    share(crisis, at=LATER)

    assert choices(hq_client, crisis) == ["office", "staff", "partners", "public"]
    assert field_client.get(address("crisis-sharing", crisis)).status_code == 403


def test_the_choice_says_who_will_see_it_before_and_after(hq_client, partner_client):
    crisis = log()
    once = "Partners and the public see it once it is approved."
    assert once in text(hq_client.get(address("crisis-sharing", crisis)))
    send(crisis)
    approve(crisis)
    assert once not in text(hq_client.get(address("crisis-sharing", crisis)))
    sentence = "Partners: also partner organisations whose agreement names the country."
    assert sentence in text(hq_client.get(address("crisis-sharing", crisis)))
    assert partner_client.get(address("crisis", crisis)).status_code == 404

    response = hq_client.post(address("crisis-sharing", crisis), {"sharing": "partners"})

    assert sentence in message(hq_client, response)
    assert partner_client.get(address("crisis", crisis)).status_code == 200


@pytest.mark.parametrize("sharing", ["partners", "public", "everybody", ""])
def test_what_was_not_offered_is_refused(field_client, sharing):
    crisis = log()

    response = field_client.post(address("crisis-sharing", crisis), {"sharing": sharing})

    assert response.status_code == 400
    assert errors(response) == ["Select who can see this crisis."]
    crisis.refresh_from_db()
    assert crisis.sharing == Crisis.Sharing.STAFF


def test_choosing_what_holds_already_writes_no_history(field_client):
    crisis = log()

    response = field_client.post(address("crisis-sharing", crisis), {"sharing": "staff"})

    assert "Nothing has changed" in message(field_client, response)
    assert crisis.history.count() == 1


# cost


def test_the_pages_cost_the_same_for_one_phase_and_many(lead_client, django_assert_num_queries):
    small, full = log(), log(phases=["before", "during", "after"])
    for code in ("S01", "S02", "S03"):
        set_status(full, code, "during", "active")
    lead_client.get(address("crisis-phases", small))  # the process holds the edition from here on

    for crisis in (small, full):
        # session, reader, crisis, plan (entries, periods, gaps, waivers)
        for name in ("crisis-phases", "crisis-close"):
            with django_assert_num_queries(7):
                lead_client.get(address(name, crisis))
        # session, reader, crisis
        with django_assert_num_queries(3):
            lead_client.get(address("crisis-sharing", crisis))
