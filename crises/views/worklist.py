"""The worklist: what needs somebody, queue by queue, and the same as a file."""

from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crises import worklist as work
from crises.models import Assignment, UpdateRequest
from crises.services.oversight import withdrawable
from crises.services.rights import RIGHTS
from crises.spoken import spoken_day, spoken_days
from crises.views.hq import address, addresses, around, file_name, narrow, then_of, turns
from crises.views.kept import kept
from crises.views.pages import numbered
from crises.views.scope import inside
from crises.views.then import wrong_address
from offices.models import Role
from sectors.exports import table_file

FIELDS = "region country office phase level exercise"
OVERSEES = {Role.HQ, Role.REGIONAL}
HEADER = (
    "queue,reference,crisis,exercise,country,country_name,office,what,sector,phase,other,since,days,waived_until,"
    "assigned_to,asked_at,asked_by,asked_note"
)


@dataclass(frozen=True)
class Asked:
    """What an address asks of the worklist: its filters, the rows chosen, and what is wrong with it, if anything."""

    filter: object
    problems: dict
    chosen: list
    roles: set

    @property
    def queue(self):
        return self.filter.data.get("queue", "")


def read(request, *allowed):
    """The worklist that an address asks for. Refuses partners, and the queue of duplicates to all but HQ.

    `chosen` may be there many times, so it is taken off the parameters before they are read.
    """
    if not inside(request.user):
        raise PermissionDenied(_("The worklist names people of the organisation: it is for its staff."))
    rest = request.GET.copy()
    chosen = list(dict.fromkeys(rest.pop("chosen", [])))
    request.GET = rest
    narrowed, problems = narrow(request, "queue", *allowed)
    roles = request.user.roles
    if narrowed.data.get("queue") == "duplicates" and Role.HQ not in roles:
        raise PermissionDenied(RIGHTS["decide"][1])
    return Asked(narrowed, problems, chosen, roles)


def queues(request, asked):
    """The queues of these crises for this reader, now or as of the moment of the address."""
    return work.Worklist(
        asked.filter.qs,
        request.user,
        timezone.now(),
        phase=asked.filter.value("phase"),
        as_of=asked.filter.value("as_of"),
        decides=Role.HQ in asked.roles,
    )


class Line(NamedTuple):
    """A row of a queue as it is shown: where the crisis is, for how long, what was asked and who looks after it."""

    item: work.Item
    address: str
    iso3: str
    country: str
    office: str
    days: int
    request: UpdateRequest | None = None
    assignment: Assignment | None = None
    withdrawable: bool = False

    def shown(self, queue, query):
        """What the page says of it, as a dict: of fifty lines a template looks up everything by name."""
        item = self.item
        below = item.reference if item.below == queue.title or queue.slug == "stale" else item.below
        return {
            "item": item,
            "key": item.key,
            "choose": _("Choose %(title)s: %(what)s") % {"title": item.title, "what": item.what},
            "address": f"{self.address}{query}",
            "head": item.head,
            "spoken_below": item.below,
            "below": below,
            "exercise": item.exercise,
            "country": self.country,
            "office": self.office,
            "since": item.since.isoformat(),
            "day": spoken_day(item.since.date()),
            "days": spoken_days(self.days),
            "urgent": queue.slug == "gaps" or bool(item.until and self.days < 2),
            "overseen": self.request or self.assignment,
            "request": self.request,
            "assignment": self.assignment,
            "withdrawable": self.withdrawable,
        }


def _lines(items, found, asked, user):
    """These rows of the queues found. One query; none for pairs, which come with their crises, and for the past."""
    pages = {page: addresses(page, n) for page, n in {(item.page, len(item.args)) for item in items}}
    told = {} if found.as_of else work.oversight({item.crisis for item in items if not item.read})
    lines = []
    for item in items:
        line = Line(item, pages[item.page](*item.args), *_place(item, found, asked), item.days(found.at))
        lines.append(_with_oversight(line, told[item.crisis], user) if item.crisis in told else line)
    return lines


def _place(item, found, asked):
    """The country of a row, its name, and the name of the office."""
    if crisis := item.read:
        return crisis.main_country_id, crisis.main_country.name, crisis.office.name
    row = found.rows[item.crisis]
    return row.country, asked.filter.countries.known[row.country], row.office_name


def _with_oversight(line, crisis, user):
    made, given = getattr(crisis, "update_request", None), getattr(crisis, "assignment", None)
    return line._replace(request=made, assignment=given, withdrawable=made is not None and withdrawable(made, user))


# /worklist/


@login_required
@require_safe
@kept
def worklist(request):
    """What needs somebody, queue by queue: the first that is not empty is open unless the address names another.

    Ten queries at most, however much there is: session, reader, roles, countries, offices and editions for the
    filters; how crises stand, their reviews, how many duplicates; what was asked of those of the page.
    """
    asked = read(request, "page")
    narrowed = asked.filter
    if asked.problems:
        return wrong_address(request, asked.problems)
    found, then = queues(request, asked), then_of(request, narrowed)
    queue = found.queue(asked.queue)
    page = numbered(queue, request.GET.get("page"), queue.n) if queue else None
    return render(
        request,
        "crises/worklist.html",
        {
            "filter": narrowed,
            "fields": narrowed.fields(FIELDS),
            "chips": narrowed.chips("as_of"),
            "then": then,
            "around": around(narrowed),
            "now": found.at,
            "queues": [(one, narrowed.query(queue=one.slug)) for one in found.queues],
            "queue": queue,
            "page": page,
            **(turns(narrowed, page) if page else {}),
            "lines": [
                line.shown(queue, then.query if then else "")
                for line in (_lines(page.rows, found, asked, request.user) if page else ())
            ],
            "bulk": bool(asked.roles & OVERSEES) and not then and queue and queue.slug != "duplicates",
            "oversees": bool(asked.roles & OVERSEES) and not then,
            "told": not then and queue and queue.slug != "duplicates",
            "elsewhere": _elsewhere(narrowed, queue) if queue and not then else None,
            "hidden": hidden(narrowed, queue),
            "files": {kind: address(f"worklist-{kind}", narrowed, queue=queue.slug) for kind in ("csv", "xlsx")}
            if queue
            else {},
        },
    )


def _elsewhere(narrowed, queue):
    """Another page that holds exactly what this queue holds: its address and name."""
    if queue.slug == "changed":
        return address("crisis-list", narrowed, queue=None, status="open", review="changed"), _("Open in the list")
    if queue.slug == "duplicates" and not narrowed.chips():
        return reverse("duplicate-list"), _("Open side by side")
    return None


def hidden(narrowed, queue):
    """The filters of the address as the fields of a form, and the queue it shows."""
    kept = {name: value for name, value in narrowed.data.items() if value and name not in ("page", "queue", "all")}
    return [*kept.items(), *([("queue", queue.slug)] if queue else [])]


# /worklist.csv, /worklist.xlsx


@login_required
@require_safe
def worklist_file(request, kind):
    """The queue as a table, a line a row; of the rows chosen, where there are any and not all are asked for."""
    asked = read(request, "all")
    if asked.problems:
        return wrong_address(request, asked.problems, csv=True)
    found = queues(request, asked)
    queue = found.queue(asked.queue)
    items = queue.items() if queue else []
    if asked.chosen and not request.GET.get("all"):
        items = [item for item in items if item.key in set(asked.chosen)]
    then = asked.filter.value("as_of")

    def cells(line):
        item, made, given = line.item, line.request, line.assignment
        return [
            queue.slug,
            item.reference,
            item.title,
            "yes" if item.exercise else "no",
            line.iso3,
            line.country,
            line.office,
            item.what,
            item.sector,
            item.phase,
            item.other,
            item.since.isoformat(timespec="seconds"),
            line.days,
            item.until and item.until.isoformat(),
            *([None] * 4 if then else _oversight(made, given)),
        ]

    lines = map(cells, _lines(items, found, asked, request.user))
    name = "-".join(filter(None, ["worklist", queue and queue.slug]))
    return table_file(kind, file_name(name, asked.filter), HEADER.split(","), lines)


def _oversight(made, given):
    told = [made.asked_at.isoformat(timespec="seconds"), str(made.asked_by), made.note] if made else [None] * 3
    return [given and str(given.assignee), *told]
