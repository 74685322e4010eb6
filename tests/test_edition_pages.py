"""The pages of the framework's editions: listed, read, compared, drafted and published."""

import re
from html import unescape

import pytest

from sectors import reference
from sectors.models import ClusterLink, Complementarity, Edition, EditionChange, SectorPriority
from tests.factories import log, make_draft, make_hq, publish, revise

pytestmark = pytest.mark.django_db
EDITIONS = "/matrix/editions/"
DRAFT = f"{EDITIONS}mcof-2012/2/"
CELL = f"{DRAFT}cells/S05/during/"


def get(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return unescape(answer.content.decode())


def post(client, address, status=303, **answers):
    answer = client.post(address, answers)
    assert answer.status_code == status, answer.content.decode()
    return answer


def cell_answers(**said):
    row = SectorPriority.objects.get(edition__number=2, sector__code="S05", phase__slug="during")
    return row.says | {"revision": row.revision} | said


def test_everybody_reads_each_published_edition_and_only_headquarters_the_draft(client, field_client, hq_client):
    revise("S05", "during", priority="recommended")

    for reader in (client, field_client):
        assert "Draft" not in get(reader, EDITIONS)
        get(reader, DRAFT, 404)
        assert "Published on" in get(reader, f"{EDITIONS}mcof-2012/1/")
    assert "Only headquarters sees this draft" in get(hq_client, EDITIONS)
    assert "Priority changed: S05, during" in get(hq_client, DRAFT)


def test_a_published_edition_stays_at_its_address_beside_the_one_in_force(client):
    before = get(client, "/matrix/")
    revise("S05", "during", priority="recommended")
    publish()

    def pills(page):
        return re.findall(r'class="pr (\w)"', page[page.index("<tbody") :])

    assert pills(get(client, f"{EDITIONS}mcof-2012/1/")) == pills(before)
    assert pills(get(client, "/matrix/")) != pills(before)


def test_headquarters_makes_one_draft_however_often_the_button_is_pressed(hq_client):
    for _press in range(2):
        assert post(hq_client, f"{EDITIONS}mcof-2012/draft/").url == DRAFT
    assert Edition.objects.count() == 2


def test_a_cell_is_changed_and_the_page_says_whose_word_it_is_then(hq_client):
    make_draft()
    assert "Whose word it is now: derived" in get(hq_client, CELL)

    post(hq_client, CELL, **cell_answers(priority="critical", reason="The review of 2026 found it so."))

    assert "Whose word it is now: set by headquarters" in get(hq_client, CELL)
    assert "The review of 2026 found it so." in get(hq_client, DRAFT)


def test_what_is_refused_or_stale_keeps_what_was_typed(hq_client):
    make_draft()
    mine = "My own words about it."

    refused = post(hq_client, CELL, 400, **cell_answers(reason=mine, condition="crosses_border"))
    assert mine in refused.content.decode()
    assert "Select the priority where the fact is false." in refused.content.decode()

    revise("S05", "during", priority="recommended", by=make_hq("second"))
    stale = post(hq_client, CELL, 409, **cell_answers(reason=mine, revision=1))
    body = unescape(stale.content.decode())
    assert mine in body
    assert "It now says: <b>Recommended.</b>" in body
    assert 'name="revision" value="2"' in body
    post(hq_client, CELL, **cell_answers(reason=mine, revision=2))
    assert cell_answers()["reason"] == mine


def test_what_was_typed_waits_behind_the_sign_in(client):
    make_draft()
    hq = make_hq()

    sent_away = post(client, CELL, 302, **cell_answers(reason="Typed before."), writer=hq.pk)
    assert sent_away.url.startswith("/login/")
    client.force_login(hq)

    assert "Typed before." in get(client, CELL)


def test_links_are_changed_row_by_row(hq_client):
    link = ClusterLink.objects.get(edition=make_draft(), sector__code="S04", cluster__slug="health")
    page = f"{DRAFT}links/S04/"
    assert get(hq_client, page).count('name="target"') == 23
    answers = {"target": "cluster:health", "revision": link.revision}

    post(hq_client, page, 400, **answers, strength="supporting", reason="", paragraph="")
    post(hq_client, page, **answers, strength="")
    assert not ClusterLink.objects.filter(pk=link.pk).exists()
    post(hq_client, page, 404, target="cluster:nothing", revision=0, strength="main")


def test_complementarities_are_added_changed_and_taken_away(hq_client):
    row = Complementarity.objects.filter(edition=make_draft()).first()
    page = f"{DRAFT}complementarities/"
    new = {"from_sector": "S01", "from_phase": "during", "to_sector": "S09", "to_phase": "after"}
    said = {"how": "enables", "reason": "Registers show who lived where.", "paragraph": "HQ, 2026"}

    post(hq_client, page, tie="new", revision=0, **new, **said)
    assert "Registers show who lived where." in get(hq_client, page)
    backwards = new | {"from_phase": "after", "to_phase": "before"}
    post(hq_client, page, 400, tie="new", revision=0, **backwards, **said)
    post(hq_client, page, tie=row.pk, revision=row.revision, how="")
    assert not Complementarity.objects.filter(pk=row.pk).exists()


def test_a_draft_is_published_after_every_difference_was_listed(hq_client, client):
    log()
    revise("S05", "during", priority="recommended")
    page = f"{DRAFT}publish/"

    shown = get(hq_client, page)
    assert "1 open crisis keeps the edition it follows" in shown
    assert "Psychosocial Support, during" in shown
    post(hq_client, page, 400, revision=2)  # no note yet
    post(hq_client, f"{DRAFT}note/", note="What the review of 2026 found.", revision=0)
    post(hq_client, page, 409, revision=2)
    post(hq_client, page, revision=3)

    assert Edition.objects.current().number == 2
    assert "What the review of 2026 found." in get(client, EDITIONS)
    assert post(hq_client, CELL, **cell_answers(priority="critical")).url == DRAFT, "a published edition never changes"
    assert cell_answers()["priority"] == "recommended"


def test_a_draft_is_discarded_as_it_was_seen(hq_client):
    revise("S05", "during", priority="recommended")
    page = f"{DRAFT}discard/"
    assert "1 change is given up." in get(hq_client, page)

    assert post(hq_client, page, revision=1).url == page
    assert Edition.objects.count() == 2
    assert post(hq_client, page, revision=2).url == EDITIONS
    assert Edition.objects.count() == 1
    assert EditionChange.objects.count() == 3


def test_two_editions_are_compared_side_by_side(client):
    revise("S05", "during", priority="recommended")
    publish()

    page = get(client, f"{EDITIONS}compare/?from=1&to=2")

    assert "Psychosocial Support, during" in page
    assert "Changed: priority." in page
    assert page.index("Important") < page.index("Recommended")
    assert "The two say the same." in get(client, f"{EDITIONS}compare/?from=1&to=1")
    assert "Choose" in get(client, f"{EDITIONS}compare/")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("from=1&to=9", "“to” has no edition “9”"),
        ("from=one&to=1", "“from” has no edition “one”"),
        ("from=1", "“to” is missing"),
        ("form=1&to=1", "no parameter “form”"),
        ("from=1&to=1&framework=other", "“framework” has no edition “other”"),
        ("from=1&to=2", "“to” has no edition “2”"),  # a draft is nobody's but headquarters'
    ],
)
def test_an_address_that_is_not_understood_compares_nothing(client, query, name):
    make_draft()

    page = get(client, f"{EDITIONS}compare/?{query}", 400)

    assert name in page


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        # session, reader, right, editions, draft
        (EDITIONS, 5),
        # session, reader, right, edition, the newest one, what the draft says (4), changes
        (DRAFT, 10),
        # session, reader, right, draft, the newest one, what the draft says (4)
        (CELL, 9),
        (f"{DRAFT}links/S05/", 9),
        (f"{DRAFT}complementarities/", 9),
        # the same, and the open crises
        (f"{DRAFT}publish/", 10),
        (f"{DRAFT}discard/", 9),
        # session, reader, right, editions, the newest one, what the draft says (4)
        (f"{EDITIONS}compare/?from=1&to=2", 9),
    ],
)
def test_pages_cost_the_same_however_much_was_changed(hq_client, django_assert_num_queries, address, queries):
    reference.current()  # in a warm process
    for number, code in enumerate(["S01", "S02", "S04", "S05"]):
        revise(code, "during", reason=f"Another reason, {number}.")

    with django_assert_num_queries(queries):
        get(hq_client, address)
