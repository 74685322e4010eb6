"""Which crises may be the same as one about to be logged."""

from django.db.models import Q

from .dates import days_apart
from .models import Crisis

DAYS = 21


def alike(user, *, main_country, cause, started_on=None, start_precision="", glide=""):
    """Crises this person may see that may be the one described, the newest first.

    Alike are an equal GLIDE number; or the same main country and cause with starts that can lie within 21 days of
    each other given their precision. Where either start is not known, an open crisis is alike. One query.
    """
    numbers = set(glide.split())
    same = Q(main_country=main_country, cause=cause)
    for number in numbers:
        same |= Q(glide__contains=number)

    def may_be_it(crisis):
        if numbers & set(crisis.glide.split()):
            return True
        if not (started_on and crisis.started_on):
            return crisis.is_open
        return days_apart((started_on, start_precision), (crisis.started_on, crisis.start_precision)) <= DAYS

    known = Crisis.objects.visible_to(user).filter(same, status__in=[Crisis.Status.OPEN, Crisis.Status.CLOSED])
    return [crisis for crisis in known.select_related("main_country", "office") if may_be_it(crisis)]
