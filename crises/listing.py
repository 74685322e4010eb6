"""Crises as lists show them: one row each, with its open phases, level and gaps."""

from functools import cached_property
from itertools import islice

from django.db.models import Case, Count, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from crises import past
from crises.dashboard import newest_affected
from crises.models import Crisis, Gap, LevelDecision, PhasePeriod
from crises.models.crisis import LAST_START
from crises.past import crises_at, recorded

NEWEST_FIRST = "-updated"
SORTS = {
    "title": Lower("title"),
    "country": F("main_country__name"),
    "gaps": F("gap_count"),
    "started": F("started_on"),
    "updated": F("revision"),
}


def newest_level(column, scheme=LevelDecision.Scheme.IOM, as_of=None):
    """A column of the newest decision on the level, of those recorded by a moment, as a subquery of a
    crisis or of a row of its history."""
    decisions = recorded(LevelDecision.objects.of(OuterRef("id"), as_of).filter(scheme=scheme), as_of)
    return Subquery(decisions.order_by("-decided_on", "-pk").values(column)[:1])


def levels(as_of=None):
    """What to annotate crises with so that each knows the levels in force, now or then: no query of its own."""
    inter_agency = LevelDecision.Scheme.INTER_AGENCY
    return {
        "level_value": newest_level("value", as_of=as_of),
        "level_ended": newest_level("ended_on", as_of=as_of),
        "level_review": newest_level("review_on", as_of=as_of),
        "inter_agency_value": newest_level("value", inter_agency, as_of),
        "inter_agency_ended": newest_level("ended_on", inter_agency, as_of),
    }


def in_force(crisis):
    """The IOM level and the inter-agency activation in force, in words; None for each that is not. See levels."""
    decided = [
        (crisis.level_value, crisis.level_ended),
        (crisis.inter_agency_value, crisis.inter_agency_ended),
    ]
    return [LevelDecision.Value(value).label if value and not ended else None for value, ended in decided]


def rows(crises, at=None, *, phase=None, as_of=None):
    """These crises with country, region, office, `open_periods`, level, review and `gap_count`. Two queries.

    The level in force is `level_value` where `level_ended` is None. With a phase, only its gaps are counted. With
    `as_of`, level and gaps are those of that past moment; see `listed` for the rest.
    """
    return (
        crises.with_review()
        .select_related("main_country__region", "office")
        .annotate(**_levels_and_gaps(at, phase, as_of))
        .prefetch_related(
            Prefetch(
                "periods",
                PhasePeriod.objects.filter(left_on=None).select_related("phase").order_by("phase__number"),
                to_attr="open_periods",
            )
        )
    )


def _levels_and_gaps(at=None, phase=None, as_of=None):
    """The columns of a list that other tables say."""
    missing = Gap.objects.open(as_of).uncovered((as_of or at or timezone.now()).date(), as_of)
    missing = missing.filter(crisis=OuterRef("id"))
    if phase:
        missing = missing.filter(phase__slug=phase)
    n = Coalesce(Subquery(missing.order_by().values("crisis").annotate(n=Count("pk")).values("n")), 0)
    return {
        # Only an open crisis has gaps: the others, which are most of them, are not asked.
        "gap_count": n if as_of else Case(When(status=Crisis.Status.OPEN, then=n), default=0),
        "level_value": newest_level("value", as_of=as_of),
        "level_ended": newest_level("ended_on", as_of=as_of),
    }


def listed(found, as_of=None, *, phase=None):
    """What CrisisFilter.rows finds, as `rows`: to be sorted, cut to a page and then handed to `as_then`. One query for
    the past, two for now."""
    if as_of:
        return past.named(found, as_of).annotate(**_levels_and_gaps(phase=phase, as_of=as_of))
    return rows(found, phase=phase)


def as_then(page, as_of):
    """The crises of a page of `listed`, each as it stood at the moment, in the phases of then. One query for the past,
    none for now."""
    crises = [past.crisis_of(row) for row in page] if as_of else list(page)
    periods = past.open_periods_at([crisis.pk for crisis in crises], as_of) if as_of else {}
    for crisis in crises if as_of else ():
        crisis.open_periods = periods.get(crisis.pk, [])
    return crises


def streamed(rows, as_of=None, size=500):
    """Crises as of `as_then`, however many, read in stretches."""
    found = rows.iterator(chunk_size=size)
    while stretch := list(islice(found, size)):
        yield from as_then(stretch, as_of)


def in_order(rows, sort):
    """Rows sorted by one of SORTS, "-" for the reverse; what is not known last, and the last changed first."""
    column = SORTS[sort.removeprefix("-")]
    first = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    return rows.order_by(first, "-revision")


def stretch(crises, sort, after, size, read):
    """So many crises at most in one of the orders of SORTS, each with its `place` in it: those after a (place,
    revision), or the first ones. What is not known has None for a place and comes last.

    `crises` may be rows of `listed` for the past. `read` makes of a queryset what is wanted of each. Along an index
    wherever the list is entered; by gaps only open crises are counted. Two queries at most.
    """
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name == "gaps" and "gap_count" not in crises.query.annotations:
        return _stretch_by_gaps(crises, down, after, size, read)
    rows = crises.annotate(place=LAST_START if sort == "-started" else SORTS[name])
    known, unknown = rows.filter(place__isnull=False), rows.filter(place=None).order_by("-revision")
    found = []
    if after is None or after[0] is not None:
        if after:
            beyond = "lt" if down else "gt"
            bounds = {f"place__{beyond}e": after[0]}  # an index can be entered at this one
            known = known.filter(Q(**{f"place__{beyond}": after[0]}) | Q(revision__lt=after[1]), **bounds)
        found = list(read(known.order_by(F("place").desc() if down else F("place").asc(), "-revision"))[:size])
    else:
        unknown = unknown.filter(revision__lt=after[1])
    if len(found) < size and name == "started":
        found += read(unknown)[: size - len(found)]
    return found


def _stretch_by_gaps(crises, down, after, size, read):
    """The same by the number of gaps, which open crises alone have: these are counted and sorted, the others follow, or
    come first, as they changed."""
    missing = Gap.objects.open().uncovered().order_by()
    counted = missing.filter(crisis__in=crises.open().order_by().values("pk"))
    counted = counted.values_list("crisis", "crisis__revision").annotate(n=Count("pk"))
    with_gaps = sorted(counted, key=lambda one: (-one[2] if down else one[2], -one[1]))
    none = crises.exclude(pk__in=[pk for pk, _revision, _n in with_gaps]).annotate(place=Value(0)).order_by("-revision")
    if after:
        n, revision = after
        with_gaps = [
            one for one in with_gaps if (-one[2] if down else one[2], -one[1]) > (-n if down else n, -revision)
        ]
        if n == 0:
            none = none.filter(revision__lt=revision)
        elif not down:
            none = none.none()
    places = {pk: place for place, (pk, _revision, _n) in enumerate(with_gaps[:size])}
    some = list(read(crises.filter(pk__in=places).annotate(place=Value(0)).order_by()))
    some = [row._replace(place=with_gaps[places[row.pk]][2]) for row in sorted(some, key=lambda row: places[row.pk])]
    if down:
        return some + list(read(none)[: size - len(some)])
    return (list(read(none)[:size]) + some)[:size]


class Sorted:
    """What CrisisFilter.rows finds, in one of the orders of SORTS: as `rows`, a stretch at a time.

    The keys of the stretch are found first, along an index, and only their rows are read: a list costs the same over a
    thousand crises and over a million. `n` counts as far as `most` and one more. With a phase, only its gaps count.
    """

    ALONG = {"-started": LAST_START.desc()}  # where the index does not say "nulls last", which SQLite cannot

    def __init__(self, found, sort, most, *, phase=None):
        self.found, self.sort, self.most, self.phase = found, sort, most, phase
        self.by_gaps = sort.removeprefix("-") == "gaps"

    @cached_property
    def n(self):
        return len(self._keys_by_gaps) if self.by_gaps else self.found.order_by()[: self.most + 1].count()

    def __getitem__(self, stretch):
        if self.by_gaps:
            keys = self._keys_by_gaps[stretch]
            return sorted(self._rows(keys), key=lambda crisis: keys.index(crisis.pk))
        keys = self.found.order_by(*self._order).values("pk")[stretch]
        return list(self._rows(keys).order_by(*self._order))

    def _rows(self, keys):
        return rows(Crisis.objects.filter(pk__in=keys), phase=self.phase)

    @property
    def _order(self):
        column = SORTS[self.sort.removeprefix("-")]
        if not self.sort.startswith("-"):
            return column.asc(nulls_last=True), "-revision"
        return self.ALONG.get(self.sort) or column.desc(), "-revision"

    @cached_property
    def _keys_by_gaps(self):
        """Only open crises have gaps: of a long list these are counted and sorted, and the others follow as they
        changed. One query for a short list, two for a long one, three where it starts with the fewest."""
        down, gaps = self.sort.startswith("-"), _levels_and_gaps(phase=self.phase)["gap_count"]
        newest = self.found.order_by("-revision").annotate(gap_count=gaps).values_list("pk", "gap_count")
        newest = list(newest[: self.most + 1])
        if len(newest) <= self.most:
            return [pk for pk, _n in sorted(newest, key=lambda one: -one[1] if down else one[1])]
        missing = Gap.objects.open().uncovered().order_by()
        missing = missing.filter(phase__slug=self.phase) if self.phase else missing
        here = missing.filter(crisis__in=self.found.open().order_by().values("pk"))
        counted = here.values_list("crisis", "crisis__revision").annotate(n=Count("pk"))
        with_gaps = [one[0] for one in sorted(counted, key=lambda one: (-one[2] if down else one[2], -one[1]))]
        if down:
            return (with_gaps + [pk for pk, n in newest if not n])[: self.most + 1]
        others = self.found.exclude(pk__in=missing.values("crisis")).order_by("-revision")
        return (list(others.values_list("pk", flat=True)[: self.most + 1]) + with_gaps)[: self.most + 1]


def with_people(crises):
    """Adds `people` and `people_on`, the newest key figure of people affected, or None. No further query."""
    return crises.annotate(people=newest_affected("value"), people_on=newest_affected("as_of"))


def changed_since_approval(crises, as_of=None):
    """Which of these crises had been approved and have changed since, now or at a past moment: their keys.

    One query; two for the past.
    """
    if as_of:
        return {pk for pk, crisis in crises_at(crises, as_of).items() if crisis.changed_since_approval}
    approved = crises.order_by().with_review().exclude(approved_revision=None)
    return set(approved.exclude(approved_revision=F("content_revision")).values_list("pk", flat=True))
