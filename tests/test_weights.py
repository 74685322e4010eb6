"""What a page weighs on a poor line: HTML and CSS of a first view, compressed, against the budgets."""

import gzip
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from tests.factories import NOON, add_figure, log, set_status

pytestmark = pytest.mark.django_db

KB = 1024
FIELD, WIDE = 14 * KB, 20 * KB
STATIC = settings.BASE_DIR / "mcof" / "static"


def weight(text):
    return len(gzip.compress(text, 9))


def first_view(client, path):
    """The compressed size of a page and of the style sheets it names."""
    page = client.get(path)
    assert page.status_code == 200
    sheets = [sheet for sheet in STATIC.glob("*.css") if sheet.name.encode() in page.content]
    return weight(page.content) + sum(weight(sheet.read_bytes()) for sheet in sheets)


@pytest.fixture
def crisis(office):
    crisis = log(office=office, phases=["before", "during", "after"], summary="Needs and access. " * 40)
    for code in ("S01", "S02", "S03", "S04"):
        set_status(crisis, code, "during", "active", lead="A. Example")
    for value in range(6):
        add_figure(crisis, 1000 + value, source="https://example.org/a/long/address/of/a/report.pdf")
    return crisis


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("/login/", FIELD),
        ("/crises/new/", FIELD),
        ("/drafts/", FIELD),
        ("/crises/{reference}/", FIELD),
        ("/matrix/", WIDE),
        ("/crises/{reference}/plan/", WIDE),
        ("/crises/{reference}/plan/?phase=all", WIDE),
        ("/dashboard/", WIDE),
        ("/countries/", FIELD),
        ("/countries/LBY/", FIELD),
        ("/offices/tripoli/", FIELD),
        ("/worklist/", WIDE),
        ("/crises/", FIELD),
        ("/gaps/", WIDE),
        ("/views/", FIELD),
        ("/import/", FIELD),
        ("/account/webhooks/", FIELD),
        ("/account/webhooks/new/", FIELD),
        ("/account/tokens/", FIELD),
    ],
)
def test_a_first_view_stays_within_its_budget(field_client, client, crisis, name, budget, record_property):
    path = name.format(reference=crisis.reference)

    found = first_view(client if name == "/login/" else field_client, path)

    record_property("weight", f"{found / KB:5.1f} of {budget // KB} KB  {name}")
    assert found <= budget


def test_a_grid_of_50_crises_stays_within_its_budget(hq_client, office, record_property):
    for n in range(50):
        phases = [["during"], ["during", "after"], ["before"]][n % 3]
        title = f"{TITLES[n % 5]} in the {TITLES[n % 7]} of district {n}"
        crisis = log(office=office, title=title, phases=phases, at=NOON - timedelta(days=n), exercise=n % 4 == 0)
        for m in range(4):
            set_status(crisis, f"S{(n + 3 * m) % 15 + 1:02}", phases[0], ["active", "planned"][m % 2])
        add_figure(crisis, 1000 + n * 977)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as a database does by itself before long: tests fill it in a moment

    for path in ("/grid/", "/grid/?as_of=2026-03-05"):
        found = first_view(hq_client, path)
        record_property("weight", f"{found / KB:5.1f} of {WIDE // KB} KB  {path}, 50 crises")
        assert found <= WIDE


TITLES = ["Fighting", "River floods", "Cyclone", "Displacement", "Earthquake", "Drought", "Stranded migrants"]


def test_the_script_of_the_form_stays_small():
    assert weight((STATIC / "draft.js").read_bytes()) <= 5 * KB
