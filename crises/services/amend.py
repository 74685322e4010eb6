"""How any change to a crisis is made: received once, locked, checked, numbered and recorded.

The order of locks is the receipt, the crisis row (of several, by number), its cells, and the counter last (see
models/receipts.py).
"""

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crises import plan, standing
from crises.batch import Batch, insert, insert_or_wait
from crises.models import Counter, Crisis, Figure, Gap, PhasePeriod, PlanCell, Review, ReviewState, Waiver
from offices.prepared import Prepared
from sectors import reference

from .received import receive, settle
from .rights import OF_OFFICES, lock, require

# Changes that leave the figures and levels of a crisis as they are.
SAY_NOTHING = {
    *("status", "priority", "confirmed", "waived", "facts", "phase_opened", "phase_closed", "shared"),
    *("edition", "kept", "part_of"),
    *Review.Kind.values,
}
# What happens around a crisis and is not reviewed itself. Anything else, known or not, changes what was approved.
NOT_REVIEWED = {"shared", "level", "waived", "kept", "part_of", *Review.Kind.values}


class Stale(Exception):
    """Somebody else changed the same thing first. `current` is the row as it stands now.

    `fields` are those that both changed, `mine` all that this person changed.
    """

    def __init__(self, current, fields=(), mine=()):
        super().__init__(current)
        self.current = current
        self.fields = fields
        self.mine = mine


@dataclass
class Outcome:
    """What a change did: the crisis, whether it happened now or had been received before, and what followed."""

    crisis: Crisis
    fresh: bool = True
    changed: tuple = ()  # facts that are now different, or cells (sector code, phase slug) that are
    kept: tuple = ()  # names of answers that somebody else changed meanwhile, left as they set them
    cells: list = field(default_factory=list)  # (plan.Cell before, plan.Cell after) where the priority changed
    opened: list = field(default_factory=list)  # plan.Cell
    closed: list = field(default_factory=list)
    rows: list = field(default_factory=list)  # the statements that were added
    result: dict | None = None  # what the receipt says was made: the same for whoever sends it again


def next_moment(crisis, at):
    """The moment of what is written into the history of a locked crisis next: after all that stands there."""
    return max([at, *(last + timedelta(microseconds=1) for last in (crisis.updated_at, crisis.noted_at) if last)])


# What a change reads of the crisis that it has locked.
PERIODS = Prepared(lambda crisis: PhasePeriod.objects.filter(crisis=crisis, left_on=None).order_by())
CELLS = Prepared(lambda crisis: PlanCell.objects.filter(crisis=crisis))
GAPS = Prepared(lambda crisis: Gap.objects.open().filter(crisis=crisis).order_by())


class Amendment:
    """One change to one crisis, under its lock. The service alters rows in memory and hands them to `keep`."""

    def __init__(self, crisis, *, by, at, why, receipt=None, name=None, of_office=False):
        """A crisis that is new comes with what gives it another `name`, should somebody have taken its own. A change
        `of_office`, made by the rights of its office, is an update; what others decide about a crisis is none."""
        self.crisis, self.by, self.why, self.receipt, self.name = crisis, by, why, receipt, name
        self.of_office = of_office
        self.fresh = fresh = name is not None
        # History answers "as of" by the moment, so no two changes of a crisis share one and none runs backwards.
        self.at = at if fresh else next_moment(crisis, at)
        self.content = reference.content(crisis.edition_id)
        self.periods = [] if fresh else PERIODS.rows(crisis.pk)
        self.cells = [] if fresh else CELLS.rows(crisis.pk)
        self.gaps = {} if fresh else {(gap.sector_id, gap.phase_id): gap for gap in GAPS.rows(crisis.pk)}
        self.beside = {}
        self.resumed = {}  # closed gaps by cell: where one of these opens again, it never was closed
        self.dropped = []
        self.rows = []
        self.countries = None
        self.event = {}
        self.was = dict(vars(crisis))
        self.before, self.ground = None, self._ground()
        if not fresh:
            self.before = self.plan()

    def _ground(self):
        """What the plan follows from beside the office's entries."""
        phases = {period.phase_id for period in self.periods if not period.left_on}
        return self.content.edition.pk, self.crisis.is_open, phases, plan.facts_of(self.crisis)

    def plan(self):
        """The plan as it follows from what is in memory."""
        ground = self._ground()
        if self.before and ground == self.ground:
            return plan.again(self.before, self.cells)
        _edition, _is_open, phases, _facts = ground
        return plan.cells(self.content, self.crisis, self.cells, phases)

    def follow(self, edition):
        """Let the crisis follow another edition of its framework: the plan after this change is read in it."""
        self.crisis.edition = edition
        self.content = reference.content(edition.pk)

    def cell(self, sector, phase):
        """The office's entry for a cell; a new one where it has said nothing yet."""
        for cell in self.cells:
            if (cell.sector_id, cell.phase_id) == (sector.pk, phase.pk):
                cell.crisis, cell.sector, cell.phase = self.crisis, sector, phase
                return cell
        cell = PlanCell(crisis=self.crisis, sector=sector, phase=phase)
        self.cells.append(cell)
        return cell

    def planned(self, cell):
        """What the plan said of a cell before this change."""
        return next(planned for planned in self.before if planned.key == (cell.sector_id, cell.phase_id))

    def keep(self, row, **many):
        """Check a row and write it with the change; `many` are the many-to-many values of a new one."""
        check(row, constraints=False)
        self.rows.append((row, many))

    def drop(self, cell):
        """Take the office's entry for a cell out of the plan; its history stays."""
        self.cells.remove(cell)
        self.dropped.append(cell)

    def record(self, event, **detail):
        """What the history says happened: a code and its particulars, put into words when read."""
        self.event = {"event": event, **detail}

    def _stay_within_reach(self):
        """Raise PermissionDenied where the crisis would be in a country that the person's token does not reach."""
        if not self.by.reaches(self.crisis.main_country_id):
            raise PermissionDenied(_("Your token is limited to other countries than the one this crisis would be in."))

    def _settle_gaps(self, outcome):
        """Open and close gaps so that they are exactly those of the plan in memory."""
        wanted = {cell.key: cell for cell in self.after if cell.gap}
        for key, cell in wanted.items():
            if key not in self.gaps:
                outcome.opened.append(cell)
        for cell in self.after:
            if cell.key in self.gaps and cell.key not in wanted:
                outcome.closed.append(cell)

    def write(self, outcome):
        """Number the change and write everything, the counter taken last of all locks."""
        self._stay_within_reach()
        self.after = self.plan()
        self._settle_gaps(outcome)
        if self.before:
            outcome.cells = [
                (was, now) for was, now in zip(self.before, self.after, strict=True) if was.priority != now.priority
            ]
        self._number(Counter.next_revision())
        batch = Batch()
        if self.fresh:
            self._create_crisis()
        self._save_rows(batch)
        said = self._statements(batch)
        if said:
            self.crisis.kept_level = said["level"]
        self._save_crisis(batch)
        gaps = self._save_gaps(batch, outcome)
        if self.receipt:
            settle(self.receipt, outcome, batch)
        standing.keep(batch, self.crisis, self.after, gaps, at=self.at, said=said, new=self.fresh)

    def _number(self, revision):
        """Give the change its number, on the crisis and on each row of it that has one."""
        event = self.event.get("event")
        self.crisis.revision = revision
        self.crisis.updated_at, self.crisis.updated_by = self.at, self.by
        if self.of_office:
            self.crisis.last_update = self.at
        if event in ("logged", "facts"):
            self.crisis.facts_revision = revision
        if event not in NOT_REVIEWED:
            self.crisis.content_revision = revision
            if self.crisis.kept_review == ReviewState.APPROVED:
                self.crisis.kept_review = ReviewState.CHANGED
        for row, _many in self.rows:
            if hasattr(row, "revision"):
                row.revision = revision

    def _save_rows(self, batch):
        """Write the rows of the change, the new ones of each table in one statement, and so their history."""
        new = {}
        for row, many in self.rows:
            if row._state.adding:
                new.setdefault(type(row), []).append((row, many))
            else:
                batch.update(row)
                self._remember(batch, [row], "~")
        for model, rows in new.items():
            insert([row for row, _many in rows])
            self._remember(batch, [row for row, _many in rows], "+")
            for column in model._meta.many_to_many:
                _link(column, [(row, many.get(column.name, ())) for row, many in rows])
        for cell in self.dropped:
            cell._history_user, cell._history_date, cell._change_reason = self.by, self.at, self.event
            cell.delete()

    def _statements(self, batch):
        """What the crisis says of its level and of how many people now; None where this change tells nothing of it."""
        if self.fresh:
            return standing.statements_of_new(row for row, _many in self.rows if isinstance(row, Figure))
        if self.event.get("event") in SAY_NOTHING:
            return None
        batch.run()
        return standing.statements(self.crisis)

    def _create_crisis(self):
        while not insert_or_wait(self.crisis, "reference"):
            self.name()
        _link(Crisis._meta.get_field("other_countries"), [(self.crisis, self.countries or ())])

    def _save_crisis(self, batch):
        """Write the crisis and the row of its history, which shows the countries it has."""
        if not self.fresh:
            if self.countries is not None:
                self.crisis.skip_history_when_saving = True
                self.crisis.other_countries.set(self.countries)
                del self.crisis.skip_history_when_saving
            batch.update(self.crisis, self.was)
        self._remember(batch, [self.crisis], "+" if self.fresh else "~")
        if self.countries or not self.fresh:
            batch.remember_links(self.crisis, "other_countries")

    def _save_gaps(self, batch, outcome):
        """Write what opens and what closes. Answers the gaps that are open then, by cell."""
        opened = [self._gap(cell) for cell in outcome.opened]
        if any(gap.resumed_at for gap in opened):
            insert(opened)
            self._waive_as_before([gap for gap in opened if gap.resumed_at])
        else:
            batch.insert(opened)
        for cell in outcome.closed:
            gap = self.gaps.pop(cell.key)
            gap.closed_at, gap.closed_why = self.at, self.why
            batch.update(gap)
        return self.gaps | {(gap.sector_id, gap.phase_id): gap for gap in opened}

    def _gap(self, cell):
        """The new gap of a cell; where it goes on as before, it is open since then and keeps its waiver."""
        gap = Gap(crisis=self.crisis, sector=cell.sector, phase=cell.phase, opened_at=self.at, opened_why=self.why)
        if earlier := self.resumed.get(cell.key):
            gap.opened_at, gap.opened_why, gap.resumed_at = earlier.opened_at, earlier.opened_why, self.at
            gap.waived_until = earlier.waived_until
        return gap

    def _waive_as_before(self, gaps):
        """Give gaps that go on the waivers they had."""
        before = {self.resumed[gap.sector_id, gap.phase_id].pk: gap for gap in gaps}
        Waiver.objects.bulk_create(
            Waiver(gap=before[one.gap_id], reason=one.reason, until=one.until, by_id=one.by_id, at=one.at)
            for one in (Waiver.objects.filter(gap__in=before) if before else ())
        )

    def _remember(self, batch, rows, kind):
        batch.remember(rows, kind, by=self.by, at=self.at, event=self.event)


def _link(column, rows):
    """Write the many-to-many values of new rows, [(row, values)]. One statement at most."""
    own, other = column.m2m_field_name(), column.m2m_reverse_field_name()
    linked = column.remote_field.through
    linked.objects.bulk_create(linked(**{own: row, other: value}) for row, values in rows for value in values)


@dataclass(frozen=True)
class Merged:
    """An edit set against what somebody else changed since it was begun; each is a sorted list of names."""

    mine: list  # what this person changed
    kept: list  # what only somebody else changed: it stays as they set it
    clash: list  # what both changed, differently


def merge(*, now, seen, told, together=()):
    """Compare an edit with the row field by field: each argument is {name: plain value}.

    `now` is the row as it stands, `seen` as the person saw it (empty where nobody knows: then everything counts as
    changed by both), `told` what they sent. Each of `together` is a set of names that make one answer.
    """
    theirs = {name for name in told if seen.get(name) != now[name]}
    mine = {name for name in told if seen.get(name) != told[name]}
    for names in (theirs, mine):
        for answer in together:
            names.update(answer & told.keys() if names & answer else ())
    clash = {name for name in theirs & mine if told[name] != now[name]}
    return Merged(sorted(mine), sorted(theirs - mine), sorted(clash))


def check(row, *, constraints=True):
    """Raise ValidationError for what the row's fields, clean() and constraints refuse.

    Foreign keys are left out: services are given rows, not numbers, and looking each up again costs a query. So does
    each constraint: without `constraints` the database is left to hold them, inside `in_words`.
    """
    row.full_clean(exclude=_foreign_keys(row), validate_unique=False, validate_constraints=constraints)


def _foreign_keys(row):
    return {column.name for column in row._meta.fields if isinstance(column, models.ForeignKey)}


@contextmanager
def in_words(rows):
    """Where the database refuses one of these rows, raise ValidationError with the words of the constraint.

    Stands around the transaction, so that the constraints are asked one by one only once it is rolled back. `rows` may
    grow inside the block.
    """
    try:
        yield
    except IntegrityError:
        for row in rows:
            row.validate_constraints(exclude=_foreign_keys(row))
        raise


@contextmanager
def amend(crisis, *, by, right, at, why, key=None, content=None, closed_too=False, beside=()):
    """Change a crisis: yields (amendment, outcome) under the lock, writes at the end of the block.

    `right` names a right, or is a function from the locked crisis to one. With a `key`, yields (None, outcome) where
    the same submission was received before: nothing is to be done. `beside` are other crises that must not change
    meanwhile: they are locked too, and stand in `amendment.beside`.
    Raises PermissionDenied, KeyReused, and ValidationError where the crisis is closed and must be open.
    """
    at, rows = at or timezone.now(), []
    with in_words(rows), transaction.atomic():
        receipt = None
        if key:
            receipt, fresh = receive(by=by, key=key, content=content, at=at)
            if not fresh:
                yield None, Outcome(Crisis.objects.get(pk=crisis.pk), fresh=False, result=receipt.result)
                return
        held = lock(crisis, *beside)
        locked = held[crisis.pk]
        right = right(locked) if callable(right) else right
        require(right, locked, by)
        if locked.merged_into_id:
            raise ValidationError(
                _("This crisis has been merged into %(survivor)s. Make the change there.")
                % {"survivor": locked.merged_into.reference}
            )
        if not (locked.is_open or closed_too):
            raise ValidationError(_("This crisis is closed. Its office's lead can reopen it."))
        outcome = Outcome(locked)
        amendment = Amendment(locked, by=by, at=at, why=why, receipt=receipt, of_office=right in OF_OFFICES)
        amendment.beside = held
        yield amendment, outcome
        if amendment.event:
            rows += [locked, *(row for row, _many in amendment.rows)]
            amendment.write(outcome)
        elif receipt:  # a change that changes nothing takes no number
            settle(receipt, outcome)
