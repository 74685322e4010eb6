"""Every way in which the API says no, as a reader meets it: one shape, one list, and each type explained."""

import re
import uuid

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from mcof.api import PROBLEMS
from tests.conftest import signed_in
from tests.factories import log, make_field, make_hq, make_partner, reader
from tests.test_api_errors import said

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


def change(crisis, body='{"title": "x"}', **headers):
    client = reader(make_field(crisis.office), may_write=True)
    sent = {"if-match": f'"{crisis.facts_revision}"'} | headers
    kind = sent.pop("content_type", "application/json")
    return client.patch(f"{V1}crises/{crisis.reference}/", body, content_type=kind, headers=sent)


def stale(crisis):
    change(crisis)
    return change(crisis, '{"title": "y"}')


def closed(crisis):
    type(crisis).objects.filter(pk=crisis.pk).update(status="closed")
    return change(crisis)


def reused(crisis):
    headers = {"idempotency-key": str(uuid.uuid4())}
    change(crisis, **headers)
    return change(crisis, '{"title": "y"}', **headers)


def narrowed(crisis):
    """What a mirror is told whose owner sees another country than when it began."""
    partner = make_partner("LBY")
    follow = reader(partner).get(f"{V1}changes/").json()["next"]
    partner.partner.countries.set(["TUN"])
    return reader(partner).get(follow)


def too_many(settings):
    settings.API_VISITORS_PER_MINUTE = 1
    for _n in range(2):
        answer = reader().get(f"{V1}codes/")
    return answer


def where(fails, address="countries/"):
    """The answer where every question to the database ends like this."""
    with connection.execute_wrapper(fails):
        return Client(raise_request_exception=False).get(V1 + address)


def is_broken(execute, sql, params, many, context):
    return execute("SELECT no_such_column", (), many, context)


def is_away(*question):
    raise OperationalError("server closed the connection unexpectedly")


CASES = {
    400: lambda crisis, settings: reader().get(f"{V1}crises/?county=LBY"),
    401: lambda crisis, settings: reader().get(f"{V1}offices/"),
    403: lambda crisis, settings: reader(make_partner("LBY")).patch(f"{V1}crises/{crisis.reference}/", {}),
    404: lambda crisis, settings: reader(make_hq()).get(f"{V1}crises/LBY-2014-K7Q/"),
    405: lambda crisis, settings: reader().delete(f"{V1}codes/"),
    406: lambda crisis, settings: reader().get(f"{V1}codes/", headers={"accept": "application/xml"}),
    409: lambda crisis, settings: closed(crisis),
    410: lambda crisis, settings: narrowed(crisis),
    412: lambda crisis, settings: stale(crisis),
    413: lambda crisis, settings: change(crisis, '{"title": "%s"}' % ("x" * 70_000)),
    415: lambda crisis, settings: change(crisis, "title=x", content_type="text/plain"),
    422: lambda crisis, settings: reused(crisis),
    428: lambda crisis, settings: change(crisis, **{"if-match": "*"}),
    429: lambda crisis, settings: too_many(settings),
    500: lambda crisis, settings: where(is_broken),
    503: lambda crisis, settings: where(is_away),
}


def test_every_problem_that_is_documented_is_met_here():
    assert CASES.keys() == PROBLEMS.keys()


@pytest.mark.parametrize("status", CASES)
def test_each_is_in_one_shape_and_its_type_leads_to_a_section_of_the_page(status, settings, tmp_path, client):
    settings.API_LIMITS_DIR = tmp_path
    with_savepoint = connection.savepoint() if status == 500 else None

    answer = CASES[status](log(), settings)

    if with_savepoint:
        connection.savepoint_rollback(with_savepoint)
    problem = said(answer, status)
    page, anchor = problem["type"].split("#")
    assert page == reverse("api-landing")
    section = re.search(rf'<tr id="{anchor}">.*?</tr>', client.get(page).text, re.DOTALL)[0]
    assert str(status) in section
    assert problem["title"] in section


@pytest.mark.parametrize("status", [429, 503])
def test_what_passes_says_when_to_come_again(status, settings, tmp_path):
    settings.API_LIMITS_DIR = tmp_path

    assert 1 <= int(CASES[status](log(), settings).headers["Retry-After"]) <= 60


def test_the_types_are_told_apart():
    assert len({problem.anchor for problem in PROBLEMS.values()}) == len(PROBLEMS)


def test_a_path_is_written_one_way_in_parameters_fields_and_lists(office):
    crisis = log(office=office)

    body = '{"other_countries": ["TUN", "XXX"], "colour": 1}'

    assert {error["path"] for error in change(crisis, body).json()["errors"]} == {"other_countries.1", "colour"}


def test_the_page_of_the_api_says_no_in_the_same_shape(client):
    answer = client.post("/api/")

    assert said(answer, 405)["type"] == "/api/#method"
    assert answer.headers["Allow"] == "GET, HEAD"


def test_another_hosts_name_is_a_problem_to_readers_of_the_api_and_a_page_to_others(client):
    said(client.get(f"{V1}codes/", headers={"host": "evil.example"}), 400)
    assert client.get("/matrix/", headers={"host": "evil.example"}).headers["Content-Type"].startswith("text/html")


def test_a_form_of_another_page_is_not_read_at_all():
    client = signed_in(make_hq())
    client.handler.enforce_csrf_checks = True
    client.cookies["csrftoken"] = "a" * 32

    said(client.post(f"{V1}crises/", {"title": "x" * 3_000_000}), 415)


def test_the_api_goes_on_as_soon_as_the_database_does():
    said(where(is_away), 503)
    assert reader().get(f"{V1}crises/").status_code == 200
