"""Gaps across crises, as HQ reads them: a queryset of crises in, gaps or plain data out."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from crises.models import Gap


def open_gaps(crises, at=None):
    """The open gaps of these crises with `waived`, the oldest first; a waived one is covered and still listed.

    `crises` is a scoped queryset, used as a subquery.
    """
    at = at or timezone.now()
    return (
        Gap.objects.open()
        .filter(crisis__in=crises.values("pk"))
        .with_waiver(at.date())
        .select_related("crisis", "crisis__main_country", "crisis__office", "sector", "phase")
        .order_by("opened_at", "pk")
    )


def uncovered(crises, at=None):
    """The open gaps that no waiver covers: what every count of gaps means."""
    return open_gaps(crises, at).filter(waived=False)


def count(crises, at=None):
    """How many gaps are open and not waived, and how many of them are late. One query."""
    at = at or timezone.now()
    late = at - timedelta(hours=settings.GAP_LATE_HOURS)
    return (
        Gap.objects.open()
        .filter(crisis__in=crises.values("pk"))
        .with_waiver(at.date())
        .filter(waived=False)
        .aggregate(gaps=Count("pk"), late=Count("pk", filter=Q(opened_at__lt=late)))
    )


def days_open(gap, at=None):
    """Whole days since the gap opened."""
    return ((at or timezone.now()) - gap.opened_at).days
