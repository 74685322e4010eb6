"""The plan of a crisis as the API says it now, read as plain values: what the framework says of a cell is written once
in a process, and each answer adds what is of the crisis.

What each value means is said once, by crises.serializers.PlanSerializer, which describes the answer and writes the
cells of which the office has said nothing; a test holds the two to the same. The rules are those of crises.plan.
"""

import json
from datetime import date
from types import SimpleNamespace
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import get_language
from rest_framework.renderers import JSONRenderer

from crises import plan
from crises.models import Gap, PhasePeriod, PlanCell
from crises.models.rows import beside, instant, read_beside
from crises.plain import moment
from crises.reading import CrisisPlan
from crises.serializers.plans import CellSerializer
from sectors import reference
from sectors.models import Fact

CRISIS = ("reference", "revision", "status", "edition", *Fact.values)  # what a plan asks of its crisis
GAP = ("sector", "phase", "opened_at", "opened_why", "waived_until")


class Entry(NamedTuple):
    """What the office says of a cell, of its PlanCell."""

    sector_id: int
    phase_id: int
    status: str
    since: str | None  # ISO
    lead: str
    own_priority: str
    justification: str
    confirmed: str
    revision: int


class Unsaid(NamedTuple):
    """A cell of which the office has said nothing, in a phase that is not open."""

    row: dict  # as the serializer says it
    closes: str  # what would close its gap, if it were one


def with_plans(crises):
    """Crises with what `said` tells of, and nothing more. One statement, so that all of it is of one moment."""
    return crises.only(*CRISIS).annotate(
        the_phases=beside(PhasePeriod, "phase", empty="left_on"),
        the_entries=beside(PlanCell, *Entry._fields),
        the_gaps=beside(Gap, *GAP, empty="closed_at"),
    )


def said(crisis, *, inside, asked=None, at=None):
    """What the API says of the plan of a crisis, which comes as of `with_plans`; only of the cells that `asked` is true
    of, where it is there. `inside`: whether the reader is of the organisation. No query once the process holds the
    edition.
    """
    at = at or timezone.now()
    content = reference.content(crisis.edition_id)
    columns = (crisis.the_phases, crisis.the_entries, crisis.the_gaps)
    phases, entries, gaps = (read_beside(rows) for rows in columns)
    cells = plan.cells(
        content,
        crisis,
        map(Entry._make, entries),
        {phase for (phase,) in phases},
        [_read(gap, at) for gap in gaps],
    )
    cells = list(filter(asked, cells)) if asked else cells
    tally, unsaid = plan.tally(cells), _unsaid(content, plan.facts_of(crisis))
    return {
        "reference": crisis.reference,
        "revision": crisis.revision,
        "framework": content.edition.framework.slug,
        "edition": content.edition.number,
        "provenance_note": content.provenance_note,
        "tally": {
            "needed": tally.needed,
            "active": tally.active,
            "completed": tally.completed,
            "waived": tally.waived,
            "gaps": tally.gaps,
        },
        "cells": [_row(cell, unsaid[cell.key], inside, at) for cell in cells],
    }


def _unsaid(content, facts):
    """Each cell of a plan with these facts, by its key. Written once for an edition, in each language."""
    key = ("cells of a plan", *facts.values(), get_language())
    if key not in content.derived:
        cells = plan.cells(content, SimpleNamespace(is_open=False, **facts))
        context = {"plan": CrisisPlan(content, cells, [], []), "inside": False}
        rows = json.loads(JSONRenderer().render(CellSerializer(cells, many=True, context=context).data))
        content.derived[key] = {
            cell.key: Unsaid(row, plan.what_closes(cell.row, facts)) for cell, row in zip(cells, rows, strict=True)
        }
    return content.derived[key]


def _row(cell, unsaid, inside, at):
    row = unsaid.row.copy()
    if entry := cell.said:
        row["priority"] = cell.priority
        row["justification"] = entry.justification or None
        row["confirmed"] = cell.confirmed
        row["status"] = entry.status
        row["since"] = entry.since
        row["lead"] = entry.lead or None if inside else None
        row["revision"] = entry.revision
        if cell.changed:
            row["because"] = cell.because
            row["question"] = cell.question or None
    row["needed"] = cell.needed
    if cell.gap:
        row["gap"] = cell.open_gap and _gap(cell.open_gap, at)
        row["closes"] = cell.closes if cell.changed else unsaid.closes
    return row


def _read(columns, at):
    """A gap from its columns as of GAP."""
    sector, phase, opened, why, until = columns
    until = until and date.fromisoformat(until)
    gap = Gap(sector_id=sector, phase_id=phase, opened_at=instant(opened), opened_why=why, waived_until=until)
    gap.waived = gap.covered_on(at.date())
    return gap


def _gap(gap, at):
    return {
        "opened_at": moment(gap.opened_at),
        "opened_why": gap.opened_why,
        "days_open": gap.days_open(at),
        "waived": gap.waived,
        "waived_until": gap.waived_until.isoformat() if gap.waived else None,
    }
