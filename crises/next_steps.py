"""What a reader can do next about a crisis. Pure: from what is known of it to steps, the most pressing first."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crises.dates import Precision, spoken
from crises.models import ReviewState


@dataclass(frozen=True)
class Step:
    """One thing to do: in words, the name of the address where it is done, and what follows the address."""

    words: str
    address: str
    more: str = ""


def next_steps(crisis, plan, figures):
    """The steps open to this reader.

    `crisis` comes with their rights, its levels, its review and `to_answer`, `plan` as reading.plan_of.
    """
    if not crisis.is_open:
        return []
    return [
        *_of_the_review(crisis),
        *(_of_the_office(crisis, plan, figures) if crisis.may_edit else ()),
        *_of_hq(crisis, plan),
        *_to_be_sent(crisis),
    ]


def _of_the_review(crisis):
    """What waits for an answer: the office's to what was sent back, the reviewer's to what was sent or changed."""
    if crisis.review == ReviewState.SENT_BACK and crisis.may_edit:
        n = len(crisis.to_answer)
        words = ngettext("Answer the review: %(n)s comment", "Answer the review: %(n)s comments", n) % {"n": n}
        yield Step(words if n else _("Answer the review"), "crisis-review")
    if not crisis.may_review or crisis.authored:
        return
    if crisis.review == ReviewState.IN_REVIEW:
        n = (timezone.now() - crisis.reviewed_at).days
        words = ngettext("In review for %(n)s day: check it", "In review for %(n)s days: check it", n) % {"n": n}
        yield Step(words if n else _("In review since today: check it"), "crisis-review")
    if crisis.review == ReviewState.CHANGED:
        yield Step(_("Changed since it was approved: check what changed"), "crisis-review")


def _to_be_sent(crisis):
    """What its office has not asked anybody to approve, last: it is done when the rest is."""
    if crisis.may_edit and crisis.review == ReviewState.NOT_REVIEWED:
        yield Step(_("Check what you say, and send it to review"), "crisis-review")
    if crisis.may_edit and crisis.review == ReviewState.CHANGED:
        yield Step(_("Changed since it was approved: send it to review"), "crisis-review")


def _of_the_office(crisis, plan, figures):
    if n := len(plan.gaps):
        words = ngettext(
            "Activate: %(n)s critical sector is not active",
            "Activate: %(n)s critical sectors are not active",
            n,
        )
        yield Step(words % {"n": n}, "plan", "?show=gaps")
    waiting = sum(cell.phase_open and not (cell.changed or cell.confirmed) for cell in plan.cells)
    if waiting:
        words = ngettext("Confirm the priority of %(n)s sector", "Confirm the priorities of %(n)s sectors", waiting)
        yield Step(words % {"n": waiting}, "plan-confirm")
    asked = {cell.question: cell.question_words for cell in plan.cells if cell.question and cell.phase_open}
    for fact, question in asked.items():
        yield Step(_("Answer: %(question)s") % {"question": question}, "crisis-edit", f"#id_{fact}_0")
    if not figures:
        yield Step(_("Add the first figure with its source"), "figure-add")
    if crisis.level is None and crisis.level_proposed is None:
        yield Step(_("Propose an emergency level"), "crisis-edit", "#id_level_proposed_0")


def _of_hq(crisis, plan):
    if not crisis.may_decide:
        return
    if late := sum(cell.open_gap.late() for cell in plan.gaps):
        words = ngettext(
            "%(n)s gap is late: ask the office for it, or waive it",
            "%(n)s gaps are late: ask the office for them, or waive them",
            late,
        )
        yield Step(words % {"n": late}, "plan", "?show=gaps")
    if crisis.level is None:
        yield Step(_decide(crisis.level_proposed), "crisis-level")
    elif crisis.level_review and crisis.level_review < timezone.now().date():
        words = _("Review the emergency level: %(level)s was to be reviewed on %(day)s")
        day = spoken(crisis.level_review, Precision.DAY)
        yield Step(words % {"level": crisis.level, "day": day}, "crisis-levels")


def _decide(proposed):
    if proposed is None:
        return _("Decide the emergency level: not assessed")
    return _("Decide the emergency level: the office proposes %(level)s") % {"level": proposed}
