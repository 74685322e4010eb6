"""One crisis as it stands now with all that is known of it, in few statements: its row in the list, and the rest.

What each value means is said once, by crises.serializers.CrisisSerializer, which describes the answer; a test holds the
two to the same. The past is read row by row instead (crises.past).
"""

from django.db.models import Prefetch, Q

from crises import plain
from crises.models import Activity, Crisis, Figure, FigurePart, LevelDecision, PhasePeriod
from crises.models.rows import beside, read_beside
from crises.money import by_currency
from crises.serializers.crises import ActivitySerializer, FigureSerializer, LevelSerializer, MoneySerializer
from sectors import reference


def with_columns(crises):
    """Crises with what `said` goes on from. One statement."""
    return plain.with_beside(crises.select_related("focal_point")).annotate(
        the_phases=beside(PhasePeriod, "id", "phase", "entered_on", "left_on"),
        the_merged=beside(Crisis, "id", of="merged_into"),
        the_parts=beside(Crisis, "id", of="part_of"),
        the_levels=beside(LevelDecision, "id"),
        the_figures=beside(Figure, "id", empty="withdrawn_at"),
        the_activities=beside(Activity, "id", empty="withdrawn_at"),
    )


def said(crisis, visible, *, root, inside, expand=()):
    """What the API says of a crisis that comes as of `with_columns`; `visible` are the crises that the reader may see,
    `inside` whether they are of the organisation, and `root` and `expand` as of `plain.crises`.

    One query, and none of what there is none of: one where it is not open, one for levels, three for figures with
    their sectors and parts, two for lines of work with theirs, one for what it is part of and its parts.
    """
    (row,) = plain.crises([plain.row_of(crisis)], root=root, expand=expand)
    content = reference.content(crisis.edition_id)
    merged = [pk for (pk,) in read_beside(crisis.the_merged)]

    def told(statements, own, serializer):
        """Those of the crisis and of the crises merged into it. `own` says whether it has any itself."""
        found = list(statements.filter(crisis__in=[crisis.pk, *merged])) if merged or read_beside(own) else []
        return found, serializer(found, many=True, context={"inside": inside}).data if found else []

    banded = Prefetch("parts", FigurePart.objects.select_related("band"))
    figures = Figure.objects.standing().prefetch_related("sectors", banded)
    lines, activities = told(
        Activity.objects.standing().prefetch_related("sectors"), crisis.the_activities, ActivitySerializer
    )
    part_of, parts = _family(crisis, visible)
    return row | {
        "part_of": part_of,
        "parts": parts,
        "places": crisis.places or None,
        "cause_detail": crisis.cause_detail or None,
        "ended": crisis.ended_iso,
        "ended_precision": crisis.end_precision or None,
        "crosses_border": crisis.crosses_border,
        "foreign_nationals": crisis.foreign_nationals,
        "state_request": crisis.state_request,
        "groups": crisis.groups,
        "glide": crisis.glide.split(),
        "level_proposed": str(crisis.level_proposed) if crisis.level_proposed else None,
        "summary": crisis.summary or None,
        "logged_at": plain.moment(crisis.logged_at),
        "focal_point": str(crisis.focal_point) if inside and crisis.focal_point_id else None,
        "framework": content.edition.framework.slug,
        "edition": content.edition.number,
        "periods": _periods(crisis, content),
        "levels": told(LevelDecision.objects.all(), crisis.the_levels, LevelSerializer)[1],
        "figures": told(figures, crisis.the_figures, FigureSerializer)[1],
        "activities": activities,
        "money": MoneySerializer(by_currency(lines), many=True).data if lines else [],
        "plan_url": f"{row['url']}plan/",
    }


def _family(crisis, visible):
    """The references of what the crisis is part of and of its parts, as far as the reader sees them."""
    part_of, parts = None, []
    if crisis.part_of_id or read_beside(crisis.the_parts):
        seen = visible.standing().filter(Q(pk=crisis.part_of_id) | Q(part_of=crisis.pk)).order_by("reference")
        for pk, named in seen.values_list("pk", "reference"):
            if pk == crisis.part_of_id:
                part_of = named
            else:
                parts.append(named)
    return part_of, parts


def _periods(crisis, content):
    phases = {phase.pk: phase for phase in content.phases}
    rows = sorted(read_beside(crisis.the_phases), key=lambda row: (phases[row[1]].number, row[0]))
    return [
        {"phase": phases[phase].slug, "entered_on": entered_on, "left_on": left_on}
        for _pk, phase, entered_on, left_on in rows
    ]
