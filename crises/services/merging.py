"""HQ's decision that two crises are one, and its undoing. No statement is moved: see models.Merge.

Both crises take a number, so that whoever follows the changes is told of both. Locks are taken as in amend.
"""

from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.models import Crisis, Gap, Merge, PlanCell, PossibleDuplicate

from .amend import Amendment, Outcome, Stale, in_words, next_moment
from .received import receive
from .rights import lock, require

NOT_COPIED = {"id", "crisis", "revision"}
BY_MERGING = ("merged", "unmerged")  # changes of a cell that nobody of the office made
SAID = [column.attname for column in PlanCell._meta.concrete_fields if column.name not in NOT_COPIED]


@contextmanager
def _amend_both(crisis, survivor, *, by, at, key, content):
    """Change two crises at one moment under their locks: yields (the one, the other, their outcomes).

    Yields (None, None, []) where the same submission was received before.
    """
    rows, outcomes = [], []
    with in_words(rows), transaction.atomic():
        receipt, fresh = receive(by=by, key=key, content=content, at=at) if key else (None, True)
        if not fresh:
            yield None, None, outcomes
            return
        held = lock(crisis, survivor)
        require("decide", held[crisis.pk], by)
        at = max(next_moment(row, at) for row in held.values())
        pair = [Amendment(held[one.pk], by=by, at=at, why=Gap.Why.MERGE) for one in (crisis, survivor)]
        outcomes += [Outcome(amendment.crisis) for amendment in pair]
        yield *pair, outcomes
        for amendment, outcome in zip(pair, outcomes, strict=True):
            rows += [amendment.crisis, *(row for row, _many in amendment.rows)]
            amendment.write(outcome)
        if receipt:
            receipt.crisis_id = survivor.pk
            receipt.save(update_fields=["crisis"])


def merge_crisis(*, crisis, survivor, why, by, seen=None, key=None, at=None):
    """Merge a crisis into another one, which survives: HQ's decision, for a reason.

    Its gaps close and it disappears from every list; its address leads to the survivor, with which its statements and
    its history are read. Cells of which only its office has spoken are copied into the survivor's plan, whose gaps
    follow; where both have spoken, the survivor's stands. `seen` are the numbers of the two crises that the person had
    before them: raises Stale where either has changed since. Raises ValidationError, which says what to do, where the
    two cannot be merged. The outcome is the survivor's; `changed` are the cells that were copied.
    """
    at = at or timezone.now()
    if crisis.pk == survivor.pk:
        raise ValidationError(_("A crisis cannot be merged into itself. Choose another."))
    content = {"merges": crisis.pk, "into": survivor.pk, "why": why}
    with _amend_both(crisis, survivor, by=by, at=at, key=key, content=content) as (merged, stays, outcomes):
        if merged is None:
            return Outcome(Crisis.objects.get(pk=survivor.pk), fresh=False)
        if not why.strip():
            raise ValidationError({"why": _("Say in a few words why they are the same crisis.")})
        _refuse(merged.crisis, stays.crisis)
        if seen and tuple(seen) != (merged.crisis.revision, stays.crisis.revision):
            raise Stale(merged.crisis)
        copied = _copy_cells(merged, stays)
        merge = Merge(
            crisis=merged.crisis,
            survivor=stays.crisis,
            at=merged.at,
            by=by,
            why=why,
            was_status=merged.crisis.status,
            copied=[[cell.sector_id, cell.phase_id] for cell in copied],
        )
        merged.crisis.status, merged.crisis.merged_into = Crisis.Status.MERGED, stays.crisis
        _decide(merged.crisis, stays.crisis, PossibleDuplicate.Decision.MERGED, merge.at, by, why)
        merged.record("merged_into", into=stays.crisis.reference, why=why)
        stays.record("merged", other=merged.crisis.reference, cells=len(copied), why=why)
        merge.save()
    _crisis, outcome = outcomes
    outcome.changed = tuple((cell.sector.code, cell.phase.slug) for cell in copied)
    return outcome


def _refuse(crisis, survivor):
    """Raise ValidationError, saying what to do, where the one cannot be merged into the other."""
    words = {"crisis": crisis.title, "survivor": survivor.title}
    standing = (Crisis.Status.OPEN, Crisis.Status.CLOSED)
    if crisis.status not in standing:
        refusal = _("“%(crisis)s” has been merged or withdrawn already. There is nothing to merge.")
    elif survivor.status not in standing:
        refusal = _("“%(survivor)s” has been merged or withdrawn itself. Choose the one that stands.")
    elif crisis.merged.exists():
        refusal = _(
            "Other crises have been merged into “%(crisis)s”. Undo those merges first, or merge “%(survivor)s” into it."
        )
    elif crisis.parts.standing().exists():
        refusal = _("“%(crisis)s” has parts. Make them parts of “%(survivor)s” or of none first.")
    else:
        return
    raise ValidationError(refusal % words)


def _copy_cells(merged, stays):
    """Take into the survivor's plan the cells of which only the merged crisis's office has spoken."""
    spoken = {(cell.sector_id, cell.phase_id) for cell in stays.cells}
    copied = []
    for cell in merged.cells:
        key = (cell.sector_id, cell.phase_id)
        if key in stays.content.priorities and key not in spoken:
            copy = PlanCell(crisis=stays.crisis, **{name: getattr(cell, name) for name in SAID})
            stays.cells.append(copy)
            stays.keep(copy)
            copied.append(copy)
    return copied


def _decide(crisis, other, decision, at, by, why):
    """Keep the decision where the two were noted as possible duplicates, whichever was logged first."""
    pair = Q(crisis=crisis, other=other) | Q(crisis=other, other=crisis)
    PossibleDuplicate.objects.filter(pair).update(decision=decision, decided_at=at, decided_by=by, why=why)


def unmerge_crisis(*, crisis, why, by, key=None, at=None):
    """Undo a merge, for a reason: both crises are again as they were. HQ's decision.

    The merged crisis has its status, its plan and its gaps again, each open since the day it was. Cells that had been
    copied leave the survivor's plan where nobody has touched them since; the others stay (Outcome.kept). The outcome
    is that of the crisis that had been merged.
    """
    at = at or timezone.now()
    gone = _("This merge has been undone in the meantime. There is nothing to undo.")
    content, survivor = {"unmerges": crisis.pk, "why": why}, crisis.merged_into
    if survivor is None:
        return _undone_before(crisis, gone, by=by, key=key, content=content, at=at)
    with _amend_both(crisis, survivor, by=by, at=at, key=key, content=content) as (merged, stays, outcomes):
        if merged is None:
            return Outcome(Crisis.objects.get(pk=crisis.pk), fresh=False)
        if not why.strip():
            raise ValidationError({"why": _("Say in a few words why they are two crises.")})
        if merged.crisis.merged_into_id != survivor.pk:
            raise ValidationError(gone)
        merge = Merge.objects.select_for_update().get(crisis=merged.crisis, undone_at=None)
        for amendment in (merged, stays):
            closed = amendment.crisis.gaps.filter(closed_at=merge.at, closed_why=Gap.Why.MERGE)
            amendment.resumed = {(gap.sector_id, gap.phase_id): gap for gap in closed}
        untouched, kept = copies(merge, stays.cells)
        _leave(untouched, merge, stays)
        merged.crisis.status, merged.crisis.merged_into = merge.was_status, None
        merge.undone_at, merge.undone_by, merge.undone_why = merged.at, by, why
        merge.save(update_fields=["undone_at", "undone_by", "undone_why"])
        _decide(merged.crisis, stays.crisis, PossibleDuplicate.Decision.DIFFERENT, merged.at, by, why)
        merged.record("unmerged_from", was=stays.crisis.reference, why=why)
        stays.record("unmerged", other=merged.crisis.reference, stay=len(kept), why=why)
    outcome = outcomes[0]
    outcome.kept = tuple((cell.sector.code, cell.phase.slug) for cell in kept)
    return outcome


def _leave(cells, undone, stays):
    """Take cells that a merge had copied out of the survivor's plan again.

    Of which another crisis that is still merged has spoken, too, what that one says comes in its place.
    """
    heirs = {}
    for merge in Merge.objects.filter(survivor=stays.crisis, undone_at=None).exclude(pk=undone.pk).order_by("at"):
        for cell in merge.crisis.cells.all():
            heirs.setdefault((cell.sector_id, cell.phase_id), (merge, cell))
    for cell in cells:
        key = (cell.sector_id, cell.phase_id)
        if key not in heirs:
            stays.drop(cell)
            continue
        merge, theirs = heirs[key]
        for name in SAID:
            setattr(cell, name, getattr(theirs, name))
        stays.keep(cell)
        merge.copied.append([*key])
        merge.save(update_fields=["copied"])


def _undone_before(crisis, gone, *, by, key, content, at):
    """The answer to somebody who undoes what is undone: the first result to the same submission, else a refusal."""
    if key:
        with transaction.atomic():
            _receipt, fresh = receive(by=by, key=key, content=content, at=at)
            if fresh:
                raise ValidationError(gone)
        return Outcome(crisis, fresh=False)
    raise ValidationError(gone)


def copies(merge, cells):
    """Of these cells of the survivor those that the merge copied: nobody has touched the first since. One query."""
    copied = {tuple(key) for key in merge.copied}
    changed = PlanCell.history.filter(crisis=merge.survivor_id, history_date__gt=merge.at)
    told = changed.values_list("sector", "phase", "history_change_reason")
    touched = {(sector, phase) for sector, phase, said in told if (said or {}).get("event") not in BY_MERGING}
    theirs = [cell for cell in cells if (cell.sector_id, cell.phase_id) in copied]
    return (
        [cell for cell in theirs if (cell.sector_id, cell.phase_id) not in touched],
        [cell for cell in theirs if (cell.sector_id, cell.phase_id) in touched],
    )
