"""The access policy as one table: address, method, and what each person gets. A route without a row fails.

`own` is a crisis of the Tripoli office shared with the staff of its region; nobody shares it with partners. The edition
is the draft that headquarters is writing, the saved view one that HQ shares with staff, the webhook HQ's own,
the import the field officer's.
"""

import re
import uuid

import pytest
from django.urls import URLPattern, get_resolver, reverse

from crises.models import Contact, SavedView
from exchange.models import Delivery, Import, Webhook
from exchange.services.imports import take_in
from exchange.services.webhooks import try_out
from offices.models import Role, Token
from tests.conftest import signed_in
from tests.factories import (
    add_activity,
    add_contact,
    add_figure,
    log,
    make_draft,
    make_field,
    make_hook,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    save_view,
)

pytestmark = pytest.mark.django_db

# Nobody signed in, field officer and lead of the crisis's office, HQ, partner, field officer of another
# region, auditor.
PEOPLE = ["anonymous", "field", "lead", "hq", "partner", "other", "auditor"]
TABLE = """
GET  home                      200 302 302 302 302 302 302
GET  login                     200 302 302 302 302 302 302
POST logout                    302 302 302 302 302 302 302
GET  account                   302 200 200 200 200 200 200
GET  password                  302 200 200 200 200 200 200
GET  office-list               302 200 200 200 403 200 200
GET  office                    302 200 200 200 403 200 200
GET  office-csv                302 200 200 200 403 200 200
GET  office-xlsx               302 200 200 200 403 200 200
GET  token-list                302 200 200 200 200 200 200
GET  token-new                 302 200 200 200 200 200 200
POST token-new                 302 400 400 400 400 400 400
GET  token-revoke              302 200 404 404 404 404 404
POST token-revoke              302 303 404 404 404 404 404
POST theme                     302 302 302 302 302 302 302
GET  help                      200 200 200 200 200 200 200
GET  accessibility             200 200 200 200 200 200 200
GET  matrix                    200 200 200 200 200 200 200
GET  matrix-csv                200 200 200 200 200 200 200
GET  matrix-xlsx               200 200 200 200 200 200 200
GET  matrix-json               200 200 200 200 200 200 200
GET  edition-list              200 200 200 200 200 200 200
GET  edition                   404 404 404 200 404 404 404
GET  edition-compare           200 200 200 200 200 200 200
POST edition-draft             302 403 403 303 403 403 403
GET  edition-cell              302 404 404 200 404 404 404
POST edition-cell              302 404 404 400 404 404 404
GET  edition-links             302 404 404 200 404 404 404
POST edition-links             302 404 404 404 404 404 404
GET  edition-ties              302 404 404 200 404 404 404
POST edition-ties              302 404 404 303 404 404 404
POST edition-note              302 404 404 400 404 404 404
GET  edition-discard           302 404 404 200 404 404 404
POST edition-discard           302 404 404 303 404 404 404
GET  edition-publish           302 404 404 200 404 404 404
POST edition-publish           302 404 404 409 404 404 404
GET  sector-list               200 200 200 200 200 200 200
GET  sector                    200 200 200 200 200 200 200
GET  system-list               200 200 200 200 200 200 200
GET  system                    200 200 200 200 200 200 200
GET  cluster                   200 200 200 200 200 200 200
GET  api-landing               200 200 200 200 200 200 200
GET  dashboard                 302 200 200 200 200 200 200
GET  dashboard-csv             302 200 200 200 200 200 200
GET  grid                      302 200 200 200 200 200 200
GET  grid-csv                  302 200 200 200 200 200 200
GET  grid-xlsx                 302 200 200 200 200 200 200
GET  country-list              302 200 200 200 200 200 200
GET  country-list-csv          302 200 200 200 200 200 200
GET  country-list-xlsx         302 200 200 200 200 200 200
GET  country                   302 200 200 200 200 200 200
GET  country-csv               302 200 200 200 200 200 200
GET  country-xlsx              302 200 200 200 200 200 200
GET  dashboard-xlsx            302 200 200 200 200 200 200
GET  dashboard-pdf             302 200 200 200 200 200 200
GET  gap-list                  302 200 200 200 200 200 200
GET  worklist                  302 200 200 200 403 200 200
GET  worklist-csv              302 200 200 200 403 200 200
GET  worklist-xlsx             302 200 200 200 403 200 200
GET  worklist-ask              302 403 403 303 403 403 403
POST worklist-ask              302 403 403 303 403 403 403
GET  worklist-assign           302 403 403 303 403 403 403
POST worklist-assign           302 403 403 303 403 403 403
POST request-withdraw          302 403 403 303 404 404 404
POST request-mail              302 403 403 303 404 404 404
GET  gap-list-csv              302 200 200 200 200 200 200
GET  gap-list-xlsx             302 200 200 200 200 200 200
GET  view-list                 302 200 200 200 200 200 200
GET  view-new                  302 200 200 200 200 200 200
POST view-new                  302 400 400 400 400 400 400
GET  view-change               302 403 403 200 404 403 403
POST view-change               302 403 403 400 404 403 403
GET  view-remove               302 403 403 200 404 403 403
POST view-remove               302 403 403 303 404 404 404
GET  duplicate-list            302 403 403 200 403 403 403
GET  duplicate                 302 403 403 404 403 403 403
POST duplicate                 302 403 403 404 403 403 403
GET  history                   302 403 403 200 403 403 200
GET  history-csv               302 403 403 200 403 403 200
GET  history-xlsx              302 403 403 200 403 403 200
GET  draft-list                302 200 200 200 200 200 200
POST draft-discard             302 404 404 404 404 404 404
GET  import-start              302 200 200 403 403 200 403
POST import-start              302 400 400 403 403 400 403
GET  import-template           302 200 200 403 403 200 403
GET  import-columns            302 200 200 403 403 200 403
GET  import                    302 200 404 404 404 404 404
POST import                    302 404 404 404 404 404 404
GET  import-report             302 200 404 404 404 404 404
GET  crisis-list               302 200 200 200 200 200 200
GET  crisis-list-csv           302 200 200 200 200 200 200
GET  crisis-list-xlsx          302 200 200 200 200 200 200
GET  crisis-log                302 200 200 403 403 200 403
GET  crisis                    302 200 200 200 404 404 404
GET  crisis-history            302 200 200 200 404 404 200
GET  crisis-history-csv        302 200 200 200 404 404 200
GET  crisis-history-xlsx       302 200 200 200 404 404 200
GET  plan                      302 200 200 200 404 404 404
GET  plan-csv                  302 200 200 200 404 404 404
GET  plan-xlsx                 302 200 200 200 404 404 404
GET  plan-pdf                  302 200 200 200 404 404 404
GET  cell                      302 200 200 200 404 404 404
POST cell                      302 400 400 403 404 404 404
GET  crisis-gaps               302 200 200 200 404 404 404
GET  crisis-gaps-csv           302 200 200 200 404 404 404
GET  crisis-gaps-xlsx          302 200 200 200 404 404 404
GET  plan-confirm              302 200 200 403 404 404 404
POST plan-confirm              302 400 400 403 404 404 404
GET  priority                  302 200 200 403 404 404 404
POST priority                  302 400 400 403 404 404 404
GET  crisis-answer             302 303 303 403 404 404 404
POST crisis-answer             302 404 404 403 404 404 404
GET  gap-waive                 302 403 403 200 404 404 404
POST gap-waive                 302 403 403 400 404 404 404
GET  coordination              302 200 200 200 404 404 404
GET  coordination-csv          302 200 200 200 404 404 404
GET  coordination-xlsx         302 200 200 200 404 404 404
GET  contact-add               302 200 200 200 403 200 403
POST contact-add               302 400 400 400 403 400 403
GET  contact-change            302 200 200 200 404 403 403
POST contact-change            302 400 400 400 404 403 403
GET  contact-remove            302 200 200 200 404 403 403
POST contact-remove            302 400 400 400 404 403 403
GET  figure-list               302 200 200 200 404 404 404
GET  figure-add                302 200 200 403 404 404 404
POST figure-add                302 400 400 403 404 404 404
GET  figure-csv                302 200 200 200 404 404 404
GET  figure-xlsx               302 200 200 200 404 404 404
GET  figure-series             302 200 200 200 404 404 404
GET  figure-withdraw           302 200 200 403 404 404 404
POST figure-withdraw           302 400 400 403 404 404 404
GET  activity-add              302 200 200 403 404 404 404
POST activity-add              302 400 400 403 404 404 404
GET  activity-withdraw         302 200 200 403 404 404 404
POST activity-withdraw         302 400 400 403 404 404 404
GET  crisis-edit               302 200 200 403 404 404 404
POST crisis-edit               302 400 400 403 404 404 404
GET  crisis-phases             302 200 200 403 404 404 404
POST crisis-phases             302 404 404 403 404 404 404
GET  crisis-edition            302 200 200 200 404 404 404
POST crisis-edition            302 400 400 403 404 404 404
GET  crisis-levels             302 200 200 200 404 404 404
GET  levels                    302 200 200 200 200 200 200
GET  level-define              302 403 403 200 403 403 403
POST level-define              302 403 403 400 403 403 403
GET  crisis-level              302 403 403 200 404 404 404
POST crisis-level              302 403 403 400 404 404 404
GET  crisis-review             302 200 200 200 404 404 404
POST crisis-review             302 400 400 400 404 404 404
GET  crisis-sharing            302 200 200 200 404 404 404
POST crisis-sharing            302 400 400 400 404 404 404
GET  crisis-part-of            302 200 200 200 404 404 404
POST crisis-part-of            302 400 400 400 404 404 404
GET  crisis-merge              302 403 403 200 404 404 404
POST crisis-merge              302 403 403 200 404 404 404
GET  crisis-merged             302 200 200 200 404 404 404
GET  crisis-unmerge            302 403 403 404 404 404 404
POST crisis-unmerge            302 403 403 404 404 404 404
GET  crisis-parts              302 200 200 200 404 404 404
GET  crisis-close              302 403 200 403 404 404 404
POST crisis-close              302 403 303 403 404 404 404
GET  crisis-reopen             302 403 303 403 404 404 404
POST crisis-reopen             302 403 303 403 404 404 404
GET  webhook-list              302 200 200 200 200 200 200
GET  webhook-new               302 200 200 200 200 200 200
POST webhook-new               302 400 400 400 400 400 400
GET  webhook                   302 404 404 200 404 404 404
GET  webhook-change            302 404 404 200 404 404 404
POST webhook-change            302 404 404 400 404 404 404
GET  webhook-remove            302 404 404 200 404 404 404
POST webhook-remove            302 404 404 303 404 404 404
GET  webhook-secret            302 404 404 200 404 404 404
POST webhook-secret            302 404 404 200 404 404 404
POST webhook-one-secret        302 404 404 303 404 404 404
POST webhook-test              302 404 404 303 404 404 404
POST webhook-pause             302 404 404 303 404 404 404
POST webhook-resume            302 404 404 303 404 404 404
POST webhook-replay            302 404 404 303 404 404 404
"""
ROWS = [line.split() for line in TABLE.split("\n") if line]


def routes(patterns, under=""):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield pattern.name, pattern
        elif "admin" not in str(pattern.pattern):
            yield from routes(pattern.url_patterns)


ALL = dict(routes(get_resolver().url_patterns))


def test_every_page_has_its_row():
    pages = {name for name, pattern in ALL.items() if "v1" not in str(pattern.pattern) and not name.startswith("api-")}

    assert pages - {name for _method, name, *_rest in ROWS} == set()


@pytest.fixture(scope="module")
def scene(kept):
    """The crisis and the people, made once for all of these tests; each of them runs inside and is undone by itself."""
    with kept():
        office = make_office()
        add_contact()
        make_draft()
        save_view("Shelter", shared=True, level="3")
        try_out(hook=make_hook(), by=make_hq())
        Token.objects.create(make_field(office), name="Mirror")
        crisis = log(office=office)
        add_figure(crisis, 640)
        add_activity(crisis)
        take_in(by=make_field(office), kind="crises", name="crises.csv", content=b"title")
        lima = make_office("lima", country="PER")
        yield (
            crisis,
            {
                "field": make_field(office),
                "lead": make_lead(office),
                "hq": make_hq(),
                "partner": make_partner("LBY"),
                "other": make_field(lima, "other"),
                "auditor": make_user("auditor", Role.AUDITOR, office=office.parent),
            },
        )


@pytest.fixture
def own(scene):
    return scene[0]


@pytest.fixture
def client_of(scene, client):
    return {name: signed_in(user) for name, user in scene[1].items()} | {"anonymous": client}


def address(name, crisis):
    known = {
        "reference": crisis.reference,
        "other": "LBY-2026-ZZZ",
        "sector": "S03",
        **{"metric": "affected", "group": "all", "unit": "people", "scheme": "iom", "value": "3"},
        "phase": "during",
        "panel": "coverage",
        "key": uuid.uuid4(),
        "framework": "mcof-2012",
        "number": _number(name, crisis),
        "uid": (Import if name.startswith("import") else Contact).objects.get().uid,
        "holds": "crises",
        "kind": "csv",
        "iso3": "LBY",
        "view": SavedView.objects.get().slug,
        "webhook": getattr(Webhook.objects.first(), "uid", uuid.uuid4()),  # its owner may have removed it
        "delivery": getattr(Delivery.objects.first(), "uid", uuid.uuid4()),
        "slug": {"sector": "health-support", "system": "refugee-regime", "cluster": "health"}.get(name, "tripoli"),
    }
    return reverse(name, kwargs={key: known[key] for key in ALL[name].pattern.converters})


def _number(name, crisis):
    """What an address numbers: a figure, a line of work, an edition, a token."""
    if name.startswith("token"):
        return Token.objects.get().pk
    if name.startswith("edition"):
        return 2
    return (crisis.activities if name.startswith("activity") else crisis.figures).get().pk


@pytest.mark.parametrize(("method", "name", "statuses"), [(row[0], row[1], row[2:]) for row in ROWS])
def test_each_person_gets_what_the_policy_says(client_of, own, method, name, statuses):
    for person, expected in zip(PEOPLE, statuses, strict=True):
        client = client_of[person]
        answer = getattr(client, method.lower())(address(name, own))

        assert answer.status_code == int(expected), f"{person}: {answer.status_code}"


def bare(response, reference):
    """A page without what differs from one request to the next."""
    return re.sub(r'value="[\w-]{64}"', "", response.content.decode()).replace(reference, "")


def test_a_hidden_crisis_answers_like_one_that_does_not_exist(client_of, own):
    hidden = client_of["other"].get(f"/crises/{own.reference}/")
    nothing = client_of["other"].get("/crises/LBY-2026-ZZZ/")

    assert hidden.status_code == nothing.status_code == 404
    assert bare(hidden, own.reference) == bare(nothing, "LBY-2026-ZZZ")


def test_no_page_lets_slip_a_word_of_what_is_hidden(client_of, own):
    canary = "Canaryville"
    log(office=own.office, title=canary, places=canary, summary=canary, cause_detail=canary, sharing="office")

    for person in ("anonymous", "partner", "other", "auditor"):
        for method, name, *_statuses in ROWS:
            if person == "auditor" and name.startswith("history"):
                continue  # what was changed, from what to what, is what auditors read
            if method == "GET" and not ALL[name].pattern.converters:
                response = client_of[person].get(reverse(name))
                body = b"".join(response) if response.streaming else response.content
                assert canary.encode() not in body, f"{person} reads it at {name}"


def test_an_address_that_no_reference_can_have_is_not_found(client_of, own):
    for strange in ("%00", "LBY%00", "a%2Fb", "LBY-2014-K7Q%20", "%ED%A0%80"):
        assert client_of["field"].get(f"/crises/{strange}/").status_code == 404
        assert client_of["field"].get(f"/crises/{own.reference}/plan/{strange}/during/").status_code == 404
