"""What version 1 has promised is kept: a difference that would break a client fails here."""

from copy import deepcopy
from datetime import date

import pytest
from django.test import RequestFactory
from django.urls import path
from drf_spectacular.generators import SchemaGenerator

from crises.api.conditions import retiring
from sectors.api import SectorList
from tests.contract import PROMISED, breaks, current, promises, read, written

TEXT = {"type": "string"}
SCHEMA = {
    "components": {
        "schemas": {
            "Cause": {"type": "string", "enum": ["conflict", "epidemic"]},
            "Crisis": {
                "type": "object",
                "properties": {
                    "title": TEXT,
                    "cause": {"$ref": "#/components/schemas/Cause"},
                    "ended": {"type": "string", "nullable": True},
                    "figures": {"type": "array", "items": {"$ref": "#/components/schemas/Figure"}},
                },
                "required": ["title", "cause", "ended", "figures"],
            },
            "Figure": {"type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"]},
            "Intake": {
                "type": "object",
                "properties": {"title": TEXT, "cause": {"$ref": "#/components/schemas/Cause"}, "note": TEXT},
                "required": ["title"],
            },
        }
    },
    "paths": {
        "/crises/": {
            "get": {
                "parameters": [{"in": "query", "name": "cause", "schema": {"$ref": "#/components/schemas/Cause"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Crisis"}}}},
                    "400": {},
                },
            },
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Intake"}}},
                },
                "responses": {"201": {}},
            },
        }
    },
}


def test_what_is_promised_is_kept():
    assert breaks(read(PROMISED.read_text()), current()) == []


def test_what_has_joined_is_promised_too():
    joined = current().keys() - read(PROMISED.read_text()).keys()

    assert joined == set(), "write it down: python -m tests.contract"


def test_a_promise_reads_as_it_was_written():
    assert read(written(promises(SCHEMA))) == promises(SCHEMA)
    assert read(written(current())) == current()


def changed(change):
    schema = deepcopy(SCHEMA)
    change(schema["components"]["schemas"], schema["paths"]["/crises/"])
    return breaks(promises(SCHEMA), promises(schema))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda shapes, here: here.pop("post"), "POST /crises/: - (is) is gone."),
        (lambda shapes, here: here["get"]["parameters"].pop(), "GET /crises/: query:cause (param) is gone."),
        (lambda shapes, here: here["post"]["responses"].pop("201"), "POST /crises/: 201 (status) is gone."),
        (
            lambda shapes, here: shapes["Figure"]["properties"].pop("value"),
            "GET /crises/: figures[].value (out) is gone.",
        ),
        (
            lambda shapes, here: shapes["Figure"]["properties"].update(value=TEXT),
            "GET /crises/: figures[].value (out) was integer and is string.",
        ),
        (
            lambda shapes, here: shapes["Crisis"]["properties"].update(title={"type": "string", "nullable": True}),
            "GET /crises/: title may be null now.",
        ),
        (lambda shapes, here: shapes["Crisis"]["required"].remove("ended"), "GET /crises/: ended may be missing now."),
        (lambda shapes, here: shapes["Intake"]["properties"].pop("note"), "POST /crises/: note (in) is gone."),
        (lambda shapes, here: shapes["Intake"]["required"].append("note"), "POST /crises/: note is required now."),
        (
            lambda shapes, here: (
                shapes["Intake"]["properties"].update(why=TEXT),
                shapes["Intake"]["required"].append("why"),
            ),
            "POST /crises/: why is new and required.",
        ),
        (
            lambda shapes, here: here["get"]["parameters"].append(
                {"in": "query", "name": "x", "required": True, "schema": TEXT}
            ),
            "GET /crises/: query:x is new and required.",
        ),
        (
            lambda shapes, here: shapes["Cause"]["enum"].remove("epidemic"),
            "GET /crises/: query:cause takes less than it did: epidemic.",
        ),
        (
            lambda shapes, here: shapes["Intake"]["properties"].update(note={"type": "string", "enum": ["a"]}),
            "POST /crises/: note takes less than it did: a.",
        ),
    ],
)
def test_what_would_break_a_client_is_found(change, said):
    assert said in changed(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda shapes, here: shapes["Crisis"]["properties"].update(more=TEXT),
        lambda shapes, here: shapes["Cause"]["enum"].append("several"),
        lambda shapes, here: shapes["Intake"]["properties"].update(more=TEXT),
        lambda shapes, here: shapes["Intake"]["required"].remove("title"),
        lambda shapes, here: here.update(patch={"responses": {"200": {}}}),
        lambda shapes, here: here["get"]["parameters"].append({"in": "query", "name": "x", "schema": TEXT}),
    ],
)
def test_what_joins_breaks_nobody(change):
    assert changed(change) == []


# Retiring


@pytest.mark.django_db
def test_an_address_that_is_to_end_says_when_in_every_answer_and_in_the_description():
    view = retiring(SectorList.as_view(), announced=date(2027, 1, 1), ends=date(2027, 7, 1))
    answer = view(RequestFactory().get("/api/v1/sectors/"))
    schema = SchemaGenerator(patterns=[path("api/v1/sectors/", view)]).get_schema(request=None, public=True)

    assert answer.headers["Deprecation"] == "@1798761600"
    assert answer.headers["Sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"
    assert answer.headers["Link"] == '</api/#versions>; rel="deprecation"'
    assert schema["paths"]["/api/v1/sectors/"]["get"]["deprecated"] is True
    assert "Deprecation" not in SectorList.as_view()(RequestFactory().get("/api/v1/sectors/")).headers
