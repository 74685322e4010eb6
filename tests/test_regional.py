"""Crises that are part of a wider one: who may say so, what follows, and the parts side by side."""

import re
import threading
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crises import dashboard, services
from crises.models import Crisis
from offices.models import Office
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_figure,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    phase,
    reader,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cairo():
    return make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)


@pytest.fixture
def office(cairo):
    return make_office("tripoli", parent=cairo)


@pytest.fixture
def tunis(cairo):
    return make_office("tunis", country="TUN", parent=cairo)


@pytest.fixture
def whole(cairo, office, tunis):
    return log(title="The region", office=tunis, by=make_field(tunis, "tunis-field"), country="TUN")


@pytest.fixture
def part(whole, office):
    return log(title="Libya", office=office)


def place(part, whole, by=None, **more):
    outcome = services.set_part_of(crisis=part, whole=whole, by=by or make_hq(), **more)
    part.refresh_from_db()
    return outcome


def path(crisis, page):
    return f"/crises/{crisis.reference}/{page}/"


def text(response):
    """What the page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# the rules


@pytest.mark.parametrize("person", [make_field, make_lead])
def test_the_office_of_the_part_says_what_it_is_part_of(part, whole, office, person):
    place(part, whole, person(office))

    assert part.part_of == whole
    place(part, None, person(office))
    assert part.part_of is None


def test_hq_may_and_the_office_of_the_whole_may_not(part, whole, tunis):
    with pytest.raises(PermissionDenied, match="field officer or lead of this crisis's office"):
        place(part, whole, make_field(tunis, "tunis-field"))
    place(part, whole, make_hq())

    assert part.part_of == whole


def test_nothing_of_the_whole_changes_and_the_part_gets_a_number(part, whole):
    revision = part.revision

    place(part, whole)

    assert part.revision == revision + 1
    assert part.history.first().history_change_reason == {"event": "part_of", "was": None, "now": whole.reference}
    assert whole.history.count() == 1
    place(part, whole)
    assert part.revision == revision + 1


def refused(part, whole, by=None):
    with pytest.raises(ValidationError) as refusal:
        place(part, whole, by)
    return refusal.value.message_dict["whole"][0]


def test_parts_that_a_person_does_not_see_are_not_named_in_a_refusal(part, whole, office, tunis):
    other = log(title="Another", office=office)
    place(part, whole)
    Crisis.objects.filter(pk=part.pk).update(sharing="office")

    assert refused(whole, other, make_field(tunis, "tunis-field")) == (
        "“The region” cannot be part of another crisis. Ask HQ."
    )


def test_there_is_one_floor(part, whole, office):
    other = log(title="Another", office=office)
    place(part, whole)

    assert "itself part of another crisis" in refused(other, part)
    assert "has parts itself" in refused(whole, other)
    assert "cannot be part of itself" in refused(other, other)


def test_the_whole_must_be_open_and_seen(part, whole, office, tunis):
    hidden = log(title="Hidden", office=tunis, by=make_field(tunis, "tunis-field"), country="TUN", sharing="office")
    closed = log(title="Closed", office=office)
    services.close_crisis(crisis=closed, by=make_lead(office))

    assert "not open, or you cannot see it" in refused(part, hidden, make_field(office))
    assert "not open, or you cannot see it" in refused(part, closed)


def test_a_person_does_not_undo_what_they_cannot_see(part, whole, office):
    place(part, whole, make_hq())
    Crisis.objects.filter(pk=whole.pk).update(sharing="office")

    place(part, None, make_field(office))

    assert part.part_of == whole


def test_the_database_refuses_a_crisis_that_is_part_of_itself(part):
    with pytest.raises(IntegrityError), transaction.atomic():
        Crisis.objects.filter(pk=part.pk).update(part_of=part)


def test_two_people_who_choose_differently_are_told(part, whole, office):
    other = log(title="Another", office=office)
    seen = part.revision
    set_status(part, "S03", "during", "active")  # leaves its place alone
    place(part, whole, revision=seen)

    with pytest.raises(services.Stale):
        place(part, other, revision=seen)


@pytest.mark.django_db(transaction=True)
def test_of_two_crises_each_put_under_the_other_at_once_one_is(seeded):
    office = make_office()
    one, other, hq = log(title="One", office=office), log(title="Other", office=office), make_hq()
    start, refusals = threading.Barrier(2), []

    def put(part, whole):
        start.wait()
        try:
            services.set_part_of(crisis=part, whole=whole, by=hq, at=timezone.now())
        except ValidationError as error:
            refusals.append(error)
        connection.close()

    threads = [threading.Thread(target=put, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Crisis.objects.filter(part_of__isnull=False).count() == 1
    assert len(refusals) == 1


def test_people_of_a_part_are_counted_in_the_whole(part, whole):
    add_figure(whole, 500, by=whole.logged_by)
    add_figure(part, 40)
    assert dashboard.board(Crisis.objects.all()).counts()["people"] == 540

    place(part, whole)

    counts = dashboard.board(Crisis.objects.all()).counts()
    assert (counts["people"], counts["reporting"], counts["whole"], counts["open"]) == (500, 1, 1, 2)


# the page that places a crisis


def choice(crisis, whole, **more):
    return {
        "whole": whole.reference if whole else "none",
        "revision": crisis.revision,
        "key": str(uuid.uuid4()),
    } | more


def test_the_page_offers_the_open_crises_i_see_that_can_hold_parts(field_client, part, whole, office, tunis):
    log(title="Canary", office=tunis, by=make_field(tunis, "tunis-field"), sharing="office")
    inner = log(title="Inner", office=office)
    place(inner, whole)

    page = text(field_client.get(path(part, "part-of")))

    assert "The region, Tunisia" in page
    assert "Inner" not in page
    assert "Canary" not in page
    assert "No wider crisis" in page


def test_words_narrow_what_is_offered(field_client, part, whole, office):
    log(title="Séisme", office=office)

    page = text(field_client.get(path(part, "part-of") + "?q=seisme"))

    assert "Séisme" in page
    assert "The region" not in page
    assert "has these words" in text(field_client.get(path(part, "part-of") + "?q=nothing"))


def test_choosing_is_done_once_and_said(field_client, part, whole):
    said = choice(part, whole)

    for _ in range(2):
        answer = field_client.post(path(part, "part-of"), said)
        assert (answer.status_code, answer["Location"]) == (303, f"/crises/{part.reference}/")
    page = field_client.get(f"/crises/{part.reference}/").content.decode()

    part.refresh_from_db()
    assert part.part_of == whole
    assert part.history.count() == 2
    assert f'<a href="/crises/{whole.reference}/parts/"><bdi>The region</bdi></a>' in page
    assert "Now part of a wider crisis." in page


def test_what_cannot_be_chosen_is_refused_and_the_choice_kept(field_client, part, whole, tunis):
    hidden = log(title="Canary", office=tunis, by=make_field(tunis, "tunis-field"), sharing="office")

    strange = field_client.post(path(part, "part-of"), choice(part, hidden))
    nothing = field_client.post(path(part, "part-of"), choice(part, None) | {"whole": "LBY-2026-ZZZ"})
    first = choice(part, whole)
    field_client.post(path(part, "part-of"), first)
    reused = field_client.post(path(part, "part-of"), first | {"whole": "none"})

    assert (strange.status_code, nothing.status_code, reused.status_code) == (400, 400, 422)
    assert "Canary" not in text(strange)
    assert "not open, or you cannot see it" in text(nothing)


def test_a_choice_made_while_another_was_saved_is_shown_again(field_client, part, whole, office):
    other = log(title="Another", office=office)
    said = choice(part, other)
    place(part, whole)

    answer = field_client.post(path(part, "part-of"), said)

    assert answer.status_code == 409
    assert "Somebody else changed this" in text(answer)
    assert re.search(rf'value="{other.reference}"[^>]* checked', answer.content.decode())
    assert f'name="revision" value="{part.revision}"' in answer.content.decode()


def test_a_hidden_whole_is_not_hinted_at_on_the_page_of_a_part(field_client, part, whole):
    place(part, whole)
    Crisis.objects.filter(pk=whole.pk).update(sharing="office")

    def bare(address):
        """A page without what differs from one request to the next."""
        shown = field_client.get(address).content.decode()
        return re.sub(r'value="([\w-]{36,64}|\d+)"|datetime="[^"]*"|\d\d:\d\d', "", shown)

    def shown():
        return [bare(path(part, "part-of")), bare(f"/crises/{part.reference}/").partition('id="changes"')[0]]

    hidden = shown()
    Crisis.objects.filter(pk=part.pk).update(part_of=None)

    assert shown() == hidden
    assert "The region" not in "".join(hidden)


# the parts side by side


@pytest.fixture
def parts(part, whole, office, tunis):
    """Libya with a late gap, an active sector and figures; Tunisia in recovery; one part nobody else sees."""
    place(part, whole)
    set_status(part, "S03", "during", "active")
    add_figure(part, 40, as_of=NOON.date() - timedelta(days=9))
    add_figure(part, 3, metric="displaced", as_of=NOON.date() - timedelta(days=2))
    decide_level(part, "2")
    waive(part, "S01")
    tunisia = log(title="Tunisia", office=tunis, by=make_field(tunis, "tunis-field"), country="TUN", phases=["after"])
    hidden = log(
        title="Canary", office=tunis, by=make_field(tunis, "tunis-field"), country="TUN", sharing="office", places="x"
    )
    for other in (tunisia, hidden):
        place(other, whole)
    return {"libya": part, "tunisia": tunisia, "hidden": hidden}


def test_each_part_has_its_own_column_and_its_own_standing(field_client, whole, parts):
    page = field_client.get(path(whole, "parts"))

    shown = text(page)
    assert page.status_code == 200
    for words in ("Libya", "Tunisia", "Displaced: 3 people", "United Nations, 27 Feb 2026"):
        assert words in shown
    heads = re.findall(r'<th role="columnheader" scope="col"><bdi>(\w+)', page.content.decode())
    assert heads == ["Libya", "Tunisia"] * 2  # the emergency phase and the recovery phase
    assert len(re.findall(r'<tr role="row">', page.content.decode())) == 2 * 16
    assert "nothing is added up" in shown
    assert "43" not in re.findall(r"(?<![-:\d])\d+", shown)  # but a reference or a time may end on it


def test_a_cell_shows_priority_status_and_gap_and_leads_to_its_page(field_client, whole, parts):
    page = field_client.get(path(whole, "parts") + "?phase=during").content.decode()

    def cell(part, code):
        found = page.split(f'href="/crises/{part.reference}/plan/{code}/during/">')[-1]
        return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", found.partition("</a>")[0]))

    assert "Critical, Active" in cell(parts["libya"], "S03")
    assert "Gap, " in cell(parts["libya"], "S02")
    assert "Waived until" in cell(parts["libya"], "S01")
    assert cell(parts["tunisia"], "S02") == " Critical, Not started "
    assert page.count("not in this phase") == 1


def test_what_i_may_not_see_is_neither_shown_nor_counted(field_client, hq_client, whole, parts):
    place(parts["libya"], None)
    place(parts["tunisia"], None)

    page, crisis = field_client.get(path(whole, "parts")), field_client.get(f"/crises/{whole.reference}/")

    assert "You can see no part of this crisis." in text(page)
    assert "parts/" not in crisis.content.decode()
    assert "Canary" not in text(page) + text(crisis)
    assert "1 part, its plan and gaps" in text(hq_client.get(f"/crises/{whole.reference}/"))
    assert "Canary" in text(hq_client.get(path(whole, "parts")))


def test_the_crisis_page_leads_to_its_parts(field_client, whole, parts):
    assert "2 parts, their plans and gaps side by side" in text(field_client.get(f"/crises/{whole.reference}/"))


def test_a_part_is_left_out_once_it_is_withdrawn(hq_client, whole, parts):
    Crisis.objects.filter(title="Canary").update(status="withdrawn")

    assert "Canary" not in text(hq_client.get(path(whole, "parts")))
    assert "2 parts" in text(hq_client.get(f"/crises/{whole.reference}/"))


def test_a_phase_nobody_knows_is_a_problem_and_not_an_empty_page(field_client, whole, parts):
    for query in ("?phase=never", "?show=gaps", "?phse=during"):
        page = field_client.get(path(whole, "parts") + query)
        assert page.status_code == 400
        assert "<table" not in page.content.decode()


def test_small_counts_and_names_of_staff_stay_inside(whole, parts):
    for crisis in (whole, parts["libya"]):
        share(crisis, at=NOON + timedelta(days=1))
    page = text(signed_in(make_partner("LBY", "TUN")).get(path(whole, "parts")))

    assert "Displaced: fewer than 5 people" in page
    assert "Tunisia 2" not in page
    assert "Canary" not in page


def test_the_page_costs_the_same_for_one_part_and_for_many(
    field_client, whole, part, office, django_assert_num_queries
):
    place(part, whole)
    set_status(part, "S03", "during", "active")
    add_figure(part, 40)
    waive(part, "S01")
    field_client.get(path(whole, "parts"))

    # session, reader, crisis, the parts, their phases, what the offices say, gaps, their waivers, figures
    for _ in range(2):
        with django_assert_num_queries(9):
            field_client.get(path(whole, "parts") + "?phase=all")
        for n in range(4):
            other = log(title=f"Part {n}", office=office, phases=["during", "after"])
            place(other, whole)
            waive(other, "S01")
            set_status(other, "S03", "during", "active")
            add_figure(other, 40)


def test_the_api_names_the_parts_that_the_reader_sees(whole, parts):
    def seen(user):
        return reader(user).get(f"/api/v1/crises/{whole.reference}/").json()["parts"]

    assert seen(make_hq()) == sorted(crisis.reference for crisis in parts.values())
    assert seen(make_field(parts["libya"].office)) == sorted(parts[name].reference for name in ("libya", "tunisia"))


def test_every_phase_of_the_framework_can_be_asked_for(field_client, whole, parts):
    for slug in ("before", "during", "after"):
        page = field_client.get(path(whole, "parts") + f"?phase={slug}").content.decode()
        assert f'<h2 id="{slug}">{phase(slug).short_name}' in page
