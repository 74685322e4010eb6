"""Two crises that are one: what merging does, what everybody then reads, and that undoing it restores both exactly."""

import re
import threading
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crises import dashboard, services
from crises.models import Crisis, Figure, Gap, Merge, PlanCell, PossibleDuplicate
from crises.reading import plan_of
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    reader,
    send,
    set_status,
    waive,
)

pytestmark = pytest.mark.django_db
WHY, APART = "One storm, two offices.", "It was two storms after all."
LATER = NOON + timedelta(days=2)


@pytest.fixture
def lima():
    return make_office("lima", country="PER")


@pytest.fixture
def lima_field(lima):
    return make_field(lima, "lima-field")


@pytest.fixture
def stays(office):
    """The crisis that stands: Tripoli's, with one active sector and a figure."""
    crisis = log(title="Fighting", office=office)
    set_status(crisis, "S01", "during", "active", lead="A. Tripoli")
    add_figure(crisis, 500)
    return crisis


@pytest.fixture
def merged(lima, lima_field):
    """The same crisis as Lima logged it: two active sectors, a waived gap, a figure, a line of work, a level."""
    crisis = log(title="Combat", office=lima, by=lima_field)
    set_status(crisis, "S01", "during", "planned", by=lima_field)
    set_status(crisis, "S03", "during", "active", by=lima_field, lead="B. Lima", cluster_contact="C. Lima")
    waive(crisis, "S04", at=NOON, days=400)
    add_figure(crisis, 700, by=lima_field, as_of=NOON.date() - timedelta(days=1))
    add_activity(crisis, "Buses", by=lima_field)
    decide_level(crisis, "2")
    return crisis


def merge(crisis, survivor, **more):
    more = {"why": WHY, "by": make_hq(), "at": LATER} | more
    outcome = services.merge_crisis(crisis=crisis, survivor=survivor, **more)
    crisis.refresh_from_db()
    survivor.refresh_from_db()
    return outcome


def unmerge(crisis, **more):
    more = {"why": APART, "by": make_hq(), "at": LATER + timedelta(days=3)} | more
    crisis = Crisis.objects.get(pk=crisis.pk)
    return services.unmerge_crisis(crisis=crisis, **more)


def status(crisis, code):
    return plan_of(crisis).cell(code, "during").status


def open_gaps(crisis, as_of=None):
    return {gap.sector.code for gap in crisis.gaps.open(as_of).select_related("sector")}


# what a merge does


def test_the_merged_crisis_names_the_one_that_stands_and_has_no_gaps(merged, stays):
    merge(merged, stays)

    assert (merged.status, merged.merged_into) == ("merged", stays)
    assert open_gaps(merged) == set()
    assert set(merged.gaps.filter(closed_at=LATER).values_list("closed_why", flat=True)) == {"merge"}
    assert stays.status == "open"
    assert dashboard.board(Crisis.objects.all()).counts()["open"] == 1


def test_cells_of_which_only_its_office_has_spoken_are_copied_and_gaps_follow(merged, stays):
    assert "S03" in open_gaps(stays)

    outcome = merge(merged, stays)

    assert outcome.changed == (("S03", "during"),)
    copy = stays.cells.get(sector__code="S03")
    original = merged.cells.get(sector__code="S03")
    ignored = {"id", "crisis_id", "revision"}
    for column in PlanCell._meta.concrete_fields:
        if column.attname not in ignored:
            assert getattr(copy, column.attname) == getattr(original, column.attname), column.attname
    assert copy.history.get().history_change_reason["event"] == "merged"
    assert "S03" not in open_gaps(stays)
    assert status(stays, "S01") == "active"
    assert stays.cells.get(sector__code="S01").lead == "A. Tripoli"


def test_both_take_a_number_and_tell_what_happened(merged, stays):
    stays.refresh_from_db()
    merged.refresh_from_db()
    before = max(merged.revision, stays.revision)

    merge(merged, stays)

    assert {merged.revision, stays.revision} == {before + 1, before + 2}
    assert merged.history.first().history_change_reason["event"] == "merged_into"
    assert stays.history.first().history_change_reason["event"] == "merged"
    assert merged.history.filter(history_date=LATER).count() == stays.history.filter(history_date=LATER).count() == 1


def test_what_was_said_of_it_is_read_with_the_one_that_stands(merged, stays, field_client):
    merge(merged, stays)

    page = field_client.get(f"/crises/{stays.reference}/").content.decode()
    figures = field_client.get(f"/crises/{stays.reference}/figures/").content.decode()
    api = reader(make_hq()).get(f"/api/v1/crises/{stays.reference}/").json()

    assert "Buses" in page
    assert "Level 2" in page
    assert f"{merged.reference}: Logged." in page
    assert f"{merged.reference} was merged into this crisis." in page
    assert "700" in figures
    assert "500" in figures
    assert sorted(row["value"] for row in api["figures"]) == [500, 700]
    assert [row["name"] for row in api["activities"]] == ["Buses"]
    assert api["level"] == "2"
    assert Figure.objects.get(value=700).crisis == merged
    assert dashboard.board(Crisis.objects.all()).counts()["people"] == 700


def test_merging_is_hq_s_decision_and_takes_a_reason(merged, stays, office):
    with pytest.raises(PermissionDenied, match="HQ reviewer"):
        merge(merged, stays, by=make_lead(office))
    with pytest.raises(ValidationError, match="why they are the same"):
        merge(merged, stays, why=" ")


def refused(crisis, survivor):
    with pytest.raises(ValidationError) as refusal:
        merge(crisis, survivor)
    return refusal.value.messages[0]


def test_what_cannot_be_merged_is_refused_in_words_that_say_what_to_do(merged, stays, office):
    third = log(title="Third", office=office)
    assert "into itself" in refused(stays, stays)
    merge(merged, stays)

    assert "merged or withdrawn already" in refused(merged, third)
    assert "merged or withdrawn itself" in refused(third, merged)
    assert "Undo those merges first" in refused(stays, third)


def test_a_crisis_with_parts_is_not_merged_into_another(merged, stays, office):
    part = log(title="Part", office=office)
    services.set_part_of(crisis=part, whole=merged, by=make_hq())

    assert "has parts" in refused(merged, stays)


def test_nothing_is_merged_unseen(merged, stays):
    seen = (merged.revision, stays.revision)
    set_status(stays, "S02", "during", "active")

    with pytest.raises(services.Stale):
        merge(merged, stays, seen=seen)


def test_a_merged_crisis_takes_no_change(merged, stays, lima_field):
    merge(merged, stays)

    for change in (
        lambda: add_figure(merged, 1, by=lima_field),
        lambda: services.share_crisis(crisis=merged, sharing="office", by=lima_field),
        lambda: decide_level(merged, "1"),
    ):
        with pytest.raises(ValidationError, match=f"merged into {stays.reference}"):
            change()


def test_the_database_holds_status_and_survivor_together(merged, stays):
    for wrong in ({"status": "merged"}, {"merged_into": stays}, {"status": "merged", "merged_into": merged}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Crisis.objects.filter(pk=merged.pk).update(**wrong)


def test_a_pair_that_was_noted_is_decided_by_the_merge(office):
    one, other = log(title="One", office=office), log(title="Other", office=office)

    merge(one, other)
    assert PossibleDuplicate.objects.get().decision == "merged"

    unmerge(one)
    assert (PossibleDuplicate.objects.get().decision, PossibleDuplicate.objects.get().why) == ("different", APART)


# undoing it


def dump(crisis):
    """Everything of a crisis that a person reads: facts, status, sharing, figures, plan, open gaps, tally."""
    crisis = Crisis.objects.get(pk=crisis.pk)
    whole = plan_of(crisis)
    kept = {"revision", "content_revision", "updated_at", "updated_by_id"}
    return {
        "facts": {f.attname: getattr(crisis, f.attname) for f in Crisis._meta.concrete_fields if f.attname not in kept},
        "figures": list(Figure.objects.of(crisis).order_by("pk").values()),
        "plan": [
            (cell.key, cell.priority, cell.status, cell.because, cell.entry.lead, cell.gap) for cell in whole.cells
        ],
        "gaps": [
            (gap.sector_id, gap.phase_id, gap.opened_at, gap.opened_why, gap.waived_until, gap.waivers.count())
            for gap in crisis.gaps.open().order_by("sector_id")
        ],
        "tally": whole.tally,
        "board": [row._replace(revision=None) for row in dashboard.rows(Crisis.objects.filter(pk=crisis.pk))],
    }


def test_undoing_a_merge_restores_both_exactly(merged, stays):
    before = dump(merged), dump(stays)

    merge(merged, stays)
    assert dump(stays) != before[1]
    unmerge(merged)

    assert (dump(merged), dump(stays)) == before


def test_a_closed_crisis_is_closed_again(merged, stays, lima):
    services.close_crisis(crisis=merged, by=make_lead(lima, "lima-lead"), at=NOON + timedelta(days=1))
    before = dump(merged), dump(stays)

    merge(merged, stays)
    unmerge(merged)

    assert (dump(merged), dump(stays)) == before


def test_the_past_stays_true(merged, stays):
    gaps, own = open_gaps(merged), open_gaps(stays)
    merge(merged, stays)
    unmerge(merged)

    def then(crisis, moment):
        return open_gaps(crisis, moment)

    before, during, after = NOON + timedelta(days=1), LATER + timedelta(days=1), LATER + timedelta(days=4)
    assert then(merged, before) == then(merged, after) == gaps
    assert then(merged, during) == set()
    assert then(stays, before) == then(stays, after) == own
    assert then(stays, during) == own - {"S03"}
    assert set(merged.gaps.open().values_list("opened_at", flat=True)) == {NOON}
    assert list(Figure.objects.of(stays, before).values_list("value", flat=True)) == [500]
    assert sorted(Figure.objects.of(stays, during).values_list("value", flat=True)) == [500, 700]
    assert list(Figure.objects.of(stays, after).values_list("value", flat=True)) == [500]


def test_a_copied_cell_that_was_changed_since_stays(merged, stays, field_client, hq_client):
    merge(merged, stays)
    set_status(stays, "S03", "during", "completed", at=LATER + timedelta(days=1))

    page = hq_client.get(f"/crises/{stays.reference}/unmerge/{merged.reference}/").content.decode()
    outcome = unmerge(merged)

    assert outcome.kept == (("S03", "during"),)
    assert "stays, since it was changed here after the merge." in page
    assert status(stays, "S03") == "completed"
    assert "S03" not in open_gaps(stays)
    assert "1 sector from it stays" in field_client.get(f"/crises/{stays.reference}/").content.decode()


def test_undoing_twice_is_refused_and_the_same_sending_answers_the_first_result(merged, stays):
    key = uuid.uuid4()
    merge(merged, stays)

    assert unmerge(merged, key=key).fresh
    assert not unmerge(merged, key=key).fresh
    with pytest.raises(ValidationError, match="undone in the meantime"):
        unmerge(merged)
    assert Merge.objects.count() == 1


def test_merging_once_more_and_undoing_it_again_restores_both(merged, stays):
    before = dump(merged), dump(stays)
    for days in (1, 10, 20):
        merge(merged, stays, at=LATER + timedelta(days=days))
        unmerge(merged, at=LATER + timedelta(days=days + 3))

    assert (dump(merged), dump(stays)) == before


# who reads what


def test_the_address_leads_to_the_one_that_stands_for_all_who_may_see_it(merged, stays, field_client, hq_client):
    merge(merged, stays)
    staff_of_merged = signed_in(make_field(make_office("lima", country="PER"), "lima-field"))

    for client in (field_client, hq_client, staff_of_merged):
        for page in ("", "plan/?phase=all", "figures/", "plan/S03/during/", "plan.csv"):
            answer = client.get(f"/crises/{merged.reference}/{page}")
            assert (answer.status_code, answer["Location"]) == (301, f"/crises/{stays.reference}/{page}")
            assert "no-store" in answer["Cache-Control"]
        assert client.get(f"/crises/{stays.reference}/").status_code == 200
    user = make_hq()
    answer = reader(user).get(f"/api/v1/crises/{merged.reference}/plan/")
    assert (answer.status_code, answer.json()) == (308, {"merged_into": stays.reference})
    assert answer["Location"].endswith(f"/api/v1/crises/{stays.reference}/plan/")


def test_who_may_not_see_the_one_that_stands_finds_nothing(merged, stays, other_client, office):
    merge(merged, stays)
    stranger = signed_in(make_field(make_office("bogota", country="COL"), "stranger"))
    partner = make_partner("LBY")

    assert stranger.get(f"/crises/{merged.reference}/").status_code == 404
    assert signed_in(partner).get(f"/crises/{merged.reference}/").status_code == 404
    assert reader(partner).get(f"/api/v1/crises/{merged.reference}/").status_code == 404


def test_partners_of_a_merged_crisis_are_led_on_only_where_the_other_is_shared_too(merged, stays, lima_field):
    send(merged)
    approve(merged, by=make_hq("hq-2"))
    services.share_crisis(crisis=merged, sharing="partners", by=make_hq())
    merge(merged, stays, at=timezone.now())
    partner = make_partner("LBY")
    assert list(Crisis.objects.visible_to(partner)) == []
    assert signed_in(partner).get(f"/crises/{merged.reference}/").status_code == 404

    send(stays)
    approve(stays, by=make_hq("hq-2"))
    services.share_crisis(crisis=stays, sharing="partners", by=make_hq())

    assert signed_in(partner).get(f"/crises/{merged.reference}/").status_code == 301


def test_a_merged_crisis_is_in_no_list(merged, stays, hq_client):
    merge(merged, stays)

    for page in ("/crises/", "/dashboard/", "/gaps/", "/duplicates/"):
        assert "Combat" not in hq_client.get(page).content.decode(), page
    assert "Combat" in hq_client.get("/crises/?status=merged").content.decode()
    assert [row["reference"] for row in reader(make_hq()).get("/api/v1/crises/").json()["results"]] == [stays.reference]
    for level, found in (("2", [stays.title]), ("none", [])):
        page = hq_client.get(f"/crises/?level={level}").content.decode()
        assert ("Fighting" in page) == bool(found)


def test_what_was_typed_into_its_form_waits_in_the_form_of_the_one_that_stands(merged, stays, lima_field):
    Crisis.objects.filter(pk=stays.pk).update(office=merged.office)
    client = signed_in(lima_field)
    said = {"status": "planned", "note": "Typed.", "key": str(uuid.uuid4()), "revision": "0", "writer": lima_field.pk}
    merge(merged, stays)

    answer = client.post(f"/crises/{merged.reference}/plan/S02/during/", said)

    assert (answer.status_code, answer["Location"]) == (303, f"/crises/{stays.reference}/plan/S02/during/")
    assert "Typed." in client.get(answer["Location"]).content.decode()


# the pages


def said(client, merged, stays, **more):
    page = client.get(f"/crises/{merged.reference}/merge/?into={stays.reference}").content.decode()
    hidden = dict(re.findall(r'name="(key|revision|survivor_revision|into)" value="([^"]*)"', page))
    return hidden | {"why": WHY} | more


def test_what_follows_is_shown_before_anything_is_merged(hq_client, merged, stays):
    page = hq_client.get(f"/crises/{merged.reference}/merge/?into={stays.reference}").content.decode()

    both = page.partition("Sectors of which both offices have spoken</h2>")[2].partition("</table>")[0]
    taken = page.partition("Sectors that are taken over</h2>")[2].partition("</section>")[0]
    assert "A. Tripoli" in both
    assert "Planned" in both
    assert "Transport" in taken
    assert "B. Lima" in taken
    assert not Merge.objects.exists()


def test_the_likeliest_are_offered_first_and_others_are_found_with_words(hq_client, merged, stays):
    log(title="Elsewhere", country="TUN")
    address = f"/crises/{merged.reference}/merge/"

    assert f"?into={stays.reference}" in hq_client.get(address).content.decode()
    assert "Elsewhere" not in hq_client.get(address).content.decode()
    assert "Elsewhere" in hq_client.get(f"{address}?q=elsewhere").content.decode()
    assert hq_client.get(f"{address}?into={merged.reference}").status_code == 400


def test_a_merge_is_done_once_however_often_it_is_sent(hq_client, merged, stays):
    form = said(hq_client, merged, stays)

    answers = [hq_client.post(f"/crises/{merged.reference}/merge/", form) for _ in range(2)]

    assert [(one.status_code, one["Location"]) for one in answers] == [(303, f"/crises/{stays.reference}/")] * 2
    assert Merge.objects.count() == 1


def test_a_merge_without_a_reason_or_of_what_has_changed_is_asked_for_again(hq_client, merged, stays):
    form = said(hq_client, merged, stays)
    bare = hq_client.post(f"/crises/{merged.reference}/merge/", form | {"why": ""})
    set_status(stays, "S02", "during", "active")
    stale = hq_client.post(f"/crises/{merged.reference}/merge/", form)

    assert (bare.status_code, stale.status_code) == (400, 409)
    assert WHY in stale.content.decode()
    stays.refresh_from_db()
    assert f'name="survivor_revision" value="{stays.revision}"' in stale.content.decode()
    assert not Merge.objects.exists()


def test_the_pages_cost_the_same_whatever_there_is(hq_client, merged, stays, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        hq_client.get(f"/crises/{merged.reference}/merge/?into={stays.reference}")
    merge(merged, stays)
    with django_assert_max_num_queries(10):
        hq_client.get(f"/crises/{stays.reference}/merged/")
    with django_assert_max_num_queries(10):
        hq_client.get(f"/crises/{stays.reference}/unmerge/{merged.reference}/")


def test_a_merge_is_undone_from_the_page_of_the_one_that_stands(hq_client, field_client, merged, stays):
    merge(merged, stays)
    address = f"/crises/{stays.reference}/unmerge/{merged.reference}/"
    form = {"why": APART, "key": str(uuid.uuid4())}

    assert "Undo this merge" in hq_client.get(f"/crises/{stays.reference}/merged/").content.decode()
    assert "Undo this merge" not in field_client.get(f"/crises/{stays.reference}/merged/").content.decode()
    assert field_client.post(address, form).status_code == 403
    assert hq_client.post(address, form | {"why": ""}).status_code == 400
    answers = [hq_client.post(address, form) for _ in range(2)]

    assert [(one.status_code, one["Location"]) for one in answers] == [(303, f"/crises/{merged.reference}/")] * 2
    assert hq_client.get(f"/crises/{merged.reference}/").status_code == 200
    assert hq_client.get(address).status_code == 404


def test_a_cell_of_which_two_merged_crises_spoke_is_the_other_one_s_when_the_first_leaves(
    merged, stays, lima, lima_field
):
    third = log(title="Third report", office=lima, by=lima_field)
    set_status(third, "S03", "during", "planned", by=lima_field, lead="T. Lima")
    merge(merged, stays)
    merge(third, stays, at=LATER + timedelta(hours=1))

    unmerge(merged)
    taken = stays.cells.get(sector__code="S03", phase__slug="during")
    assert (taken.status, taken.lead) == ("planned", "T. Lima")
    unmerge(third, at=LATER + timedelta(days=4))

    assert not stays.cells.filter(sector__code="S03").exists()
    assert open_gaps(stays) == {cell.sector.code for cell in plan_of(Crisis.objects.get(pk=stays.pk)).cells if cell.gap}


# two at once


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_merge_each_into_the_other_one_wins_and_nobody_hangs(seeded):
    one, other = log(title="One"), log(title="Other")
    people, start, refusals = [make_hq(), make_hq("hq-2")], threading.Barrier(2), []

    def send(crisis, survivor, by):
        start.wait()
        try:
            services.merge_crisis(crisis=crisis, survivor=survivor, why=WHY, by=by, at=timezone.now())
        except ValidationError as error:
            refusals.append(error)
        connection.close()

    threads = [
        threading.Thread(target=send, args=(*pair, by))
        for pair, by in zip(((one, other), (other, one)), people, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert Merge.objects.count() == 1
    assert len(refusals) == 1
    assert Crisis.objects.filter(status="merged").count() == 1
    assert Gap.objects.open().filter(crisis__status="merged").count() == 0
