"""The page of an office, for staff: its open crises, or what those of the offices below come to; people, activity."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crises import dashboard
from crises.models import Crisis, Draft
from crises.places import Sum, lines, sums
from crises.timeline import recent
from crises.views.hq import LOGS, WORKS, around, file_name, narrow, then_of
from crises.views.pages import PAGE
from crises.views.then import wrong_address
from offices.models import Office, Role
from sectors.exports import table_file

ACTIVITY = 10


class Tree:
    """An office among all offices: those above it, and those below it."""

    def __init__(self, slug):
        offices = list(Office.objects.select_related("country"))
        self.by_pk = {office.pk: office for office in offices}
        self.office = next((office for office in offices if office.slug == slug), None)
        if self.office is None:
            raise Http404

    def up(self, pk):
        """This office and those above it, one by one."""
        while pk:
            yield self.by_pk[pk]
            pk = self.by_pk[pk].parent_id

    @property
    def above(self):
        return list(self.up(self.office.parent_id))

    @property
    def reached(self):
        """The keys of the office and of all below it."""
        return [pk for pk in self.by_pk if self.office in self.up(pk)]

    @property
    def below(self):
        """The offices that stand right below this one."""
        return [office for office in self.by_pk.values() if office.parent_id == self.office.pk]

    def branch(self, pk):
        """The key of the office right below this one under which that one stands; this one's own key for itself."""
        return next((one.pk for one in self.up(pk) if one.parent_id == self.office.pk), self.office.pk)


def _asked(request, slug):
    """The office among all, the reader's roles, the crises asked for, and what is wrong with the address. Two queries.

    The offices and who works there are for staff.
    """
    grants = request.user.grants
    if not grants:
        raise PermissionDenied(_("Only people with a role in an office see the offices and who works there."))
    tree = Tree(slug)
    asked, problems = narrow(request)
    return tree, grants, asked, problems


# /offices/<slug>/


@login_required
@require_safe
def office(request, slug):
    """An office: its open crises, or one line for each office below it with totals; people, drafts, activity.

    Nine queries at most: session, reader, roles, offices, framework, how the crises stand, people, activity, drafts.
    """
    tree, grants, asked, problems = _asked(request, slug)
    if problems:
        return wrong_address(request, problems)
    board = _board(tree, asked)
    found = sums(board, lambda row: tree.branch(row.office), inside=True)
    logs_here = any((role, tree.office.pk) in grants for role in LOGS)
    here = Crisis.objects.filter(office__in=tree.reached) if tree.office.parent_id else None
    total, active = sum(found.values(), Sum()), board.active_sectors
    return render(
        request,
        "crises/office.html",
        {
            "office": tree.office,
            "above": tree.above,
            "filter": asked,
            "chips": asked.chips("as_of"),
            "then": then_of(request, asked),
            "around": around(asked, office=slug),
            "total": total,
            "total_days": total.last and (board.at - total.last).days,
            "rolled_up": tree.below,
            "rows": _rows(tree, found, board.at),
            "lines": [] if tree.below else [(line, None) for line in lines(board, inside=True)[:PAGE]],
            "active": [(sector, active[sector.code]) for sector in asked.content.sectors if active[sector.code]],
            "people": tree.office.memberships.filter(user__is_active=True)
            .select_related("user")
            .order_by("role", "user__last_name", "user__username"),
            "drafts": Draft.objects.filter(user__memberships__office=tree.office).distinct().count()
            if logs_here
            else None,
            "recent": recent(ACTIVITY, reader=request.user, of=here, as_of=asked.value("as_of")),
            "sees_all": _sees_all(tree, grants),
            "all_changes": _all_changes(tree, grants),
            "late_hours": settings.GAP_LATE_HOURS,
            "stale_days": settings.CRISIS_STALE_DAYS,
            "files": {
                kind: reverse(f"office-{kind}", args=[slug]) + asked.query().removesuffix("?")
                for kind in ("csv", "xlsx")
            },
            "content": asked.content,
        },
    )


def _board(tree, asked):
    crises = asked.qs.filter(office__in=tree.reached) if tree.office.parent_id else asked.qs
    return dashboard.board(crises, phase=asked.value("phase"), as_of=asked.value("as_of"))


def _rows(tree, found, at):
    """One row for each office right below, and one for what is the office's own, where there is such."""
    rows = [(office, found.get(office.pk, Sum())) for office in tree.below]
    if own := found.get(tree.office.pk):
        rows.append((tree.office, own))
    return [{"office": office, "sum": one, "days": one.last and (at - one.last).days} for office, one in rows]


def _sees_all(tree, grants):
    """Whether the reader sees every crisis of the office, so that the numbers are those of the whole."""
    at = {tree.office.pk, *(office.pk for office in tree.above)}
    return any(role == Role.HQ or (role in WORKS and office in at) for role, office in grants)


def _all_changes(tree, grants):
    """Where every change of the office's crises is, for who audits: empty for others."""
    audits = any(role in (Role.HQ, Role.AUDITOR) for role, _office in grants)
    return f"{reverse('history')}?office={tree.office.slug}" if audits else ""


# /offices/<slug>.csv, /offices/<slug>.xlsx

SUMS = "open_crises,critical_gaps,late,waived,last_update,stale,people,crises_that_report,crises_that_could_report"
LINES = (
    "reference,title,exercise,country,phases,iom_level,people,below,people_as_of,critical_gaps,late,waived,last_update,"
    "stale"
)


@login_required
@require_safe
def office_file(request, slug, kind):
    """The table of an office's page: its open crises, or one line for each office below it."""
    tree, _grants, asked, problems = _asked(request, slug)
    if problems:
        return wrong_address(request, problems, csv=True)
    board, name = _board(tree, asked), file_name(f"office-{slug}", asked)
    if not tree.below:
        return table_file(kind, name, LINES.split(","), map(as_line, lines(board, inside=True)))
    found = sums(board, lambda row: tree.branch(row.office), inside=True)
    rows = ([row["office"].slug, row["office"].name, *as_sum(row["sum"])] for row in _rows(tree, found, board.at))
    return table_file(kind, name, ["office", "office_name", *SUMS.split(",")], rows)


def as_sum(one):
    """A sum as cells of a table, as of SUMS."""
    people = one.people if one.reporting else None
    return [
        *(one.crises, one.gaps, one.late, one.waived, one.last, one.stale),
        *(people, one.reporting, one.whole),
    ]


def as_line(line):
    """An open crisis as cells of a table, as of LINES."""
    row, people = line.row, line.people
    return [
        row.reference,
        row.title,
        "yes" if row.exercise else "no",
        row.country,
        " ".join(phase.slug for phase in line.phases),
        row.level or None,
        None if people.below else people.number,
        people.number if people.below else None,
        row.people_on,
        line.gaps,
        line.late,
        line.waived,
        row.last_update,
        "yes" if line.stale else "no",
    ]
