"""The rules: from an edition, the facts of a crisis and the office's own entries to explained cells.

Pure functions: page, API, export and tests all call these, and nothing here asks the database.
"""

from dataclasses import dataclass, replace

from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sectors.models import Complementarity, Fact, Priority, SectorPriority

from .models import Gap, PlanCell, PlanPriority

RANK = {Priority.RECOMMENDED: 1, Priority.IMPORTANT: 2, Priority.CRITICAL: 3}
QUESTIONS = {
    Fact.CROSSES_BORDER: _("Do people cross a border?"),
    Fact.FOREIGN_NATIONALS: _("Are foreign nationals affected?"),
}
HOLDS = {
    Fact.CROSSES_BORDER: _("people cross a border"),
    Fact.FOREIGN_NATIONALS: _("foreign nationals are affected"),
}
FAILS = {
    Fact.CROSSES_BORDER: _("people do not cross a border"),
    Fact.FOREIGN_NATIONALS: _("no foreign nationals are affected"),
}


def facts_of(crisis):
    """The facts that priorities can depend on: true, false, or None for not known yet."""
    return {fact: getattr(crisis, fact) for fact in Fact.values}


def default_of(row, facts):
    """The priority an edition gives a cell, changed by its condition.

    A fact that is not known leaves the stated priority standing.
    """
    return row.otherwise if row.condition and facts[row.condition] is False else row.priority


def priority_of(row, facts, own=""):
    """The priority of a cell of a plan: the office's own where it gives one, else that of the edition."""
    return own or default_of(row, facts)


def explain(row, facts, own="", justification=""):
    """Why the cell has its priority.

    The office's own words where it departs from the framework; otherwise the condition and the fact that decided it,
    then the framework's reason.
    """
    if own:
        return _own_reason(row, facts, own, justification)
    if not row.condition:
        return row.reason
    fact = facts[row.condition]
    words = {
        "stated": row.get_priority_display(),
        "stated_within": row.get_priority_display().lower(),
        "otherwise": row.get_otherwise_display(),
        "otherwise_within": row.get_otherwise_display().lower(),
        "holds": HOLDS[row.condition],
        "fails": FAILS[row.condition],
    }
    if fact is None:
        sentence = gettext("%(stated)s until it is known whether %(holds)s; if not, %(otherwise_within)s.")
    elif fact:
        sentence = gettext("%(stated)s because %(holds)s.")
    else:
        sentence = gettext("%(otherwise)s because %(fails)s; otherwise it would be %(stated_within)s.")
    return f"{sentence % words} {row.reason}"


def _own_reason(row, facts, own, justification):
    return gettext("%(own)s, the office says: %(why)s By the framework it is %(default)s.") % {
        "own": PlanPriority(own).label,
        "why": _as_sentence(justification),
        "default": Priority(default_of(row, facts)).label.lower(),
    }


def _as_sentence(text):
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def what_closes(row, facts, own=""):
    """What would close the gap of a critical cell, in sentences: there is always one, and often several."""
    ways = [gettext("Activate the sector, or complete it.")]
    if own:
        if default_of(row, facts) != Priority.CRITICAL:
            words = {"default": Priority(default_of(row, facts)).label.lower()}
            ways.append(gettext("Or go back to the framework's priority, which is %(default)s.") % words)
    elif row.condition and row.otherwise != Priority.CRITICAL:
        words = {"fails": FAILS[row.condition], "otherwise": row.get_otherwise_display().lower()}
        if facts[row.condition] is None:
            ways.append(gettext("Or answer the question: where %(fails)s, it is %(otherwise)s.") % words)
        else:
            ways.append(gettext("Or correct the fact: where %(fails)s, it is %(otherwise)s.") % words)
    ways.append(gettext("It also ends when the crisis leaves the phase."))
    return " ".join(ways)


@dataclass(frozen=True)
class Cell:
    """A sector in a phase of one crisis: what the framework asks, what the office does, whether that is a gap."""

    key: tuple[int, int]  # (sector pk, phase pk)
    row: SectorPriority
    default: str  # the framework's priority, given the facts
    priority: str  # the office's own, else the default
    said: PlanCell | None  # the office's entry; None where it has said nothing
    phase_open: bool  # and the crisis itself open
    facts: dict  # those that priorities can depend on
    open_gap: Gap = None  # the recorded gap, with `waived`, where it was asked for

    @cached_property
    def entry(self):
        """The office's entry; a blank one where it has said nothing."""
        return self.said or PlanCell(sector=self.row.sector, phase=self.row.phase)

    @property
    def sector(self):
        return self.row.sector

    @property
    def phase(self):
        return self.row.phase

    @property
    def priority_label(self):
        return PlanPriority(self.priority).label

    @property
    def default_label(self):
        return Priority(self.default).label

    @property
    def own(self):
        """The office's own priority, empty where it has set none."""
        return self.said.own_priority if self.said else ""

    @property
    def changed(self):
        """Whether the office has set a priority of its own."""
        return bool(self.own)

    @property
    def because(self):
        """Why it has its priority, in words."""
        return explain(self.row, self.facts, self.own, self.said.justification if self.said else "")

    @property
    def question(self):
        """The fact to ask for, empty where none is missing or the office has decided without it."""
        condition = self.row.condition
        return condition if condition and self.facts[condition] is None and not self.own else ""

    @property
    def default_because(self):
        """Why the framework gives it the priority it does, whatever the office says."""
        return explain(self.row, self.facts)

    @property
    def applies(self):
        return self.priority != PlanPriority.NOT_APPLICABLE

    @property
    def raised(self):
        return self.applies and RANK[self.priority] > RANK[self.default]

    @property
    def lowered(self):
        """Whether the priority is below the framework's, but still one."""
        return self.applies and RANK[self.priority] < RANK[self.default]

    @property
    def confirmed(self):
        """Whether the office has looked at the framework's priority and keeps it, and that has not changed since."""
        return bool(self.said and self.said.confirmed) and self.said.confirmed == self.default

    @property
    def question_words(self):
        return QUESTIONS.get(self.question, "")

    @property
    def status(self):
        return self.said.status if self.said else PlanCell.Status.NOT_STARTED

    @property
    def needed(self):
        """Whether the plan needs the sector now: critical, in an open phase of an open crisis."""
        return self.phase_open and self.priority == Priority.CRITICAL

    @property
    def gap(self):
        """Needed, and neither active nor completed. A waiver covers a gap and does not end it."""
        return self.needed and self.status not in PlanCell.MET

    @property
    def waived(self):
        return bool(self.open_gap and self.open_gap.waived)

    @property
    def closes(self):
        """What would close its gap, in sentences; empty where it is none."""
        return what_closes(self.row, self.facts, self.own) if self.gap else ""


@dataclass(frozen=True)
class Tally:
    """How far a plan is met: needed = active + completed + waived + gaps, each under its own name."""

    active: int = 0
    completed: int = 0
    waived: int = 0
    gaps: int = 0

    @property
    def needed(self):
        return self.active + self.completed + self.waived + self.gaps

    @property
    def met(self):
        """Active or completed."""
        return self.active + self.completed

    @property
    def sentence(self):
        """The tally in words: "9 critical sectors needed: 4 active, 1 completed, 1 waived, 3 gaps"."""
        if not self.needed:
            return gettext("No critical sector is needed now.")
        words = {
            "sectors": ngettext("%(n)s critical sector", "%(n)s critical sectors", self.needed) % {"n": self.needed},
            "active": self.active,
            "completed": self.completed,
            "waived": self.waived,
            "gaps": ngettext("%(n)s gap", "%(n)s gaps", self.gaps) % {"n": self.gaps},
        }
        return (
            gettext("%(sectors)s needed: %(active)s active, %(completed)s completed, %(waived)s waived, %(gaps)s.")
            % words
        )

    def __add__(self, other):
        return Tally(
            self.active + other.active,
            self.completed + other.completed,
            self.waived + other.waived,
            self.gaps + other.gaps,
        )


def tally(plan):
    """Count the cells that a plan needs by how they are met."""
    needed = [cell for cell in plan if cell.needed]
    return Tally(
        active=sum(cell.status == PlanCell.Status.ACTIVE for cell in needed),
        completed=sum(cell.status == PlanCell.Status.COMPLETED for cell in needed),
        waived=sum(cell.gap and cell.waived for cell in needed),
        gaps=sum(cell.gap and not cell.waived for cell in needed),
    )


def tailored(plan):
    """In a sentence, how the office has departed from the framework; empty where it has not."""
    raised, lowered = sum(cell.raised and cell.changed for cell in plan), sum(cell.lowered for cell in plan)
    words = {"raised": raised, "lowered": lowered, "none": sum(not cell.applies for cell in plan)}
    if not any(cell.changed for cell in plan):
        return ""
    return gettext("Changed by the office: %(raised)s raised, %(lowered)s lowered, %(none)s not applicable.") % words


def cells(content, crisis, entries=(), open_phases=(), gaps=()):
    """The plan: one explained cell for each sector and phase of the edition, by sector then phase.

    `content` is the edition's (sectors.reference), `crisis` gives the facts and whether it is open, `entries` are
    the office's PlanCell rows, `open_phases` the primary keys of the phases the crisis is in, `gaps` its open Gap rows
    with their waivers, where the reader wants to know since when and whether waived.
    """
    facts = facts_of(crisis)
    said = {(entry.sector_id, entry.phase_id): entry for entry in entries}
    opened = {(gap.sector_id, gap.phase_id): gap for gap in gaps}
    open_phases = open_phases if crisis.is_open else ()

    def cell(key, row):
        entry = said.get(key)
        return Cell(
            key=key,
            row=row,
            default=default_of(row, facts),
            priority=priority_of(row, facts, entry.own_priority if entry else ""),
            said=entry,
            phase_open=row.phase_id in open_phases,
            facts=facts,
            open_gap=opened.get(key),
        )

    return [cell(key, row) for key, row in content.by_key]


def again(plan, entries):
    """A plan after its office said something else of cells, all else of the crisis being as it was."""
    said = {(entry.sector_id, entry.phase_id): entry for entry in entries}

    def now(cell):
        entry = said.get(cell.key)
        priority = priority_of(cell.row, cell.facts, entry.own_priority if entry else "")
        if entry is cell.said and priority == cell.priority:
            return cell
        return replace(cell, said=entry, priority=priority)

    return [now(cell) for cell in plan]


@dataclass(frozen=True)
class Advice:
    """A sector that the framework says works with another, in the same or the next phase."""

    row: Complementarity
    cell: Cell  # the other one

    @property
    def sentence(self):
        """Which sector helps which, as the framework says."""
        return gettext("%(one)s %(how)s %(other)s.") % {
            "one": self.row.from_sector.short_name,
            "how": self.row.get_how_display(),
            "other": self.row.to_sector.short_name,
        }


def works_with(content, cell, plan):
    """What the framework says helps this cell or is helped by it (IC/2012/7, paragraph 12 (a)). `plan` as of cells."""
    by_key = {other.key: other for other in plan}
    found = []
    for row in content.complementarities:
        one, other = (row.from_sector_id, row.from_phase_id), (row.to_sector_id, row.to_phase_id)
        if cell.key in (one, other):
            found.append(Advice(row, by_key[other if cell.key == one else one]))
    return found
