"""What a reader has in sight: what that follows from, and the crises that have gone out of it."""

import json
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, Subquery

from crises.models import Crisis, Merge
from crises.models.crisis import readable_by
from offices.models import Office, Role

FOLLOWED = """SELECT n,
    (SELECT {rows}(role || ' ' || office_id) FROM offices_membership WHERE user_id = %s),
    (SELECT {rows}(country_id) FROM offices_partner_countries WHERE partner_id = %s),
    (SELECT {rows}(id || ' ' || coalesce(CAST(parent_id AS varchar), '') || ' ' || kind) FROM offices_office)
    FROM crises_counter WHERE id = 1"""


class Rights(NamedTuple):
    """What a reader's rights follow from, as plain values in a fixed order."""

    grants: list  # (role, office)
    agreed: list  # the countries agreed with a partner
    offices: list  # the tree of offices
    public: bool | None  # whether this is a visitor to a site that publishes crises
    only_in: list | None = None  # the countries that the token they came with is limited to

    @property
    def scope(self):
        """What it follows from which crises they may read. Only who reads by office follows the tree of offices."""
        everywhere = any(role == Role.HQ for role, _office in self.grants)
        return self._replace(offices=[] if everywhere or not self.grants else self.offices)


def followed(reader):
    """The number of the last change accepted anywhere, and what this reader's rights follow from.

    One query, so that the two are of one moment; by hand, since every answer that may be given again asks it. Who reads
    crises afterwards, and finds the same rights later, has missed no change of them.
    """
    rows = "jsonb_agg" if connection.vendor == "postgresql" else "json_group_array"
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWED.format(rows=rows), [reader.pk, getattr(reader, "partner_id", None)])
        number, *rights = cursor.fetchone()
    grants, agreed, offices = (sorted(json.loads(rows or "[]")) for rows in rights)
    public = None if reader.is_authenticated else settings.PUBLIC_CRISES
    only_in = getattr(reader, "only_in", None)
    only_in = None if only_in is None else sorted(only_in)
    grants = [tuple(pair.split()) for pair in grants]
    if reader.is_authenticated:
        # Whoever goes on need not ask again.
        reader.grants, reader.agreed = {(role, int(office)) for role, office in grants}, agreed
    return number, Rights(grants, agreed, offices, public, only_in)


def in_sight(user):
    """Which crises the list shows this person, as a condition on crises: those they may read, without merged ones."""
    return readable_by(user) & ~Q(status=Crisis.Status.MERGED)


def _in_sight_then(user):
    """The same as a condition on rows of history, each at its own moment; of merges, as they stood then."""
    then = OuterRef("history_date")
    readable = readable_by(user, then)
    if user.is_authenticated and not user.partner_id:
        own = Office.objects.reached_by(user, Role.FIELD, Role.LEAD, Role.REGIONAL)
        merges = Merge.objects.filter(Q(undone_at=None) | Q(undone_at__gt=then), at__lte=then, crisis__office__in=own)
        readable |= Q(Exists(merges.filter(survivor=OuterRef("id"))))
    return readable & ~Q(status=Crisis.Status.MERGED)


def _told(user, after, until):
    """Rows of history numbered after the one and until the other; the rows in sight; and of each the row before."""
    rows = Crisis.history.order_by()
    before = rows.filter(id=OuterRef("id"), revision__lt=OuterRef("revision")).order_by("-revision")
    asked = rows.filter(revision__gt=after, revision__lte=until).annotate(
        before=Subquery(before.values("pk")[:1]), was_sharing=Subquery(before.values("sharing")[:1])
    )
    return asked.order_by("revision"), rows.filter(_in_sight_then(user))


def gone(user, *, after, until):
    """The changes, numbered after the one and until the other, by which a crisis left this person's sight for good.

    Rows of history in order, each with `was_sharing`, how the crisis had been shared until then. What the person would
    not have seen before is not among them, nor what happened to a crisis after it had left. The rights are those of
    now: ask only about a time through which they have been the same.
    """
    asked, shown = _told(user, after, until)
    return asked.filter(
        ~Exists(shown.filter(id=OuterRef("id"), revision__gte=OuterRef("revision"))),
        Exists(shown.filter(pk=OuterRef("before"))),
    )


def changes(user, *, after, until):
    """The changes, numbered after the one and until the other, of crises that this person had in sight before or after.

    Rows of history in order, each with `shown` and `was_shown`, by the rights of now. Among them is what is
    told of a crisis without being a change of it, such as a request for an update: crises.history.KINDS tells.
    """
    asked, shown = _told(user, after, until)
    asked = asked.annotate(
        shown=Exists(shown.filter(pk=OuterRef("pk"))), was_shown=Exists(shown.filter(pk=OuterRef("before")))
    )
    return asked.filter(Q(shown=True) | Q(was_shown=True))
