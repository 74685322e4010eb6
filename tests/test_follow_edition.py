"""A crisis keeps the edition of the framework it follows, until its office has seen what a newer one changes."""

import json
from html import unescape

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crises import rebase, services
from crises.models import Crisis, Standing
from crises.models.crisis import newest_edition
from crises.past import crisis_at
from crises.reading import plan_of
from crises.timeline import timeline
from sectors import reference
from sectors.models import Edition, Fact, Priority
from tests.factories import (
    NOON,
    log,
    logged,
    make_draft,
    make_field,
    make_hq,
    make_partner,
    publish,
    reader,
    revise,
    set_priority,
    set_status,
    share,
)

pytestmark = pytest.mark.django_db


def second_edition():
    """Edition 2: psychosocial support becomes critical in an emergency, and transport only important."""
    revise("S05", "during", priority="critical", reason="The review of 2026 found it so.")
    revise("S03", "during", priority="important")
    return publish()


def follow(crisis, edition=None, *, by=None, revision=None):
    return services.rebase_crisis(
        crisis=crisis,
        edition=edition or Edition.objects.current(),
        by=by or make_field(crisis.office),
        revision=crisis.revision if revision is None else revision,
        at=NOON,
    )


def ahead(crisis):
    found = Crisis.objects.annotate(newest_edition=newest_edition()).get(pk=crisis.pk)
    return rebase.ahead(found, plan_of(found))


def codes(effects):
    return [(effect.before.sector.code, effect.before.phase.slug) for effect in effects]


def test_publishing_an_edition_leaves_every_crisis_byte_for_byte_as_it_is(client):
    crisis = log()
    set_status(crisis, "S01", "during", "active")
    addresses = [f"/api/v1/crises/{crisis.reference}/", f"/api/v1/crises/{crisis.reference}/plan/"]

    def answers():
        return [reader(make_field(crisis.office)).get(address).content for address in addresses]

    before, rows = answers(), json.dumps(list(Crisis.objects.values("revision", "edition", "updated_at")), default=str)
    second_edition()
    reference.content.cache_clear()  # as another process reads it

    crisis.refresh_from_db()
    assert answers() == before
    assert json.dumps(list(Crisis.objects.values("revision", "edition", "updated_at")), default=str) == rows
    follow(crisis)
    assert answers() != before


def test_a_new_crisis_follows_the_new_edition_and_an_older_one_its_own():
    older = log()
    second_edition()

    assert log(key=None).edition.number == 2
    older.refresh_from_db()
    assert older.edition.number == 1


def test_the_office_sees_each_cell_that_differs_and_what_follows():
    crisis = log()
    second_edition()

    found = ahead(crisis)

    assert codes(found.changed) == [("S03", "during"), ("S05", "during")]
    assert (found.opens, found.closes) == (1, 1)
    assert not found.declined


def test_what_differs_depends_on_the_facts_of_the_crisis():
    crisis = log(crosses_border=False)
    revise("S11", "during", priority="critical", condition="", otherwise="")
    publish()

    assert [(effect.before.default, effect.after.default) for effect in ahead(crisis).changed] == [
        ("recommended", "critical")
    ]


def test_other_words_for_the_same_priority_are_told_apart():
    crisis = log()
    revise("S05", "during", reason="Said otherwise.")
    publish()

    assert codes(ahead(crisis).changed) == []
    assert codes(ahead(crisis).reworded) == [("S05", "during")]


def test_following_an_edition_opens_and_closes_the_gaps_that_follow():
    crisis = log()
    second_edition()

    outcome = follow(crisis)

    assert [cell.sector.code for cell in outcome.opened] == ["S05"]
    assert [cell.sector.code for cell in outcome.closed] == ["S03"]
    assert list(crisis.gaps.filter(closed_why="edition").values_list("sector__code", flat=True)) == ["S03"]
    assert list(crisis.gaps.filter(opened_why="edition").values_list("sector__code", flat=True)) == ["S05"]
    crisis.refresh_from_db()
    assert crisis.edition.number == 2
    assert ahead(crisis) is None
    assert [cell.gap for cell in plan_of(crisis).cells] == [bool(cell.open_gap) for cell in plan_of(crisis).cells]
    assert len(Standing.objects.at().get(crisis=crisis).gaps) == crisis.gaps.open().count()


def test_what_the_office_said_itself_stays():
    crisis = log()
    set_priority(crisis, "S05", "during", "recommended")
    crisis.refresh_from_db()
    second_edition()

    outcome = follow(crisis)

    assert outcome.opened == []
    cell = plan_of(Crisis.objects.get(pk=crisis.pk)).cell("S05", "during")
    assert (cell.default, cell.priority) == ("critical", "recommended")


def test_nothing_is_followed_unseen():
    crisis = log()
    second_edition()
    seen = crisis.revision
    set_status(crisis, "S01", "during", "active")

    with pytest.raises(services.Stale):
        follow(crisis, revision=seen)

    crisis.refresh_from_db()
    assert crisis.edition.number == 1
    follow(crisis)
    assert follow(crisis).crisis.edition.number == 2, "sent twice, done once"


def test_only_a_newer_published_edition_of_the_same_framework_is_followed():
    crisis = log()
    with pytest.raises(ValidationError, match="newer published edition"):
        follow(crisis, make_draft())
    with pytest.raises(ValidationError, match="newer published edition"):
        services.keep_edition(crisis=crisis, edition=make_draft(), by=make_field(crisis.office))
    newer = second_edition()
    follow(crisis, newer)
    with pytest.raises(ValidationError, match="newer published edition"):
        follow(crisis, Edition.objects.get(number=1))


@pytest.mark.parametrize("person", [make_hq, make_partner])
def test_only_the_office_decides(person):
    crisis = log()
    newer = second_edition()

    with pytest.raises(PermissionDenied):
        follow(crisis, by=person())
    with pytest.raises(PermissionDenied):
        services.keep_edition(crisis=crisis, edition=newer, by=person())


def test_the_history_says_which_edition_is_followed_and_the_past_keeps_its_own():
    crisis = log()
    then = [(cell.priority, cell.gap, cell.because) for cell in plan_of(crisis).cells]
    newer = second_edition()
    services.keep_edition(crisis=crisis, edition=newer, by=make_field(crisis.office), at=NOON)
    crisis.refresh_from_db()
    follow(crisis)

    assert [entry.sentence for entry in timeline(crisis, 10, reader=make_hq())] == [
        "Follows edition 2 of the framework, before edition 1. 2 sectors have another priority.",
        "Stays with edition 1 of the framework: edition 2 is not followed.",
        "Logged.",
    ]
    crisis.refresh_from_db()
    past = plan_of(crisis_at(crisis, NOON), as_of=NOON)
    assert [(cell.priority, cell.gap, cell.because) for cell in past.cells] == then


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["S03", "S05", "S08", "S12"]), st.sampled_from(["before", "during", "after"])),
    st.tuples(st.sampled_from(Priority.values), st.sampled_from(["", *Fact.values]), st.sampled_from(Priority.values)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=10, deadline=None)
@given(
    cells=CELLS,
    facts=st.fixed_dictionaries({fact: st.sampled_from([True, False, None]) for fact in Fact.values}),
    phases=st.sets(st.sampled_from(["before", "during", "after"]), min_size=1),
)
def test_following_an_edition_gives_the_plan_of_a_crisis_logged_under_it(cells, facts, phases):
    with transaction.atomic():
        reference.content.cache_clear()
        crisis = log(phases=sorted(phases), **facts)
        for (code, slug), (priority, condition, otherwise) in cells.items():
            condition = condition if otherwise != priority else ""
            said = {"condition": condition, "otherwise": otherwise if condition else ""}
            revise(code, slug, priority=priority, reason="The review found it so.", **said)
        publish()

        outcome = follow(crisis)
        fresh = logged(phases=sorted(phases), **facts)

        def told(whole):
            return [
                (cell.default, cell.priority, cell.because, cell.question, cell.gap, bool(cell.open_gap))
                for cell in whole.cells
            ]

        assert told(plan_of(outcome.crisis)) == told(plan_of(fresh.crisis))
        transaction.set_rollback(True)


# Pages.


def get(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return unescape(answer.content.decode())


def test_the_pages_of_a_crisis_say_that_a_newer_edition_changes_cells_until_the_office_keeps_its_own(field_client):
    crisis = log()
    banner = "Edition 2 of the framework changes 2 cells here."
    pages = [f"/crises/{crisis.reference}/", f"/crises/{crisis.reference}/plan/"]
    assert not any(banner in get(field_client, page) for page in pages)
    second_edition()
    assert all(banner in get(field_client, page) for page in pages)

    answer = field_client.post(f"/crises/{crisis.reference}/edition/", {"choice": "keep", "edition": "2"})

    assert answer.status_code == 303
    assert not any("of the framework changes" in get(field_client, page) for page in pages)
    assert "keeps edition 1" in get(field_client, f"/crises/{crisis.reference}/edition/")
    revise("S05", "during", priority="recommended")
    publish()
    assert all("Edition 3 of the framework changes" in get(field_client, page) for page in pages)


def test_the_office_follows_what_it_was_shown(field_client):
    crisis = log()
    second_edition()
    page = f"/crises/{crisis.reference}/edition/"
    shown = get(field_client, page)
    assert "Gaps that open: 1. Gaps that end: 1." in shown
    assert f'name="revision" value="{crisis.revision}"' in shown
    answers = {"choice": "follow", "edition": "2", "revision": crisis.revision}
    set_status(crisis, "S01", "during", "active")

    stale = field_client.post(page, answers)
    assert stale.status_code == 409
    assert "Look at the cells again" in stale.content.decode()
    crisis.refresh_from_db()
    done = field_client.post(page, answers | {"revision": crisis.revision}, follow=True)

    assert "The crisis follows edition 2. 1 gap has opened. 1 gap has ended." in unescape(done.content.decode())
    assert "the newest there is" in get(field_client, page)


@pytest.mark.parametrize(
    "answers", [{}, {"choice": "maybe", "edition": "2"}, {"choice": "follow", "edition": "9"}, {"choice": "keep"}]
)
def test_an_answer_that_is_none_is_refused(field_client, answers):
    crisis = log()
    second_edition()

    answer = field_client.post(f"/crises/{crisis.reference}/edition/", answers)

    assert answer.status_code == 400
    assert "There is a problem" in answer.content.decode()


def test_readers_outside_are_not_asked(partner_client):
    crisis = log()
    share(crisis)
    second_edition()

    assert "of the framework changes" not in get(partner_client, f"/crises/{crisis.reference}/plan/")
    get(partner_client, f"/crises/{crisis.reference}/edition/", 404)


def test_the_question_costs_no_query_of_its_own(field_client, django_assert_num_queries):
    crisis = log()
    second_edition()
    for edition in Edition.objects.published():
        reference.content(edition.pk)

    # session, reader, crisis, plan (4), figures, lines of work, history
    with django_assert_num_queries(10):
        get(field_client, f"/crises/{crisis.reference}/")
    # session, reader, crisis, plan (4)
    with django_assert_num_queries(7):
        get(field_client, f"/crises/{crisis.reference}/plan/")
    # the same
    with django_assert_num_queries(7):
        get(field_client, f"/crises/{crisis.reference}/edition/")
