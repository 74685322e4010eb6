"""Crises as lists of the API say them, read as plain values: no row becomes an object.

What each value means is said once, by crises.serializers.CrisisRowSerializer, which describes the answer; a test holds
the two to the same. A page made of the serializer's fields costs several times as much.
"""

from collections import defaultdict
from datetime import UTC

from django.db import connection
from django.db.models import FilteredRelation, Q
from django.utils import timezone

from crises.dates import iso
from crises.models import Crisis, ReviewState

NOT_REVIEWED, OPEN = ReviewState.NOT_REVIEWED, Crisis.Status.OPEN
PLACE = ("iso3", "iso2", "m49", "name")
SEAT = ("slug", "name", "kind", "country")
COLUMNS = (
    *("pk", "reference", "title", "status", "exercise", "sharing", "cause", "onset", "started_on", "start_precision"),
    *("kept_level", "kept_review", "content_revision", "revision", "updated_at", "main_country__region__code"),
    *("stands__gaps", "stands__activation"),
    *(f"main_country__{name}" for name in PLACE),
    *(f"office__{name}" for name in SEAT),
)
WIDTH = len(COLUMNS)


def columns(crises):
    """These crises as rows of what `crises` needs of each, and of their `place` where they have one. No query."""
    stands = FilteredRelation("standings", condition=Q(standings__until=None))
    place = ("place",) if "place" in crises.query.annotations else ()
    return crises.annotate(stands=stands).values_list(*COLUMNS, *place, named=True)


def crises(rows, *, root, expand=(), today=None):
    """What the list says of the crises of `columns`, as they stand now: a dict for each, in their order.

    `root` is the address below which each has its own, `expand` the names of what is told in full. Two queries, and one
    more each where a crisis has been reviewed and where one is closed.
    """
    today = (today or timezone.now().date()).isoformat()
    keys = [row[0] for row in rows]
    phases, others, approvals = _phases(keys), _others(keys), _approvals(rows)
    activations = _activations(rows)

    def said(row):
        pk, reference, title, status, exercise, sharing, cause, onset, started_on, precision, *more = row[
            : len(COLUMNS)
        ]
        level, review, content, revision, updated_at, region, gaps, activation, *named = more
        waived = sum(until is not None and until >= today for _place, _opened, until in gaps or ())
        approved_at, approved = approvals.get(pk, (None, None))
        told = {
            "reference": reference,
            "title": title,
            "status": status,
            "exercise": exercise,
            "sharing": sharing,
            "country": named[0],
            "other_countries": [place["iso3"] for place in others[pk]],
            "region": region,
            "office": named[len(PLACE)],
            "cause": cause,
            "onset": onset or None,
            "started": iso(started_on, precision),
            "started_precision": precision or None,
            "phases": phases[pk],
            "level": level or None,
            "inter_agency": activation or activations.get(pk) or None,
            "gaps": len(gaps or ()) - waived,
            "waived": waived,
            "review": review,
            "approved_at": approved_at and moment(approved_at),
            "changed_since_approval": approved is not None and approved != content,
            "revision": revision,
            "updated_at": moment(updated_at),
            "url": f"{root}{reference}/",
            "expanded": None,
        }
        if expand:
            full = {
                "office": dict(zip(SEAT, named[len(PLACE) :], strict=True)),
                "country": dict(zip(PLACE, named, strict=False)),
                "other_countries": others[pk],
            }
            told["expanded"] = {name: value for name, value in full.items() if name in expand}
        return told

    return [said(row) for row in rows]


def moment(at):
    """A moment as answers have it, in UTC."""
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).isoformat().replace("+00:00", "Z")


# What goes with the rows of a page, asked by hand: the text of such a question takes longer to make than to answer.
PHASES = """SELECT p.crisis_id, f.slug FROM crises_phaseperiod p JOIN sectors_phase f ON f.id = p.phase_id
    WHERE p.left_on IS NULL AND p.crisis_id IN ({keys}) ORDER BY f.number"""
OTHERS = """SELECT o.crisis_id, k.iso3, k.iso2, k.m49, k.name FROM crises_crisis_other_countries o
    JOIN offices_country k ON k.iso3 = o.country_id WHERE o.crisis_id IN ({keys}) ORDER BY k.iso3"""
APPROVALS = """SELECT crisis_id, at, content_revision FROM crises_review
    WHERE kind = 'approved' AND crisis_id IN ({keys}) ORDER BY revision"""
ACTIVATIONS = """SELECT coalesce(c.merged_into_id, c.id), c.id, CASE WHEN d.ended_on IS NULL THEN d.value END
    FROM crises_leveldecision d JOIN crises_crisis c ON c.id = d.crisis_id
    WHERE d.scheme = 'inter_agency' AND d.crisis_id IN
        (SELECT id FROM crises_crisis WHERE id IN ({keys}) OR merged_into_id IN ({keys}))
    ORDER BY d.decided_on, d.id"""


def _ask(statement, keys, times=1):
    """The rows of one of these statements about crises. One query, and none where there is none to ask about."""
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(keys=", ".join(["%s"] * len(keys))), keys * times)
        return cursor.fetchall()


def _phases(keys):
    """The slugs of the phases that each crisis is in, in the framework's order: {pk: [slug]}."""
    found = defaultdict(list)
    for pk, slug in _ask(PHASES, keys):
        found[pk].append(slug)
    return found


def _others(keys):
    """The other countries of each crisis, by their codes: {pk: [dict]}."""
    found = defaultdict(list)
    for pk, *place in _ask(OTHERS, keys):
        found[pk].append(dict(zip(PLACE, place, strict=True)))
    return found


def _approvals(rows):
    """The newest approval of each crisis that has one: {pk: (when, which content)}."""
    reviewed = [row.pk for row in rows if row.kept_review != NOT_REVIEWED]
    return {pk: approval for pk, *approval in _ask(APPROVALS, reviewed)}


def _activations(rows):
    """The inter-agency activation in force in crises that are not open, of which nothing else is kept: {pk: value}.

    What was decided on a crisis that has been merged into another holds for both.
    """
    newest = {}
    for whole, pk, value in _ask(ACTIVATIONS, [row.pk for row in rows if row.status != OPEN], times=2):
        newest[whole] = newest[pk] = value
    return newest
