"""Writes of a crisis's own facts: logging it, and changing what is known of it."""

import secrets
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crises.dates import bounds
from crises.models import Crisis, Figure, Gap, PhasePeriod
from crises.models.crisis import fold
from offices.prepared import Prepared
from sectors.models import Edition

from .amend import Amendment, Outcome, Stale, amend, check, in_words, merge
from .drafts import discard_draft
from .duplicates import note_possible_duplicates
from .intake import in_plain_words, take_cells, take_figures
from .received import receive
from .rights import may

FACTS = (
    "title",
    "main_country",
    "other_countries",
    "places",
    "cause",
    "cause_detail",
    "onset",
    "started_on",
    "start_precision",
    "crosses_border",
    "foreign_nationals",
    "state_request",
    "groups",
    "glide",
    "level_proposed",
    "summary",
)
START = {"started_on", "start_precision"}
SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U/V


CURRENT = Prepared(lambda: Edition.objects.published().select_related(None)[:1])


def _current_edition():
    """The edition that a new crisis follows. Raises Edition.DoesNotExist where nothing has been seeded."""
    for edition in CURRENT.rows():
        return edition
    raise Edition.DoesNotExist


def new_reference(country, year):
    """A reference such as LBY-2014-K7Q: readable, and no hint of how many there are."""
    return f"{country.iso3}-{year}-{''.join(secrets.choice(SIGNS) for _ in range(3))}"


def _search_text(crisis, countries):
    names = " ".join(f"{country.name} {country.iso3}" for country in (crisis.main_country, *countries))
    return fold(f"{crisis.title} {crisis.reference} {crisis.glide} {names} {crisis.cause_detail} {crisis.places}")


def refuse_future_start(crisis, phases, today):
    """A start after tomorrow (somewhere it is tomorrow already) belongs to a crisis that is only expected."""
    if not crisis.started_on or {phase.slug for phase in phases} == {"before"}:
        return
    if bounds(crisis.started_on, crisis.start_precision)[0] > today + timedelta(days=1):
        raise ValidationError(
            {"started_on": _("Start date must be today or in the past. For a crisis you expect, choose only “Before”.")}
        )


def log_crisis(
    *,
    by,
    key,
    office,
    phases: dict,
    other_countries=(),
    figure=None,
    distinct_from=(),
    why_distinct="",
    sharing=Crisis.Sharing.STAFF,
    exercise=False,
    cells=(),
    figures=(),
    at=None,
    **facts,
):
    """Log a crisis: its facts, the phases it is in (each with the day it was entered, or None), a first figure.

    `cells` and `figures` are what is known of its plan and numbers by now (see intake): all of it is one change, made
    whole or not at all. The plan and its gaps follow from these at once. The same key and content answer the crisis
    logged the first time. `distinct_from` are references of like crises that the person has seen and says it is not,
    and why. HQ is told of every like crisis, the person of none: see PossibleDuplicate.
    Raises PermissionDenied for an office that is not the person's, KeyReused, ValidationError.
    """
    at = at or timezone.now()
    content = {
        "office": office.pk,
        "phases": {phase.slug: day for phase, day in phases.items()},
        "other_countries": sorted(country.pk for country in other_countries),
        "figure": figure,
        "sharing": sharing,
        **({"exercise": True} if exercise else {}),
        **in_plain_words(cells, figures),
        **facts,
    }
    rows = []
    with in_words(rows), transaction.atomic():
        receipt, fresh = receive(by=by, key=key, content=content, at=at)
        discard_draft(key=key, by=by)
        if not fresh:
            return Outcome(receipt.crisis, fresh=False, result=receipt.result)
        if not may("edit", by, office.pk):
            raise PermissionDenied(_("You need to be a field officer or lead of the office that logs the crisis."))
        crisis = Crisis(
            office=office,
            focal_point=facts.pop("focal_point", by),
            edition=_current_edition(),
            sharing=sharing,
            exercise=exercise,
            logged_at=at,
            logged_by=by,
            updated_at=at,
            last_update=at,
            updated_by=by,
            revision=0,
            facts_revision=0,
            **facts,
        )
        if not phases:
            raise ValidationError({"phases": _("Select at least one phase.")})
        refuse_future_start(crisis, phases, at.date())

        def name():
            crisis.reference = new_reference(crisis.main_country, (crisis.started_on or at.date()).year)
            crisis.search = _search_text(crisis, other_countries)

        name()
        check(crisis, constraints=False)
        amendment = Amendment(crisis, by=by, at=at, why=Gap.Why.LOGGED, receipt=receipt, name=name)
        outcome = Outcome(crisis)
        amendment.countries = other_countries
        for phase, entered_on in phases.items():
            period = PhasePeriod(crisis=crisis, phase=phase, entered_on=entered_on)
            amendment.keep(period)
            amendment.periods.append(period)
        if figure:
            amendment.keep(Figure(crisis=crisis, recorded_at=at, recorded_by=by, revision=0, headline=True, **figure))
        take_cells(amendment, cells)
        outcome.rows += take_figures(amendment, figures)
        told = {name: len(many) for name, many in (("cells", cells), ("figures", figures)) if many}
        amendment.record("logged", distinct_from=list(distinct_from), why=why_distinct, **told)
        rows += [crisis, *(row for row, _many in amendment.rows)]
        amendment.write(outcome)
        note_possible_duplicates(crisis, told_apart=distinct_from, why=why_distinct)
    return outcome


def facts_as_known(row):
    """The facts of a crisis, or of a row of its history, as plain values that can be compared."""
    known = {name: getattr(row, name) for name in FACTS if name not in ("main_country", "other_countries")}
    known["groups"] = sorted(row.groups)
    known["main_country"] = row.main_country_id
    countries = row.other_countries.all()
    known["other_countries"] = sorted(getattr(country, "country_id", country.pk) for country in countries)
    return known


def update_facts(*, crisis, by, revision, other_countries=None, key=None, strict=False, at=None, **facts):
    """Change what is known of a crisis; the plan and its gaps follow.

    `revision` is the facts_revision the person started from. What somebody else changed meanwhile and this person
    left alone stays as they set it (Outcome.kept); where both changed the same fact, or, where `strict`, where any fact
    has changed at all, raises Stale with the fields. What changes nothing takes no revision.
    """
    at = at or timezone.now()
    content = {"facts": crisis.pk, "revision": revision, "other_countries": other_countries, **facts}
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.FACTS, key=key, content=content) as (
        amendment,
        outcome,
    ):
        if amendment is None:
            return outcome
        row = amendment.crisis
        now = facts_as_known(row)
        told = {
            name: sorted(value) if name == "groups" else getattr(value, "pk", value) for name, value in facts.items()
        }
        if other_countries is not None:
            told["other_countries"] = sorted(country.pk for country in other_countries)
        if row.facts_revision != revision:
            base = row.history.filter(facts_revision=revision).first()
            seen = facts_as_known(base) if base else {}
            merged = merge(now=now, seen=seen, told=told, together=[START])
            if merged.clash or strict:
                raise Stale(row, merged.clash or merged.kept, mine=merged.mine)
            outcome.kept = tuple(merged.kept)
            facts = {name: value for name, value in facts.items() if name in merged.mine}
            other_countries = other_countries if "other_countries" in merged.mine else None
        outcome.changed = tuple(sorted(name for name in told.keys() - outcome.kept if told[name] != now[name]))
        for name, value in facts.items():
            setattr(row, name, value)
        refuse_future_start(row, [period.phase for period in amendment.periods], at.date())
        countries = row.other_countries.all() if other_countries is None else other_countries
        row.search = _search_text(row, countries)
        check(row, constraints=False)
        if "other_countries" in outcome.changed:
            amendment.countries = other_countries
        if outcome.changed:
            amendment.record("facts", fields=list(outcome.changed))
    return outcome
