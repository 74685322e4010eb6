"""What makes a change cheap changes nothing of what it asks and writes: prepared questions, writes in one go."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection

from crises import services
from crises.batch import Batch, insert, insert_or_wait, past_of
from crises.models import Crisis, Figure, Gap, PhasePeriod, PlanCell, Receipt, Standing
from crises.services import amend, facts
from crises.services.rights import LOCKED, RIGHTS, require
from offices.models import Country, Membership, Office, Role
from offices.prepared import Prepared
from sectors import reference
from tests.factories import (
    NOON,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    phase,
    sector,
    set_status,
)
from tests.test_dashboard import stands, stands_by_its_plan

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=3)
IN_ONE_GO = connection.vendor == "postgresql"


def columns(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


# Prepared questions


@pytest.mark.parametrize(
    ("prepared", "ask"),
    [
        (LOCKED, lambda pk: Crisis.objects.filter(pk=pk)),
        (amend.PERIODS, lambda pk: PhasePeriod.objects.filter(crisis=pk, left_on=None)),
        (amend.CELLS, lambda pk: PlanCell.objects.filter(crisis=pk)),
        (amend.GAPS, lambda pk: Gap.objects.filter(crisis=pk, closed_at=None)),
    ],
)
def test_a_prepared_question_finds_what_the_query_finds(prepared, ask):
    for n in range(2):
        crisis = log(title=f"crisis {n}", phases=["during", "after"], groups=["refugees"], crosses_border=bool(n))
        set_status(crisis, "S03", "during", "active")

        found = prepared.rows(crisis.pk)

        expected = list(ask(crisis.pk))
        assert sorted((columns(row) for row in found), key=lambda row: row["id"]) == [
            columns(row) for row in sorted(expected, key=lambda row: row.pk)
        ]
        assert expected
        assert not any(row._state.adding or row.get_deferred_fields() for row in found)


def test_what_is_joined_comes_with_the_row_and_a_key_may_be_a_word(django_assert_num_queries):
    asked = Prepared(_titled)
    for title in ("A title", "it's 7000000000000000000"):
        crisis = log(title=title)

        with django_assert_num_queries(1):
            (found,) = asked.rows(title)
            joined = found.main_country, found.office.parent

        assert columns(found) == columns(Crisis.objects.get(pk=crisis.pk))
        assert joined == (crisis.main_country, crisis.office.parent)


def _titled(title: str):
    return Crisis.objects.filter(title=title).select_related("main_country", "office__parent")


def test_a_question_that_does_not_ask_of_its_key_is_none():
    with pytest.raises(ValueError, match="A key does not reach the database"):
        Prepared(lambda crisis: Crisis.objects.all()).rows(1)


# Writes in one go


def test_rows_that_are_inserted_or_updated_read_as_they_stand():
    crisis = log()
    row = PlanCell(crisis=crisis, sector=sector("S03"), phase=phase("during"), lead="Unit %s; a 'quoted' one")
    insert([row])
    row.status, row.since, row.activated_on, row.note = "active", NOON.date(), NOON.date(), "é\n%(name)s"
    batch = Batch()
    batch.update(row)
    batch.run()

    assert columns(PlanCell.objects.get(pk=row.pk)) == columns(row)
    assert not row._state.adding


def test_what_is_not_as_it_was_is_written_and_the_rest_left_alone():
    crisis = Crisis.objects.get(pk=log(groups=["refugees"]).pk)
    was = dict(vars(crisis))
    Crisis.objects.filter(pk=crisis.pk).update(places="Told by somebody else")
    crisis.summary = "New."
    crisis.groups.append("returnees")  # in place: nothing tells how it was
    batch = Batch()
    batch.update(crisis, was)
    batch.run()

    now = Crisis.objects.get(pk=crisis.pk)
    assert (now.summary, now.groups, now.places) == ("New.", ["refugees", "returnees"], "Told by somebody else")


def test_rows_get_their_own_keys_however_many(monkeypatch):
    monkeypatch.setattr("crises.batch.MOST", 2)
    crisis = log()
    cells = [PlanCell(crisis=crisis, sector=sector(f"S0{n}"), phase=phase("during"), lead=str(n)) for n in range(1, 6)]
    insert(cells)

    assert {cell.pk: cell.lead for cell in cells} == dict(PlanCell.objects.values_list("pk", "lead"))


def test_of_two_rows_that_are_alike_the_first_is_inserted():
    by, key = make_field(), "6b0f1a54-0e0c-4d0a-9d8e-2f6c8a1f9a55"
    first, second = (Receipt(user=by, key=key, digest="d", received_at=NOON) for _ in range(2))

    assert (insert_or_wait(first, "user", "key"), insert_or_wait(second, "user", "key")) == (True, False)
    assert (Receipt.objects.get().pk, second.pk) == (first.pk, None)


def test_a_table_without_a_history_has_none():
    assert (past_of(Figure), past_of(PlanCell)) == (None, PlanCell.history.model)


# What the history shows


def past(row):
    """The last row of history of a row: what it shows of the row, and who and what it tells of."""
    last = row.history.first()
    shown = {field.attname: getattr(last, field.attname) for field in type(row).history.model.tracked_fields}
    return shown, (last.history_type, last.history_user, last.history_date, last.history_change_reason)


def shown(row):
    return {field.attname: getattr(row, field.attname) for field in type(row).history.model.tracked_fields}


def test_the_history_of_a_change_shows_the_rows_as_they_stand():
    by = make_field()
    crisis = log(by=by, other_countries=[Country.objects.get(pk="TUN"), Country.objects.get(pk="EGY")])
    set_status(crisis, "S03", "during", "planned", by=by, at=LATER)
    set_status(crisis, "S03", "during", "active", by=by, at=LATER + timedelta(hours=1))

    crisis, cell = Crisis.objects.get(), PlanCell.objects.get()
    event = {"event": "status", "sector": "S03", "phase": "during", "was": "planned", "now": "active"}
    told = ("~", by, LATER + timedelta(hours=1), event)
    assert past(crisis) == (shown(crisis), told)
    assert past(cell) == (shown(cell), told)
    assert [row.history_type for row in cell.history.order_by("history_id")] == ["+", "~"]
    linked = set(Crisis.other_countries.through.objects.values_list("pk", "country"))
    assert {country for _pk, country in linked} == {"TUN", "EGY"}
    for row in crisis.history.all():
        assert set(row.other_countries.values_list("id", "country")) == linked


def test_the_history_of_a_new_crisis_shows_it_and_the_phases_it_is_in():
    crisis = log(phases=["during", "after"])

    crisis = Crisis.objects.get(pk=crisis.pk)
    assert past(crisis)[0] == shown(crisis)
    assert past(crisis)[1][0] == "+"
    for period in crisis.periods.all():
        assert past(period)[0] == shown(period)
        assert past(period)[1][:3] == ("+", crisis.logged_by, NOON)


# Who may


def test_a_right_is_that_of_the_queryset_whoever_asks():
    region = make_office("region", country=None, kind=Office.Kind.REGIONAL)
    office, other = make_office(parent=region), make_office("cairo", country="EGY", parent=region)
    crisis = log(by=make_field(office), office=office)
    people = [make_hq(), make_partner(), AnonymousUser(), make_user("nobody")]
    for role in Role.values:
        people += [make_user(f"{role}-{where.slug}", role, office=where) for where in (office, other, region)]
    for held, limit in ((Role.LEAD, {"LBY", "EGY"}), (Role.LEAD, {"EGY"}), (Role.HQ, {"EGY"}), (Role.HQ, {"LBY"})):
        person = make_user(f"{held}-limited-to-{'-'.join(sorted(limit))}", held, office=office)
        person.only_in = frozenset(limit)
        people.append(person)
    gone = make_user("gone", Role.LEAD, Role.HQ, office=office)
    gone.is_active = False
    several = make_lead(office, "several")
    Membership.objects.create(user=several, office=region, role=Role.REGIONAL)

    allowed = {right: [] for right in RIGHTS}
    for person in [*people, gone, several]:
        for right, (crises, _missing) in RIGHTS.items():
            try:
                require(right, crisis, person)
                found = True
            except PermissionDenied:
                found = False
            in_person = not isinstance(person, AnonymousUser)
            assert found == (in_person and crises(person).filter(pk=crisis.pk).exists()), (right, person)
            allowed[right] += [str(person)] if found else []

    assert {right: len(names) for right, names in allowed.items()} == {
        "edit": 6,
        "close": 4,
        "review": 11,
        "decide": 5,
        "oversee": 8,
    }


# What a change costs


def logged_with(cells, figures):
    during = phase("during")
    places = [sector(f"S{n:02}") for n in range(1, cells + 1)]
    figure = {"metric": "affected", "as_of": NOON.date(), "as_of_precision": "day", "source_kind": "un"}
    return {
        "cells": [{"sector": place, "phase": during, "status": "active"} for place in places],
        "figures": [figure | {"value": n} for n in range(figures)],
    }


def test_logging_a_crisis_costs_the_same_with_a_cell_and_a_figure_as_with_many(django_assert_num_queries):
    by, office, country, during = make_field(), make_office(), Country.objects.get(pk="LBY"), phase("during")
    reference.current()  # read once in a process
    facts = {"by": by, "office": office, "main_country": country, "phases": {during: None}}
    for n, (cells, figures) in enumerate([(1, 1), (10, 5)]):
        content = logged_with(cells, figures)
        # the savepoint and its end; the receipt, the draft, the right, the edition; the counter; the crisis, phases,
        # cells, figures; in one go on PostgreSQL the history of phases, cells and crisis, gaps, what the receipt says
        # and how it stands; and what it is like
        with django_assert_num_queries(13 if IN_ONE_GO else 18):
            services.log_crisis(
                **facts, title=f"crisis {n}", cause=list(Crisis.Cause)[n], key=uuid.uuid4(), at=NOON, **content
            )
    assert (PlanCell.objects.count(), PlanCell.history.count(), Figure.objects.count()) == (11, 11, 6)


def test_a_reference_that_is_taken_meanwhile_is_not_given_again(monkeypatch):
    taken, names = log().reference, []

    def named(_country, _year):
        names.append(taken if not names else "LBY-2026-NEW")
        return names[-1]

    monkeypatch.setattr(facts, "new_reference", named)
    crisis = log(title="Floods", cause="natural_hazard")

    crisis = Crisis.objects.get(pk=crisis.pk)
    assert (crisis.reference, len(names)) == ("LBY-2026-NEW", 2)
    assert "lby-2026-new" in crisis.search
    assert taken.lower() not in crisis.search


def test_a_crisis_that_stood_nowhere_stands_with_its_next_change():
    crisis = log()
    Standing.objects.all().delete()

    set_status(crisis, "S03", "during", "active", at=LATER)

    assert stands(crisis) == stands_by_its_plan(crisis)
