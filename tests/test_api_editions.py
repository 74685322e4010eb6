"""The editions of the framework in the API: published ones, each whole; a draft never."""

import pytest

from tests.factories import make_hq, publish, reader, revise

pytestmark = pytest.mark.django_db
EDITIONS = "/api/v1/editions/"


def test_published_editions_are_listed_and_a_draft_is_not():
    revise("S05", "during", priority="recommended")

    for client in (reader(), reader(make_hq())):
        assert [row["edition"] for row in client.get(EDITIONS).json()["results"]] == [1]
        assert client.get(f"{EDITIONS}mcof-2012/2/").status_code == 404
    publish()
    rows = reader().get(EDITIONS).json()["results"]
    assert [row["edition"] for row in rows] == [1, 2]
    assert rows[1]["url"].endswith(f"{EDITIONS}mcof-2012/2/")


def test_each_edition_comes_whole_and_says_which_values_are_headquarters_own():
    before = reader().get(f"{EDITIONS}mcof-2012/1/").content
    revise("S05", "during", priority="recommended")
    publish()

    assert reader().get(f"{EDITIONS}mcof-2012/1/").content == before
    second = reader().get(f"{EDITIONS}mcof-2012/2/").json()
    own = [row for row in second["priorities"] if row["provenance"] == "headquarters"]
    assert [(row["sector"], row["phase"], row["priority"]) for row in own] == [("S05", "during", "recommended")]
    assert "1 statement is set by headquarters" in second["provenance_note"]
    assert reader().get("/api/v1/framework/").json() == second


@pytest.mark.parametrize("address", ["mcof-2012/9/", "nothing/1/", "mcof-2012/0/"])
def test_an_edition_that_is_none_is_not_found(address):
    assert reader().get(EDITIONS + address).status_code == 404
