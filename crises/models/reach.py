"""How far a token reaches: somebody who comes with one that is limited to countries sees and changes crises of these
alone. Whatever says who may read or do what goes through here."""

from functools import wraps

from django.db.models import Q


def within(user):
    """Which crises the token of this person reaches, as a condition on crises or on the rows of their history.

    Every one where it has no limit or they came without one, else those whose main country it names.
    """
    if not user.is_authenticated or user.only_in is None:
        return Q()
    return Q(main_country__in=sorted(user.only_in))


def narrowed(condition):
    """A condition on crises that says what a person may read or do, and of that what their token reaches."""

    @wraps(condition)
    def both(user, *args, **kwargs):
        return condition(user, *args, **kwargs) & within(user)

    return both
