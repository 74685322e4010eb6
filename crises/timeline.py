"""What happened to a crisis, in words: the rows of its history as sentences."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crises.dates import SPOKEN, Precision
from crises.models import Crisis, Figure, LevelDecision, PlanCell, PlanPriority
from crises.models.audit import told_to
from offices.models import User
from sectors import reference


@dataclass(frozen=True)
class Entry:
    """One change: when, by whom, what, and the reason they gave, if any."""

    at: datetime
    by: User
    sentence: str
    why: str


def timeline(crisis, most, *, reader, as_of=None):
    """The newest changes of a crisis that this person may read, at most so many; those until a moment. One query.

    Those of crises merged into it are read with its own and name theirs.
    """
    family = Crisis.objects.family_of(crisis, as_of).exclude(pk=crisis.pk).order_by().values("pk")
    rows = Crisis.history.filter(Q(told_to(reader), id=crisis.pk) | Q(id__in=family))
    rows = rows.filter(history_date__lte=as_of) if as_of else rows
    rows = rows.select_related("history_user").order_by("-history_date", "-history_id")[:most]
    return [entry(row, reference.content(row.edition_id), crisis) for row in rows]


@dataclass(frozen=True)
class Recent(Entry):
    """One change of one of many crises."""

    reference: str
    title: str


def recent(most, *, reader, of=None, as_of=None):
    """The newest changes that this person may read of crises that they may read now, at most so many: of these crises
    where `of` names them, and until a moment where one is given. One query."""
    crises = Crisis.objects.filter(told_to(reader)) if of is None else of.filter(told_to(reader))
    rows = Crisis.history.filter(told_to(reader), id__in=crises.order_by().values("pk"))
    if as_of:
        rows = rows.filter(history_date__lte=as_of)
    rows = rows.select_related("history_user").order_by("-history_date", "-history_id")[:most]
    told = ((row, entry(row, reference.content(row.edition_id))) for row in rows)
    return [Recent(one.at, one.by, one.sentence, one.why, row.reference, row.title) for row, one in told]


def entry(row, content, crisis=None):
    """A row of history in words; where it is of another crisis than this, with that one's reference."""
    said = row.history_change_reason or {}
    tell = TELL.get(said.get("event"))
    sentence = tell(said, content) if tell else _("Changed.")
    if crisis and row.id != crisis.pk:
        sentence = _("%(reference)s: %(sentence)s") % {"reference": row.reference, "sentence": sentence}
    return Entry(at=row.history_date, by=row.history_user, sentence=sentence, why=said.get("why", ""))


def _logged(said, content):
    if others := said.get("distinct_from"):
        return _("Logged, and not the same as %(others)s.") % {"others": ", ".join(others)}
    if "cells" in said or "figures" in said:
        counts = {"cells": said.get("cells", 0), "figures": said.get("figures", 0)}
        return _("Logged, with cells of its plan: %(cells)s; figures: %(figures)s.") % counts
    return _("Logged.")


def _facts(said, content):
    names = [Crisis._meta.get_field(name).verbose_name for name in said["fields"] if name != "start_precision"]
    return _("Facts changed: %(names)s.") % {"names": ", ".join(map(str, names or [_("start")]))}


def _where(said, content):
    return {
        "sector": content.sector(said["sector"]).short_name,
        "phase": content.phase(said["phase"]).short_name.lower(),
    }


def _status(said, content):
    status = PlanCell.Status
    if said["was"] == said["now"]:
        words = _("%(sector)s (%(phase)s): lead, date or note changed.")
    else:
        words = {
            status.NOT_STARTED: _("%(sector)s (%(phase)s) is back to not started."),
            status.PLANNED: _("%(sector)s (%(phase)s) is planned."),
            status.ACTIVE: _("%(sector)s (%(phase)s) is active."),
            status.COMPLETED: _("%(sector)s (%(phase)s) is completed."),
            status.STOOD_DOWN: _("%(sector)s (%(phase)s) stands down."),
        }[said["now"]]
    return words % _where(said, content)


def _priority(said, content):
    words = _where(said, content) | {
        "now": PlanPriority(said["now"]).label.lower(),
        "was": PlanPriority(said["was"]).label.lower(),
    }
    if said["own"]:
        return _("Priority of %(sector)s (%(phase)s) changed from %(was)s to %(now)s.") % words
    return _("Priority of %(sector)s (%(phase)s) is the framework's again: %(now)s (was %(was)s).") % words


def _confirmed(said, content):
    n = len(said["cells"])
    words = ngettext(
        "%(n)s sector confirmed with the framework's priority.",
        "%(n)s sectors confirmed with the framework's priority.",
        n,
    )
    return words % {"n": n}


def _waived(said, content):
    until = date_format(date.fromisoformat(said["until"]), SPOKEN[Precision.DAY])
    return _("Gap of %(sector)s (%(phase)s) waived until %(until)s.") % (_where(said, content) | {"until": until})


def _phase_opened(said, content):
    return _("Now in the phase “%(phase)s”.") % {"phase": content.phase(said["phase"]).short_name}


def _phase_closed(said, content):
    return _("No longer in the phase “%(phase)s”.") % {"phase": content.phase(said["phase"]).short_name}


def _number(said):
    """A figure that the history tells of, in its own words: what, whom, and how many."""
    # One that is never saved says them.
    figure = Figure(**{name: said[name] for name in ("metric", "group", "value", "unit", "qualifier")})
    what = figure.get_metric_display()
    if figure.group != Figure.ALL:
        what = f"{what}, {figure.get_group_display().lower()}"
    if figure.value is None:
        return {"what": what, "number": _("not known")}
    number = f"{intcomma(figure.value)} {figure.get_unit_display()}"
    if figure.qualifier != Figure.Qualifier.EXACT:
        number = f"{figure.get_qualifier_display().lower()} {number}"
    return {"what": what, "number": number}


def _figure(said, content):
    if n := said.get("parts"):
        words = ngettext(
            "Figure added. %(what)s: %(number)s, with %(n)s number by sex and age.",
            "Figure added. %(what)s: %(number)s, with %(n)s numbers by sex and age.",
            n,
        )
        return words % (_number(said) | {"n": n})
    return _("Figure added. %(what)s: %(number)s.") % _number(said)


def _level(said, content):
    return _("%(scheme)s decided: %(level)s.") % {
        "scheme": LevelDecision.Scheme(said["scheme"]).label,
        "level": LevelDecision.Value(said["value"]).label,
    }


def _activity(said, content):
    if said.get("whole_plan"):
        return _("Total of the whole plan added: %(name)s.") % {"name": said["name"]}
    return _("Line of work added: %(name)s.") % {"name": said["name"]}


def _withdrawn(said, content):
    if said["kind"] == "figure":
        return _("Figure withdrawn. %(what)s: %(number)s.") % _number(said)
    if said["whole_plan"]:
        return _("Total of the whole plan withdrawn: %(name)s.") % {"name": said["name"]}
    return _("Line of work withdrawn: %(name)s.") % {"name": said["name"]}


def _shared(said, content):
    sharing = Crisis.Sharing
    return _("Shared with “%(now)s”, before with “%(was)s”.") % {
        "now": sharing(said["now"]).label,
        "was": sharing(said["was"]).label,
    }


def _part_of(said, content):
    # Not of which: who reads this may not see the wider crisis.
    return _("Now part of a wider crisis.") if said["now"] else _("No longer part of a wider crisis.")


def _merged(said, content):
    return _("%(other)s was merged into this crisis.") % said


def _merged_into(said, content):
    return _("Merged into %(into)s.") % said


def _unmerged(said, content):
    if said["stay"]:
        words = ngettext(
            "The merge of %(other)s was undone; %(stay)s sector from it stays, since it was changed here.",
            "The merge of %(other)s was undone; %(stay)s sectors from it stay, since they were changed here.",
            said["stay"],
        )
        return words % said
    return _("The merge of %(other)s was undone.") % said


def _unmerged_from(said, content):
    return _("The merge into %(was)s was undone.") % said


def _closed(said, content):
    return _("Closed.")


def _reopened(said, content):
    return _("Reopened.")


def _sent(said, content):
    return _("Sent to review.")


def _approved(said, content):
    return _("Approved.")


def _sent_back(said, content):
    if n := said["comments"]:
        return ngettext("Sent back with %(n)s comment.", "Sent back with %(n)s comments.", n) % {"n": n}
    return _("Sent back.")


def _asked(said, content):
    return _("Asked for an update.")


def _ask_withdrawn(said, content):
    return _("The request for an update was withdrawn.")


def _assigned(said, content):
    return _("Assigned to %(to)s.") % said


def _unassigned(said, content):
    return _("Assigned to nobody any more.")


def _edition(said, content):
    n = len(said["cells"])
    changed = ngettext("%(n)s sector has another priority.", "%(n)s sectors have another priority.", n) % {"n": n}
    words = _("Follows edition %(now)s of the framework, before edition %(was)s.") % said
    return f"{words} {changed}" if n else words


def _kept(said, content):
    return _("Stays with edition %(edition)s of the framework: edition %(declined)s is not followed.") % said


TELL = {
    "logged": _logged,
    "facts": _facts,
    "status": _status,
    "priority": _priority,
    "confirmed": _confirmed,
    "waived": _waived,
    "phase_opened": _phase_opened,
    "phase_closed": _phase_closed,
    "figure": _figure,
    "activity": _activity,
    "withdrawn": _withdrawn,
    "level": _level,
    "shared": _shared,
    "sent": _sent,
    "approved": _approved,
    "sent_back": _sent_back,
    "edition": _edition,
    "kept": _kept,
    "asked": _asked,
    "ask_withdrawn": _ask_withdrawn,
    "assigned": _assigned,
    "unassigned": _unassigned,
    "part_of": _part_of,
    "merged": _merged,
    "merged_into": _merged_into,
    "unmerged": _unmerged,
    "unmerged_from": _unmerged_from,
    "closed": _closed,
    "reopened": _reopened,
}
