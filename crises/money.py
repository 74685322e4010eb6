"""The money of a crisis's plan: its lines of work, what they come to, and the total that a source states for it all.

Two things side by side: the sum of the lines, and the plan's own total. They may differ, and the difference is said.
"""

from dataclasses import dataclass, field

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import F
from django.utils.translation import gettext as _

from crises.models import Activity


def lines_of(crisis, at=None):
    """The lines of work and stated totals that stand, each with `sector_codes` and `sector_names`, the dearest first.

    One query: a row for each sector of a line. With `at`, those that stood at that moment.
    """
    rows = Activity.objects.of(crisis, at).standing(at)
    rows = rows.annotate(sector_code=F("sectors__code"), sector_name=F("sectors__short_name"))
    lines = {}
    for row in rows.order_by("-required", "pk", "sectors__number"):
        line = lines.setdefault(row.pk, row)
        line.sector_codes = [*getattr(line, "sector_codes", []), *filter(None, [row.sector_code])]
        line.sector_names = [*getattr(line, "sector_names", []), *filter(None, [row.sector_name])]
    # Databases differ in where a missing amount sorts.
    return sorted(lines.values(), key=lambda line: (line.required is None, -(line.required or 0), line.pk))


@dataclass
class Money:
    """What the lines of work in one currency come to, beside the totals that sources state in it."""

    currency: str
    lines: list = field(default_factory=list)
    totals: list = field(default_factory=list)  # those of the whole plan, the newest date first

    @property
    def required(self):
        """The sum of what the lines say is required; None where none says it: not known, and not zero."""
        return _sum(line.required for line in self.lines)

    @property
    def confirmed(self):
        return _sum(line.confirmed for line in self.lines)

    @property
    def requiring(self):
        """How many of the lines say what is required."""
        return sum(line.required is not None for line in self.lines)

    @property
    def confirming(self):
        return sum(line.confirmed is not None for line in self.lines)

    @property
    def compared(self):
        """Each stated total with what it is more than the lines come to, and that in words: [Comparison]."""
        return [
            Comparison(total, _more(total.required, self.required), _more(total.confirmed, self.confirmed), self)
            for total in self.totals
        ]


@dataclass(frozen=True)
class Comparison:
    """A stated total beside the sum of the lines. Negative where the lines come to more, None where one is unknown."""

    total: Activity
    required: int | None
    confirmed: int | None
    money: Money

    @property
    def sentences(self):
        """Whether the two differ, and by how much."""
        if not self.money.lines:
            return _("The source does not break it down, or its lines are not recorded yet.")
        if self.required is None and self.confirmed is None:
            return _("It cannot be compared with the lines: one of the two is not known.")
        required = {
            0: _("The lines come to the same amount required."),
            1: _("It requires %(amount)s more than the lines come to."),
            -1: _("The lines come to %(amount)s more than it requires."),
        }
        confirmed = {
            0: _("The lines come to the same amount confirmed."),
            1: _("It has %(amount)s more confirmed than the lines."),
            -1: _("The lines have %(amount)s more confirmed."),
        }
        return " ".join(
            words[(more > 0) - (more < 0)] % {"amount": f"{intcomma(abs(more))} {self.money.currency}"}
            for words, more in ((required, self.required), (confirmed, self.confirmed))
            if more is not None
        )


def _sum(amounts):
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _more(stated, summed):
    return None if stated is None or summed is None else stated - summed


def by_currency(activities):
    """Lines and totals by their currency, in alphabetical order. Amounts of two currencies never meet."""
    found = {}
    for activity in activities:
        money = found.setdefault(activity.currency, Money(activity.currency))
        (money.totals if activity.whole_plan else money.lines).append(activity)
    for money in found.values():
        money.totals.sort(key=lambda total: (total.as_of is not None, total.as_of, total.pk), reverse=True)
    return [found[currency] for currency in sorted(found)]
