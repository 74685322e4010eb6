"""The worklist: what needs somebody, queue by queue, and the same as a file."""

from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
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

FIELDS, MORE = "region country office phase level", "cause period part_of exercise"
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

    def markup(self, queue, query, *, bulk, told, oversees):
        """The row of the page. Written in one go, as a template would look up thirty names for each of fifty rows.

        `bulk` where rows can be chosen, `told` where the page says what was asked and who looks after it, `oversees`
        where the reader may do something about that.
        """
        item = self.item
        below = item.reference if item.below == queue.title or queue.slug == "stale" else item.below
        country, office = escape(self.country), escape(self.office)
        day, days = escape(spoken_day(item.since.date())), escape(spoken_days(self.days))
        if queue.slug == "gaps" or (item.until and self.days < 2):
            days = f'<span class="flag">{days}</span>'
        exercise = f" · {escape(_('exercise'))}" if item.exercise else ""
        below_it = beside_it = ""  # on a narrow page, and on a wide one
        if told:
            oversight = self._oversight(oversees)
            below_it, beside_it = f'<div class="mo">{oversight}</div>', f'<td class="o">{oversight}</td>'
        return mark_safe(
            f"<tr>{self._choice() if bulk else ''}"
            f'<th scope="row"><a href="{self.address}{escape(query)}"><bdi>{escape(item.head)}</bdi>'
            f'<span class="vh">: {escape(item.below)}</span></a>'
            f'<small class="ref" aria-hidden="true"><bdi>{escape(below)}</bdi>{exercise}</small>'
            f'<small class="mo">{country}, <bdi>{office}</bdi></small>{below_it}</th>'
            f'<td class="o">{country}<small class="ref"><bdi>{office}</bdi></small></td>'
            f'<td class="o"><time datetime="{item.since.isoformat()}">{day}</time></td>'
            f'<td class="n">{days}</td>{beside_it}</tr>'
        )

    def _choice(self):
        title = _("Choose %(title)s: %(what)s") % {"title": self.item.title, "what": self.item.what}
        return (
            f'<td class="pick"><label><input type="checkbox" name="chosen" value="{escape(self.item.key)}">'
            f'<span class="vh">{escape(title)}</span></label></td>'
        )

    def _oversight(self, oversees):
        if not (self.request or self.assignment):
            return ""
        said = {"crisis": self.item, "made": self.request, "given": self.assignment, "oversees": oversees}
        return render_to_string("crises/_oversight.html", {**said, "withdrawable": self.withdrawable})


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
    every = found.queues()
    queue = work.chosen(every, asked.queue)
    page = numbered(queue, request.GET.get("page"), queue.n) if queue else None
    oversees = bool(asked.roles & OVERSEES) and not then
    told = bool(queue) and not then and queue.slug != "duplicates"
    bulk = told and oversees
    return render(
        request,
        "crises/worklist.html",
        {
            "filter": narrowed,
            "fields": narrowed.fields(FIELDS),
            "more": narrowed.fields(MORE),
            "chips": narrowed.chips("as_of"),
            "then": then,
            "around": around(narrowed),
            "now": found.at,
            "queues": [(one, narrowed.query(queue=one.slug)) for one in every],
            "queue": queue,
            "page": page,
            **(turns(narrowed, page) if page else {}),
            "rows": [
                line.markup(queue, then.query if then else "", bulk=bulk, told=told, oversees=oversees)
                for line in (_lines(page.rows, found, asked, request.user) if page else ())
            ],
            "bulk": bulk,
            "oversees": oversees,
            "told": told,
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
