"""Writes to the cells of a plan: their status, the office's own priority, and HQ's waiver of a gap."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Gap, PlanCell, Waiver

from .amend import Stale, amend, merge

STATUS = ("status", "since", "lead", "cluster_contact", "note")
PRIORITY = ("own_priority", "justification")
TOGETHER = [{"status", "since"}, set(PRIORITY)]  # names that make one answer


def change_status(
    *,
    crisis,
    sector,
    phase,
    status,
    by,
    revision,
    since=None,
    lead="",
    cluster_contact="",
    note="",
    key=None,
    strict=False,
    at=None,
):
    """Plan, activate, complete or stand down a sector in a phase, or change its lead, contact, date or note.

    `revision` is the cell's number that the person saw, 0 where the office had said nothing. Without a `since` a new
    status begins today, and one that stays keeps its date. Activating or completing closes the cell's gap; leaving
    those states opens it again where the plan still needs the sector.
    What somebody else changed meanwhile and this person left alone stays (Outcome.kept). Raises Stale where both
    changed the same, or, where `strict`, where the cell has changed at all.
    """
    at = at or timezone.now()
    told = {"status": status, "since": since, "lead": lead, "cluster_contact": cluster_contact, "note": note}
    content = {"cell": [crisis.pk, sector.pk, phase.pk], "says": [*told.values()], "revision": revision}
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.STATUS, key=key, content=content) as (
        amendment,
        outcome,
    ):
        if amendment:
            cell = amendment.cell(sector, phase)
            seen = _as_seen(cell, revision)
            if not since:
                told["since"] = seen.since if seen and seen.status == status and seen.since else at.date()
            was = cell.status
            mine = _mine(cell, seen, told, outcome, strict)
            if "status" in mine:
                move(cell, status, told["since"], at.date())
            _take(cell, told, mine - {"status", "since"})
            amendment.keep(cell)
            amendment.record("status", sector=sector.code, phase=phase.slug, was=was, now=cell.status)
    return outcome


def _as_seen(cell, revision):
    """The cell as it was at a revision: a row of its history, or itself; None where there was no such revision."""
    if cell.revision == revision:
        return cell
    if revision == 0:
        return PlanCell()
    return cell.history.filter(revision=revision).first() if cell.pk else None


def _mine(cell, seen, told, outcome, strict):
    """The names that this person changed, when nobody else changed them differently. Raises Stale otherwise."""
    if seen is cell:
        return set(told)
    known = {name: getattr(seen, name) for name in told} if seen else {}
    merged = merge(now={name: getattr(cell, name) for name in told}, seen=known, told=told, together=TOGETHER)
    if merged.clash or strict:
        raise Stale(cell, merged.clash or merged.kept, mine=merged.mine)
    outcome.kept = tuple(merged.kept)
    return set(merged.mine)


def _take(cell, told, names):
    for name in names:
        setattr(cell, name, told[name])


def move(cell, status, since, today):
    """Give the cell a status and its date. Raises ValidationError for a move that is not legal."""
    if status != cell.status and status not in PlanCell.MOVES[cell.status]:
        raise ValidationError(
            {
                "status": _("A sector that is %(was)s cannot become %(now)s. Choose one of: %(allowed)s.")
                % {
                    "was": cell.get_status_display().lower(),
                    "now": PlanCell.Status(status).label.lower(),
                    "allowed": ", ".join(move.label.lower() for move in PlanCell.MOVES[cell.status]),
                }
            }
        )
    if since > today and status != PlanCell.Status.PLANNED:
        raise ValidationError({"since": _("The date must be today or in the past. For a later date choose “Planned”.")})
    if cell.own_priority == "not_applicable" and status in (PlanCell.Status.PLANNED, PlanCell.Status.ACTIVE):
        raise ValidationError(
            {"status": _("The office has marked this sector “not applicable”. Go back to the default priority first.")}
        )
    cell.status, cell.since = status, since
    if status == PlanCell.Status.ACTIVE:
        cell.activated_on = since


def set_priority(*, crisis, sector, phase, priority, by, revision, justification="", key=None, strict=False, at=None):
    """Raise or lower a cell's priority, or say that it does not apply, and why; "" goes back to the framework's.

    Gaps follow: a cell raised to critical becomes one where it is needed and not met. `revision` and `strict` as of
    change_status. Raises ValidationError for a justification under 20 characters, for the priority that is the
    framework's here anyway, and for “not applicable” of a sector that is planned or active.
    """
    at = at or timezone.now()
    told = {"own_priority": priority, "justification": justification.strip() if priority else ""}
    content = {"cell": [crisis.pk, sector.pk, phase.pk], "priority": [*told.values()], "revision": revision}
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.PRIORITY, key=key, content=content) as (
        amendment,
        outcome,
    ):
        if amendment:
            cell = amendment.cell(sector, phase)
            planned = amendment.planned(cell)
            was = planned.priority
            _mine(cell, _as_seen(cell, revision), told, outcome, strict)
            refuse_default(priority, planned)
            if told == {name: getattr(cell, name) for name in told}:
                return outcome
            _take(cell, told, told.keys())
            cell.confirmed = ""
            amendment.keep(cell)
            amendment.record(
                "priority",
                sector=sector.code,
                phase=phase.slug,
                was=was,
                now=priority or planned.default,
                own=bool(priority),
                why=told["justification"],
            )
    return outcome


def refuse_default(priority, planned):
    """Raise ValidationError for a priority of the office's own that is the framework's here anyway."""
    if priority and priority == planned.default:
        words = _("“%(priority)s” is the framework's priority here already. Choose another, or keep it.")
        raise ValidationError({"own_priority": words % {"priority": planned.default_label}})


def confirm_defaults(*, crisis, cells, by, key=None, at=None):
    """Say of cells, [(sector, phase)], that the office has looked at the framework's priority and keeps it.

    A cell that has a priority of the office's own, or is confirmed already, is left as it is; Outcome.changed are
    those that were confirmed now.
    """
    at = at or timezone.now()
    content = {"confirms": [[crisis.pk, sector.pk, phase.pk] for sector, phase in cells]}
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.PRIORITY, key=key, content=content) as (
        amendment,
        outcome,
    ):
        if amendment:
            for sector, phase in cells:
                cell = amendment.cell(sector, phase)
                planned = amendment.planned(cell)
                if not (planned.changed or planned.confirmed):
                    cell.confirmed = planned.default
                    amendment.keep(cell)
                    outcome.changed += ((sector.code, phase.slug),)
            if outcome.changed:
                amendment.record("confirmed", cells=outcome.changed)
    return outcome


def waive_gap(*, gap, reason, until, by, key=None, at=None):
    """Accept a gap until a day, for a reason: HQ's decision. The gap counts again by itself after that day.

    A waiver given later takes the place of the one before, also where it ends earlier.
    """
    at = at or timezone.now()
    content = {"waives": gap.pk, "reason": reason, "until": until}
    with amend(gap.crisis, by=by, right="decide", at=at, why=Gap.Why.STATUS, key=key, content=content) as (
        amendment,
        outcome,
    ):
        if amendment is None:
            return outcome
        if until < at.date():
            raise ValidationError({"until": _("The last day of the waiver must be today or later.")})
        if (gap.sector_id, gap.phase_id) not in amendment.gaps:
            raise ValidationError(_("This gap has been closed in the meantime. There is nothing to waive."))
        waived = amendment.gaps[gap.sector_id, gap.phase_id]
        was, waived.waived_until = waived.waived_until, until
        amendment.keep(waived)
        amendment.keep(Waiver(gap=waived, reason=reason, until=until, by=by, at=amendment.at))
        cell = {"sector": gap.sector.code, "phase": gap.phase.slug, "was_until": was and was.isoformat()}
        amendment.record("waived", **cell, until=until.isoformat(), why=reason)
    return outcome
