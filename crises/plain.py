"""Crises as the API says them in its lists, read as plain values: no row becomes an object.

What each value means is said once, by crises.serializers.CrisisRowSerializer, which describes the answer; a test holds
the two to the same. A page made of the serializer's fields costs several times as much.
"""

from collections import namedtuple
from datetime import UTC

import orjson
from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL
from django.utils import timezone

from crises.dates import iso
from crises.models import Crisis
from crises.models.rows import instant

OPEN = Crisis.Status.OPEN
PLACE = ("iso3", "iso2", "m49", "name")
SEAT = ("slug", "name", "kind", "country")
COLUMNS = (
    *("pk", "reference", "title", "status", "exercise", "sharing", "cause", "onset", "started_on", "start_precision"),
    *(
        "kept_level",
        "kept_review",
        "content_revision",
        "revision",
        "updated_at",
        "main_country_id",
        "office_id",
        "beside",
    ),
)
WIDTH = len(COLUMNS)
Row = namedtuple("Row", COLUMNS)
# The phases that a crisis is in, its other countries, its last approval, its activation and gaps: as one column, so
# that all of it is of one moment. To plan the joins instead takes the database longer than to answer.
BESIDE = """CAST({row}(
    {json}((SELECT {rows}({row}(f.number, f.slug)) FROM crises_phaseperiod p JOIN sectors_phase f ON f.id = p.phase_id
        WHERE p.crisis_id = crises_crisis.id AND p.left_on IS NULL)),
    {json}((SELECT {rows}(o.country_id) FROM crises_crisis_other_countries o WHERE o.crisis_id = crises_crisis.id)),
    {json}((SELECT {row}(r.at, r.content_revision) FROM crises_review r
        WHERE r.crisis_id = crises_crisis.id AND r.kind = 'approved' ORDER BY r.revision DESC LIMIT 1)),
    {json}((SELECT {row}(s.activation, {json}(s.gaps)) FROM crises_standing s
        WHERE s.crisis_id = crises_crisis.id AND s.until IS NULL))
) AS text)"""


def with_beside(crises):
    """Crises with what `row_of` needs of each besides its own columns. No query."""
    words = {
        "postgresql": {"rows": "json_agg", "row": "json_build_array", "json": ""},
        "sqlite": {"rows": "json_group_array", "row": "json_array", "json": "json"},
    }[connection.vendor]
    return crises.annotate(beside=RawSQL(BESIDE.format(**words), (), TextField()))  # noqa: S611 (our own text)


def columns(crises):
    """These crises as rows of what `crises` needs of each, and of their `place` where they have one. No query."""
    place = ("place",) if "place" in crises.query.annotations else ()
    return with_beside(crises).values_list(*COLUMNS, *place, named=True)


def row_of(crisis):
    """The same of a crisis that is there as an object, as of `with_beside`."""
    return Row(*(getattr(crisis, name) for name in COLUMNS))


def crises(rows, *, root, expand=(), today=None):
    """What the list says of the crises of `columns`, as they stand now: a dict for each, in their order.

    `root` is the address below which each has its own, `expand` the names of what is told in full. One query, and one
    more where a crisis is not open.
    """
    today = (today or timezone.now().date()).isoformat()
    beside, activations = [orjson.loads(row.beside) for row in rows], _activations(rows)
    countries = {row.main_country_id for row in rows}.union(*(others or () for _phases, others, *_more in beside))
    places, seats = _named(countries, {row.office_id for row in rows})

    def said(row, phases, others, approval, stands):
        pk, reference, title, status, exercise, sharing, cause, onset, started_on, precision, *more = row[:WIDTH]
        level, review, content, revision, updated_at, country, office, _beside = more
        region, place = places[country]
        activation, gaps = stands or (activations.get(pk), ())
        waived = sum(until is not None and until >= today for _place, _opened, until in gaps)
        approved_at, approved = approval or (None, None)
        told = {
            "reference": reference,
            "title": title,
            "status": status,
            "exercise": exercise,
            "sharing": sharing,
            "country": country,
            "other_countries": sorted(others or ()),
            "region": region,
            "office": seats[office]["slug"],
            "cause": cause,
            "onset": onset or None,
            "started": iso(started_on, precision),
            "started_precision": precision or None,
            "phases": [slug for _number, slug in sorted(phases or ())],
            "level": level or None,
            "inter_agency": activation or None,
            "gaps": len(gaps) - waived,
            "waived": waived,
            "review": review,
            "approved_at": approved_at and moment(instant(approved_at)),
            "changed_since_approval": approved is not None and approved != content,
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

    return [said(row, *more) for row, more in zip(rows, beside, strict=True)]


def moment(at):
    """A moment as answers have it, in UTC."""
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).isoformat().replace("+00:00", "Z")


# What the rows of a page name, asked by hand: the text of such questions takes longer to make than to answer.
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


def _named(codes, keys):
    """These countries, each with the code of its region, and these offices: {ISO3: (code, dict)}, {pk: dict}.

    One query.
    """
    places, seats = {}, {}
    for first, *told, key in _ask(NAMED, *codes, *keys, codes=len(codes), keys=len(keys)) if codes else ():
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
