"""Many people changing a few crises at once, and a recount of what the site keeps: all that HQ's pages read."""

from collections import Counter
from datetime import timedelta
from random import Random

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from crises import dashboard, plan, services, standing
from crises.models import Crisis, PlanCell, PlanPriority, Standing
from crises.reading import plan_of
from sectors import reference
from sectors.models import Edition

REASON = "A reason that is long enough."
LEVELS, SECTORS = ["1", "2", "3"], ["S01", "S03", "S06", "S08", "S11", "S12", "S14"]


class Client:
    """One person who makes random changes to these crises, the same ones for the same seed."""

    def __init__(self, seed, crises, *, field, lead, hq):
        self.dice = Random(seed)
        self.crises, self.field, self.lead, self.hq = crises, field, lead, hq
        self.content = reference.content(Edition.objects.current().pk)
        self.done = Counter()

    def work(self, operations):
        """So many attempts. What is refused, as when somebody else was faster, counts as an attempt too."""
        acts = [self._status] * 5 + [self._priority, self._phase, self._facts, self._figure, self._level, self._waive]
        acts += [self._review, self._close, self._withdraw]
        for _ in range(operations):
            act = self.dice.choice(acts)
            crisis = Crisis.objects.get(pk=self.dice.choice(self.crises))
            try:
                act(crisis)
                self.done[act.__name__] += 1
            except (ValidationError, PermissionDenied, services.Stale) as refusal:
                self.done[type(refusal).__name__] += 1

    def _place(self):
        sectors = {sector.code: sector for sector in self.content.sectors}
        return {"sector": sectors[self.dice.choice(SECTORS)], "phase": self.dice.choice(self.content.phases)}

    def _seen(self, crisis, place):
        return crisis.cells.filter(**place).values_list("revision", flat=True).first() or 0

    def _status(self, crisis):
        place, status = self._place(), self.dice.choice(PlanCell.Status.values)
        seen = self._seen(crisis, place)
        services.change_status(crisis=crisis, **place, status=status, by=self.field, revision=seen, note=REASON)

    def _priority(self, crisis):
        place, priority = self._place(), self.dice.choice(["", *PlanPriority.values])
        seen = self._seen(crisis, place)
        services.set_priority(
            crisis=crisis, **place, priority=priority, by=self.field, revision=seen, justification=REASON
        )

    def _phase(self, crisis):
        act = self.dice.choice([services.open_phase, services.close_phase])
        act(crisis=crisis, phase=self._place()["phase"], by=self.field)

    def _facts(self, crisis):
        fact = self.dice.choice([True, False, None])
        services.update_facts(
            crisis=crisis, by=self.field, revision=crisis.facts_revision, crosses_border=fact, foreign_nationals=fact
        )

    def _figure(self, crisis):
        services.add_figure(
            crisis=crisis,
            by=self.field,
            metric="affected",
            group="all",
            unit="people",
            value=self.dice.choice([None, self.dice.randrange(1, 90_000)]),
            as_of=timezone.now().date() - timedelta(days=self.dice.randrange(300)),
            as_of_precision="day",
            source_kind="own_estimate",
            source="Count",
            headline=True,
        )

    def _level(self, crisis):
        today = timezone.now().date()
        services.decide_level(
            crisis=crisis,
            by=self.hq,
            scheme="iom",
            value=self.dice.choice(LEVELS),
            decided_on=today,
            ended_on=self.dice.choice([None, None, today]),
            decided_by="Headquarters",
            note=REASON,
        )

    def _waive(self, crisis):
        if gap := crisis.gaps.open().first():
            until = timezone.now().date() + timedelta(days=self.dice.randrange(30))
            services.waive_gap(gap=gap, reason=REASON, until=until, by=self.hq)

    def _review(self, crisis):
        act = self.dice.choice(["send", "approve", "back"])
        if act == "send":
            services.send_to_review(crisis=crisis, by=self.field)
        elif act == "approve":
            services.approve(crisis=crisis, by=self.hq, seen=crisis.content_revision)
        else:
            services.send_back(crisis=crisis, by=self.hq, seen=crisis.content_revision, note=REASON)

    def _close(self, crisis):
        act = services.close_crisis if crisis.is_open else services.reopen_crisis
        act(crisis=crisis, by=self.lead)

    def _withdraw(self, crisis):
        if figure := crisis.figures.standing().first():
            services.withdraw_statement(statement=figure, by=self.field, why=REASON)


def differences(crises):
    """Where what is kept of these crises is not what their plans, gaps, statements and reviews say, in words."""
    at, found = timezone.now(), []
    for crisis in crises.with_review().order_by("pk"):
        whole = plan_of(crisis, at)
        gaps = {(gap.sector_id, gap.phase_id): gap for gap in crisis.gaps.open().prefetch_related("waivers")}
        for gap in gaps.values():
            given = sorted(gap.waivers.all(), key=lambda waiver: waiver.at)
            if gap.waived_until != (given[-1].until if given else None):
                found.append(f"{crisis}: the waiver of {gap}")
        if set(gaps) != {cell.key for cell in whole.cells if cell.gap}:
            found.append(f"{crisis}: its open gaps")
        said = standing.statements(crisis)
        rows = list(Standing.objects.at().filter(crisis=crisis))
        if len(rows) != crisis.is_open:
            found.append(f"{crisis}: stands {len(rows)} ways")
        for row in rows:
            counted = {
                "revision": crisis.revision,
                "last_update": crisis.last_update,
                "cells": standing.signs(whole.cells),
                "gaps": standing.open_gaps(whole.cells, gaps),
                **said,
            }
            found += [f"{crisis}: {name}" for name, value in counted.items() if getattr(row, name) != value]
        if (crisis.kept_review, crisis.kept_level) != (crisis.review, said["level"]):
            found.append(f"{crisis}: its review or level")
    if dashboard.board(crises, at).coverage != coverage_by_plans(crises, at):
        found.append("the coverage of the dashboard")
    return found


def coverage_by_plans(crises, at):
    """The coverage counted cell by cell from the plan of each open crisis."""
    counted = {}
    for crisis in crises.open():
        for cell in plan_of(crisis, at).cells:
            if cell.needed:
                key = cell.sector.code, cell.phase.slug
                counted[key] = counted.get(key, plan.Tally()) + plan.tally([cell])
    return counted
