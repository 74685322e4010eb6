"""Logging a crisis through the API: whole or not at all, once, and never a second time unawares."""

import html
import json
import re
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from crises import services
from crises.models import Crisis, Figure, Gap, PhasePeriod, PlanCell, PossibleDuplicate, Receipt
from crises.services.received import receive
from offices.services import issue_token
from tests.conftest import signed_in
from tests.factories import log, make_field, make_hq, make_office, make_partner, reader
from tests.test_api_edits import at_once, said, writer, wrong

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/crises/"
WHY = "The assessment of March found it otherwise."
LEAST = {
    "office": "tripoli",
    "title": "Fighting around Tripoli",
    "country": "LBY",
    "cause": "conflict",
    "periods": [{"phase": "during"}],
}
FIGURE = {"metric": "affected", "value": 640, "as_of": "2026-02", "source_kind": "un", "headline": True}
PART = {"sex": "female", "age_band": "0-4", "value": 20}
OWN = {"sector": "S03", "phase": "during", "priority": "important", "justification": WHY}
CELLS = [{"sector": f"S{n:02}", "phase": "during", "status": "active", "since": "2026-02-01"} for n in range(1, 11)]
WHOLE = LEAST | {
    "other_countries": ["TUN", "EGY"],
    "cells": CELLS,
    "figures": [FIGURE | {"value": 640 + n, "sectors": ["S01", "S03"]} for n in range(5)],
}


@pytest.fixture
def client(office):
    return writer()


def post(client, content, key="new", address=ADDRESS):
    headers = {"idempotency-key": str(uuid.uuid4() if key == "new" else key)} if key else {}
    body = content if isinstance(content, str | bytes) else json.dumps(content)
    return client.post(address, body, content_type="application/json", headers=headers)


def stored():
    return {model.__name__: model.objects.count() for model in (Crisis, PlanCell, Figure, PhasePeriod, Gap, Receipt)}


# What is made


def test_a_crisis_is_logged_with_its_cells_and_figures_in_one_change(client):
    cells = [
        {
            "sector": "S03",
            "phase": "during",
            "status": "active",
            "since": "2026-02-10",
            "lead": "Unit A",
            "note": "Yes.",
        },
        {"sector": "S04", "phase": "during", "priority": "not_applicable", "justification": WHY},
        {"sector": "S05", "phase": "before", "status": "planned", "priority": "critical", "justification": WHY},
    ]
    figures = [FIGURE | {"sectors": ["S03"], "parts": [PART]}, FIGURE | {"metric": "dead", "value": None}]

    answer = post(client, LEAST | {"started": "2026-01", "groups": ["refugees"], "cells": cells, "figures": figures})

    assert answer.status_code == 201, answer.content
    body = answer.json()
    crisis = Crisis.objects.get()
    assert answer.headers["Location"] == body["url"] == f"http://testserver/api/v1/crises/{crisis.reference}/"
    assert answer.headers["ETag"] == f'"{crisis.facts_revision}"'
    assert body["revision"] == crisis.revision
    assert body["figures"] == list(Figure.objects.order_by("pk").values_list("pk", flat=True))
    told = client.get(body["url"]).json()
    assert (told["started"], told["groups"], told["gaps"]) == ("2026-01", ["refugees"], len(body["gaps"]))
    assert [figure["value"] for figure in told["figures"]] == [None, 640]
    assert [part["value"] for figure in told["figures"] for part in figure["parts"]] == [20]
    plan = {(cell["sector"], cell["phase"]): cell for cell in client.get(body["plan_url"]).json()["cells"]}
    assert (plan["S03", "during"]["status"], plan["S03", "during"]["lead"]) == ("active", "Unit A")
    assert (plan["S04", "during"]["priority"], plan["S05", "before"]["status"]) == ("not_applicable", "planned")
    assert [[gap["sector"], gap["phase"]] for gap in body["gaps"]] == [
        list(key) for key, cell in plan.items() if cell["gap"]
    ]
    assert ("S03", "during") not in {(gap["sector"], gap["phase"]) for gap in body["gaps"]}
    assert {cell.revision for cell in PlanCell.objects.all()} == {crisis.revision}
    assert PlanCell.history.count() == 3
    assert set(PlanCell.history.values_list("history_user__username", flat=True)) == {"field"}
    diff = client.get(f"{body['plan_url']}?diff=framework").json()["cells"]
    assert {cell["sector"]: cell["changed_by"] for cell in diff} == {"S04": "field", "S05": "field"}
    assert (
        "cells of its plan: 3; figures: 2"
        in signed_in(make_field()).get(f"/crises/{crisis.reference}/history/").content.decode()
    )


def test_the_answer_s_tag_is_what_the_next_change_is_conditional_on(client):
    answer = post(client, LEAST)

    changed = client.patch(
        answer.json()["url"],
        json.dumps({"title": "Another"}),
        content_type="application/json",
        headers={"if-match": answer.headers["ETag"]},
    )

    assert changed.status_code == 200, changed.content


def test_a_crisis_through_the_api_is_the_crisis_of_the_page(client):
    """The same services: gaps, standing and the number of people are those of a crisis logged by hand."""
    page = log(by=make_field(), figure=None)
    answer = post(client, LEAST | {"confirmed_not_duplicate": True, "why_distinct": "Another town."})

    api = Crisis.objects.get(reference=answer.json()["reference"])
    assert [[gap["sector"], gap["phase"]] for gap in answer.json()["gaps"]] == [
        [gap.sector.code, gap.phase.slug] for gap in page.gaps.order_by("sector__number", "phase__number")
    ]
    assert api.standings.get().cells == page.standings.get().cells
    assert PossibleDuplicate.objects.get(crisis=api).reporter_says == "Another town."


# All or nothing


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"titel": "x"}, {"titel"}),
        ({"reference": "LBY-2026-AAA", "revision": 1}, {"reference", "revision"}),
        ({"title": 5, "cause": "war", "country": "Libya"}, {"title", "cause", "country"}),
        ({"office": "nowhere"}, {"office"}),
        ({"periods": []}, {"periods"}),
        ({"periods": [{"phase": "during"}, {"phase": "during"}]}, {"periods"}),
        ({"periods": [{"phase": "later"}]}, {"periods.0.phase"}),
        ({"periods": ["during"]}, {"periods.0"}),
        ({"sharing": "public"}, {"sharing"}),
        ({"exercise": "yes"}, {"exercise"}),
        ({"started": "2999"}, {"started"}),
        ({"other_countries": ["TUN", "XXX"]}, {"other_countries.1"}),
        ({"cells": [*CELLS[:3], OWN | {"sektor": "S04"}]}, {"cells.3.sektor"}),
        ({"cells": [*CELLS[:3], {"phase": "during", "status": "active"}]}, {"cells.3.sector"}),
        ({"cells": [CELLS[0] | {"revision": 3}]}, {"cells.0.revision"}),
        ({"cells": [{"sector": "S99", "phase": "during", "status": "active"}]}, {"cells.0.sector"}),
        ({"cells": [{"sector": "S01", "phase": "during"}]}, {"cells.0"}),
        ({"cells": [CELLS[0], CELLS[0]]}, {"cells.1.sector"}),
        ({"cells": [CELLS[0], CELLS[1] | {"status": "completed"}]}, {"cells.1.status"}),
        ({"cells": [CELLS[0] | {"since": "2999-01-01"}]}, {"cells.0.since"}),
        ({"cells": [{"sector": "S01", "phase": "during", "since": "2026-01-01"}]}, {"cells.0.since"}),
        ({"cells": [OWN | {"justification": "Short."}]}, {"cells.0.justification"}),
        ({"cells": [OWN | {"priority": "critical"}]}, {"cells.0.priority"}),
        ({"cells": [CELLS[0] | {"priority": "not_applicable", "justification": WHY}]}, {"cells.0.status"}),
        ({"cells": [CELLS[0] | {"justification": WHY}]}, {"cells.0.priority"}),
        ({"figures": [FIGURE, FIGURE | {"value": -1}]}, {"figures.1.value"}),
        ({"figures": [FIGURE | {"value": "5"}]}, {"figures.0.value"}),
        ({"figures": [FIGURE | {"value": True}]}, {"figures.0.value"}),
        ({"figures": [FIGURE | {"as_of": None}]}, {"figures.0.as_of"}),
        ({"figures": [FIGURE | {"as_of": "2999"}]}, {"figures.0.as_of"}),
        ({"figures": [FIGURE | {"sectors": ["S01", "S77"]}]}, {"figures.0.sectors.1"}),
        ({"figures": [FIGURE | {"parts": [PART | {"value": 641}]}]}, {"figures.0.parts"}),
        ({"figures": [FIGURE | {"parts": [PART | {"age_band": "y"}]}]}, {"figures.0.parts.0.age_band"}),
        ({"figures": [5]}, {"figures.0"}),
        ({"figures": {}}, {"figures"}),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_by_its_path_and_nothing_is_stored(client, change, paths):
    assert wrong(post(client, WHOLE | change)).keys() == paths
    assert set(stored().values()) == {0}


def test_an_unknown_name_is_answered_with_the_nearest_one(client):
    found = wrong(post(client, LEAST | {"summmary": "x", "cells": [CELLS[0] | {"pirority": "critical"}]}))

    assert "“summary”" in found["summmary"]
    assert "“priority”" in found["cells.0.pirority"]


def test_what_is_missing_is_named(client):
    assert wrong(post(client, {})).keys() == LEAST.keys()
    assert wrong(post(client, [])).keys() == {"body"}
    assert wrong(post(client, LEAST, key=None)).keys() == {"Idempotency-Key"}
    assert wrong(post(client, LEAST, key="7")).keys() == {"Idempotency-Key"}
    assert wrong(post(client, LEAST, address=f"{ADDRESS}?dry=1")).keys() == {"dry"}


# Who may


def test_only_people_of_the_office_with_a_token_that_may_change_log_crises(office):
    said(post(reader(), LEAST), 401)
    said(post(reader(make_field()), LEAST), 403)
    said(post(writer(make_hq()), LEAST), 403)
    said(post(signed_in(make_partner("LBY")), LEAST), 403)
    said(post(writer(make_field(make_office("lima", country="PER"), "other")), LEAST), 403)
    assert set(stored().values()) == {0}
    assert post(signed_in(make_field()), LEAST).status_code == 201


def test_a_token_that_is_limited_to_countries_logs_no_crisis_of_others(office):
    limited = reader()
    _, key = issue_token(user=make_field(), name="", lasts=timedelta(days=1), may_write=True, countries=["LBY"])
    limited.credentials(HTTP_AUTHORIZATION=f"Token {key}")

    said(post(limited, LEAST | {"country": "TUN"}), 403)
    assert set(stored().values()) == {0}
    assert post(limited, LEAST).status_code == 201


def test_a_session_needs_its_csrf_token(office):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(make_field())

    said(post(client, LEAST), 403)
    assert Crisis.objects.count() == 0


# Once


def test_the_same_key_answers_the_same_and_other_content_with_it_is_refused(client):
    key = uuid.uuid4()
    first = post(client, WHOLE, key)
    crisis = Crisis.objects.get()
    services.update_facts(crisis=crisis, by=make_field(), revision=crisis.facts_revision, title="Renamed since")

    again = post(client, WHOLE, key)

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert [again.headers[name] for name in ("ETag", "Location")] == [first.headers[n] for n in ("ETag", "Location")]
    said(post(client, WHOLE | {"summary": "More."}, key), 422)
    said(post(client, WHOLE | {"cells": CELLS[:9]}, key), 422)
    said(post(client, WHOLE | {"figures": WHOLE["figures"][:4]}, key), 422)
    assert Crisis.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_clients_with_one_key_make_one_crisis(seeded):
    make_office()
    by, key, answers = make_field(), uuid.uuid4(), []
    clients = [writer(by) for _ in range(8)]

    at_once(*(lambda c=c: answers.append(post(c, WHOLE, key)) for c in clients))

    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert made
    assert all(body == made[0] for body in made)
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 409)
    assert stored() | {"Gap": 0} == {
        "Crisis": 1, "PlanCell": 10, "Figure": 5, "PhasePeriod": 1, "Gap": 0, "Receipt": 1
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_one_that_takes_long_is_in_flight_and_may_be_sent_again(seeded):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time: the second waits before it can begin")
    make_office()
    by, key, received, over = make_field(), uuid.uuid4(), threading.Event(), threading.Event()
    client = writer(by)

    def slow():
        with transaction.atomic():
            receive(by=by, key=key, content={}, at=timezone.now())
            received.set()
            over.wait(20)
            transaction.set_rollback(True)

    def impatient():
        received.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        answer = post(client, LEAST, key)
        over.set()
        assert said(answer, 409)["type"] == "/api/#in-flight"
        assert answer.headers["Retry-After"] == "1"

    at_once(slow, impatient)

    assert post(client, LEAST, key).status_code == 201


# A likely duplicate


def test_a_likely_duplicate_is_answered_with_the_candidates_until_it_is_confirmed(client):
    known, key = log(title="Fighting in Tripoli"), uuid.uuid4()

    refused = said(post(client, LEAST, key), 409)

    assert refused["type"] == "/api/#duplicate"
    [candidate] = refused["candidates"]
    assert (candidate["reference"], candidate["title"]) == (known.reference, known.title)
    assert candidate["reasons"]
    assert Receipt.objects.filter(key=key).count() == 0
    assert post(client, LEAST | {"confirmed_not_duplicate": True}, key).status_code == 201
    assert post(client, LEAST, key).status_code == 201, "the same crisis, received a moment ago"
    assert Crisis.objects.count() == 2


def test_a_duplicate_that_the_caller_may_not_see_is_never_hinted_at(client):
    lima = make_office("lima", country="PER")
    log(office=lima, by=make_field(lima, "other"), sharing="office")

    answer = post(client, LEAST)

    assert answer.status_code == 201
    assert PossibleDuplicate.objects.count() == 1, "HQ is told"


# What it costs


def test_a_whole_crisis_costs_the_same_statements_for_one_cell_and_for_ten(client):
    """21: token, office, country, edition, countries, the like ones; then, in a transaction (2), the receipt, the
    draft, the right, the edition; the counter, the crisis and its countries, periods, cells, figures and their sectors;
    what follows in one go; the like ones for HQ. SQLite writes the history of periods, cells, crisis and countries, the
    gaps, the receipt and the standing one by one."""
    post(client, WHOLE)  # the process holds the edition from here on
    counted = []
    for n, (cells, figures) in enumerate([(1, 1), (10, 5)]):
        content = WHOLE | {
            "cause": ["epidemic", "several"][n],
            "cells": CELLS[:cells],
            "figures": WHOLE["figures"][:figures],
        }
        with CaptureQueriesContext(connection) as queries:
            assert post(client, content).status_code == 201
        counted.append(len(queries))
    assert counted == [21, 21] if connection.vendor == "postgresql" else [27, 27]


def test_the_example_on_the_page_about_the_api_works(client):
    page = client.get("/api/").content.decode()
    [sent] = re.findall(r"-d &#x27;(\{&quot;office.*?\})&#x27;|-d '(\{\"office.*?\})'", page, re.DOTALL)

    assert post(client, html.unescape("".join(sent))).status_code == 201
