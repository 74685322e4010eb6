"""The one set of filters for pages across crises, their files and the API."""

from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property

import django_filters as filters
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crises import gaps
from crises.filters.address import AddressFilter, MomentFilter, ReferenceFilter
from crises.forms.fields import CountedLength
from crises.grid import MOST_GAPS_FIRST, SORTS
from crises.listing import newest_level
from crises.models import Crisis, Gap, LevelDecision, PhasePeriod, ReviewState, SavedView
from crises.models.crisis import readable_by
from crises.models.review import stands_at
from crises.models.rows import held
from crises.places import PLACE, Place
from offices.models import Country, Office
from sectors import reference
from sectors.filters import PART, ChoiceFilter, CodeFilter, Codes

WAIVED = {"true": True, "false": False, "1": True, "0": False}
PERIODS = {"30d": timedelta(days=30), "12w": timedelta(weeks=12), "12m": timedelta(days=365)}
PERIOD_NAMES = [
    ("30d", _("In the last 30 days")),
    ("12w", _("In the last 12 weeks")),
    ("12m", _("In the last 12 months")),
]
NOT_SAVED = ("view", "as_of")  # a saved view asks the same on any day


class CrisisFilter(AddressFilter):
    """Narrows crises. Whoever uses it starts from visible_to.

    With `as_of`, every filter asks what held at that past moment, and the crises are those that the reader might have
    read then as well; only the search reads the words of now, since those of then are not kept. What a filter narrows
    are the crises themselves, or for a past moment their rows of history: both have the same columns, and `id`.

    `view` names a saved view, whose filters hold where the address says nothing of them.
    """

    q = filters.CharFilter(label=_("Search"), method="search", validators=[CountedLength(100, _("Search"))])
    region = CodeFilter(label=_("Region"), empty_label=_("All regions"), method="in_region")
    country = CodeFilter(label=_("Country"), empty_label=_("All countries"), method="in_country")
    office = CodeFilter(label=_("Office"), empty_label=_("All offices"), method="of_office")
    cause = ChoiceFilter(label=_("Main cause"), empty_label=_("All causes"), choices=Crisis.Cause.choices)
    phase = CodeFilter(label=_("Phase"), empty_label=_("All phases"), method="in_phase")
    level = ChoiceFilter(
        label=_("Emergency level"),
        empty_label=_("All levels"),
        choices=[
            *((value.value, value.label) for value in LevelDecision.VALUES[LevelDecision.Scheme.IOM]),
            ("none", _("Not assessed")),
        ],
        method="at_level",
    )
    needs = CodeFilter(label=_("Gap in sector"), empty_label=_("Any sector"), method="with_gap")
    status = ChoiceFilter(label=_("Status"), empty_label=_("Open and closed"), choices=Crisis.Status.choices)
    sharing = ChoiceFilter(label=_("Who can see it"), empty_label=_("Whoever sees it"), choices=Crisis.Sharing.choices)
    review = ChoiceFilter(
        label=_("Review"), empty_label=_("Wherever it stands"), choices=ReviewState.choices, method="at_review"
    )
    exercise = ChoiceFilter(
        label=_("Exercises"),
        empty_label=_("Real crises and exercises"),
        choices=[("false", _("Real crises only")), ("true", _("Exercises only"))],
        method="of_kind",
    )

    period = ChoiceFilter(label=_("Logged"), empty_label=_("At any time"), choices=PERIOD_NAMES, method="logged_within")
    part_of = ReferenceFilter(label=_("Part of"), method="part_of_crisis")
    as_of = MomentFilter(label=_("As of"), method="left_alone")
    view = filters.CharFilter(label=_("Saved view"), method="left_alone")

    class Meta:
        model = Crisis
        fields = []

    def __init__(self, *args, own=None, **kwargs):
        """`own` are offices: of these alone, where they are given."""
        super().__init__(*args, **kwargs)
        self.own = own
        if self.held:
            self.data = self.address.copy()
            self.data.update({name: value for name, value in self.held.items() if name not in self.address})
        # Functions, since a form copies its fields deeply, and with a bound method it would copy this filter.
        for name, codes in {
            "region": lambda: self.regions,
            "country": lambda: self.countries,
            "office": lambda: self.offices,
            "phase": lambda: self.phases,
            "needs": lambda: self.sectors,
        }.items():
            self.filters[name].extra["codes"] = codes

    # The codes. Places, offices and the framework cost a query each, once, and only where they are used or shown.

    @cached_property
    def _places(self):
        """Every country as a Place, and any crisis there."""
        rows = Country.objects.annotate(there=self._one_of("main_country")).values_list(*PLACE, "there")
        return [(Place(*row[:-1]), row[-1]) for row in rows]

    @property
    def places(self):
        """Every country: {ISO3: Place}."""
        return {place.iso3: place for place, _there in self._places}

    def _one_of(self, column):
        """Any crisis that names the row in this column, as a subquery: looked up row by row, never by reading all."""
        crises = self.queryset.order_by() if self.own is None else self.queryset.order_by().filter(office__in=self.own)
        return Subquery(crises.filter(**{column: OuterRef("pk")}).values("pk")[:1])

    @cached_property
    def countries(self):
        """Every country; offered are those with a crisis."""
        return Codes(
            {place.iso3: place.name for place, _there in self._places},
            [(place.iso3, place.name) for place, there in self._places if there],
        )

    @cached_property
    def regions(self):
        """Every region with a country; offered are those with a crisis, each before its parts."""
        names, order, offered = {}, {}, set()
        for (_iso3, _name, part, part_name, whole, whole_name, *_where), there in self._places:
            if part:
                names[part], order[part] = part_name, (whole_name or part_name, part_name if whole else "")
            if whole:
                names[whole], order[whole] = whole_name, (whole_name, "")
            if there:
                offered |= {part, whole} - {None}
        return Codes(
            names,
            [
                (code, f"{PART}{names[code]}" if order[code][1] else names[code])
                for code in sorted(offered, key=order.get)
            ],
        )

    @cached_property
    def offices(self):
        """Every office; offered are those with a crisis, and those above them."""
        theirs = self._one_of("office")
        rows = Office.objects.annotate(theirs=theirs).values_list("pk", "slug", "name", "parent", "theirs")
        above = {pk: parent for pk, _slug, _name, parent, _theirs in rows}
        reached = set()
        for pk, _slug, _name, _parent, has_crises in rows:
            while has_crises and pk:
                reached.add(pk)
                pk = above[pk]
        return Codes(
            {slug: name for _pk, slug, name, _parent, _theirs in rows},
            [(slug, name) for pk, slug, name, _parent, _theirs in rows if pk in reached],
        )

    @cached_property
    def content(self):
        """The edition in force."""
        return self._contents[0]

    @cached_property
    def _contents(self):
        return reference.in_use()

    @cached_property
    def phases(self):
        return self._framework_codes(lambda content: {phase.slug: phase.short_name for phase in content.phases})

    @cached_property
    def sectors(self):
        return self._framework_codes(lambda content: {sector.code: sector.short_name for sector in content.sectors})

    def _framework_codes(self, codes_of):
        """The codes of the framework in force, then those that only an older one knows, which crises follow still."""
        first, *older = self._contents
        known = codes_of(first)
        for content in older:
            symbol = content.edition.framework.symbol
            known = {code: f"{name} ({symbol})" for code, name in codes_of(content).items()} | known
        return Codes.all_of({code: known[code] for code in (*codes_of(first), *known)})

    # The saved view.

    @cached_property
    def saved(self):
        """The saved view that the address names, where the reader may use it. One query, where it names one."""
        slug = self.data.get("view")
        return SavedView.objects.usable_by(self.request.user).named(slug) if slug else None

    @cached_property
    def held(self):
        """What the saved view asks for: {name: value}."""
        return self.saved.filters if self.saved else {}

    @property
    def to_save(self):
        """What a saved view keeps of these filters: {name: value}."""
        known = GapFilter.base_filters
        return {name: value for name, value in self.data.items() if value and name in known and name not in NOT_SAVED}

    def in_words(self, name, value):
        said = super().in_words(name, value)
        return said | {"value": self.saved.name} if name == "view" else said

    def problems(self, allowed=()):
        found = super().problems(allowed)
        if self.saved:
            for name in self.held.keys() & found.keys() - self.address.keys():
                found[name] = [self._of_the_view(name, line) for line in found[name]]
        elif (slug := self.address.get("view")) and "view" not in found:
            found["view"] = [self._no_such_view(slug)]
        return found

    def _of_the_view(self, name, line):
        words = {"view": self.saved.name, "slug": self.saved.slug, "name": name, "line": line}
        if name not in self.filters and name in GapFilter.base_filters:
            return gettext("The saved view “%(view)s” asks for “%(name)s”, of gaps alone. Open it on the gaps.") % words
        return (
            gettext("The saved view “%(view)s” (%(slug)s) is no longer right: %(line)s Take it off, or save it anew.")
            % words
        )

    def _no_such_view(self, slug):
        usable = SavedView.objects.usable_by(self.request.user)
        if near := get_close_matches(slug, list(usable.values_list("slug", flat=True)), 1):
            words = {"slug": slug, "near": near[0]}
            return gettext("You have no saved view “%(slug)s”. Did you mean “%(near)s”?") % words
        return gettext("You have no saved view “%(slug)s”. Those you can use are listed under “Saved views”.") % {
            "slug": slug
        }

    # What is found.

    @cached_property
    def rows(self):
        """The crises found; for a past moment their rows of history, which say what each was then.

        A crisis that was merged into another stands there: it is among them only where the address asks for it.
        """
        found = self.queryset.all()
        if moment := self.value("as_of"):
            rows = Crisis.history.filter(readable_by(self.request.user, moment), id__in=found.order_by().values("pk"))
            found = held(rows, moment)
        found = super().filter_queryset(found)
        if not self.value("status"):
            found = found.exclude(status=Crisis.Status.MERGED)
        return found if self.own is None else found.filter(office__in=self.own)

    def filter_queryset(self, crises):
        if not self.value("as_of"):
            return self.rows
        # Asked of each crisis by itself, so that who has a few thousand in hand does not wait for all of history, and a
        # database that takes its tables for empty does not compare every row with every other.
        found = self.rows.order_by().filter(id=OuterRef("pk")).values("id")
        return crises.filter(pk=Subquery(found[:1]))

    # What each filter means. `rows` are crises, or their rows of history.

    def search(self, rows, name, value: str):
        if self.value("as_of"):
            return rows.filter(id__in=Crisis.objects.matching(value).order_by().values("pk"))
        return rows.matching(value)

    def in_region(self, rows, name, value: str):
        # Named one by one, since a database guesses badly how many crises the countries of a region have.
        there = [place.iso3 for place, _there in self._places if value in (place.part, place.whole)]
        return rows.filter(main_country__in=there)

    def in_country(self, rows, name, value: str):
        if self.value("as_of"):
            others = Crisis.history.filter(historicalcrisis_other_countries__country=value)
            return rows.filter(Q(main_country=value) | Q(pk__in=others.order_by().values("pk")))
        main = Crisis.objects.filter(main_country=value).order_by().values("pk")
        others = Crisis.other_countries.through.objects.filter(country=value).values("crisis")
        return rows.filter(pk__in=main.union(others))

    def of_office(self, rows, name, value: str):
        its_own_or_below = Q(slug=value) | Q(parent__slug=value) | Q(parent__parent__slug=value)
        return rows.filter(office__in=Office.objects.filter(its_own_or_below).order_by())

    def in_phase(self, rows, name, value: str):
        periods = PhasePeriod.objects
        if moment := self.value("as_of"):
            periods = held(PhasePeriod.history.all(), moment)
        return rows.filter(Exists(periods.filter(crisis=OuterRef("id"), phase__slug=value, left_on=None)))

    def at_level(self, rows, name, value: str):
        moment = self.value("as_of")
        if not moment:
            return rows.filter(kept_level="" if value == "none" else value)
        newest = {f"level_{name}": newest_level(name, as_of=moment) for name in ("value", "ended_on")}
        found = Q(level_ended_on=None) & (Q(level_value__isnull=False) if value == "none" else Q(level_value=value))
        return rows.alias(**newest).exclude(found) if value == "none" else rows.alias(**newest).filter(found)

    def with_gap(self, rows, name, value: str):
        moment = self.value("as_of")
        missing = Gap.objects.open(moment).uncovered(moment and moment.date(), moment)
        return rows.filter(Exists(missing.filter(crisis=OuterRef("id"), sector__code=value)), status=Crisis.Status.OPEN)

    def at_review(self, rows, name, value: str):
        moment = self.value("as_of")
        return rows.filter(stands_at(value, moment)) if moment else rows.filter(kept_review=value)

    def of_kind(self, rows, name, value: str):
        return rows.filter(exercise=value == "true")

    def logged_within(self, rows, name, value: str):
        moment = self.value("as_of") or timezone.now()
        return rows.filter(logged_at__gte=moment - PERIODS[value])

    def part_of_crisis(self, rows, name, value: str):
        """The wider crisis and its parts, as far as the reader sees the wider one."""
        whole = Crisis.objects.visible_to(self.request.user).filter(reference=value)
        if moment := self.value("as_of"):
            whole = whole.seen_then(self.request.user, moment)
        whole = whole.order_by().values("pk")
        return rows.filter(Q(id__in=whole) | Q(part_of__in=whole))

    def left_alone(self, rows, name, value: str):
        """What this asks is read elsewhere."""
        return rows


class BoardFilter(CrisisFilter):
    """The same filters for what is counted from how crises stand: there the phase narrows each panel by itself, with
    the phases of the moment that is asked for."""

    in_phase = CrisisFilter.left_alone


class GapFilter(CrisisFilter):
    """The same filters and three more, from crises to their gaps. `phase` is the phase of the gap.

    With `as_of`, the gaps that were open at that past moment, of the crises that the other filters find for it.
    """

    sector = CodeFilter(label=_("Sector"), empty_label=_("All sectors"), method="left_alone")
    waived = CodeFilter(
        label=_("Waived"),
        empty_label=_("Waived or not"),
        codes=lambda: Codes(WAIVED, [("true", _("Waived")), ("false", _("Not waived"))]),
        method="left_alone",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.filters["sector"].extra["codes"] = lambda: self.sectors

    in_phase = CrisisFilter.left_alone  # a crisis has open gaps in its open phases only

    @property
    def wants_waived(self):
        return WAIVED.get(self.value("waived"), False)

    @property
    def gaps(self):
        """The open gaps asked for, whether waived or not."""
        asked = {name: self.value(name) for name in ("phase", "sector", "as_of")}
        return gaps.of(super().qs, **asked)

    @property
    def qs(self):
        """The open gaps asked for as lists show them, the waived ones among them unless the address says otherwise."""
        listed = gaps.listed(self.gaps, as_of=self.value("as_of"))
        asked = self.value("waived")
        return listed.filter(waived=WAIVED[asked]) if asked else listed


class GridFilter(CrisisFilter):
    """The same filters, and by what the grid is sorted."""

    sort = ChoiceFilter(
        label=_("Sorted by"),
        choices=[(f"{sign}{name}", words) for name, words in SORTS.items() for sign in ("", "-")],
        method="left_alone",
    )

    @property
    def order(self):
        return self.value("sort") or MOST_GAPS_FIRST
