"""Writes to one cell of a plan: its status, and HQ's waiver of its gap."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Gap, PlanCell, Waiver

from .amend import Stale, amend


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
    at=None,
):
    """Plan, activate, complete or stand down a sector in a phase, or change its lead, contact, date or note.

    `revision` is the cell's number that the person saw, 0 where the office had said nothing. Without a `since` a new
    status begins today, and one that stays keeps its date. Activating or completing closes the cell's gap; leaving
    those states opens it again where the plan still needs the sector.
    Raises Stale where somebody else changed the cell first.
    """
    at = at or timezone.now()
    content = {
        "cell": [crisis.pk, sector.pk, phase.pk],
        "says": [status, since, lead, cluster_contact, note],
        "revision": revision,
    }
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.STATUS, key=key, content=content) as (
        amendment,
        outcome,
    ):
        if amendment:
            cell = amendment.cell(sector, phase)
            if cell.revision != revision:
                raise Stale(cell)
            was = cell.status
            stays = cell.since if status == cell.status else None
            _move(cell, status, since or stays or at.date(), at.date())
            cell.lead, cell.cluster_contact, cell.note = lead, cluster_contact, note
            amendment.keep(cell)
            amendment.record("status", sector=sector.code, phase=phase.slug, was=was, now=status)
    return outcome


def _move(cell, status, since, today):
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
    cell.status, cell.since = status, since
    if status == PlanCell.Status.ACTIVE:
        cell.activated_on = since


def waive_gap(*, gap, reason, until, by, key=None, at=None):
    """Accept a gap until a day, for a reason: HQ's decision. The gap counts again by itself after that day."""
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
        amendment.keep(
            Waiver(gap=amendment.gaps[gap.sector_id, gap.phase_id], reason=reason, until=until, by=by, at=at)
        )
        amendment.record("waived", sector=gap.sector.code, phase=gap.phase.slug, until=until.isoformat(), why=reason)
    return outcome
