"""The one set of filters for the crisis list, the gap list, the dashboard, their CSV files and the API."""

from difflib import get_close_matches

import django_filters as filters
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crises.models import Crisis, Gap, LevelDecision, PhasePeriod
from offices.models import Country, Office, Region
from sectors import reference


def newest_level(column, scheme=LevelDecision.Scheme.IOM):
    """A column of the newest decision on the level, as a subquery of a crisis."""
    decisions = LevelDecision.objects.filter(crisis=OuterRef("pk"), scheme=scheme)
    return Subquery(decisions.order_by("-decided_on", "-pk").values(column)[:1])


class CrisisFilter(filters.FilterSet):
    """Narrows crises. Whoever uses it starts from visible_to and asks `problems` before showing anything."""

    q = filters.CharFilter(label=gettext_lazy("Search"), method="search")
    region = filters.ModelChoiceFilter(
        queryset=Region.objects.select_related("parent"),
        to_field_name="code",
        label=gettext_lazy("Region"),
        empty_label=gettext_lazy("All regions"),
        method="in_region",
    )
    country = filters.ModelChoiceFilter(
        queryset=Country.objects.all(),
        label=gettext_lazy("Country"),
        empty_label=gettext_lazy("All countries"),
        method="in_country",
    )
    office = filters.ModelChoiceFilter(
        queryset=Office.objects.all(),
        to_field_name="slug",
        label=gettext_lazy("Office"),
        empty_label=gettext_lazy("All offices"),
        method="of_office",
    )
    cause = filters.ChoiceFilter(
        choices=Crisis.Cause.choices, label=gettext_lazy("Main cause"), empty_label=gettext_lazy("All causes")
    )
    phase = filters.ChoiceFilter(label=gettext_lazy("Phase"), empty_label=gettext_lazy("All phases"), method="in_phase")
    level = filters.ChoiceFilter(
        choices=[
            *((value.value, value.label) for value in LevelDecision.VALUES[LevelDecision.Scheme.IOM]),
            ("none", gettext_lazy("Not assessed")),
        ],
        label=gettext_lazy("Emergency level"),
        empty_label=gettext_lazy("All levels"),
        method="at_level",
    )
    status = filters.ChoiceFilter(
        choices=Crisis.Status.choices, label=gettext_lazy("Status"), empty_label=gettext_lazy("Open and closed")
    )
    needs = filters.ChoiceFilter(
        label=gettext_lazy("Gap in sector"), empty_label=gettext_lazy("Any sector"), method="with_gap"
    )
    exercise = filters.ChoiceFilter(
        choices=[("false", gettext_lazy("Real crises")), ("true", gettext_lazy("Exercises"))],
        label=gettext_lazy("Exercises"),
        empty_label=gettext_lazy("Real crises and exercises"),
        method="of_kind",
    )

    class Meta:
        model = Crisis
        fields = []

    def __init__(self, *args, content=None, **kwargs):
        """`content` is the framework in force (sectors.reference), where the caller has it at hand."""
        super().__init__(*args, **kwargs)
        content = content or reference.current()
        self.filters["phase"].extra["choices"] = [(phase.slug, phase.short_name) for phase in content.phases]
        self.filters["needs"].extra["choices"] = [(sector.code, sector.short_name) for sector in content.sectors]

    def search(self, crises, name, words):
        return crises.matching(words)

    def in_region(self, crises, name, region):
        return crises.filter(Q(main_country__region=region) | Q(main_country__region__parent=region))

    def in_country(self, crises, name, country):
        others = Crisis.other_countries.through.objects.filter(crisis=OuterRef("pk"), country=country)
        return crises.filter(Q(main_country=country) | Exists(others))

    def of_office(self, crises, name, office):
        return crises.filter(Q(office=office) | Q(office__parent=office) | Q(office__parent__parent=office))

    def in_phase(self, crises, name, phase):
        return crises.filter(Exists(PhasePeriod.objects.filter(crisis=OuterRef("pk"), phase__slug=phase, left_on=None)))

    def at_level(self, crises, name, level):
        crises = crises.annotate(newest_level=newest_level("value"), level_ended=newest_level("ended_on"))
        if level == "none":
            return crises.filter(Q(newest_level=None) | Q(level_ended__isnull=False))
        return crises.filter(newest_level=level, level_ended=None)

    def with_gap(self, crises, name, sector):
        return crises.filter(Exists(Gap.objects.open().uncovered().filter(crisis=OuterRef("pk"), sector__code=sector)))

    def of_kind(self, crises, name, exercise):
        return crises.filter(exercise=exercise == "true")

    def problems(self, allowed=()):
        """What is wrong with the parameters: {name: [messages]}, empty where all are known and have good values.

        `allowed` are names that the caller reads itself, such as the sort or the page.
        """
        known = [*self.filters, *allowed]
        found = {name: [str(line) for line in lines] for name, lines in self.form.errors.items()}
        for name in self.data:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = _("Did you mean “%(near)s”?") % {"near": near[0]} if near else ""
                known_names = _("The known ones are: %(names)s.") % {"names": ", ".join(known)}
                found[name] = [_("“%(name)s” is not a parameter here.") % {"name": name} + f" {hint or known_names}"]
        return found

    def chips(self):
        """The filters in force, each as (label, value in words, the query without it)."""
        found = []
        for name, bound in self.form.fields.items():
            if self.data.get(name):
                value = self.form.cleaned_data.get(name)
                words = dict(getattr(bound, "choices", [])).get(self.data[name], value) if name != "q" else value
                rest = self.data.copy()
                for gone in (name, "page"):
                    rest.pop(gone, None)
                found.append({"label": bound.label, "value": str(words), "without": rest.urlencode()})
        return found
