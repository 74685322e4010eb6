"""The page that changes the facts of a crisis: what follows for the plan, and nobody's answer lost."""

import html
import re
import uuid
from datetime import date

import pytest
from django.urls import reverse
from django.utils.formats import date_format

from crises import services
from crises.models import Crisis
from offices.models import Country
from tests.conftest import signed_in
from tests.factories import log, make_field, make_lead

pytestmark = pytest.mark.django_db


def address(crisis):
    return reverse("crisis-edit", args=[crisis.reference])


def as_shown(client, crisis):
    """What a browser would send if nobody touched the page: the answers as the form shows them."""
    page = client.get(address(crisis)).content.decode()
    form = page.partition('class="form"')[2].partition("</form>")[0]
    said = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        choice = attributes["type"] in ("radio", "checkbox")
        if not choice or "checked" in tag:
            value = attributes.get("value", "on" if choice else "")
            said.setdefault(attributes["name"], []).append(html.unescape(value))
    for name, text in re.findall(r'<textarea name="(\w+)"[^>]*>\s*(.*?)</textarea>', form, re.DOTALL):
        said[name] = html.unescape(text)
    for name, options in re.findall(r'<select name="(\w+)"(.*?)</select>', form, re.DOTALL):
        said[name] = re.search(r'value="(\w*)" selected', options)[1]
    said.pop("csrfmiddlewaretoken", None)
    return said


def text(response):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", response.content.decode())))


def messages(client, response):
    """What the page after a save says."""
    assert response.status_code == 303
    box = client.get(response.url).content.decode().partition('class="msgs"')[2].partition("</div>")[0]
    return [html.unescape(message) for message in re.findall(r'<p class="msg[^>]*>([^<]*)', box)]


def full_crisis():
    return log(
        other_countries=list(Country.objects.filter(pk__in=["TUN", "EGY"])),
        started_on=date(2014, 6, 1),
        start_precision="month",
        onset="sudden",
        cause_detail="fighting between armed groups",
        crosses_border=True,
        foreign_nationals=False,
        groups=["returnees", "internally_displaced"],
        places="Tripoli\nBenghazi",
        glide="CE-2014-000001-LBY OT-2014-000025-LBY",
        level_proposed=2,
        summary="Needs & access: “poor”.",
    )


def test_the_form_shows_every_fact_and_saving_it_untouched_changes_nothing(field_client, office):
    full_crisis()
    crisis = Crisis.objects.get()

    said = as_shown(field_client, crisis)
    response = field_client.post(address(crisis), said)

    assert (said["started_day"], said["started_month"], said["started_year"]) == ([""], ["6"], ["2014"])
    assert messages(field_client, response) == ["Nothing was changed."]
    assert Crisis.objects.get().revision == crisis.revision
    assert crisis.history.count() == 1


def test_learning_that_nobody_crosses_a_border_is_told_with_its_reason(field_client, office):
    crisis = log()

    response = field_client.post(address(crisis), as_shown(field_client, crisis) | {"crosses_border": "no"})

    assert messages(field_client, response) == [
        "The facts are saved.",
        "Border management, during: now recommended (was critical), because people do not cross a border.",
        "1 gap closed.",
    ]


def test_learning_it_the_other_way_round_or_no_longer_is_told_too(field_client, office):
    crisis = log(crosses_border=False, foreign_nationals=False)
    said = {"crosses_border": "yes", "foreign_nationals": ""}

    response = field_client.post(address(crisis), as_shown(field_client, crisis) | said)

    _saved, border, consular, gaps = messages(field_client, response)
    assert border == "Border management, during: now critical (was recommended), because people cross a border."
    assert re.fullmatch(
        r"Consular assistance, during: now critical \(was \w+\), "
        "because it is not known yet whether foreign nationals are affected.",
        consular,
    )
    assert gaps == "2 gaps opened."


def test_other_countries_are_read_by_name_part_of_a_name_or_code(field_client, office):
    crisis = log()

    field_client.post(
        address(crisis),
        as_shown(field_client, crisis) | {"other_countries": "tunisia\r\nEGY, td\r\n\r\nEthiop\r\nNiger"},
    )

    assert {country.pk for country in crisis.other_countries.all()} == {"TUN", "EGY", "TCD", "ETH", "NER"}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("Tunesia", "We do not know the country “Tunesia”. Did you mean Tunisia?"),
        ("Korea", "We do not know the country “Korea”. Did you mean"),
        ("Nowhere at all", "We do not know the country “Nowhere at all”."),
    ],
)
def test_a_country_nobody_knows_is_named_with_the_nearest(field_client, office, typed, message):
    crisis = log()

    response = field_client.post(address(crisis), as_shown(field_client, crisis) | {"other_countries": typed})

    assert response.status_code == 400
    assert message in text(response)
    assert typed in response.content.decode()


def test_a_mistake_keeps_the_answers_and_the_revision(field_client, office):
    crisis = log()
    said = as_shown(field_client, crisis) | {"glide": "EQ-15-NPL", "summary": "Kept."}

    response = field_client.post(address(crisis), said)

    page = response.content.decode()
    assert response.status_code == 400
    assert "<title>Error: Edit facts" in page
    assert "GLIDE number must look like EQ-2015-000048-NPL." in page
    assert "Kept." in page
    assert f'name="revision" value="{crisis.facts_revision}"' in page


def test_people_who_change_different_facts_both_succeed_and_are_told(field_client, lead_client, office):
    crisis = log()
    mine, theirs = as_shown(field_client, crisis), as_shown(lead_client, crisis)
    lead_client.post(address(crisis), theirs | {"summary": "From the lead.", "onset": "slow"})
    crisis.refresh_from_db()
    moment = date_format(crisis.updated_at, "j M Y, H:i")

    response = field_client.post(address(crisis), mine | {"title": "From the field"})

    crisis.refresh_from_db()
    assert (crisis.title, crisis.summary, crisis.onset) == ("From the field", "From the lead.", "slow")
    assert messages(field_client, response) == [
        "The facts are saved.",
        f"lead changed “How did it begin?”, “What should HQ know?” meanwhile, on {moment} UTC; that answer stays.",
    ]


def clash(field_client, lead_client, crisis):
    """The lead changes title, summary and start; the field officer sends another title and other places."""
    mine, theirs = as_shown(field_client, crisis), as_shown(lead_client, crisis)
    started = {"started_month": "7", "started_year": "2014", "started_unknown": []}
    lead_client.post(address(crisis), theirs | {"title": "From the lead", "summary": "Theirs alone."} | started)
    response = field_client.post(address(crisis), mine | {"title": "From the field", "places": "Mine alone."})
    return response, response.content.decode()


def test_a_clash_shows_who_changed_what_and_both_answers_side_by_side(field_client, lead_client, office):
    crisis = log(title="As logged")

    response, page = clash(field_client, lead_client, crisis)

    assert response.status_code == 409
    assert "<title>Error: Edit facts" in page
    change = (
        r"lead changed on \d+ \w+ 2026, \d\d:\d\d UTC: “Short name”, “When did it start\?”, “What should HQ know\?”\."
    )
    assert re.search(change.replace("2026", r"\d{4}"), text(response))
    row = re.findall(r'<th scope="row"><a href="#id_title">Short name</a></th>\s*<td>(.*?)</td>\s*<td>(.*?)</td>', page)
    assert row == [("From the lead", "From the field")]
    crisis.refresh_from_db()
    assert crisis.title == "From the lead"


def test_after_a_clash_the_form_holds_what_was_typed_and_their_other_answers(field_client, lead_client, office):
    crisis = log(title="As logged")

    _response, page = clash(field_client, lead_client, crisis)

    crisis.refresh_from_db()
    assert re.search(r'name="title" value="From the field"', page)
    assert "Mine alone.</textarea>" in page
    assert "Theirs alone.</textarea>" in page
    assert re.search(r'name="started_month" value="7"', page)
    assert not re.search(r'name="started_unknown"[^>]* checked', page)
    assert f'name="revision" value="{crisis.facts_revision}"' in page


def test_saving_again_after_a_clash_is_a_decision_and_takes_nothing_else_back(field_client, lead_client, office):
    crisis = log(title="As logged")
    clash(field_client, lead_client, crisis)
    crisis.refresh_from_db()
    again = as_shown(field_client, crisis) | {"title": "From the field", "places": "Mine alone."}

    field_client.post(address(crisis), again)

    crisis.refresh_from_db()
    assert (crisis.title, crisis.places) == ("From the field", "Mine alone.")
    assert (crisis.summary, crisis.started_iso) == ("Theirs alone.", "2014-07")


def test_their_answer_can_be_kept_without_typing_it(field_client, lead_client, office):
    crisis = log(title="As logged")
    clash(field_client, lead_client, crisis)
    crisis.refresh_from_db()
    again = as_shown(field_client, crisis) | {"title": "From the field", "places": "Mine alone.", "take": "title"}

    field_client.post(address(crisis), again)

    crisis.refresh_from_db()
    assert (crisis.title, crisis.places) == ("From the lead", "Mine alone.")


def test_a_date_and_its_precision_are_one_answer(field_client, lead_client, office):
    crisis = log(started_on=date(2014, 6, 1), start_precision="month")
    crisis.refresh_from_db()
    mine, theirs = as_shown(field_client, crisis), as_shown(lead_client, crisis)
    lead_client.post(address(crisis), theirs | {"started_day": "1"})

    response = field_client.post(address(crisis), mine | {"started_month": "7"})

    assert response.status_code == 409  # and not 1 July, which neither of them said
    crisis.refresh_from_db()
    assert crisis.started_iso == "2014-06-01"


def test_a_form_that_does_not_say_its_revision_overwrites_nothing_silently(field_client, office):
    crisis = log(title="As logged")
    said = as_shown(field_client, crisis) | {"title": "Other", "revision": ""}

    response = field_client.post(address(crisis), said)

    assert response.status_code == 409
    crisis.refresh_from_db()
    assert crisis.title == "As logged"


def test_who_may_not_edit_is_told_who_grants_it_and_who_may_not_see_finds_nothing(
    hq_client, partner_client, other_client, client, office
):
    crisis = log(sharing="office")

    refused = hq_client.get(address(crisis))

    assert refused.status_code == hq_client.post(address(crisis), {}).status_code == 403
    assert "You need to be a field officer or lead of this crisis's office." in text(refused)
    assert {one.get(address(crisis)).status_code for one in (partner_client, other_client)} == {404}
    assert {one.post(address(crisis), {}).status_code for one in (partner_client, other_client)} == {404}
    assert client.get(address(crisis)).status_code == 302


def test_a_closed_crisis_refuses_with_the_reason(field_client, office):
    crisis = log()
    said = as_shown(field_client, crisis)
    services.close_crisis(crisis=crisis, by=make_lead(office), why="Over.")

    opened = field_client.get(address(crisis), follow=True)
    sent = field_client.post(address(crisis), said | {"summary": "Kept."})

    assert opened.redirect_chain == [(reverse("crisis", args=[crisis.reference]), 303)]
    assert "This crisis is closed. Its office's lead can reopen it." in text(opened)
    assert sent.status_code == 400
    assert "This crisis is closed. Its office's lead can reopen it." in text(sent)
    assert "Kept." in sent.content.decode()


def test_answers_sent_after_the_session_ended_come_back_after_signing_in(client, office):
    crisis, by = log(), make_field(office)
    said = as_shown(signed_in(by), crisis) | {"summary": "Three hours of work."}

    client.post(address(crisis), said)
    client.force_login(by)
    page = client.get(address(crisis))
    again = client.post(address(crisis), said)

    assert "Three hours of work." in page.content.decode()
    assert "Your answers are kept. Check them and save." in text(page)
    assert again.status_code == 303
    assert "Your answers are kept" not in text(client.get(address(crisis)))


def test_the_page_costs_the_same_queries_for_any_crisis(field_client, office, django_assert_num_queries):
    full, plain = full_crisis(), log(title="Plain")

    # session, user, the crisis with rights, its other countries, the countries to choose from
    for crisis in (full, plain):
        with django_assert_num_queries(5):
            field_client.get(address(crisis))


def test_saving_tells_the_next_page_that_the_copy_on_the_device_may_go(field_client, office):
    crisis = log()
    field_client.cookies["received"] = str(uuid.uuid4())

    response = field_client.post(address(crisis), as_shown(field_client, crisis))

    assert response.cookies["received"].value.endswith(f".{crisis.reference}-edit")
