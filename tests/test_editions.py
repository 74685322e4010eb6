"""The next edition of the framework: drafted by headquarters, compared, published, and never changed again."""

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from sectors import reference, services
from sectors.comparison import compare
from sectors.models import (
    ClusterLink,
    Complementarity,
    Edition,
    EditionChange,
    Priority,
    SectorPriority,
    System,
    SystemLink,
)
from tests.factories import NOON, log, make_draft, make_field, make_hq, make_partner, phase, publish, revise, sector

pytestmark = pytest.mark.django_db


def says(edition):
    """Everything an edition says, without what is its own."""
    return sorted(json.dumps([about(row), row.says, row.provenance]) for row in reference.read(edition).statements)


def about(row):
    return [type(row).__name__, *(getattr(row, f"{name}_id") for name in row.ABOUT)]


def test_a_draft_says_what_the_newest_edition_says_and_whose_word_it_is():
    first = Edition.objects.get()

    draft = make_draft()

    assert (draft.number, draft.published_at) == (2, None)
    assert says(draft) == says(first)
    assert len(says(draft)) == 45 + 135 + 16


def test_a_framework_has_one_draft_however_often_it_is_asked_for():
    draft = make_draft()

    assert make_draft() == draft
    with pytest.raises(IntegrityError), transaction.atomic():
        Edition.objects.create(framework=draft.framework, number=9)


@pytest.mark.parametrize("person", [make_field, make_partner])
def test_only_headquarters_writes_an_edition(person):
    draft, by = make_draft(), person()

    for write in (
        lambda: services.make_draft(framework=draft.framework, by=by),
        lambda: revise("S05", "during", by=by, priority="recommended"),
        lambda: services.change_note(edition=draft, note="Mine.", by=by, revision=0),
        lambda: services.publish_edition(edition=draft, by=by, revision=1),
        lambda: services.discard_draft(edition=draft, by=by, revision=1),
    ):
        with pytest.raises(PermissionDenied, match="HQ reviewer"):
            write()


def test_a_value_that_headquarters_sets_is_its_own_word_until_it_is_set_back():
    row = revise("S05", "during", priority="recommended")

    assert row.provenance == "headquarters"
    assert "1 statement is set by headquarters" in reference.read(row.edition).provenance_note

    row = revise("S05", "during", priority="important")

    assert row.provenance == "derived"
    assert "headquarters" not in reference.read(row.edition).provenance_note


def test_a_statement_that_headquarters_set_stays_its_word_in_the_editions_that_follow():
    revise("S05", "during", priority="recommended")
    publish()

    row = SectorPriority.objects.get(edition=make_draft(), sector__code="S05", phase__slug="during")

    assert row.provenance == "headquarters"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"priority": "urgent"}, "priority"),
        ({"condition": "crosses_border"}, "otherwise"),
        ({"otherwise": "important"}, "condition"),
        ({"condition": "crosses_border", "otherwise": "important"}, "otherwise"),
        ({"reason": ""}, "reason"),
        ({"paragraph": ""}, "paragraph"),
        ({"confidence": "absolute"}, "confidence"),
    ],
)
def test_a_statement_is_whole_or_refused(wrong, field):
    with pytest.raises(ValidationError) as refused:
        revise("S05", "during", **wrong)

    assert field in refused.value.message_dict
    assert make_draft().revision == 1


def test_a_link_is_added_changed_and_removed():
    draft, system = make_draft(), System.objects.get(slug="refugee-regime")
    SystemLink.objects.filter(edition=draft, sector=sector("S04"), system=system).delete()

    def link(strength, revision):
        return services.change_link(
            edition=draft,
            sector=sector("S04"),
            target=system,
            strength=strength,
            reason="Health posts on the border are shared.",
            paragraph="HQ decision of 1 March 2026",
            by=make_hq(),
            revision=revision,
            at=NOON,
        )

    added = link("supporting", 0)
    assert (added.strength, added.provenance) == ("supporting", "headquarters")
    assert link("supporting", 0) == added, "the same sent twice is done once"
    assert link("main", added.revision).strength == "main"
    assert link("", draft_of(draft).revision) is None
    assert not SystemLink.objects.filter(edition=draft, sector=sector("S04"), system=system).exists()


def draft_of(edition):
    return Edition.objects.get(pk=edition.pk)


def test_how_sectors_help_one_another_is_added_and_removed_and_never_runs_backwards():
    draft = make_draft()
    cells = {
        "from_sector": sector("S01"),
        "from_phase": phase("during"),
        "to_sector": sector("S09"),
        "to_phase": phase("after"),
    }
    said = {"how": "enables", "reason": "Registers show who lived where.", "paragraph": "HQ, 2026"}

    row = services.change_complementarity(edition=draft, by=make_hq(), revision=0, **cells, **said)
    assert row.provenance == "headquarters"
    assert services.change_complementarity(edition=draft, by=make_hq(), revision=row.revision, **cells, how="") is None

    backwards = cells | {"from_phase": phase("after"), "to_phase": phase("before")}
    with pytest.raises(ValidationError) as refused:
        services.change_complementarity(edition=draft, by=make_hq(), revision=0, **backwards, **said)
    assert "to_phase" in refused.value.message_dict


def test_two_people_on_one_statement_lose_nothing_and_on_two_both_succeed():
    first = revise("S05", "during", priority="recommended")
    other = revise("S04", "during", priority="important", by=make_hq("second"))

    with pytest.raises(services.Stale) as stale:
        revise("S05", "during", priority="important", revision=1, by=make_hq("second"))

    assert stale.value.current == first
    assert {first.revision, other.revision} == {2, 3}


def test_a_draft_is_published_as_it_was_seen_and_only_with_a_note_and_a_change():
    draft = make_draft()

    with pytest.raises(ValidationError) as refused:
        services.publish_edition(edition=draft, by=make_hq(), revision=1)
    assert "note" in refused.value.message_dict
    services.change_note(edition=draft, note="Nothing new.", by=make_hq(), revision=0)
    with pytest.raises(ValidationError, match="changes nothing"):
        services.publish_edition(edition=draft, by=make_hq(), revision=2)
    revise("S05", "during", priority="recommended")
    with pytest.raises(services.Stale):
        services.publish_edition(edition=draft, by=make_hq(), revision=2)

    published = services.publish_edition(edition=draft, by=make_hq(), revision=3, at=NOON)

    assert published.published_by == make_hq()
    assert Edition.objects.current() == published


def test_no_service_changes_a_published_edition():
    revise("S05", "during", priority="recommended")
    edition = publish()
    before = says(edition)

    for write in (
        lambda: revise("S05", "during", edition=edition, priority="important", revision=2),
        lambda: services.change_note(edition=edition, note="Another.", by=make_hq(), revision=3),
        lambda: services.publish_edition(edition=edition, by=make_hq(), revision=3),
        lambda: services.discard_draft(edition=edition, by=make_hq(), revision=3),
    ):
        with pytest.raises(ValidationError, match="published"):
            write()

    assert says(edition) == before


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (SectorPriority, {"priority": "recommended", "condition": "", "otherwise": ""}),
        (SystemLink, {"reason": "Another."}),
        (ClusterLink, {"provenance": "official"}),
        (Complementarity, {"how": "refers_to"}),
        (Edition, {"note": "Another."}),
        (Edition, {"published_at": None}),
    ],
)
def test_the_database_itself_refuses_to_change_a_published_edition(model, change):
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        model.objects.update(**change)


def test_a_discarded_draft_leaves_the_log_of_what_was_changed_in_it():
    revise("S05", "during", priority="recommended")
    draft = make_draft()

    services.discard_draft(edition=draft, by=make_hq(), revision=2)

    assert Edition.objects.count() == 1
    assert SectorPriority.objects.count() == 45
    events = list(EditionChange.objects.values_list("number", "event", "about", "by__username"))
    assert events == [(2, "discarded", [], "hq"), (2, "priority", ["S05", "during"], "hq"), (2, "made", [], "hq")]
    change = EditionChange.objects.get(event="priority")
    assert (change.before["priority"], change.after["priority"]) == ("important", "recommended")


def test_a_draft_is_neither_kept_in_the_process_nor_followed():
    draft = make_draft()

    with pytest.raises(Edition.DoesNotExist):
        reference.content(draft.pk)
    assert log().edition.number == 1


# What two editions put differently.

CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["S01", "S05", "S08", "S12"]), st.sampled_from(["before", "during", "after"])),
    st.sampled_from(Priority.values),
    max_size=6,
)


def revised(content, cells):
    """The content of an edition with other priorities in these cells: rows in memory."""
    sectors, phases = ({row.code: row for row in content.sectors}, {row.slug: row for row in content.phases})
    priorities = dict(content.priorities)
    for (code, slug), priority in cells.items():
        key = sectors[code].pk, phases[slug].pk
        row = priorities[key]
        values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        priorities[key] = SectorPriority(**values | {"priority": priority, "condition": "", "otherwise": ""})
        priorities[key].sector, priorities[key].phase = row.sector, row.phase
    return reference.Content(**vars(content) | {"priorities": priorities})


@given(one=CELLS, other=CELLS)
def test_what_differs_is_the_same_from_either_side_and_nothing_differs_from_itself(one, other):
    content = reference.content(Edition.objects.get().pk)
    one, other = revised(content, one), revised(content, other)

    there, back = compare(one, other), compare(other, one)

    assert compare(one, one).differences == []
    assert [(a.before, a.after) for a in there.differences] == [(b.after, b.before) for b in back.differences]
    assert [a.fields for a in there.differences] == [b.fields for b in back.differences]


@given(cells=CELLS)
def test_every_cell_that_differs_is_told_and_no_other(cells):
    content = reference.content(Edition.objects.get().pk)
    now = revised(content, cells)

    told = {(one.row.sector.code, one.row.phase.slug) for one in compare(content, now).priorities}

    assert told == {
        (row.sector.code, row.phase.slug)
        for key, row in now.priorities.items()
        if row.says != content.priorities[key].says
    }


def test_a_difference_is_said_in_words():
    revise("S05", "during", priority="recommended", condition="crosses_border", otherwise="important")
    draft = make_draft()
    SystemLink.objects.filter(edition=draft).first().delete()

    found = compare(reference.read(Edition.objects.get(number=1)), reference.read(draft))

    assert [one.sentence for one in found.differences] == ["Changed: priority, depends on, if not.", "Removed."]
    values = {value.name: (value.before, value.after) for value in found.priorities[0].values}
    assert values["condition"] == ("", "People cross a border")
    assert values["provenance"] == ("Derived", "Set by headquarters")
