"""What asking offices for an update, or giving crises to somebody, would do to each of them: read before it is done,
and again under the locks when it is."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crises.models import Assignment, Crisis, UpdateRequest
from crises.models.requests import overseen_by
from offices.models import Membership, Office, Role, User

MOST = 500  # crises at once: more is no request to anybody in particular


@dataclass(frozen=True)
class Prospect:
    """What would happen to one crisis, in a sentence, and whether it would."""

    crisis: Crisis
    happens: bool
    sentence: str


@dataclass(frozen=True)
class Asking(Prospect):
    """The same of a request; `people` are whom it goes to: the active field officers and leads of the office."""

    people: list[User]


def _overseen(crises, user):
    pks = [crisis.pk for crisis in crises]
    return set(Crisis.objects.filter(overseen_by(user), pk__in=pks).values_list("pk", flat=True))


def staff_of(offices):
    """The active field officers and leads of these offices (their numbers), each once: {office: [User]}. One query."""
    grants = Membership.objects.filter(office__in=offices, role__in=[Role.FIELD, Role.LEAD], user__is_active=True)
    found = {}
    for grant in grants.select_related("user").order_by("user__last_name", "user__username", "pk"):
        people = found.setdefault(grant.office_id, [])
        if grant.user not in people:
            people.append(grant.user)
    return found


def asking(crises, *, by):
    """What asking the offices of these crises would do, crisis by crisis. The crises come with their office.

    Three queries.
    """
    overseen = _overseen(crises, by)
    requests = UpdateRequest.objects.standing().filter(crisis__in=crises).select_related("asked_by")
    asked = {one.crisis_id: one for one in requests}
    staff = staff_of({crisis.office_id for crisis in crises})
    return [_asking(crisis, crisis.pk in overseen, asked.get(crisis.pk), staff) for crisis in crises]


def _asking(crisis, overseen, before, staff):
    people, words = staff.get(crisis.office_id, []), {"office": crisis.office.name}
    if not overseen:
        sentence = _("Not asked: you do not oversee %(office)s.")
    elif not crisis.is_open:
        sentence = _("Not asked: the crisis is closed.")
    elif before:
        words |= {"by": before.asked_by, "day": date_format(before.asked_at, "j M Y")}
        sentence = _("Not asked again: asked on %(day)s by %(by)s, and the office has changed nothing since.")
    elif not people:
        sentence = _("Nobody to ask: %(office)s has no active field officer or lead.")
    else:
        n = len(people)
        words |= {"n": n}
        sentence = ngettext(
            "Will be asked: %(n)s person of %(office)s.", "Will be asked: %(n)s people of %(office)s.", n
        )
        if unreached := sum(not person.email for person in people):
            without = ngettext("%(n)s has no mail address.", "%(n)s have no mail address.", unreached)
            return Asking(crisis, True, f"{sentence % words} {without % {'n': unreached}}", people)
        return Asking(crisis, True, sentence % words, people)
    return Asking(crisis, False, sentence % words, people)


class Carers:
    """Who may look after which crises: HQ reviewers any, regional officers those of their offices and of those below.

    The crises come with their office and the one above it. One query.
    """

    def __init__(self, crises):
        above = {crisis.pk: self._above(crisis.office) for crisis in crises}
        places = set().union(*above.values())
        grants = Membership.objects.filter(
            Q(role=Role.HQ) | Q(role=Role.REGIONAL, office__in=places), user__is_active=True
        )
        reach = {}
        for grant in grants.select_related("user").order_by("user__last_name", "user__username", "pk"):
            held = reach.setdefault(grant.user, set())
            held |= set(above) if grant.role == Role.HQ else {pk for pk in above if grant.office_id in above[pk]}
        self.reach = reach

    @staticmethod
    def _above(office: Office):
        return {office.pk, office.parent_id, office.parent and office.parent.parent_id} - {None}

    @property
    def people(self):
        """Everybody who may look after one of the crises at least."""
        return list(self.reach)

    def fits(self, person, crisis):
        return crisis.pk in self.reach.get(person, ())


def assigning(crises, *, to, by):
    """What giving these crises to a person would do, crisis by crisis; to None, what leaving them with nobody would.

    Three queries. The crises come with their office and the one above it.
    """
    overseen = _overseen(crises, by)
    now = {one.crisis_id: one for one in Assignment.objects.at().filter(crisis__in=crises).select_related("assignee")}
    carers = Carers(crises)
    return [_assigning(crisis, crisis.pk in overseen, now.get(crisis.pk), to, carers) for crisis in crises]


def _assigning(crisis, overseen, now, to, carers):
    words, happens = {"office": crisis.office.name, "to": to, "was": now and now.assignee}, False
    if not overseen:
        sentence = _("Stays as it is: you do not oversee %(office)s.")
    elif to is None:
        happens = now is not None
        sentence = _("Will no longer be assigned to %(was)s.") if now else _("Is assigned to nobody.")
    elif now and now.assignee == to:
        sentence = _("Is assigned to %(to)s already.")
    elif not crisis.is_open:
        sentence = _("Stays as it is: the crisis is closed.")
    elif not carers.fits(to, crisis):
        sentence = _("Stays as it is: %(to)s is neither an HQ reviewer nor a regional officer above %(office)s.")
    else:
        happens = True
        sentence = _("Will be assigned to %(to)s, now to %(was)s.") if now else _("Will be assigned to %(to)s.")
    return Prospect(crisis, happens, sentence % words)
