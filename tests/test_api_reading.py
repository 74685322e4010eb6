"""Reading, the same at every address: what is not known is refused, what has not changed is not sent again; and sparse
fields, expansion and sorting where they are offered."""

import re
from datetime import date

import pytest

from crises.listing import SORTS
from mcof.api import urlpatterns
from tests.conftest import signed_in
from tests.factories import add_figure, log, make_hq, make_partner, reader, set_status, share
from tests.test_api_errors import errors

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
READ = [pattern for pattern in urlpatterns if pattern.name and "v1" in str(pattern.pattern)]


@pytest.fixture
def crisis(office):
    crisis = log()
    add_figure(crisis, 640)
    return crisis


def address(pattern, crisis):
    known = {"reference": crisis.reference, "sector": "S03", "phase": "during", "queue": "gaps"}
    known |= {"framework": "mcof-2012", "number": crisis.figures.get().pk if pattern.name == "api-figure" else 1}
    known["kind"] = "csv"
    named = r"\(\?P<(\w+)>[^)]*\)|<slug:(\w+)>"
    spelled = re.sub(named, lambda found: str(known[found[1] or found[2]]), str(pattern.pattern))
    return "/" + spelled.strip("^$")


@pytest.mark.parametrize("pattern", READ, ids=lambda pattern: pattern.name)
def test_every_address_refuses_what_it_does_not_know_and_answers_once(pattern, crisis):
    where, client = address(pattern, crisis), reader(make_hq())

    first = client.get(where)
    assert first.status_code == 200, where
    if not first.streaming:  # a file is sent while it is made, and has no version before it ends
        again = client.get(where, headers={"if-none-match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b""), where
        assert again.headers["ETag"] == first.headers["ETag"]
    if pattern.name != "api-schema":
        assert "There is no parameter “colour” here." in errors(client.get(f"{where}?colour=blue"))["colour"]


@pytest.mark.parametrize("pattern", READ, ids=lambda pattern: pattern.name)
def test_a_list_names_the_nearest_parameter_and_caps_its_pages(pattern, crisis):
    where, client = address(pattern, crisis), reader(make_hq())
    answer = client.get(where)
    if not answer["Content-Type"].startswith("application/json") or "results" not in answer.json():
        return
    assert "“page_size”" in errors(client.get(f"{where}?page_sise=2"))["page_sise"]
    for bad in ("0", "201", "x"):
        assert errors(client.get(f"{where}?page_size={bad}")).keys() == {"page_size"}
    assert len(client.get(f"{where}?page_size=1").json()["results"]) <= 1


# Sparse fields, expansion


@pytest.mark.parametrize("name", ["crises", "figures", "crises/{}/figures"])
def test_only_the_fields_that_are_asked_for_are_answered(name, crisis):
    client, where = reader(make_hq()), V1 + name.format(crisis.reference) + "/"
    whole = client.get(where).json()["results"][0]
    two = list(whole)[:2]

    assert client.get(f"{where}?fields={','.join(two)}").json()["results"] == [{name: whole[name] for name in two}]
    refused = errors(client.get(f"{where}?fields={two[0]},{two[1][:-1]}x"))["fields"]
    assert f"Did you mean “{two[1]}”?" in refused


def test_a_crisis_alone_takes_fields_and_expand_too(crisis):
    client, where = reader(make_hq()), f"{V1}crises/{crisis.reference}/"

    assert client.get(f"{where}?fields=reference,figures").json().keys() == {"reference", "figures"}
    assert client.get(f"{where}?expand=office").json()["expanded"]["office"]["name"] == "Tripoli"


def test_what_is_expanded_stands_beside_its_code_and_costs_no_query(crisis, django_assert_num_queries):
    client = reader(make_hq())
    client.get(f"{V1}crises/")
    with django_assert_num_queries(4):
        [row] = client.get(f"{V1}crises/?expand=office,country,other_countries").json()["results"]

    assert (row["office"], row["country"]) == ("tripoli", "LBY")
    assert row["expanded"] == {
        "office": {"slug": "tripoli", "name": "Tripoli", "kind": "country", "country": "LBY"},
        "country": {"iso3": "LBY", "iso2": "LY", "m49": "434", "name": "Libya"},
        "other_countries": [],
    }
    assert client.get(f"{V1}crises/").json()["results"][0]["expanded"] is None
    assert "Did you mean “office”?" in errors(client.get(f"{V1}crises/?expand=ofice"))["expand"]


def test_a_partner_s_fields_are_no_wider_for_being_asked_for(crisis):
    share(crisis)
    partner = reader(make_partner("LBY"))

    assert partner.get(f"{V1}crises/{crisis.reference}/?fields=focal_point").json() == {"focal_point": None}


# Sorting


@pytest.fixture
def several(office):
    for n, (title, country, start) in enumerate(
        [
            ("Éboulement", "PER", date(2026, 1, 5)),
            ("Flood", "LBY", None),
            ("drought", "TUN", date(2025, 5, 1)),
            ("Flood", "EGY", date(2026, 1, 5)),
            ("Conflict", "LBY", None),
        ]
    ):
        crisis = log(
            title=title, country=country, started_on=start, start_precision="day" if start else "", exercise=bool(n % 2)
        )
        if n < 2:
            set_status(crisis, "S03", "during", "active")


@pytest.mark.parametrize("sort", [f"{sign}{name}" for name in SORTS for sign in ("", "-")])
def test_pages_of_a_sorted_list_are_the_order_of_the_page_and_miss_nothing(sort, several):
    client, seen, where = reader(make_hq()), [], f"{V1}crises/?sort={sort}&page_size=2"

    while where:
        page = client.get(where).json()
        seen += [row["reference"] for row in page["results"]]
        where = page["next"]

    page = signed_in(make_hq()).get(f"/crises/?sort={sort}").content.decode()
    shown = list(dict.fromkeys(re.findall(r"/crises/([A-Z]{3}-\d{4}-\w{3})/", page)))
    assert seen == shown
    assert len(seen) == 5


def test_a_sort_or_cursor_that_is_none_is_named(several):
    client = reader(make_hq())

    assert errors(client.get(f"{V1}crises/?sort=colour")).keys() == {"sort"}
    for bad in ("", "x", "W10=", "W3t9LDFd", "WyJ4IiwxXQ=="):
        assert errors(client.get(f"{V1}crises/?sort=started&cursor={bad}")).keys() == {"cursor"}
    assert errors(client.get(f"{V1}gaps/?sort=title")).keys() == {"sort"}


def test_a_sorted_list_goes_back_in_time(several):
    found = reader(make_hq()).get(f"{V1}crises/?sort=title&as_of=2026-03-02&page_size=3").json()

    assert len(found["results"]) == 3
    assert len(reader(make_hq()).get(found["next"]).json()["results"]) == 2
