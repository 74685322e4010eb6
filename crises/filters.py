"""The one set of filters for the crisis list, the gap list, the dashboard, their CSV files and the API."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import django_filters as filters
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crises import gaps, history
from crises.dates import Precision, spoken
from crises.forms.fields import CountedLength, DayField, MomentField
from crises.grid import MOST_GAPS_FIRST, SORTS
from crises.models import Crisis, Gap, LevelDecision, PhasePeriod, ReviewState
from offices.models import Country, Office
from sectors import reference
from sectors.filters import PART, CodedFilterSet, CodeField, CodeFilter, Codes

WAIVED = {"true": True, "false": False, "1": True, "0": False}
PERIODS = {"30d": timedelta(days=30), "12w": timedelta(weeks=12), "12m": timedelta(days=365)}
PERIOD_NAMES = [
    ("30d", _("In the last 30 days")),
    ("12w", _("In the last 12 weeks")),
    ("12m", _("In the last 12 months")),
]
PLACE = ("page", "older", "newer")  # where a reader stands in a list: gone as soon as the list is another one


class MomentFilter(filters.CharFilter):
    field_class = MomentField


class DayFilter(filters.Filter):
    field_class = DayField


class AddressFilter(CodedFilterSet):
    """Filters that stand in the address of a page. Whoever uses one asks `problems` before showing anything."""

    def value(self, name):
        """What a filter asks for; empty where it is not in use. Call after `problems`."""
        return self.form.cleaned_data[name]

    def query(self, **changes):
        """The query of this address with some parameters changed, or without them where given None."""
        query = self.data.copy()
        for name in [name for name in query if name in (*PLACE, *changes) or not query[name]]:
            del query[name]
        query.update({name: value for name, value in changes.items() if value})
        return f"?{query.urlencode()}"

    def fields(self, names):
        """The fields of these filters in this order, to be shown."""
        return [self.form[name] for name in names.split()]

    def chips(self, *left_out):
        """The filters in use: what each asks for in words, and the query without it. Call after `problems`."""
        found = []
        for name, field in self.form.fields.items():
            value = self.value(name)
            if value and name not in left_out:
                names = field.codes().known if isinstance(field, CodeField) else dict(getattr(field, "choices", ()))
                words = spoken(value, Precision.DAY) if isinstance(value, date) else names.get(value, value)
                found.append({"label": field.label, "value": words, "without": self.query(**{name: None})})
        return found


class CrisisFilter(AddressFilter):
    """Narrows crises. Whoever uses it starts from visible_to."""

    q = filters.CharFilter(label=_("Search"), method="search", validators=[CountedLength(100, _("Search"))])
    region = CodeFilter(label=_("Region"), empty_label=_("All regions"), method="in_region")
    country = CodeFilter(label=_("Country"), empty_label=_("All countries"), method="in_country")
    office = CodeFilter(label=_("Office"), empty_label=_("All offices"), method="of_office")
    cause = filters.ChoiceFilter(label=_("Main cause"), empty_label=_("All causes"), choices=Crisis.Cause.choices)
    phase = CodeFilter(label=_("Phase"), empty_label=_("All phases"), method="in_phase")
    level = filters.ChoiceFilter(
        label=_("Emergency level"),
        empty_label=_("All levels"),
        choices=[
            *((value.value, value.label) for value in LevelDecision.VALUES[LevelDecision.Scheme.IOM]),
            ("none", _("Not assessed")),
        ],
        method="at_level",
    )
    needs = CodeFilter(label=_("Gap in sector"), empty_label=_("Any sector"), method="with_gap")
    status = filters.ChoiceFilter(label=_("Status"), empty_label=_("Open and closed"), choices=Crisis.Status.choices)
    sharing = filters.ChoiceFilter(
        label=_("Who can see it"), empty_label=_("Whoever sees it"), choices=Crisis.Sharing.choices
    )
    review = filters.ChoiceFilter(
        label=_("Review"), empty_label=_("Wherever it stands"), choices=ReviewState.choices, method="at_review"
    )
    exercise = filters.ChoiceFilter(
        label=_("Exercises"),
        empty_label=_("Real crises and exercises"),
        choices=[("false", _("Real crises only")), ("true", _("Exercises only"))],
        method="of_kind",
    )

    period = filters.ChoiceFilter(
        label=_("Logged"), empty_label=_("At any time"), choices=PERIOD_NAMES, method="logged_within"
    )
    part_of = filters.CharFilter(label=_("Part of"), method="part_of_crisis")
    as_of = MomentFilter(label=_("As of"), method="left_alone")

    class Meta:
        model = Crisis
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
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
        region = ("region__code", "region__name", "region__parent__code", "region__parent__name")
        there = self._one_of("main_country")
        return list(Country.objects.annotate(there=there).values_list("pk", "name", *region, "there"))

    def _one_of(self, column):
        """Any crisis that names the row in this column, as a subquery: looked up row by row, never by reading all."""
        return Subquery(self.queryset.order_by().filter(**{column: OuterRef("pk")}).values("pk")[:1])

    @cached_property
    def countries(self):
        """Every country; offered are those with a crisis."""
        return Codes(
            {code: name for code, name, *_region, _there in self._places},
            [(code, name) for code, name, *_region, there in self._places if there],
        )

    @cached_property
    def regions(self):
        """Every region with a country; offered are those with a crisis, each before its parts."""
        names, order, offered = {}, {}, set()
        for _code, _name, part, part_name, whole, whole_name, there in self._places:
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

    def filter_queryset(self, crises):
        """A crisis that was merged into another stands there: it is shown only where the address asks for it."""
        found = super().filter_queryset(crises)
        if moment := self.value("as_of"):
            return found.seen_then(self.request.user, moment)
        return found if self.value("status") else found.exclude(status=Crisis.Status.MERGED)

    # What each filter means.

    def search(self, crises, name, value: str):
        return crises.matching(value)

    def in_region(self, crises, name, value: str):
        there = Country.objects.filter(Q(region__code=value) | Q(region__parent__code=value))
        return crises.filter(main_country__in=there.order_by())

    def in_country(self, crises, name, value: str):
        main = Crisis.objects.filter(main_country=value).order_by().values("pk")
        others = Crisis.other_countries.through.objects.filter(country=value).values("crisis")
        return crises.filter(pk__in=main.union(others))

    def of_office(self, crises, name, value: str):
        these = Office.objects.filter(Q(slug=value) | Q(parent__slug=value) | Q(parent__parent__slug=value))
        return crises.filter(office__in=these.order_by())

    def in_phase(self, crises, name, value: str):
        return crises.filter(Exists(PhasePeriod.objects.filter(crisis=OuterRef("pk"), phase__slug=value, left_on=None)))

    def at_level(self, crises, name, value: str):
        return crises.filter(kept_level="" if value == "none" else value)

    def with_gap(self, crises, name, value: str):
        return crises.open().filter(
            Exists(Gap.objects.open().uncovered().filter(crisis=OuterRef("pk"), sector__code=value))
        )

    def at_review(self, crises, name, value: str):
        return crises.standing_in_review(value)

    def of_kind(self, crises, name, value: str):
        return crises.filter(exercise=value == "true")

    def logged_within(self, crises, name, value: str):
        moment = self.value("as_of") or timezone.now()
        return crises.filter(logged_at__gte=moment - PERIODS[value])

    def part_of_crisis(self, crises, name, value: str):
        """The wider crisis and its parts, as far as the reader sees the wider one."""
        whole = Crisis.objects.visible_to(self.request.user).filter(reference=value.upper())
        return crises.filter(Q(pk__in=whole) | Q(part_of__in=whole))

    def left_alone(self, crises, name, value: str):
        """What this asks is read elsewhere."""
        return crises


class BoardFilter(CrisisFilter):
    """The same filters for what is counted from how crises stand: there the phase narrows each panel by itself, with
    the phases of the moment that is asked for."""

    in_phase = CrisisFilter.left_alone


class GapFilter(CrisisFilter):
    """The same filters and three more, from crises to their gaps. `phase` is the phase of the gap.

    With `as_of`, the gaps that were open at that past moment, of the crises that the reader might also have read
    then; the other filters narrow the crises by what they are today.
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

    sort = filters.ChoiceFilter(
        label=_("Sorted by"),
        choices=[(f"{sign}{name}", words) for name, words in SORTS.items() for sign in ("", "-")],
        method="left_alone",
    )

    @property
    def order(self):
        return self.value("sort") or MOST_GAPS_FIRST


class HistoryFilter(AddressFilter):
    """Narrows changes, as of history.rows. Whoever uses it starts from those the reader may see."""

    kind = filters.ChoiceFilter(
        label=_("Kind"), empty_label=_("All kinds"), choices=history.Kind.choices, method="of_kind"
    )
    by = filters.CharFilter(label=_("Person"), field_name="history_user__username", lookup_expr="exact")
    since = DayFilter(
        label=_("From"), method="on_or_after", error_messages={"invalid": _("“since” is a day, like 2026-03-01.")}
    )
    until = DayFilter(
        label=_("Until"), method="on_or_before", error_messages={"invalid": _("“until” is a day, like 2026-03-01.")}
    )

    class Meta:
        model = Crisis.history.model
        fields = []

    def of_kind(self, changes, name, value: str):
        return changes.filter(history.of_kind(value))

    def on_or_after(self, changes, name, value: date):
        return changes.filter(history_date__gte=datetime.combine(value, time.min, UTC))

    def on_or_before(self, changes, name, value: date):
        return changes.filter(history_date__lte=datetime.combine(value, time.max, UTC))


class AuditFilter(HistoryFilter):
    """The same for the changes of many crises."""

    office = CodeFilter(label=_("Office"), empty_label=_("All offices"), method="of_office")
    reference = filters.CharFilter(label=_("Reference"), lookup_expr="iexact")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.filters["office"].extra["codes"] = lambda: self.offices

    @cached_property
    def offices(self):
        return Codes.all_of(dict(Office.objects.order_by("name").values_list("slug", "name")))

    def of_office(self, changes, name, value: str):
        return changes.filter(
            Q(office__slug=value) | Q(office__parent__slug=value) | Q(office__parent__parent__slug=value)
        )
