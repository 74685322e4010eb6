"""The list of crises in the API is read as plain values: it says exactly what the documented serializer says."""

import json
from datetime import date, timedelta

import pytest
from rest_framework.test import APIRequestFactory

from crises import api, plain, services
from crises.models import Crisis
from crises.serializers import CrisisRowSerializer
from mcof.bodies import Answer
from offices.models import Country
from tests.factories import (
    NOON,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    send,
    set_priority,
    set_status,
    waive,
)
from tests.recount import Client

pytestmark = pytest.mark.django_db
EXPANSIONS = [(), ("office",), ("country", "other_countries"), ("office", "country", "other_countries")]


def both(crises, expand=()):
    """(what plain values say, what the serializer says) of crises, as JSON."""
    request = APIRequestFactory().get("/api/v1/crises/")
    context = {"request": request, "expand": list(expand)}
    documented = CrisisRowSerializer(api.rows(crises), many=True, context=context).data
    quick = plain.crises(plain.columns(crises), root=request.build_absolute_uri(), expand=expand)
    return [json.loads(Answer().render(rows)) for rows in (quick, documented)]


@pytest.fixture
def crises(seeded):
    """Crises that differ in everything the list tells of."""
    hq, lead, field = make_hq(), make_lead(), make_field()
    log(title="Nothing is known of it")
    others = Country.objects.filter(pk__in=["TUN", "EGY", "TCD"])
    log(title="All", phases=["before", "during"], onset="slow", exercise=True, other_countries=others)
    for title, day, precision in (("m", date(2024, 6, 1), "month"), ("y", date(2012, 1, 1), "year")):
        log(title=title, started_on=day, start_precision=precision)
    waived = log(title="Waived", crosses_border=True)
    waive(waived, "S03", at=NOON, days=3650)
    waive(waived, "S10", at=NOON, days=1)
    changed = log(title="Changed since")
    send(changed, by=lead)
    approve(changed, by=hq, at=NOON + timedelta(hours=1))
    set_status(changed, "S03", "during", "active", by=field, at=NOON + timedelta(hours=2))
    for title, ended in (("Level in force", None), ("Level ended", NOON.date())):
        for scheme, value in (("iom", "3"), ("inter_agency", "scale_up")):
            decide_level(log(title=f"{title} {scheme}"), value, scheme=scheme, ended_on=ended)
    closed = log(title="Closed and activated", by=lead)
    decide_level(closed, "scale_up", scheme="inter_agency")
    services.close_crisis(crisis=closed, by=lead, at=NOON + timedelta(hours=1))
    reopened = log(title="Over again", by=lead)
    services.close_crisis(crisis=reopened, by=lead, at=NOON + timedelta(hours=1))
    services.reopen_crisis(crisis=reopened, by=lead, at=NOON + timedelta(hours=2))
    lost = log(title="Merged and activated")
    decide_level(lost, "scale_up", scheme="inter_agency")
    survivor = log(title="The one that stands", by=lead)
    services.merge_crisis(crisis=lost, survivor=survivor, why="One storm.", by=hq, at=NOON + timedelta(hours=3))
    services.close_crisis(crisis=survivor, by=lead, at=NOON + timedelta(hours=4))
    set_priority(log(title="Own priority"), "S15", "during", "critical", why="Nobody else is there to do it.")
    return Crisis.objects.order_by("-revision")


@pytest.mark.parametrize("expand", EXPANSIONS, ids="+".join)
def test_plain_values_say_what_the_serializer_says(crises, expand):
    quick, documented = both(crises, expand)

    assert quick == documented
    assert [list(row) for row in quick] == [list(row) for row in documented]  # in the same order too


def test_the_crises_that_are_compared_differ_in_everything_the_list_tells_of(crises):
    _quick, documented = both(crises, EXPANSIONS[-1])

    constant = {name for name in documented[0] if len({json.dumps(row[name]) for row in documented}) == 1}
    assert constant <= {"country", "region", "office", "cause", "sharing"}


@pytest.mark.parametrize("seed", range(3))
def test_they_say_the_same_after_any_changes(seeded, seed):
    keys = [log(title=f"crisis {n}", phases=["during", "after"]).pk for n in range(4)]
    Client(seed, keys, field=make_field(), lead=make_lead(), hq=make_hq()).work(40)

    quick, documented = both(Crisis.objects.order_by("-revision"))

    assert quick == documented


def test_the_list_costs_six_queries(crises, hq_client, django_assert_max_num_queries):
    hq_client.get("/api/v1/crises/")
    set_status(crises.first(), "S01", "during", "planned")

    with django_assert_max_num_queries(6):  # two say who reads, one what was changed last, three the list
        assert hq_client.get("/api/v1/crises/").status_code == 200
