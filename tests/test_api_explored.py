"""The running API against its own description, by schemathesis: every operation, every check, each kind of reader.

Each run is bounded and the same every time. A longer one, with other cases each time:

    EXAMPLES=200 python -m pytest tests/test_api_explored.py
"""

import os
from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import islice

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounded
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from offices.services import issue_token
from tests.factories import (
    add_activity,
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_partner,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("EXAMPLES", "2"))
PERSONAS = ["anonymous", "partner", "field", "hq"]
PLAIN = {"Accept-Encoding": "identity"}


# What a description cannot say of a change: rules between its parts, and what is stored already.
REFUSALS = [400, 401, 403, 404, 409, 412, 422, 428]
CONFIG = {
    "operations": [
        {
            "include-method": method,
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, 404, 409, 412, 422, 428]}
            },
        }
        for method in ("POST", "PATCH")
    ]
}
# Codes that exist, in place of any text: the description cannot list what is data.
CODES = {
    **{"country": "LBY", "region": "002", "office": "tripoli", "phase": "during", "sector": "S03", "needs": "S03"},
    **{"as_of": "2026-03-02", "since": "2026-03-01", "until": "2026-03-31", "part_of": "", "view": "", "cursor": None},
    **{"fields": None, "expand": None},
    **{"other_countries": ["TUN"], "sectors": ["S03"], "age_band": "0-4", "glide": [], "started": "2026-02"},
    **{"office": "tripoli", "entered_on": "2026-02-01"},
}

KINDS = {"cells": "ndjson", "gaps": "xlsx", "dictionary": "json"}  # of file, in the address; of all others CSV


def with_codes(said):
    """The same with codes that exist; what is None among them is left out."""
    if isinstance(said, list):
        return [with_codes(one) for one in said]
    if not isinstance(said, dict):
        return said
    return {name: CODES.get(name, with_codes(value)) for name, value in said.items() if CODES.get(name, "") is not None}


@pytest.fixture
def world(office, settings):
    """One crisis that has everything, shared with partners, and one that is the office's own."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.API_READS_PER_MINUTE = settings.API_VISITORS_PER_MINUTE = settings.API_WRITES_PER_MINUTE = 0
    crisis = log(started_on=None)
    set_status(crisis, "S04", "during", "active", lead="Unit A")
    set_priority(crisis, "S05", "during", "recommended")
    waive(crisis, "S03")
    add_figure(crisis, 3)
    add_activity(crisis, sectors=["S03"], required=5000)
    decide_level(crisis, "2")
    share(crisis)
    log(title="Own", sharing="office")
    return crisis


@pytest.fixture
def running(world):
    """The application as a server runs it, but that it stays on the connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def credentials(persona):
    if persona == "anonymous":
        return {}
    user = {"partner": lambda: make_partner("LBY"), "field": make_field, "hq": make_hq}[persona]()
    _, key = issue_token(user=user, name="", lasts=timedelta(days=1), may_write=persona != "partner")
    return {"Authorization": f"Token {key}"}


def known(crisis, operation):
    """Values that lead somewhere, for what varies in an address."""
    values = {"reference": crisis.reference, "sector": "S03", "phase": "during", "queue": "gaps"}
    values |= {"framework": "mcof-2012", "number": "1"}
    values["kind"] = KINDS.get(operation.path.removesuffix(".{kind}").rpartition("/")[2], "csv")
    if "figures" in operation.path:
        values["number"] = str(crisis.figures.get().pk)
    return {parameter.name: values[parameter.name] for parameter in operation.path_parameters}


def described(running):
    return schemathesis.openapi.from_wsgi(
        "/api/v1/schema/", running, config=SchemathesisConfig.from_dict(CONFIG), headers=PLAIN
    )


def generated(operation, mode, path):
    """Calls with cases made for one operation: as many as EXAMPLES says."""
    cases = operation.as_strategy(mode, path_parameters=path)
    return given(case=cases), bounded(
        max_examples=EXAMPLES,
        derandomize="EXAMPLES" not in os.environ,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def faults(explore):
    """What a run of cases finds, as lines."""
    try:
        explore()
    except Unsatisfiable:
        return []  # it takes nothing that could be wrong
    except FailureGroup as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("persona", PERSONAS)
def test_every_operation_keeps_what_the_description_says(running, world, persona, mode):
    headers, wrong, seen = credentials(persona) | PLAIN, [], Counter()

    for result in described(running).get_all_operations():
        operation = result.ok()
        cases, limits = generated(operation, mode, known(world, operation))

        @limits
        @cases
        def explore(case):
            if mode == GenerationMode.POSITIVE:
                case.query, case.body = with_codes(case.query), with_codes(case.body)
            seen[case.call_and_validate(headers=headers).status_code] += 1

        wrong += [f"{operation.label}: {line}" for line in faults(explore)]

    assert wrong == [], "\n".join(wrong)
    assert seen[200 if mode == GenerationMode.POSITIVE else 400] >= 10, seen


def test_what_is_missing_twice_or_not_offered_is_refused_in_every_operation(running, world):
    """What schemathesis calls coverage: each rule of the description broken once, each method tried."""
    headers, wrong, schema = credentials("field") | PLAIN, [], described(running)

    for result in schema.get_all_operations():
        operation, limits = result.ok(), schema.config.generation_for(operation=result.ok())
        cases = schema.iter_coverage_cases(
            operation, generation_modes=[GenerationMode.NEGATIVE], generation_config=limits
        )
        for case in islice(cases, 0, None, 1 if "EXAMPLES" in os.environ else 3):
            found = faults(partial(case.call_and_validate, headers=headers))
            wrong += [f"{operation.label}: {line}" for line in found]

    assert wrong == [], "\n".join(wrong)
