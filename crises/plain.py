"""Crises as the API says them in its lists, read as plain values: no row becomes an object.

What each value means is said once, by crises.serializers.CrisisRowSerializer, which describes the answer; a test holds
the two to the same. A page made of the serializer's fields costs several times as much.
"""

from collections import defaultdict, namedtuple
from datetime import UTC

import orjson
from django.db import connection
from django.utils import timezone

from crises.dates import iso
from crises.models import Crisis
from crises.models.rows import instant

OPEN = Crisis.Status.OPEN
PLACE = ("iso3", "iso2", "m49", "name")
SEAT = ("slug", "name", "kind", "country")
COLUMNS = (
    *("pk", "reference", "title", "status", "exercise", "sharing", "cause", "onset", "started_on", "start_precision"),
    *("kept_level", "kept_review", "content_revision", "revision", "updated_at", "main_country_id", "office_id"),
)
WIDTH = len(COLUMNS)
Row = namedtuple("Row", COLUMNS)


def columns(crises):
    """These crises as rows of what `crises` needs of each, and of their `place` where they have one. No query.

    Of one table: to plan the joins takes the database longer than to answer what `crises` asks besides.
    """
    place = ("place",) if "place" in crises.query.annotations else ()
    return crises.values_list(*COLUMNS, *place, named=True)


def row_of(crisis):
    """The same of a crisis that is there as an object."""
    return Row(*(getattr(crisis, name) for name in COLUMNS))


def crises(rows, *, root, expand=(), today=None):
    """What the list says of the crises of `columns`, as they stand now: a dict for each, in their order.

    `root` is the address below which each has its own, `expand` the names of what is told in full. Two queries, and one
    more where a crisis is not open.
    """
    today = (today or timezone.now().date()).isoformat()
    beside, activations = _beside([row.pk for row in rows]), _activations(rows)
    others = {pk: [code for code, _none in found] for pk, found in beside["country"].items()}
    places, seats = _named({row.main_country_id for row in rows}.union(*others.values()), rows)

    def said(row):
        pk, reference, title, status, exercise, sharing, cause, onset, started_on, precision, *more = row[:WIDTH]
        level, review, content, revision, updated_at, country, office = more
        region, place = places[country]
        activation, gaps = beside["stands"][pk][0] if status == OPEN else (None, "[]")
        gaps = orjson.loads(gaps)
        waived = sum(until is not None and until >= today for _place, _opened, until in gaps)
        approvals = beside["approval"].get(pk)
        approved_at, approved = approvals[-1] if approvals else (None, None)
        told = {
            "reference": reference,
            "title": title,
            "status": status,
            "exercise": exercise,
            "sharing": sharing,
            "country": country,
            "other_countries": others.get(pk, []),
            "region": region,
            "office": seats[office]["slug"],
            "cause": cause,
            "onset": onset or None,
            "started": iso(started_on, precision),
            "started_precision": precision or None,
            "phases": [slug for slug, _none in beside["phase"].get(pk, ())],
            "level": level or None,
            "inter_agency": activation or activations.get(pk) or None,
            "gaps": len(gaps) - waived,
            "waived": waived,
            "review": review,
            "approved_at": approved_at and moment(instant(approved_at)),
            "changed_since_approval": approved is not None and int(approved) != content,
            "revision": revision,
            "updated_at": moment(updated_at),
            "url": f"{root}{reference}/",
            "expanded": None,
        }
        if expand:
            full = {
                "office": seats[office],
                "country": place,
                "other_countries": [places[code][1] for code in told["other_countries"]],
            }
            told["expanded"] = {name: value for name, value in full.items() if name in expand}
        return told

    return [said(row) for row in rows]


def moment(at):
    """A moment as answers have it, in UTC."""
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).isoformat().replace("+00:00", "Z")


# What goes with the rows of a page, asked by hand and in one go: the text of such questions takes longer to make, and
# each of them longer to send, than to answer.
BESIDE = """SELECT 'phase', p.crisis_id, f.number, f.slug, NULL
    FROM crises_phaseperiod p JOIN sectors_phase f ON f.id = p.phase_id
    WHERE p.left_on IS NULL AND p.crisis_id IN ({keys})
    UNION ALL SELECT 'country', crisis_id, 0, country_id, NULL
    FROM crises_crisis_other_countries WHERE crisis_id IN ({keys})
    UNION ALL SELECT 'approval', crisis_id, revision, CAST(at AS text), CAST(content_revision AS text)
    FROM crises_review WHERE kind = 'approved' AND crisis_id IN ({keys})
    UNION ALL SELECT 'stands', crisis_id, 0, activation, CAST(gaps AS text)
    FROM crises_standing WHERE until IS NULL AND crisis_id IN ({keys})
    ORDER BY 3, 4"""
NAMED = """SELECT r.code, k.iso3, k.iso2, k.m49, k.name, NULL FROM offices_country k
    LEFT JOIN offices_region r ON r.id = k.region_id WHERE k.iso3 IN ({codes})
    UNION ALL SELECT NULL, slug, name, kind, country_id, id FROM offices_office WHERE id IN ({keys})"""
ACTIVATIONS = """SELECT coalesce(c.merged_into_id, c.id), c.id, CASE WHEN d.ended_on IS NULL THEN d.value END
    FROM crises_leveldecision d JOIN crises_crisis c ON c.id = d.crisis_id
    WHERE d.scheme = 'inter_agency' AND d.crisis_id IN
        (SELECT id FROM crises_crisis WHERE id IN ({keys}) OR merged_into_id IN ({keys}))
    ORDER BY d.decided_on, d.id"""


def _ask(statement, *values, **lists):
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**{name: ", ".join(["%s"] * n) for name, n in lists.items()}), values)
        return cursor.fetchall()


def _beside(keys):
    """Of each crisis the phases it is in, its other countries, its approvals and how it stands, each in order:
    {kind: {pk: [two texts]}}."""
    found = {kind: defaultdict(list) for kind in ("phase", "country", "approval", "stands")}
    for kind, pk, _place, *told in _ask(BESIDE, *keys * 4, keys=len(keys)) if keys else ():
        found[kind][pk].append(told)
    return found


def _named(codes, rows):
    """These countries, each with the code of its region, and the offices of the rows: {ISO3: (code, dict)}, {pk: dict}.

    One query.
    """
    offices, places, seats = {row.office_id for row in rows}, {}, {}
    for first, *told, key in _ask(NAMED, *codes, *offices, codes=len(codes), keys=len(offices)) if rows else ():
        if key is None:
            places[told[0]] = first, dict(zip(PLACE, told, strict=True))
        else:
            seats[key] = dict(zip(SEAT, told, strict=True))
    return places, seats


def _activations(rows):
    """The inter-agency activation in force in crises that are not open, of which nothing else is kept: {pk: value}.

    What was decided on a crisis that has been merged into another holds for both.
    """
    newest, keys = {}, [row.pk for row in rows if row.status != OPEN]
    for whole, pk, value in _ask(ACTIVATIONS, *keys, *keys, keys=len(keys)) if keys else ():
        newest[whole] = newest[pk] = value
    return newest
