"""Which crises may be the same as one, how likely that is, and for which reasons. The score is pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .dates import bounds, days_apart
from .models import Crisis
from .models.crisis import fold

DAYS = 21
YEAR = 366  # the most days between the first and the last day that a start can mean
MOST = 200  # crises of one country, cause and year that are compared: the last changed ones
MOST_NOTED = 20  # of them, kept for HQ: the likeliest
GLIDE, COUNTRY, CAUSE, START, TITLE = 80, 25, 15, 20, 19  # what each reason counts; all but GLIDE come to 79
START_UNKNOWN, START_FAR = 4, 5  # of START: where one is not known, and at DAYS days
REST = COUNTRY + CAUSE + START + TITLE
VERY_LIKELY, LIKELY = 70, 55
SHORT = 3  # words of a title up to this length say nothing of what it is about
SAID_OF_ANY = {"crisis", "emergency", "exercise"}  # nor do these


@dataclass(frozen=True)
class Likeness:
    """How likely it is that two crises are one, from 0 to 100, and why: the reasons as plain data, kept as they are."""

    score: int
    reasons: list[dict]

    @property
    def words(self):
        """The score as a person says it."""
        return spoken_score(self.score)

    @property
    def sentences(self):
        return [in_words(reason) for reason in self.reasons]


def compare(one, other):
    """How alike two crises are: an equal GLIDE number outweighs everything else together. The same either way round.

    Any two things with title, main_country_id, cause, started_on, start_precision and glide will do.
    """
    reasons, points = [], 0
    numbers = sorted({*one.glide.split()} & {*other.glide.split()})
    if numbers:
        reasons.append({"reason": "glide", "numbers": numbers})
    if one.main_country_id == other.main_country_id:
        reasons.append({"reason": "country"})
        points += COUNTRY
    if one.cause == other.cause:
        reasons.append({"reason": "cause"})
        points += CAUSE
    if not (one.started_on and other.started_on):
        reasons.append({"reason": "start_unknown"})
        points += START_UNKNOWN
    elif (days := _apart(one, other)) <= DAYS:
        reasons.append({"reason": "start", "days": days})
        points += START - round(days * (START - START_FAR) / DAYS)
    words, other_words = _words(one.title), _words(other.title)
    if same := sorted(words & other_words):
        reasons.append({"reason": "title", "words": same})
        points += round(TITLE * len(same) / len(words | other_words))
    return Likeness(GLIDE + round(points * (100 - GLIDE) / REST) if numbers else points, reasons)


def _apart(one, other):
    return days_apart((one.started_on, one.start_precision), (other.started_on, other.start_precision))


def _words(title):
    return {word for word in re.findall(r"\w+", fold(title)) if len(word) > SHORT} - SAID_OF_ANY


def spoken_score(score):
    """A score in words: an equal GLIDE number, or all else at once, is very likely."""
    if score >= VERY_LIKELY:
        return _("very likely")
    return _("likely") if score >= LIKELY else _("possible")


def in_words(reason):
    """One reason of a likeness as a sentence."""
    match reason["reason"]:
        case "glide":
            return _("The same GLIDE number: %(numbers)s.") % {"numbers": ", ".join(reason["numbers"])}
        case "country":
            return _("The same country.")
        case "cause":
            return _("The same main cause.")
        case "start_unknown":
            return _("It is not known whether they began at the same time.")
        case "start":
            days = reason["days"]
            if not days:
                return _("They may have begun on the same day.")
            words = ngettext(
                "They may have begun within %(n)s day of each other.",
                "They may have begun within %(n)s days of each other.",
                days,
            )
            return words % {"n": days}
        case "title":
            return _("Their names share: %(words)s.") % {"words": ", ".join(reason["words"])}


def candidates(crises, described):
    """Those of these crises that may be the one described, each with its `likeness`, the likeliest first.

    Alike are an equal GLIDE number; or the same main country and cause with starts that can lie within 21 days of
    each other given their precision. Where either start is not known, an open crisis is alike.
    `described` is a crisis, saved or not. One query, and one more where it has a GLIDE number: each by an index.
    """
    crises = crises.standing().exclude(pk=described.pk).order_by("-revision")
    same = crises.filter(_began_near(described), main_country=described.main_country_id, cause=described.cause)
    found = {crisis.pk: crisis for crisis in same[:MOST] if _may_be(crisis, described)}
    if numbers := described.glide.split():
        told = Q()
        for number in numbers:
            told |= Q(glide__contains=number)
        for crisis in crises.filter(told, glide__gt="")[:MOST]:
            if {*numbers} & {*crisis.glide.split()}:
                found[crisis.pk] = crisis
    for crisis in found.values():
        crisis.likeness = compare(described, crisis)
    return sorted(found.values(), key=lambda crisis: (-crisis.likeness.score, -crisis.revision))


def _began_near(described):
    """The starts worth comparing, as widely as they can mean it, for the database to leave out the others."""
    if not described.started_on:
        return Q(status=Crisis.Status.OPEN)
    first, last = bounds(described.started_on, described.start_precision)
    most = timedelta(days=DAYS + YEAR)
    earliest = first - most if first - date.min > most else date.min
    latest = last + most if date.max - last > most else date.max
    return Q(started_on__range=(earliest, latest)) | Q(started_on=None, status=Crisis.Status.OPEN)


def _may_be(crisis, described):
    if not (described.started_on and crisis.started_on):
        return crisis.is_open
    return _apart(described, crisis) <= DAYS


def alike(user, *, main_country, cause, title="", started_on=None, start_precision="", glide=""):
    """The candidates among the crises this person may see, for one that is about to be logged."""
    described = Crisis(
        title=title,
        main_country_id=getattr(main_country, "pk", main_country),
        cause=cause,
        started_on=started_on,
        start_precision=start_precision,
        glide=glide,
    )
    return candidates(Crisis.objects.visible_to(user).select_related("main_country", "office"), described)
