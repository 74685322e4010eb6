"""The API's open half: the framework, places and codes; the page that explains it; its description in OpenAPI."""

import gzip
import json
import re
from html import unescape

import pytest
from django.urls import NoReverseMatch, reverse
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

from crises.api import FILTERS
from crises.filters import GapFilter
from crises.management.commands import load_demo
from mcof.api import PROBLEMS, urlpatterns
from sectors import reference
from tests.factories import make_field, make_office, reader

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


def everything(client, address):
    """Every row of a list, page after page, and how many pages there were."""
    rows, pages = [], 0
    while address:
        answer = client.get(address).json()
        rows += answer["results"]
        address, pages = answer["next"], pages + 1
    return rows, pages


def keys(value):
    """Every key anywhere in an answer."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_the_framework_comes_whole_and_says_whose_word_it_is():
    answer = reader().get(f"{V1}framework/").json()

    assert (answer["framework"], answer["symbol"], answer["edition"]) == ("mcof-2012", "IC/2012/7", 1)
    assert "derived" in answer["provenance_note"]
    lists = {name: len(rows) for name, rows in answer.items() if isinstance(rows, list)}
    assert lists == {
        "sectors": 15,
        "phases": 3,
        "systems": 4,
        "clusters": 19,
        "priorities": 45,
        "links": 135,
        "complementarities": 16,
    }
    assert {row["provenance"] for row in answer["priorities"]} == {"derived"}
    assert all(row["provenance"] and row["paragraph"] for row in answer["links"] + answer["complementarities"])


def test_statements_of_the_framework_name_each_other_by_codes():
    answer = reader().get(f"{V1}framework/").json()
    sectors = {row["code"] for row in answer["sectors"]}
    phases, systems, clusters = ({row["slug"] for row in answer[name]} for name in ("phases", "systems", "clusters"))

    assert {(row["sector"], row["phase"]) for row in answer["priorities"]} == {(s, p) for s in sectors for p in phases}
    assert {row["system"] for row in answer["links"] if row["system"]} == systems
    assert {row["cluster"] for row in answer["links"] if row["cluster"]} == clusters
    assert all((row["system"] is None) != (row["cluster"] is None) for row in answer["links"])
    assert {row["to_sector"] for row in answer["complementarities"]} <= sectors
    assert not keys(answer) & {"id", "pk"}


def test_a_priority_that_depends_on_the_crisis_says_on_what():
    priorities = reader().get(f"{V1}framework/").json()["priorities"]

    conditional = {row["sector"]: (row["condition"], row["otherwise"]) for row in priorities if row["condition"]}
    assert conditional == {
        "S11": ("crosses_border", "recommended"),
        "S12": ("foreign_nationals", "recommended"),
    }
    assert {row["otherwise"] for row in priorities if not row["condition"]} == {None}


@pytest.mark.parametrize("name", ["sectors", "phases", "systems", "clusters"])
def test_each_part_of_the_framework_is_also_a_list_of_its_own(name):
    whole = reader().get(f"{V1}framework/").json()[name]

    assert everything(reader(), f"{V1}{name}/") == (whole, 1)
    assert everything(reader(), f"{V1}{name}/?page_size=1") == (whole, len(whole))


def test_clusters_carry_the_code_of_ocha_where_there_is_one():
    codes = {row["slug"]: row["ocha_code"] for row in reader().get(f"{V1}clusters/").json()["results"]}

    assert (codes["shelter"], codes["mhpss"]) == ("SHL", None)


def test_countries_come_with_the_codes_of_iso_and_m49_and_their_region():
    countries, pages = everything(reader(), f"{V1}countries/")
    regions, _ = everything(reader(), f"{V1}regions/")

    libya = next(row for row in countries if row["iso3"] == "LBY")
    assert libya == {"iso3": "LBY", "iso2": "LY", "m49": "434", "name": "Libya", "region": "015"}
    assert {"code": "015", "name": "Northern Africa", "parent": "002"} in regions
    assert {row["region"] for row in countries} <= {row["code"] for row in regions} | {None}
    assert len({row["iso3"] for row in countries}) == len(countries) > 190 < pages * 50


def test_offices_are_for_people_who_are_signed_in_and_name_nobody():
    make_office("tripoli")
    make_field(make_office("tripoli"), username="canary")

    assert reader().get(f"{V1}offices/").status_code == 401
    answer = reader(make_field()).get(f"{V1}offices/")
    assert "canary" not in answer.content.decode()
    assert answer.json()["results"] == [
        {"slug": "hq", "name": "Hq", "kind": "hq", "country": None, "parent": None},
        {"slug": "tripoli", "name": "Tripoli", "kind": "country", "country": "LBY", "parent": "hq"},
    ]


def test_every_enumeration_says_what_its_codes_are_called():
    codes = reader().get(f"{V1}codes/").json()

    assert {"code": "critical", "label": "Critical"} in codes["priority"]
    assert {"code": "natural_hazard", "label": "Natural hazard"} in codes["cause"]
    assert all(row["code"] and row["label"] for rows in codes.values() for row in rows)


def test_the_framework_costs_one_query_and_one_for_the_token(django_assert_num_queries):
    client = reader(make_field())
    reference.current()

    # the token with its owner; the edition in force, whose content the process holds
    with django_assert_num_queries(2):
        client.get(f"{V1}framework/")
    with django_assert_num_queries(1):
        reader().get(f"{V1}framework/")


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("sectors", 2),  # the framework in force, its sectors
        ("phases", 2),
        ("systems", 1),
        ("clusters", 1),
        ("regions", 1),
        ("countries", 1),
        ("codes", 0),
        ("schema", 0),
    ],
)
def test_reference_lists_cost_the_same_for_one_row_and_for_all(django_assert_num_queries, name, queries):
    for size in ("?page_size=1", "?page_size=200") if name not in ("codes", "schema") else ("",):
        with django_assert_num_queries(queries):
            assert reader().get(f"{V1}{name}/{size}").status_code == 200


# The page that explains it


def landing(client):
    return unescape(client.get("/api/").content.decode())


def test_the_page_about_the_api_is_open_small_and_costs_one_query(client, django_assert_num_queries):
    reference.current()

    # the edition in force
    with django_assert_num_queries(1):
        answer = client.get("/api/")

    assert answer.status_code == 200
    assert len(gzip.compress(answer.content)) <= 12 * 1024  # six samples of code among it


def _with_names(pattern):
    """An address with the names of what varies in it."""
    if pattern.name == "api-edition":
        return f"{V1}editions/<framework>/<number>/"
    if pattern.name == "api-cell":
        return f"{V1}crises/<reference>/plan/<sector>/<phase>/"
    if pattern.name == "api-figure":
        return f"{V1}crises/<reference>/figures/<number>/"
    if pattern.name == "api-queue":
        return f"{V1}worklist/<queue>/"
    if pattern.name.startswith("api-export"):
        return reverse(pattern.name, args=["csv"])
    return reverse(pattern.name, args=["REF"]).replace("REF", "<reference>")


def test_the_page_about_the_api_names_every_address(client):
    text = landing(client)

    for pattern in urlpatterns:
        if pattern.name and pattern.name not in ("api-landing", "api-docs"):
            try:
                address = reverse(pattern.name)
            except NoReverseMatch:
                address = _with_names(pattern)
            assert address.removeprefix(V1) in text, pattern.name


def test_the_commands_on_the_page_about_the_api_work(client):
    text = landing(client)
    token = reader(make_field())

    addresses = re.findall(r"(?:curl |\" |<pre>)http://testserver(/api/\S+?)</pre>", text)
    assert len(addresses) == 3
    assert [token.get(address).status_code for address in addresses] == [200, 200, 200]


def test_on_a_demo_the_commands_work_as_they_stand(client, settings):
    settings.DEMO = True

    assert f'Token $(cat {load_demo.TOKEN.relative_to(settings.BASE_DIR)})" http://testserver{V1}crises/' in landing(
        client
    )


def test_the_page_about_the_api_tells_the_limits_in_numbers(client, settings):
    settings.API_READS_PER_MINUTE, settings.API_WRITES_PER_MINUTE, settings.API_VISITORS_PER_MINUTE = 600, 60, 0

    told = re.findall(r'<th scope="row">([^<]+)</th><td class="n">([^<]+)<', landing(client))

    assert told == [
        ("One token, reading", "600"),
        ("One token, changing", "60"),
        ("One address without a token", "No limit"),
    ]


def test_the_page_about_the_api_explains_every_problem_and_shows_a_real_one(client):
    text = landing(client)
    example = re.search(r"<pre>({.*?})</pre>", text, re.DOTALL)[1]

    assert json.loads(example) == reader().get(f"{V1}crises/?county=LBY").json()
    assert all(f'id="{problem.anchor}"' in text for problem in PROBLEMS.values())


# The description


@pytest.fixture(scope="module")
def schema():
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


def test_the_description_in_the_repository_is_up_to_date(schema, settings):
    written = (settings.BASE_DIR / "docs" / "openapi.yaml").read_bytes()

    assert written == OpenApiYamlRenderer().render(schema, renderer_context={}), (
        "write it again: python manage.py spectacular --file docs/openapi.yaml"
    )


def test_the_description_is_valid_and_nothing_in_it_is_guessed(schema):
    validate_schema(schema)

    assert not GENERATOR_STATS


def test_every_operation_has_a_name_a_summary_described_parameters_and_an_answer(schema):
    operations = [operation for methods in schema["paths"].values() for operation in methods.values()]

    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        good = operation["responses"].get("200") or operation["responses"]["201"]
        if not operation["operationId"].startswith("export_"):
            assert "$ref" in good["content"]["application/json"]["schema"]
        if operation["operationId"].startswith("change_"):
            assert {"403", "404", "409", "412", "413", "415", "422", "428"} <= operation["responses"].keys()
        if "201" in operation["responses"]:
            assert {"403", "409", "413", "415", "422"} <= operation["responses"].keys()
        assert {"400", "401", "406"} <= operation["responses"].keys()
        for parameter in operation.get("parameters", []):
            assert parameter.get("description") or parameter["in"] == "path", parameter["name"]


def test_every_filter_of_the_pages_is_described_in_the_api():
    assert GapFilter.base_filters.keys() == FILTERS.keys()


def test_the_description_is_served_and_the_viewer_shows_it(client):
    assert client.get(f"{V1}schema/").headers["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert "swagger-ui" in client.get("/api/docs/").content.decode()
    assert f'url: "{V1}schema/"' in client.get("/api/docs/?script=").content.decode().replace("\\u002D", "-")


def test_only_the_viewer_may_set_styles_from_its_script(client):
    loose = client.get("/api/docs/").headers["Content-Security-Policy"]
    strict = client.get("/api/").headers["Content-Security-Policy"]

    assert "style-src 'self' 'unsafe-inline'" in loose
    assert "img-src 'self' data:" in loose
    assert "script-src 'self';" in f"{loose};"
    assert "unsafe-inline" not in strict
