"""The filters of history: of one crisis, and for auditors of all."""

from datetime import UTC, date, datetime, time
from functools import cached_property

import django_filters as filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crises import history
from crises.filters.address import AddressFilter, DayFilter
from crises.models import Crisis
from offices.models import Office
from sectors.filters import ChoiceFilter, CodeFilter, Codes


class HistoryFilter(AddressFilter):
    """Narrows changes, as of history.rows. Whoever uses it starts from those the reader may see."""

    kind = ChoiceFilter(label=_("Kind"), empty_label=_("All kinds"), choices=history.Kind.choices, method="of_kind")
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
