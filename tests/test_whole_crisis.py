"""One crisis in the API is read in few statements: it says exactly what it says when each thing is read by itself."""

import json
from datetime import date, timedelta

import pytest
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIRequestFactory

from crises import api, services
from crises.api.merged import with_statements
from crises.models import Crisis
from crises.serializers import CrisisSerializer
from mcof.bodies import Answer
from offices.models import Country, User
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_partner,
    phase,
    reader,
    send,
    send_back,
    set_status,
    share,
    waive,
)
from tests.recount import Client
from tests.test_figure_parts import parts

pytestmark = pytest.mark.django_db
EVERYTHING = ["office", "country", "other_countries"]


def by_itself(crisis, user, expand=()):
    """The crisis as the serializer says it of an object to which each relation was read by itself, as JSON."""
    visible = Crisis.objects.visible_to(user)
    row = api.rows(visible).prefetch_related(None).prefetch_related("periods__phase", "other_countries")
    row = with_statements(row.get(pk=crisis.pk))
    row.seen_part_of = visible.standing().filter(pk=row.part_of_id).values_list("reference", flat=True).first()
    row.seen_parts = list(visible.standing().filter(part_of=row.pk).order_by("reference"))
    request = APIRequestFactory().get(f"/api/v1/crises/{crisis.reference}/")
    context = {"request": request, "inside": not user.partner_id, "expand": list(expand)}
    return json.loads(Answer().render(CrisisSerializer(row, context=context).data))


@pytest.fixture
def crises(db):
    """Crises that differ in everything the answer tells of."""
    hq, lead, field, now = make_hq(), make_lead(), make_field(), timezone.now()
    log(title="Nothing is known of it")
    log(title="Later", at=NOON + timedelta(hours=1), sharing="office")
    full = log(
        title="All",
        phases=["before", "during"],
        onset="slow",
        exercise=True,
        other_countries=Country.objects.filter(pk__in=["TUN", "EGY", "TCD"]),
        started_on=date(2024, 6, 1),
        start_precision="month",
        ended_on=date(2025, 1, 1),
        end_precision="year",
        crosses_border=True,
        foreign_nationals=False,
        state_request=True,
        groups=["refugees", "returnees"],
        glide="EQ-2015-000048-NPL CE-2011-000020-LBY",
        level_proposed=2,
        places="Tripoli",
        cause_detail="A dam broke",
        summary="Much is known.",
    )
    services.open_phase(crisis=full, phase=phase("after"), by=field, at=NOON + timedelta(hours=1))
    services.close_phase(crisis=full, phase=phase("during"), by=field, at=NOON + timedelta(hours=2))
    services.open_phase(crisis=full, phase=phase("during"), by=field, at=NOON + timedelta(hours=3))
    add_figure(full, 640)
    add_figure(
        full,
        3,
        as_of=date(2026, 2, 3),
        headline=False,
        place="Sabha",
        note="A few",
        parts=parts(female_0_4=1, male_0_4=2),
    )
    add_activity(full, "Buses", sectors=["S03", "S01"], required=90_000, confirmed=10)
    add_activity(full, "Whole", required=99_000, whole_plan=True)
    add_activity(full, "Euros", currency="EUR")
    services.withdraw_statement(statement=add_figure(full, 9), by=field, why="It was counted twice.")
    for title, ended in (("Level in force", None), ("Level ended", NOON.date())):
        for scheme, value in (("iom", "3"), ("inter_agency", "scale_up")):
            levelled = log(title=f"{title} {scheme}")
            decide_level(levelled, value, scheme=scheme, decided_on=date(2026, 1, 5))
            decide_level(levelled, value, scheme=scheme, ended_on=ended)
    waived = log(title="Waived")
    waive(waived, "S03", at=now, days=30)
    waive(waived, "S02", at=NOON, days=1)
    changed, back, approved = log(title="Changed since"), log(title="Sent back"), log(title="Approved")
    for crisis in (changed, back, approved):
        send(crisis, by=lead)
    approve(changed, by=hq, at=NOON + timedelta(hours=1))
    set_status(changed, "S03", "during", "active", by=field, at=NOON + timedelta(hours=2))
    send_back(back, by=hq, at=NOON + timedelta(hours=1))
    approve(approved, by=hq, at=NOON + timedelta(hours=1))
    closed = log(title="Closed and activated", by=lead)
    decide_level(closed, "scale_up", scheme="inter_agency")
    services.close_crisis(crisis=closed, by=lead, at=NOON + timedelta(hours=1))
    survivor, lost = log(title="Survivor"), log(title="Merged")
    add_figure(lost, 70)
    add_activity(lost, sectors=["S03"])
    decide_level(lost, "2")
    services.merge_crisis(crisis=lost, survivor=survivor, why="One storm.", by=hq, at=now)
    for n in range(3):
        services.set_part_of(crisis=log(title=f"Part {n}", by=lead), whole=full, by=hq)
    services.close_crisis(crisis=Crisis.objects.get(title="Part 2"), by=lead, at=now + timedelta(hours=1))
    return Crisis.objects.exclude(status="merged").order_by("pk")


def same(crises, user):
    """Whether the two agree on each of these crises that this person may read; how many there are."""
    client, read = reader(user), 0
    for crisis in crises.visible_to(User.objects.get(pk=user.pk)):
        for expand in ((), EVERYTHING):
            answer = client.get(f"/api/v1/crises/{crisis.reference}/", {"expand": ",".join(expand)} if expand else {})
            documented = by_itself(crisis, user, expand)
            assert answer.json() == documented, crisis.title
            assert list(answer.json()) == list(documented)
        read += 1
    return read


def test_staff_are_told_what_is_documented(crises):
    for user in (make_hq(), make_field()):
        assert same(crises, user) == len(crises)


def test_partners_are_told_what_is_documented(crises):
    for title in ("Waived", "All", "Part 0"):
        share(crises.get(title=title), at=timezone.now())

    assert same(crises, make_partner("LBY")) == 3


def test_the_crises_that_are_compared_differ_in_everything_that_is_told(crises):
    told = [by_itself(crisis, make_hq(), EVERYTHING) for crisis in crises]

    constant = {name for name in told[0] if len({json.dumps(row[name]) for row in told}) == 1}
    assert constant <= {"country", "region", "office", "cause", "focal_point", "framework", "edition"}


@pytest.mark.parametrize("seed", range(1))
def test_they_say_the_same_after_any_changes(seed):
    keys = [log(title=f"crisis {n}", phases=["during", "after"]).pk for n in range(3)]
    Client(seed, keys, field=make_field(), lead=make_lead(), hq=make_hq()).work(60)

    assert same(Crisis.objects.all(), make_hq()) == 3


def test_a_crisis_costs_queries_for_what_is_said_of_it_alone(crises, django_assert_num_queries):
    client = reader(make_hq())

    def ask(title):
        client.get(f"/api/v1/crises/{crises.get(title=title).reference}/")

    with override_settings(ANSWERS_KEPT_SECONDS=0):
        ask("All")
        # which crisis is meant, token, grants, the crisis, what it names
        with django_assert_num_queries(5):
            ask("Nothing is known of it")
        # as well its family; figures, their sectors and parts; lines of work and their sectors
        with django_assert_num_queries(11):
            ask("All")
