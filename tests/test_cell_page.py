"""One sector in one phase: what its page says, and how its status changes without a loss or a second time."""

import re
import uuid
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from crises import services
from crises.models import Figure, PlanCell, Waiver
from tests.conftest import signed_in
from tests.factories import NOON, add_figure, log, make_field, make_hq, make_lead, sector, set_status, share
from tests.test_plan_page import text

pytestmark = pytest.mark.django_db
REASON = "The State provides transport itself."


def address(crisis, cell="S03/during", more=""):
    return f"/crises/{crisis.reference}/plan/{cell}/{more}"


def answers(status="active", **more):
    return {"status": status, "revision": 0, "key": str(uuid.uuid4())} | more


def errors(response):
    """What the error summary says."""
    box = response.content.decode().partition('class="errors"')[2].partition("</ul>")[0]
    return re.findall(r"<li>(?:<a [^>]*>)?([^<]+)", box)


def value(response, name):
    """What an input of the form holds."""
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())[1]


def said(client, response):
    """The message on the page that a change leads to."""
    page = client.get(response.url).content.decode()
    return re.findall(r'<p class="msg \w+">(.*?)</p>', page)


# what it says


def test_the_page_says_why_the_sector_matters_and_on_whose_word(field_client):
    page = text(field_client.get(address(log())))

    assert "Immediate evacuation from at-risk areas" in page
    assert "IC/2012/7 Annex, Phase 2; IC/2012/7 para 6 (derived)" in page


def test_a_priority_that_a_fact_has_lowered_names_the_default_too(field_client):
    page = text(field_client.get(address(log(crosses_border=False), "S11/during")))

    assert "Recommended because people do not cross a border" in page
    assert "The framework&#x27;s default is critical." in page or "The framework's default is critical." in page


def test_links_show_their_strength_their_reason_and_the_lead_agency(field_client):
    page = text(field_client.get(address(log())))

    assert "Logistics WFP Main link." in page
    assert "Health WHO Supporting link. Fitness to travel and medical escorts." in page


def test_sectors_that_work_with_it_show_the_paragraph_and_where_they_stand(field_client):
    crisis = log()
    set_status(crisis, "S02", "during", "active")

    page = text(field_client.get(address(crisis)))

    assert "Transport enables Shelter, NFI." in page
    assert "IC/2012/7 Annex, Phase 2 (official text) Shelter, NFI (active)" in page


def test_consular_assistance_says_that_refugees_are_not_referred_to_their_consulate(field_client):
    crisis = log(groups=["refugees"], foreign_nationals=True)

    sentence = "Refugees and asylum seekers are never referred to their consulate by default"
    assert sentence in text(field_client.get(address(crisis, "S12/during")))
    assert sentence not in text(field_client.get(address(crisis, "S11/during")))


def test_figures_and_lines_of_work_of_the_sector_show_their_source_and_date(field_client):
    crisis = log()
    services.add_activity(
        crisis=crisis,
        by=make_field(),
        sectors=[sector("S03")],
        name="Buses to the border",
        required=250000,
        source_kind="iom",
        as_of=date(2026, 2, 1),
        as_of_precision="month",
        at=NOON,
    )
    add_figure(crisis, 4100, metric=Figure.Metric.REACHED, sectors=[sector("S03")], qualifier="at_least")
    add_figure(crisis, 99999, metric=Figure.Metric.REACHED, sectors=[sector("S04")])

    page = text(field_client.get(address(crisis)))

    assert "Reached: at least 4,100 people United Nations, 1 Feb 2026" in page
    assert "Buses to the border 250,000 USD required. Confirmed: not known. IOM, Feb 2026" in page
    assert "99,999" not in page


def test_the_past_of_the_cell_is_told_by_whom_and_from_what_to_what(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "active", at=NOON + timedelta(days=1), lead="S. Okoro")
    set_status(crisis, "S03", "during", "stood_down", at=NOON + timedelta(days=9), note="The partner took over.")

    page = text(field_client.get(address(crisis)))

    assert "From active to stood down . The partner took over. field , 10 Mar 2026, 12:00 UTC" in page.replace(
        "stood down.", "stood down ."
    )
    assert "From not started to active" in page
    assert "as the framework says again" not in page
    assert "Open since 10 Mar 2026, when the status of the sector changed." in page
    assert (
        "From 1 Mar 2026, when the crisis was logged, until 2 Mar 2026, when the status of the sector changed." in page
    )


def test_partners_see_neither_names_nor_notes_nor_the_past(partner_client):
    crisis = share(log())
    set_status(crisis, "S03", "during", "active", lead="CANARY-1", note="CANARY-2", cluster_contact="CANARY-3")

    response = partner_client.get(address(crisis))

    assert response.status_code == 200
    assert b"CANARY" not in response.content
    assert "Changes" not in text(response)


@pytest.mark.parametrize("cell", ["S16/during", "S03/later", "s03/during"])
def test_a_cell_that_the_framework_does_not_have_is_not_found(field_client, cell):
    assert field_client.get(address(log(), cell)).status_code == 404


# changing the status


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ([], "active", "Transport is active. Its gap is closed."),
        ([], "planned", "Transport is planned. Its gap stays open until it is active."),
        (["active"], "stood_down", "Transport stands down. A gap is open again."),
        (["active"], "completed", "Transport is completed."),
        (["active"], "active", "The entry for Transport is saved."),
    ],
)
def test_a_change_says_what_it_did(field_client, path, status, words):
    crisis = log()
    for step in path:
        set_status(crisis, "S03", "during", step)
    revision = crisis.cells.get().revision if path else 0

    response = field_client.post(address(crisis), answers(status, revision=revision, note="The work was handed over."))

    assert (response.status_code, response.url) == (303, address(crisis))
    assert said(field_client, response) == [words]


def test_a_new_status_without_a_date_begins_today_and_one_that_stays_keeps_its_date(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "planned", since=date(2027, 1, 1))

    field_client.post(address(crisis), answers("planned", revision=crisis.cells.get().revision, lead="S. Okoro"))
    assert (crisis.cells.get().since, crisis.cells.get().lead) == (date(2027, 1, 1), "S. Okoro")

    field_client.post(address(crisis), answers("active", revision=crisis.cells.get().revision))
    assert crisis.cells.get().since == crisis.cells.get().activated_on == timezone.now().date()


@pytest.mark.parametrize(
    ("status", "more", "problem"),
    [
        ("stood_down", {}, "Say in the note why the sector stands down."),
        ("planned", {}, "A sector that is active cannot become planned. Choose one of: completed, stood down."),
        (
            "completed",
            {"since": "2099-01-01"},
            "The date must be today or in the past. For a later date choose “Planned”.",
        ),
        ("completed", {"since": "31.02.2026"}, "Date must be a real date, like 2026-09-24."),
        ("completed", {"lead": "x" * 81}, "Lead must be 80 characters or fewer. It has 81."),
    ],
)
def test_what_is_refused_is_named_at_its_field_and_what_was_typed_stays(field_client, status, more, problem):
    crisis = log()
    set_status(crisis, "S03", "during", "active")

    typed = {"cluster_contact": "Typed and kept"} | more
    response = field_client.post(address(crisis), answers(status, revision=crisis.cells.get().revision, **typed))

    assert response.status_code == 400
    assert errors(response) == [problem]
    assert value(response, "cluster_contact") == "Typed and kept"
    assert f'<option value="{status}" selected>' in response.content.decode()
    assert crisis.cells.get().status == "active"


def test_a_stale_change_shows_who_changed_what_and_can_be_saved_all_the_same(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "planned", by=make_lead(), lead="A. Diallo", at=NOON + timedelta(days=2))

    response = field_client.post(address(crisis), answers("active", revision=0, lead="S. Okoro"))
    page = text(response)

    assert response.status_code == 409
    assert "lead changed on 3 Mar 2026, 12:00 UTC: status, since, lead." in re.sub(r" +", " ", page)
    assert "Status Planned Active" in page
    assert "Lead A. Diallo S. Okoro" in page
    assert value(response, "lead") == "S. Okoro"
    assert crisis.cells.get().lead == "A. Diallo"

    again = answers("active", revision=value(response, "revision"), key=value(response, "key"), lead="S. Okoro")
    assert field_client.post(address(crisis), again).status_code == 303
    assert (crisis.cells.get().status, crisis.cells.get().lead) == ("active", "S. Okoro")


def test_a_change_begun_in_the_plan_leads_back_there_after_a_correction(field_client):
    crisis = log()
    set_status(crisis, "S03", "during", "active")
    begun = answers("stood_down", revision=crisis.cells.get().revision, plan="show=critical")

    refused = field_client.post(address(crisis), begun)
    mended = begun | {"plan": value(refused, "plan"), "note": "The partner took over."}

    assert refused.status_code == 400
    assert (
        field_client.post(address(crisis), mended).url == f"/crises/{crisis.reference}/plan/?show=critical#S03-during"
    )


def test_a_form_sent_twice_is_saved_once(field_client):
    crisis, sent = log(), answers()

    first, second = field_client.post(address(crisis), sent), field_client.post(address(crisis), sent)

    assert [first.status_code, second.status_code] == [303, 303]
    assert said(field_client, second)[-1] == "This had already been received. It was saved once."
    assert PlanCell.history.count() == 1


def test_a_key_sent_again_with_other_answers_shows_both_and_loses_neither(field_client):
    crisis, sent = log(), answers()
    field_client.post(address(crisis), sent | {"lead": "First"})

    response = field_client.post(address(crisis), sent | {"lead": "Second"})

    assert response.status_code == 422
    assert "Lead First Second" in text(response)
    again = answers("active", lead="Second", key=value(response, "key"), revision=value(response, "revision"))
    assert field_client.post(address(crisis), again).status_code == 303
    assert crisis.cells.get().lead == "Second"


def test_what_was_sent_after_the_session_ended_waits_behind_the_sign_in(office):
    crisis, field, client = log(), make_field(office), Client()

    response = client.post(address(crisis), answers(lead="Typed long", writer=field.pk))
    assert response.url == f"/login/?next={address(crisis)}"
    assert not PlanCell.objects.exists()
    client.force_login(field)
    page = client.get(address(crisis))

    assert value(page, "lead") == "Typed long"
    assert "What you wrote is kept. Check it and save." in text(page)
    assert "Typed long" not in text(client.get(address(crisis)))


def test_what_one_person_sent_is_not_shown_to_the_next_who_signs_in(office):
    crisis, client = log(), Client()
    client.post(address(crisis), answers(lead="CANARY", writer=make_field(office).pk))

    client.force_login(make_lead(office))

    assert b"CANARY" not in client.get(address(crisis)).content


def test_only_the_crisis_own_office_changes_a_cell(hq_client, partner_client, other_client):
    crisis = share(log())

    assert hq_client.post(address(crisis), answers()).status_code == 403
    assert partner_client.post(address(crisis), answers()).status_code == 403
    assert other_client.post(address(crisis), answers()).status_code == 404
    assert not PlanCell.objects.exists()


def test_a_closed_crisis_takes_no_change_and_says_so(lead_client, office):
    crisis = log()
    services.close_crisis(crisis=crisis, by=make_lead(office))

    response = lead_client.post(address(crisis), answers(lead="Typed and kept"))

    assert response.status_code == 400
    assert errors(response) == ["This crisis is closed. Its office&#x27;s lead can reopen it."]
    assert value(response, "lead") == "Typed and kept"
    assert "<textarea" not in lead_client.get(address(crisis)).content.decode()


# waivers


def waiver(**more):
    return {"reason": REASON, "until": timezone.now().date().isoformat(), "key": str(uuid.uuid4())} | more


def test_hq_waives_a_gap_and_everybody_sees_why_and_until_when(hq_client, field_client):
    crisis = log()
    until = timezone.now().date() + timedelta(days=30)

    response = hq_client.post(address(crisis, more="waive/"), waiver(until=until.isoformat()))
    page = text(field_client.get(address(crisis)))

    assert (response.status_code, response.url) == (303, address(crisis))
    assert said(hq_client, response)[0].startswith("The gap of Transport is waived until")
    assert "Waived until" in page
    assert REASON in page
    assert "1 waived, 6 gaps" in text(field_client.get(f"/crises/{crisis.reference}/plan/"))


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"reason": "Too short"}, "Reason must be 20 characters or more. It has 9."),
        ({"reason": ""}, "Say why the gap is accepted."),
        ({"reason": "x" * 501}, "Reason must be 500 characters or fewer. It has 501."),
        ({"until": ""}, "Enter the last day of the waiver."),
        ({"until": "soon"}, "Last day must be a real date, like 2026-09-24."),
        ({"until": "2020-01-01"}, "The last day of the waiver must be today or later."),
    ],
)
def test_a_waiver_needs_a_reason_and_a_last_day(hq_client, more, problem):
    response = hq_client.post(address(log(), more="waive/"), waiver(**more))

    assert response.status_code == 400
    assert errors(response) == [problem]
    assert not Waiver.objects.exists()


def test_a_waiver_sent_twice_is_given_once(hq_client):
    crisis, sent = log(), waiver()

    for _time in range(2):
        assert hq_client.post(address(crisis, more="waive/"), sent).status_code == 303
    assert hq_client.post(address(crisis, more="waive/"), sent | {"reason": REASON * 2}).status_code == 400

    assert Waiver.objects.count() == 1


def test_a_gap_closed_in_the_meantime_cannot_be_waived(hq_client):
    crisis = log()
    set_status(crisis, "S03", "during", "active")

    closed = "This gap has been closed in the meantime. There is nothing to waive."
    assert said(hq_client, hq_client.get(address(crisis, more="waive/"))) == [closed]
    sent = hq_client.post(address(crisis, more="waive/"), waiver())
    assert (sent.status_code, errors(sent)) == (400, [closed])


def test_only_hq_waives_and_only_hq_is_offered_it(field_client, lead_client, hq_client, other_client):
    crisis = log()

    for client, status in ((field_client, 403), (lead_client, 403), (other_client, 404)):
        assert client.get(address(crisis, more="waive/")).status_code == status
        assert client.post(address(crisis, more="waive/"), waiver()).status_code == status
    link = f'href="{address(crisis, more="waive/")}"'
    assert link in hq_client.get(address(crisis)).content.decode()
    assert link not in field_client.get(address(crisis)).content.decode()
    assert not Waiver.objects.exists()


# budgets


@pytest.mark.parametrize("n", [0, 45])
def test_a_cell_takes_ten_queries_however_much_has_happened(field_client, django_assert_num_queries, n):
    crisis = log(phases=["before", "during", "after"])
    for number in range(n):
        slug = ("before", "during", "after")[number % 3]
        set_status(crisis, f"S{number // 3 + 1:02}", slug, "planned", lead="S. Okoro")
    if n:
        for day in range(1, 4):
            add_figure(crisis, day, metric="reached", sectors=[sector("S03")], headline=False)
            set_status(crisis, "S03", "during", "planned", note=f"Day {day}", at=NOON + timedelta(days=day))
        gap = crisis.gaps.open().get(sector=sector("S03"), phase__slug="during")
        services.waive_gap(gap=gap, reason=REASON, until=timezone.now().date(), by=make_hq())
    reader = signed_in(make_field())
    reader.get(address(crisis))

    # session, reader, crisis with rights; entries, periods, gaps, waivers; changes; figures, lines of work
    with django_assert_num_queries(10):
        reader.get(address(crisis))
