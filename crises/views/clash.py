"""Two people changed one cell: what others changed since a revision, by whom and when, and what stays of it."""

import uuid

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crises.dates import Precision, spoken
from crises.models import PlanCell, PlanPriority

NAMES = ("status", "since", "lead", "cluster_contact", "note", "own_priority", "justification", "confirmed")


def changes_since(cell, revision):
    """What was changed of a cell after that revision, the oldest first: by whom, when, which names. One query."""
    rows = cell.history.filter(revision__gte=revision).select_related("history_user").order_by("revision")
    found, before = [], PlanCell()
    for row in rows:
        names = {name for name in NAMES if getattr(row, name) != getattr(before, name)}
        if row.revision > revision and names:
            found.append({"by": row.history_user, "at": row.history_date, "names": names, "what": in_words(names)})
        before = row
    return found


def in_words(names):
    """Names of what a cell says, as people call them: "lead, note"."""
    return ", ".join(str(PlanCell._meta.get_field(name).verbose_name) for name in NAMES if name in names)


def kept(crisis, cell, revision, names):
    """What somebody else changed meanwhile and stays as they set it, in sentences. Two queries, where there is any."""
    if not names:
        return []
    sentences, entry = [], crisis.cells.get(sector=cell.sector, phase=cell.phase)
    for change in changes_since(entry, revision):
        if stays := change["names"] & set(names):
            words = {
                "by": change["by"],
                "at": date_format(change["at"], "j M Y, H:i"),
                "what": in_words(stays),
            }
            sentences.append(_("%(by)s changed this meanwhile, on %(at)s UTC, and it stays: %(what)s.") % words)
    return sentences


SAY = {
    "status": lambda status: PlanCell.Status(status).label,
    "since": lambda day: spoken(day, Precision.DAY),
    "own_priority": lambda priority: PlanPriority(priority).label if priority else _("As the framework says"),
}
FIELD = {"own_priority": "priority"}  # where a form calls it otherwise


def sides(form, current, names):
    """Of these names: what stands now beside what was typed, each in words."""
    rows = []
    for name in NAMES:
        field = FIELD.get(name, name)
        if name in names and field in form.fields:
            now, yours = (SAY.get(name, str)(said) for said in (getattr(current, name), form.cleaned_data[field]))
            if (now or yours) and now != yours:
                rows.append({"label": form.fields[field].label, "now": now, "yours": yours})
    return rows


def found(form, stale):
    """What a page shows where both changed the same: the changes since the person started, and the two versions."""
    revision = form.cleaned_data["revision"]
    return {
        "changes": changes_since(stale.current, revision),
        "rows": sides(form, stale.current, stale.fields),
    }


def decided_again(post, form, stale):
    """What was sent, to be sent again as a decision: the new revision, and what only others changed as they set it."""
    answers = post.copy()
    answers["revision"], answers["key"] = str(stale.current.revision), str(uuid.uuid4())
    for name in NAMES:
        field = FIELD.get(name, name)
        if field in form.fields and name not in stale.mine:
            answers[field] = str(getattr(stale.current, name) or "")
    return answers
