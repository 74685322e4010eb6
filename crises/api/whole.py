"""One crisis as it stands now with all that is known of it, in few statements: what CrisisSerializer tells of.

The past is read row by row instead (crises.past), and a test holds the two to the same.
"""

from types import SimpleNamespace

from django.db.models import Prefetch, Q
from django.utils import timezone

from crises.models import Activity, Crisis, Figure, FigurePart, Gap, LevelDecision, PhasePeriod, Review
from crises.models.rows import beside, instant, read_beside
from offices.models import Country
from sectors import reference


def with_columns(crises):
    """Crises with what `whole` goes on from. One statement."""
    return crises.select_related("main_country__region", "office", "focal_point").annotate(
        the_phases=beside(PhasePeriod, "id", "phase", "entered_on", "left_on"),
        the_countries=beside(Crisis.other_countries.through, "country"),
        the_gaps=beside(Gap, "waived_until", empty="closed_at"),
        the_steps=beside(Review, "revision", "kind", "content_revision", "at"),
        the_merged=beside(Crisis, "id", of="merged_into"),
        the_parts=beside(Crisis, "id", of="part_of"),
        the_levels=beside(LevelDecision, "id"),
        the_figures=beside(Figure, "id", empty="withdrawn_at"),
        the_activities=beside(Activity, "id", empty="withdrawn_at"),
    )


def whole(crisis, visible, *, in_full=()):
    """The crisis with everything that its serializer tells of; `visible` are the crises that the reader may see, and
    `in_full` what is told beside its code.

    No query of what there is none of. One for levels, three for figures with their sectors and parts, two for lines of
    work with theirs, one for what it is part of and its parts, and one for its other countries in full.
    """
    content = reference.content(crisis.edition_id)
    crisis.edition = content.edition
    _say_gaps(crisis)
    _say_review(crisis)
    _say_family(crisis, visible)
    banded = Prefetch("parts", FigurePart.objects.select_related("band"))
    merged = [pk for (pk,) in read_beside(crisis.the_merged)]

    def told(statements, own):
        """Those of the crisis and of the crises merged into it. `own` says whether it has any itself."""
        return list(statements.filter(crisis__in=[crisis.pk, *merged])) if merged or read_beside(own) else []

    levels = told(LevelDecision.objects.all(), crisis.the_levels)
    figures = Figure.objects.standing().prefetch_related("sectors", banded)
    activities = Activity.objects.standing().prefetch_related("sectors")
    crisis._prefetched_objects_cache = {
        "periods": _periods(crisis, content),
        "other_countries": _countries(crisis, "other_countries" in in_full),
        "levels": levels,
        "figures": told(figures, crisis.the_figures),
        "activities": told(activities, crisis.the_activities),
    }
    _say_levels(crisis, levels)
    return crisis


def _say_gaps(crisis):
    today = timezone.now().date().isoformat()
    gaps = [until for (until,) in read_beside(crisis.the_gaps)]
    crisis.waived_count = sum(until is not None and until >= today for until in gaps)
    crisis.gap_count = len(gaps) - crisis.waived_count


def _say_review(crisis):
    """What `review` and `changed_since_approval` follow from, as of models.review.review_columns."""
    steps = sorted(read_beside(crisis.the_steps), reverse=True)
    approvals = [step for step in steps if step[1] == Review.Kind.APPROVED]
    crisis.last_review = steps[0][1] if steps else None
    crisis.approved_revision = approvals[0][2] if approvals else None
    crisis.approved_at = instant(approvals[0][3]) if approvals else None


def _say_family(crisis, visible):
    crisis.seen_part_of, crisis.seen_parts = None, []
    if not crisis.part_of_id and not read_beside(crisis.the_parts):
        return
    seen = visible.standing().filter(Q(pk=crisis.part_of_id) | Q(part_of=crisis.pk)).order_by("reference")
    for one in seen.only("reference"):
        if one.pk == crisis.part_of_id:
            crisis.seen_part_of = one.reference
        else:
            crisis.seen_parts.append(one)


def _say_levels(crisis, levels):
    """The newest decision in each scheme: `levels` come with the newest first."""
    newest = {}
    for level in levels:
        newest.setdefault(level.scheme, level)
    for name, scheme in (("level", LevelDecision.Scheme.IOM), ("activation", LevelDecision.Scheme.INTER_AGENCY)):
        level = newest.get(scheme)
        setattr(crisis, f"{name}_value", level and level.value)
        setattr(crisis, f"{name}_ended", level and level.ended_on)


def _periods(crisis, content):
    phases = {phase.pk: phase for phase in content.phases}
    rows = sorted(read_beside(crisis.the_phases), key=lambda row: (phases[row[1]].number, row[0]))
    return [
        SimpleNamespace(phase=phases[phase], entered_on=entered_on, left_on=left_on)
        for _pk, phase, entered_on, left_on in rows
    ]


def _countries(crisis, in_full):
    codes = [code for (code,) in read_beside(crisis.the_countries)]
    if in_full and codes:
        return list(Country.objects.filter(pk__in=codes))
    return [SimpleNamespace(iso3=code) for code in codes]
