"""Filters as of a past moment: each finds exactly what it found then, whatever has changed since."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.http import QueryDict

from crises import services
from crises.filters import CrisisFilter, GapFilter
from crises.models import Crisis, Gap
from crises.services.amend import amend
from offices.models import Country, Office
from tests.factories import (
    NOON,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    phase,
    send,
    send_back,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
QUERIES = [
    "",
    *(f"status={status}" for status in ("open", "closed", "merged")),
    *(f"phase={slug}" for slug in ("during", "after")),
    *(f"level={value}" for value in ("1", "2", "none")),
    *(f"needs={code}" for code in ("S03", "S14")),
    *(f"review={state}" for state in ("not_reviewed", "in_review", "approved", "sent_back", "changed")),
    *(f"country={code}" for code in ("LBY", "TUN")),
    *(f"sharing={sharing}" for sharing in ("staff", "partners")),
    *("region=015", "office=tripoli", "cause=conflict", "exercise=true", "period=30d"),
    "country=EGY&needs=S03&phase=after&status=open",
]
OF_GAPS = ["", "sector=S03&phase=during", "waived=1", "phase=after&level=none", "country=EGY&waived=0"]


@pytest.fixture
def clock(monkeypatch):
    """clock(moment) stops the time there."""

    def stop(at):
        monkeypatch.setattr("django.utils.timezone.now", lambda: at)

    stop(NOON)
    return stop


def ask(query, user, kind=CrisisFilter):
    narrowed = kind(QueryDict(query), Crisis.objects.visible_to(user), request=SimpleNamespace(user=user))
    assert narrowed.problems() == {}
    return narrowed


def found(query, user):
    """The references that a filter finds."""
    return set(ask(query, user).rows.values_list("reference", flat=True))


def gaps(query, user):
    listed = ask(query, user, GapFilter).qs.values_list("crisis__reference", "sector__code", "phase__slug", "waived")
    return set(listed)


def everything(user, whole, said="", only=None):
    """What each filter finds for this person, or only these; as of a moment where one is said."""
    more = f"&as_of={said}" if said else ""
    ask_for = {query: lambda query: found(query + more, user) for query in [*QUERIES, f"part_of={whole.reference}"]}
    ask_for |= {f"gaps {query}": lambda query: gaps(query.removeprefix("gaps ") + more, user) for query in OF_GAPS}
    return {query: answer(query) for query, answer in ask_for.items() if only is None or query in only}


def move(crisis, office, by, at):
    """A crisis passes to another office: nothing on the pages does that yet."""
    with amend(crisis, by=by, right="edit", at=at, why=Gap.Why.CRISIS) as (amendment, _outcome):
        amendment.crisis.office = office
        amendment.record("facts")


def facts(crisis, by, **told):
    now = Crisis.objects.get(pk=crisis.pk)
    services.update_facts(crisis=now, by=by, revision=now.facts_revision, **told)


def countries(*codes):
    return list(Country.objects.filter(pk__in=codes))


def test_each_filter_finds_for_a_past_moment_what_it_found_then(clock):
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    tripoli, tunis = make_office("tripoli", parent=cairo), make_office("tunis", country="TUN", parent=cairo)
    lead, other, hq = make_lead(tripoli), make_lead(tunis, "other"), make_hq()
    make_lead(tunis, "lead")  # so that a crisis can pass from one office to the other
    partner = make_partner("LBY", "EGY")
    whole = log(office=tripoli, title="whole", by=lead, phases=["before"], exercise=True)
    one = log(office=tripoli, title="one", by=lead, other_countries=countries("TUN"))
    two = log(office=tunis, title="two", by=other, country="TUN", phases=["during", "after"])
    now = {"at": NOON}
    life = [
        lambda: log(office=tunis, title="later", by=other, country="TUN", at=now["at"]),
        lambda: facts(one, lead, main_country=Country.objects.get(pk="EGY"), at=now["at"]),
        lambda: facts(one, lead, other_countries=countries("TCD"), cause="natural_hazard", at=now["at"]),
        lambda: services.open_phase(crisis=one, phase=phase("after"), by=lead, at=now["at"]),
        lambda: services.close_phase(crisis=one, phase=phase("during"), by=lead, at=now["at"]),
        lambda: services.open_phase(crisis=one, phase=phase("during"), by=lead, at=now["at"]),
        lambda: decide_level(one, "2", at=now["at"]),
        lambda: decide_level(one, "3", at=now["at"], decided_on=date(2026, 2, 3)),
        lambda: decide_level(one, "3", at=now["at"], decided_on=date(2026, 2, 4), ended_on=date(2026, 2, 5)),
        lambda: decide_level(two, "1", at=now["at"], decided_on=date(2026, 2, 6)),
        lambda: set_status(one, "S03", "during", "active", by=lead, at=now["at"]),
        lambda: set_status(one, "S03", "during", "stood_down", by=lead, at=now["at"]),
        lambda: waive(one, "S13", at=now["at"], days=2),
        lambda: set_priority(two, "S14", "during", "critical", by=other, at=now["at"]),
        lambda: None,  # the waiver still runs
        lambda: None,  # and has lapsed
        lambda: share(one, "partners", at=now["at"]),
        lambda: set_status(one, "S01", "after", "planned", by=lead, at=now["at"]),
        lambda: services.share_crisis(crisis=one, sharing="staff", by=hq, at=now["at"]),
        lambda: send(two, by=other, at=now["at"]),
        lambda: send_back(two, at=now["at"]),
        lambda: services.set_part_of(crisis=two, whole=whole, by=hq, at=now["at"]),
        lambda: services.set_part_of(crisis=two, whole=None, by=hq, at=now["at"]),
        lambda: services.merge_crisis(crisis=two, survivor=one, why="The same.", by=hq, at=now["at"]),
        lambda: services.unmerge_crisis(crisis=Crisis.objects.get(pk=two.pk), why="No.", by=hq, at=now["at"]),
        lambda: move(one, tunis, lead, at=now["at"]),
        lambda: services.close_crisis(crisis=one, by=lead, at=now["at"]),
        lambda: services.reopen_crisis(crisis=one, by=lead, at=now["at"]),
        lambda: approve(one, by=make_hq("second"), at=now["at"]),
        lambda: services.close_crisis(crisis=two, by=other, at=now["at"]),
    ]
    then = {}
    for n, change in enumerate(life, 1):
        now["at"] = NOON + n * DAY
        clock(now["at"])
        change()
        clock(now["at"] + timedelta(hours=1))
        said = f"{now['at'] + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"
        then[said] = everything(hq, whole), found("", partner)

    clock(NOON + 100 * DAY)
    previous = {}
    for n, (said, (before, to_partner)) in enumerate(then.items()):
        # Each that the change of the moment made answer otherwise, and a third of the others in turn.
        only = {query for m, query in enumerate(before) if m % 3 == n % 3 or before[query] != previous.get(query)}
        after, previous = everything(hq, whole, said, only), before
        assert {query: found for query, found in after.items() if found != before[query]} == {}, said
        # What a partner reads no longer they do not read as of then either.
        assert found(f"as_of={said}", partner) <= to_partner
    answers = [before for before, _partner in then.values()]
    changing = {query.split("=")[0] for query in answers[0] if any(one[query] != answers[0][query] for one in answers)}
    assert changing >= {
        "status",
        "phase",
        "level",
        "needs",
        "review",
        "country",
        "office",
        "cause",
        "sharing",
        "part_of",
    }


def test_a_partner_finds_nothing_of_the_time_before_a_crisis_was_shared(clock):
    crisis = log(by=make_lead())
    partner = make_partner("LBY")
    share(crisis, at=NOON + 2 * DAY)
    clock(NOON + 9 * DAY)

    for query in ("", "country=LBY&", "phase=during&", "needs=S03&", f"part_of={crisis.reference}&", "q=fighting&"):
        assert found(f"{query}as_of=2026-03-02", partner) == set()
        assert found(f"{query}as_of=2026-03-04", partner) == {crisis.reference}


def test_the_search_reads_the_words_of_now(clock):
    lead = make_lead()
    crisis = log(by=lead, title="Early title")
    facts(crisis, lead, title="Later title", at=NOON + DAY)
    clock(NOON + 9 * DAY)

    assert found("q=later&as_of=2026-03-01", lead) == {crisis.reference}
    assert found("q=early&as_of=2026-03-01", lead) == set()


def test_a_wider_crisis_that_was_hidden_then_gives_no_part_away(clock):
    """The parts are found through the wider crisis, which the reader must have seen then as well."""
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    tripoli, tunis = make_office("tripoli", parent=cairo), make_office("tunis", country="TUN", parent=cairo)
    lead, neighbour, hq = make_lead(tripoli), make_field(tunis, "neighbour"), make_hq()
    whole, part = log(office=tripoli, by=lead, sharing="office"), log(office=tripoli, by=lead)
    services.set_part_of(crisis=part, whole=whole, by=hq, at=NOON + DAY)
    services.share_crisis(crisis=whole, sharing="staff", by=lead, at=NOON + 3 * DAY)
    clock(NOON + 9 * DAY)
    query = f"part_of={whole.reference.lower()}"

    assert found(query, neighbour) == {whole.reference, part.reference}
    assert found(f"{query}&as_of=2026-03-03", neighbour) == set()
    assert found(f"{query}&as_of=2026-03-03", hq) == {whole.reference, part.reference}
    assert found(f"{query}&as_of=2026-03-01", hq) == {whole.reference}
