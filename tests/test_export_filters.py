"""Whole tables as files take the filters of the lists of the API, every one, and find the same rows."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from crises import sample, services
from crises.filters import CellFilter, CrisisFilter, FigureFilter, GapFilter
from tests.factories import (
    add_figure,
    log,
    make_field,
    make_hq,
    make_partner,
    reader,
    save_view,
    sector,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
LISTS = {"crises": CrisisFilter, "cells": CellFilter, "gaps": GapFilter, "figures": FigureFilter}
WHICH = {  # what says which row it is, in the list and in the file
    "crises": ["reference"],
    "cells": ["reference", "sector", "phase", "status", "revision"],
    "gaps": ["reference", "sector", "phase"],
    "figures": ["reference", "metric", "group", "value", "sectors", "headline", "place", "as_of", "revision"],
}
CODES = {  # of filters that know their codes by what is stored; all others name their choices
    "q": ["fighting", "no such words"],
    "region": ["002", "015"],
    "country": ["LBY", "TUN"],
    "office": ["tripoli", "hq"],
    "phase": ["before", "during", "after"],
    "sector": ["S03", "S04", "S10"],
    "needs": ["S03", "S04"],
    "waived": ["true", "false"],
}
OF_THE_CELL = {"sector": "sector", "phase": "phase", "sector_status": "status"}
PROTECTED = "S10"  # figures of it are in the files of their own office alone


@pytest.fixture
def archive(office):
    """Crises that differ in all that a filter asks for. Answers the values to ask with: {filter: [values]}."""
    today = timezone.now()
    sample.make(12, open_ones=8, today=today.date(), history=False)
    full = log(title="Fighting in the capital", phases=["during", "after"], at=today - timedelta(days=2))
    set_status(full, "S03", "during", "active")
    set_status(full, "S03", "after", "planned")
    set_priority(full, "S04", "during", "important")
    waive(full, "S02")
    add_figure(full, 640, sectors=[sector("S03"), sector("S04")])
    add_figure(full, 3, metric="dead", group="refugees", headline=False)
    add_figure(full, 4321, sectors=[sector(PROTECTED)], headline=False)
    part, gone = log(title="A part of it"), log(title="The same fighting", phases=["before"])
    services.set_part_of(crisis=part, whole=full, by=make_field())
    set_status(gone, "S05", "before", "active")
    add_figure(gone, 77)
    merger = make_hq("merger")  # who changed a crisis does not approve it
    services.merge_crisis(crisis=gone, survivor=full, by=merger, why="They are one and the same.", at=today)
    share(full)
    log(title="Our own", sharing="office")
    view = save_view("Libya", country="LBY", shared=True)
    return CODES | {"part_of": [full.reference], "view": [view.slug]}


def listed(client, name, query):
    """What a list answers, page by page: its status, and the rows."""
    page, rows = f"{V1}{name}/?{query}&page_size=200", []
    while page:
        answer = client.get(page)
        if answer.status_code != 200:
            return answer.status_code, answer.json()["errors"]
        rows += answer.json()["results"]
        page = answer.json()["next"]
    return 200, [row if name == "crises" else row | {"reference": row["crisis"]} for row in rows]


def exported(client, name, query):
    """What a file answers: its status, and the rows."""
    answer = client.get(f"{V1}export/{name}.ndjson?{query}")
    if answer.status_code != 200:
        return answer.status_code, answer.json()["errors"]
    return 200, [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def which(name, rows):
    return sorted([str(row[column]) for column in WHICH[name]] for row in rows)


def asked(name, archive, sparing):
    """Every filter of a list with each of its values; or, to be sparing, with the first."""
    for filter_name, field in LISTS[name].base_filters.items():
        if filter_name == "as_of":
            continue  # files say what holds now
        values = archive.get(filter_name) or [value for value, _label in field.extra["choices"]]
        yield filter_name, values[:1] if sparing else values


def readers():
    return {
        "hq": reader(make_hq()),
        "field": reader(make_field()),
        "partner": reader(make_partner("LBY", "AFG", "ALB", "DZA")),
    }


@pytest.mark.parametrize("name", LISTS)
def test_a_file_takes_every_filter_of_its_list_and_finds_the_same_rows(archive, name):
    for persona, client in readers().items():
        _, everything = exported(client, name, "")

        for filter_name, values in asked(name, archive, sparing=persona != "hq"):
            counts = [same_rows(name, client, persona, everything, filter_name, value) for value in values]
            if persona == "hq":
                assert max(counts) > 0, f"no value of {filter_name} finds anything"
                assert min(counts) < len(everything), f"no value of {filter_name} leaves anything out"


def same_rows(name, client, persona, everything, filter_name, value):
    """How many rows a filter finds: in the list and in the file the same."""
    query = urlencode({filter_name: value})
    (status, rows), (same, found) = listed(client, name, query), exported(client, name, query)
    assert status == same, (persona, query, found)
    if status == 400:  # a view that this reader may not use
        assert rows == found
        return 0
    if name == "figures" and persona != "field":
        rows = [row for row in rows if PROTECTED not in row["sectors"]]
    if name == "cells":
        silent = [row for row in found if not row["revision"]]
        assert which(name, silent) == which(name, unsaid(client, everything, filter_name, value)), (persona, query)
        found = [row for row in found if row["revision"]]
    assert which(name, found) == which(name, rows), (persona, query)
    return len(found)


def unsaid(client, everything, filter_name, value):
    """The cells that a filter should find of those nobody has said anything of: the list has only the others."""
    if value == "merged":
        _, everything = exported(client, "cells", "status=merged")
    if filter_name in OF_THE_CELL:
        found = [row for row in everything if row[OF_THE_CELL[filter_name]] == value]
    else:
        _, crises = listed(client, "crises", urlencode({filter_name: value}))
        references = {row["reference"] for row in crises}
        found = [row for row in everything if row["reference"] in references]
    return [row for row in found if not row["revision"]]


def test_filters_narrow_together(archive):
    of_cells = {"phase": "during", "sector": "S03"}
    more = {
        "crises": {"phase": "during", "cause": "conflict"},
        "cells": of_cells | {"sector_status": "active"},
        "gaps": of_cells | {"sector": "S02", "waived": "true"},
        "figures": of_cells | {"headline": "true", "metric": "affected"},
    }
    for name in LISTS:
        query = urlencode({"country": "LBY"} | more[name])
        (_, rows), (status, found) = listed(reader(make_hq()), name, query), exported(reader(make_hq()), name, query)

        assert status == 200, found
        assert which(name, found) == which(name, rows)
        assert rows, name
