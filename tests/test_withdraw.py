"""A wrong figure or line of work is withdrawn for a reason: it stays readable, and no longer counts from then on."""

import html
import re
import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import F
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crises import dashboard, services
from crises.models import Activity, Crisis, Figure
from crises.money import lines_of
from crises.series import figures_of
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    log,
    make_field,
    make_hq,
    make_lead,
    make_partner,
    reader,
    share,
)

pytestmark = pytest.mark.django_db
WHY = "The source counted one camp twice."
LATER = NOON + timedelta(hours=1)


def withdraw(statement, *, by=None, at=LATER, why=WHY, key=None):
    return services.withdraw_statement(statement=statement, by=by or make_field(), why=why, at=at, key=key)


def address(statement):
    name = "figure-withdraw" if isinstance(statement, Figure) else "activity-withdraw"
    return reverse(name, args=[statement.crisis.reference, statement.pk])


def send(client, statement, why=WHY, **more):
    return client.post(address(statement), {"key": str(uuid.uuid4()), "why": why} | more)


def text(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


# the rule


@pytest.mark.parametrize("add", [lambda crisis: add_figure(crisis, 70), add_activity])
def test_what_is_withdrawn_stands_until_that_moment_and_not_after(add):
    statement = add(log())
    model = type(statement)

    outcome = withdraw(statement)

    statement.refresh_from_db()
    assert (statement.withdrawn_at, statement.withdrawn_by, statement.withdrawn_why) == (LATER, make_field(), WHY)
    assert statement.revision == outcome.crisis.revision
    assert not model.objects.standing().exists()
    assert list(model.objects.standing(LATER - timedelta(seconds=1))) == [statement]
    assert not model.objects.standing(LATER).exists()
    assert not model.objects.standing(NOON - timedelta(seconds=1)).exists()


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 90)), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_stood_at_a_moment_is_what_was_read_then(db, steps):
    """Figures are added and withdrawn in any order; every past reading is answered again as it was."""
    crisis, at, readings = log(), NOON, []
    for withdraws, minutes in steps:
        at += timedelta(minutes=minutes)
        standing = list(crisis.figures.standing())
        if withdraws and standing:
            withdraw(standing[0], at=at)
        else:
            add_figure(crisis, minutes, at=at)
        readings.append((at, {figure.pk for figure in crisis.figures.standing()}))

    for moment, read in readings:
        assert {figure.pk for figure in crisis.figures.standing(moment)} == read
        assert {figure.pk for figure in figures_of(crisis, moment)} == read


def test_nothing_is_withdrawn_without_a_reason_or_twice_or_by_another():
    crisis = log()
    figure = add_figure(crisis, 70)

    with pytest.raises(ValidationError, match="in 10 characters or more what is wrong with it"):
        withdraw(figure, why="Wrong.")
    with pytest.raises(PermissionDenied):
        withdraw(figure, by=make_hq())
    withdraw(figure)
    with pytest.raises(ValidationError, match="withdrawn already"):
        withdraw(figure)


def test_the_database_refuses_half_a_withdrawal():
    figure = add_figure(log(), 70)

    with pytest.raises(IntegrityError):
        Figure.objects.filter(pk=figure.pk).update(withdrawn_at=LATER)


def test_the_same_withdrawal_is_received_once():
    figure, key = add_figure(log(), 70), uuid.uuid4()

    first, again = withdraw(figure, key=key), withdraw(figure, key=key)

    assert (first.fresh, again.fresh) == (True, False)
    assert Crisis.objects.get().revision == first.crisis.revision
    with pytest.raises(services.KeyReused):
        withdraw(figure, key=key, why="Another reason altogether.")


def test_the_figures_of_a_closed_crisis_can_be_withdrawn_too():
    crisis = log()
    figure = add_figure(crisis, 70)
    services.close_crisis(crisis=crisis, by=make_lead(), at=NOON + timedelta(minutes=5))

    assert withdraw(figure).fresh


# where it no longer counts


def test_what_is_withdrawn_no_longer_counts_on_the_page_the_dashboard_or_the_api(field_client):
    crisis = share(log())
    add_figure(crisis, 640, as_of=date(2026, 1, 1))
    wrong = add_figure(crisis, 99_000)
    line = add_activity(crisis, "Buses", sectors=["S03"], required=77_000)
    withdraw(wrong)
    withdraw(line)

    page = field_client.get(reverse("crisis", args=[crisis.reference])).content.decode()
    cell = field_client.get(reverse("cell", args=[crisis.reference, "S03", "during"])).content.decode()
    assert "640" in text(page)
    assert "99,000 people" not in text(page.partition("What happened")[0])
    assert "77,000" not in text(page) + text(cell)
    assert dashboard.board(Crisis.objects.all()).counts()["people"] == 640
    body = reader(make_hq()).get(f"/api/v1/crises/{crisis.reference}/").json()
    assert [figure["value"] for figure in body["figures"]] == [640]
    assert (body["activities"], body["money"]) == ([], [])


def test_the_list_keeps_it_for_staff_with_the_reason_and_not_for_partners(field_client, partner_client):
    crisis = share(log())
    wrong = add_figure(crisis, 99_000)
    withdraw(wrong)
    listed = reverse("figure-list", args=[crisis.reference])

    page = field_client.get(listed).content.decode()

    assert "<s><b>99,000</b> people" in " ".join(page.split())
    assert "withdrawn 1 Feb 2026 United Nations recorded by field , 1 Mar 2026" in text(page)
    assert f"Withdrawn by field , 1 Mar 2026: {WHY}" in text(page)
    assert address(wrong) not in page
    told = text(partner_client.get(listed).content.decode())
    assert "99,000" not in told
    assert WHY not in told


def test_a_past_page_shows_what_stood_then(field_client):
    crisis = log()
    for statement in (add_figure(crisis, 99_000), add_activity(crisis, "Buses", sectors=["S03"], required=77_000)):
        withdraw(statement)
    names = {"figure-list": [], "crisis": [], "cell": ["S03", "during"]}

    def told(name, moment):
        address = reverse(name, args=[crisis.reference, *names[name]])
        return text(field_client.get(address, {"as_of": f"{moment:%Y-%m-%dT%H:%M}Z"}).content.decode())

    before, after = NOON + timedelta(minutes=30), LATER + timedelta(minutes=5)
    assert "99,000 people key figure" in told("figure-list", before)
    assert WHY not in told("figure-list", before)
    assert WHY in told("figure-list", after)
    assert "99,000 people" in told("crisis", before)
    assert "No figures yet." in told("crisis", after)
    for name in ("crisis", "cell"):
        assert "77,000" in told(name, before)
        assert "77,000" not in told(name, after)
    api = reader(make_hq()).get(f"/api/v1/crises/{crisis.reference}/?as_of={before:%Y-%m-%dT%H:%M}Z").json()
    assert [figure["value"] for figure in api["figures"]] == [99_000]
    assert api["money"][0]["required"] == 77_000


def test_history_says_what_was_withdrawn_and_why(field_client):
    crisis = log()
    withdraw(add_figure(crisis, 70, metric="displaced", group="returnees", qualifier="about"))
    withdraw(add_activity(crisis, "Buses"), at=LATER + timedelta(hours=1))
    withdraw(add_activity(crisis, "Appeal", whole_plan=True, required=5), at=LATER + timedelta(hours=2))

    told = text(field_client.get(reverse("crisis", args=[crisis.reference])).content.decode())

    assert f"Figure withdrawn. Displaced, returnees: about 70 people. {WHY}" in told
    assert f"Line of work withdrawn: Buses. {WHY}" in told
    assert f"Total of the whole plan withdrawn: Appeal. {WHY}" in told


# the form


@pytest.mark.parametrize(
    ("add", "back", "said"),
    [
        (lambda crisis: add_figure(crisis, 70), "figures/", "The figure is withdrawn."),
        (lambda crisis: add_activity(crisis, required=70), "#work", "The line of work is withdrawn."),
    ],
)
def test_the_form_withdraws_once_and_says_so(field_client, add, back, said):
    statement, key = add(log()), str(uuid.uuid4())

    asked = field_client.get(address(statement))
    first, again = send(field_client, statement, key=key), send(field_client, statement, key=key)

    assert "70" in text(asked.content.decode())
    assert (first.status_code, first.url == again.url, first.url.endswith(back)) == (303, True, True)
    assert said in text(field_client.get(first.url).content.decode())
    assert not type(statement).objects.standing().exists()
    assert field_client.get(address(statement)).status_code == 303  # there is nothing to withdraw any more
    assert send(field_client, statement).status_code == 400


def test_a_short_reason_is_asked_again_and_what_was_typed_stays(field_client):
    figure = add_figure(log(), 70)

    response = send(field_client, figure, "Typo <b>.")

    page = html.unescape(response.content.decode())
    assert response.status_code == 400
    assert "The reason must be 10 characters or more. It has 9." in page
    assert "Typo <b>.</textarea>" in page
    assert Figure.objects.standing().exists()


def test_a_statement_of_another_crisis_is_not_found(field_client):
    one, other = log(), log(title="Another")
    figure, line = add_figure(one, 70), add_activity(one)

    assert field_client.get(reverse("figure-withdraw", args=[other.reference, figure.pk])).status_code == 404
    assert field_client.get(reverse("activity-withdraw", args=[other.reference, line.pk])).status_code == 404
    assert field_client.get(reverse("figure-withdraw", args=[one.reference, 10**30])).status_code == 404


def test_hq_and_partners_withdraw_nothing(hq_client, partner_client):
    figure = add_figure(share(log()), 70)

    assert send(hq_client, figure).status_code == 403
    assert send(partner_client, figure).status_code == 403
    assert Figure.objects.standing().exists()


# lines


def test_lines_come_with_all_their_sectors_in_one_query(django_assert_num_queries):
    crisis = log()
    add_activity(crisis, "Buses", sectors=["S12", "S03"], required=5)
    add_activity(crisis, "Water")
    withdraw(add_activity(crisis, "Wrong", sectors=["S01"]))

    with django_assert_num_queries(1):
        lines = lines_of(crisis)

    assert [(line.name, line.sector_codes) for line in lines] == [("Buses", ["S03", "S12"]), ("Water", [])]
    assert len(lines_of(crisis, LATER - timedelta(seconds=1))) == 3
    assert Activity.objects.filter(withdrawn_at__gt=F("recorded_at")).count() == 1


def test_readers_of_the_api_outside_learn_nothing_of_what_was_withdrawn():
    crisis = share(log())
    withdraw(add_figure(crisis, 99_000))

    body = reader(make_partner("LBY")).get(f"/api/v1/crises/{crisis.reference}/")

    assert "99000" not in body.content.decode()
    assert WHY not in body.content.decode()
