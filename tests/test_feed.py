"""The feed of changes: a mirror that follows it holds what the list of crises answers, whatever happens meanwhile."""

import threading
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from crises import services
from crises.models import Counter, Crisis, Gap
from exchange import feed
from offices.models import Country, Membership, Office, Role
from tests.at_once import AtOnce
from tests.factories import (
    NOON,
    approve,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    reader,
    send,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
FEED = "/api/v1/changes/"
CANARY = "Canaryville"


class Mirror:
    """A store of crises by reference that follows the feed as the API's page says."""

    def __init__(self, user, size=50):
        self.client, self.held, self.size = reader(user), {}, size
        self.next, self.told, self.gone, self.restarts = None, [], [], 0

    def page(self):
        answer = self.client.get(self.next or f"{FEED}?page_size={self.size}")
        if answer.status_code == 410:
            self.held, self.next, self.restarts = {}, None, self.restarts + 1
            return True
        assert answer.status_code == 200, answer.content
        body = answer.json()
        assert len(body["results"]) + len(body["gone"]) <= self.size
        for crisis in body["results"]:
            self.held[crisis["reference"]] = crisis
        for crisis in body["gone"]:
            self.held.pop(crisis["reference"], None)
        self.told += [crisis["reference"] for crisis in body["results"]]
        self.gone += body["gone"]
        self.next = body["next"]
        return body["has_more"]

    def follow(self):
        self.told, self.gone = [], []
        while self.page():
            pass
        return self

    def listed(self):
        """What the list of crises answers to the same reader, page by page."""
        address, found = "/api/v1/crises/?page_size=200", {}
        while address:
            body = self.client.get(address).json()
            found |= {crisis["reference"]: crisis for crisis in body["results"]}
            address = body["next"]
        return found


def problem(answer, status):
    assert answer.status_code == status, answer.content
    return answer.json()


def changed(crisis, words="More is known.", **facts):
    crisis.refresh_from_db()
    facts = facts or {"summary": words}
    revision = crisis.facts_revision
    return services.update_facts(crisis=crisis, by=make_field(crisis.office), revision=revision, **facts)


def merge(crisis, survivor):
    services.merge_crisis(crisis=crisis, survivor=survivor, why="One war.", by=make_hq())


def withdraw(crisis):
    """A withdrawn crisis, numbered and told of as services do it."""
    with services.amend.amend(crisis, by=make_hq(), right="decide", at=timezone.now(), why=Gap.Why.CRISIS) as (
        amendment,
        _outcome,
    ):
        amendment.crisis.status = Crisis.Status.WITHDRAWN
        amendment.record("withdrawn")


# What it tells


def test_the_first_pages_tell_every_crisis_once_in_the_order_of_their_last_changes():
    first, second, third = log(title="One"), log(title="Two"), log(title="Three")
    changed(first)
    mirror = Mirror(make_hq(), size=2).follow()

    assert mirror.told == [second.reference, third.reference, first.reference]
    assert mirror.gone == []
    assert mirror.held == mirror.listed()


def test_a_mirror_is_told_only_what_changed_since():
    crisis, _other = log(), log()
    mirror = Mirror(make_hq()).follow()
    changed(crisis)

    assert mirror.follow().told == [crisis.reference]
    assert mirror.follow().told == []
    assert mirror.held == mirror.listed()


def test_who_may_see_nothing_is_told_nothing(client):
    share(log(), "partners")

    assert Mirror(make_field(make_office("lima", country="PER"), "other")).follow().held == {}
    assert client.get(FEED).json()["results"] == []


def test_a_visitor_mirrors_public_crises_where_the_site_has_any(settings):
    settings.PUBLIC_CRISES = True
    crisis = share(log(), "public")
    mirror = Mirror(None).follow()

    assert list(mirror.held) == [crisis.reference]
    settings.PUBLIC_CRISES = False
    assert mirror.follow().restarts == 1
    assert mirror.held == {}


# What goes out of sight


def test_a_crisis_that_is_no_longer_shared_is_taken_back_once():
    crisis = share(log())
    mirror = Mirror(make_partner("LBY")).follow()
    services.share_crisis(crisis=crisis, sharing="staff", by=make_hq())
    crisis.refresh_from_db()
    unshared = {"reference": crisis.reference, "revision": crisis.revision, "why": "unshared", "merged_into": None}

    assert mirror.follow().gone == [unshared]
    changed(crisis, CANARY)
    assert mirror.follow().gone == [], "what happens to it afterwards is not the partner's to know"
    services.share_crisis(crisis=crisis, sharing="partners", by=make_hq())
    assert mirror.follow().told == [crisis.reference]


def test_a_merged_crisis_names_the_one_that_stands_to_who_may_see_it():
    crisis, seen, hidden = share(log()), share(log(title="The same")), log(title=CANARY)
    partner, hq = Mirror(make_partner("LBY")).follow(), Mirror(make_hq()).follow()
    merge(crisis, seen)

    for mirror in (partner, hq):
        (gone,) = mirror.follow().gone
        assert (gone["reference"], gone["why"], gone["merged_into"]) == (crisis.reference, "merged", seen.reference)
        assert mirror.held == mirror.listed()
    services.unmerge_crisis(crisis=Crisis.objects.get(pk=crisis.pk), why="They are two.", by=make_hq())
    merge(seen, hidden)
    (gone,) = [gone for gone in partner.follow().gone if gone["reference"] == seen.reference]
    assert gone["merged_into"] is None
    assert partner.held == partner.listed()


def test_a_withdrawn_crisis_is_taken_back_from_partners_and_told_to_staff():
    crisis = share(log())
    partner, hq = Mirror(make_partner("LBY")).follow(), Mirror(make_hq()).follow()
    withdraw(crisis)

    assert [gone["why"] for gone in partner.follow().gone] == ["withdrawn"]
    assert hq.follow().held[crisis.reference]["status"] == "withdrawn"


def test_a_crisis_that_passes_to_another_country_is_out_of_scope():
    crisis = share(log())
    mirror = Mirror(make_partner("LBY")).follow()
    changed(crisis, main_country=Country.objects.get(pk="TUN"))

    assert [gone["why"] for gone in mirror.follow().gone] == ["out_of_scope"]
    assert mirror.held == mirror.listed() == {}


def test_the_region_loses_sight_of_what_is_closed_and_sees_it_again():
    regional = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    crisis = log(office=make_office(parent=regional))
    neighbour = make_field(make_office("tunis", country="TUN", parent=regional), "neighbour")
    mirror = Mirror(neighbour).follow()
    services.close_crisis(crisis=crisis, by=make_lead(crisis.office))

    assert [gone["why"] for gone in mirror.follow().gone] == ["out_of_scope"]
    services.reopen_crisis(crisis=crisis, by=make_lead(crisis.office))
    assert mirror.follow().told == [crisis.reference]


def test_an_office_sees_the_crisis_that_swallowed_its_own_until_that_is_undone():
    own = log(office=make_office("lima", country="PER"))
    other = log(title="The same", sharing="office")
    mirror = Mirror(make_field(own.office, "other")).follow()
    merge(own, other)

    assert mirror.follow().told == [other.reference]
    services.unmerge_crisis(crisis=Crisis.objects.get(pk=own.pk), why="They are two.", by=make_hq())
    assert [gone["reference"] for gone in mirror.follow().gone] == [other.reference]
    assert mirror.held == mirror.listed()


def test_nothing_tells_of_a_crisis_that_the_reader_never_could_see():
    log(title=CANARY, office=make_office("tunis", country="TUN"), country="TUN")
    mirror = Mirror(make_partner("LBY")).follow()
    hidden = log(title=CANARY)
    swallowed = log(title=CANARY)
    never = share(log(title=CANARY, country="TUN"))
    changed(hidden)
    services.share_crisis(crisis=never, sharing="staff", by=make_hq())
    merge(swallowed, hidden)
    withdraw(hidden)
    answer = mirror.client.get(mirror.next)

    assert answer.json()["results"] == answer.json()["gone"] == []
    assert CANARY not in answer.content.decode()
    assert not any(one.reference in answer.content.decode() for one in (hidden, never, swallowed))


def test_what_had_left_before_a_mirror_began_is_not_told():
    """An agreement that is widened does not open the past of the country that it gains."""
    crisis = share(log(country="TUN"))
    services.share_crisis(crisis=crisis, sharing="staff", by=make_hq())
    partner = make_partner("LBY")
    partner.partner.countries.add("TUN")
    mirror = Mirror(partner).follow()

    assert mirror.gone == []
    changed(crisis)
    assert mirror.follow().gone == []


# When the reader's rights change


def test_a_partner_that_gains_or_loses_a_country_begins_again_and_holds_what_it_may_see():
    libya, tunisia = share(log()), share(log(country="TUN"))
    partner = make_partner("LBY")
    mirror = Mirror(partner).follow()

    assert list(mirror.held) == [libya.reference]
    partner.partner.countries.set(["LBY", "TUN"])
    said = problem(mirror.client.get(mirror.next), 410)
    assert "without a cursor" in said["detail"]
    assert set(mirror.follow().held) == {libya.reference, tunisia.reference}
    partner.partner.countries.set(["TUN"])
    assert list(mirror.follow().held) == [tunisia.reference]
    assert mirror.restarts == 2


def test_a_token_for_some_countries_mirrors_those_and_takes_no_cursor_of_another():
    libya, tunisia = share(log()), share(log(country="TUN"))
    partner = make_partner("LBY", "TUN")
    whole, part = Mirror(partner).follow(), Mirror(partner)
    part.client = reader(partner, countries=["TUN"])

    assert list(part.follow().held) == [tunisia.reference]
    services.share_crisis(crisis=libya, sharing="staff", by=make_hq())
    assert [part.follow().gone, whole.follow().gone[0]["reference"]] == [[], libya.reference]
    part.next = whole.next
    assert part.follow().restarts == 1


def test_a_grant_given_or_taken_begins_again():
    crisis = log()
    someone = make_user("someone")
    mirror = Mirror(someone).follow()
    grant = Membership.objects.create(user=someone, office=crisis.office, role=Role.FIELD)

    assert list(mirror.follow().held) == [crisis.reference]
    grant.delete()
    assert mirror.follow().held == {}


def test_an_office_that_moves_in_the_tree_begins_again():
    regional = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    crisis = log()
    mirror = Mirror(make_user("regional", Role.REGIONAL, office=regional)).follow()
    Office.objects.filter(pk=crisis.office_id).update(parent=regional)

    assert list(mirror.follow().held) == [crisis.reference]


# What the calendar changes


def later(days):
    return timezone.now() + timedelta(days=days)


def read_on(user, cursor, day, size=50):
    following = feed.follow(user, cursor, now=later(day))
    page = following.page(size, lambda crises: crises)
    return [crisis.reference for crisis in page.crises], page


def test_a_crisis_is_told_again_when_a_waiver_in_its_plan_lapses():
    waived, _other, long = log(), log(), log()
    waive(waived, "S02", days=3)
    waive(long, "S02", days=30)
    hq = make_hq()
    everything, page = read_on(hq, None, 0)

    assert len(everything) == 3
    assert read_on(hq, page.cursor, 3)[0] == [], "the waiver holds on its last day"
    told, after = read_on(hq, page.cursor, 4)
    assert told == [waived.reference]
    assert read_on(hq, after.cursor, 5)[0] == []
    assert read_on(hq, after.cursor, 40)[0] == [long.reference]


def test_lapsed_waivers_come_in_pages_before_what_changed():
    crises = [log(title=str(n)) for n in range(5)]
    for crisis in crises:
        waive(crisis, "S02", days=3)
    hq = make_hq()
    _all, page = read_on(hq, None, 0)
    new, told = log(), []
    for _ in range(4):
        references, page = read_on(hq, page.cursor, 10, size=2)
        told += references

    assert told == [crisis.reference for crisis in [*crises, new]]
    assert not page.more


# Cursors


@pytest.mark.parametrize("cursor", ["", "x", "MTIz", "%00", "é", "////", "MS4xLjEuMjAyNi0xMy00NS5hLmI"])
def test_what_is_no_cursor_is_refused_with_the_way_out(cursor):
    said = problem(reader(make_hq()).get(f"{FEED}?cursor={cursor}"), 400)

    assert [error["path"] for error in said["errors"]] == ["cursor"]
    assert "begin again without a cursor" in said["errors"][0]["message"]


@pytest.mark.parametrize("query", ["country=LBY", "as_of=2026-01-01", "page_size=0", "page_size=201", "colour=blue"])
def test_the_feed_takes_no_filter(query):
    said = problem(reader(make_hq()).get(f"{FEED}?{query}"), 400)

    assert [error["path"] for error in said["errors"]] == [query.partition("=")[0]]


def test_a_database_that_went_back_to_an_older_copy_begins_again():
    crisis = log()
    mirror = Mirror(make_hq()).follow()
    ahead = transaction.savepoint()
    changed(crisis, "Lost with the disk.")
    mirror.follow()
    transaction.savepoint_rollback(ahead)

    assert problem(mirror.client.get(mirror.next), 410)
    changed(crisis, "Written again.")
    assert Counter.objects.get().n == Crisis.objects.get().revision
    assert problem(mirror.client.get(mirror.next), 410), "the same number is another change"
    assert mirror.follow().held == mirror.listed()


# What it costs


def test_nothing_changed_is_said_in_a_few_bytes_and_queries(django_assert_num_queries):
    crisis = log()
    mirror = Mirror(make_hq()).follow()
    first = mirror.client.get(mirror.next)

    # The token, the last number with the rights, the mark of the cursor.
    with django_assert_num_queries(3):
        again = mirror.client.get(mirror.next, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    changed(crisis)
    assert mirror.client.get(mirror.next, HTTP_IF_NONE_MATCH=first.headers["ETag"]).status_code == 200


@pytest.mark.parametrize("crises", [1, 12])
def test_a_page_costs_the_same_however_many_crises_are_on_it(django_assert_num_queries, crises):
    for n in range(crises):
        log(title=str(n))
    client = reader(make_hq())

    # The token, the last number with the rights, the crises, what they name, what went, two marks.
    with django_assert_num_queries(6):
        client.get(FEED)


# Whatever happens


OPERATIONS = ["log", "edit", "share", "publish", "unshare", "close", "reopen", "move", "merge", "unmerge", "withdraw"]


class World:
    """A few crises to which things happen; what the rules refuse does not happen."""

    def __init__(self):
        regional = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
        self.offices = [make_office("tripoli", parent=regional), make_office("tunis", country="TUN", parent=regional)]
        self.at = NOON
        make_field(self.offices[0])

    def act(self, name, n):
        self.at += timedelta(minutes=1)
        crises = list(Crisis.objects.order_by("pk"))
        crisis = crises[n % len(crises)] if crises else None
        if crisis is None or name == "log":
            office = self.offices[n % 2]
            log(title=f"Crisis {len(crises)}", office=office, country=["LBY", "TUN"][n % 2], at=self.at)
            return
        try:
            with transaction.atomic():
                getattr(self, name)(crisis, crises, n)
        except (ValidationError, PermissionDenied, services.Stale):
            pass

    def edit(self, crisis, crises, n):
        set_status(crisis, "S03", "during", ["active", "planned"][n % 2], at=self.at)

    def share(self, crisis, crises, n, sharing="partners"):
        if not crisis.reviews.filter(kind="approved").exists():
            send(crisis, by=make_lead(crisis.office, f"lead {crisis.office}"), at=self.at)
            approve(crisis, at=self.at)
        services.share_crisis(crisis=crisis, sharing=sharing, by=make_hq(), at=self.at)

    def publish(self, crisis, crises, n):
        self.share(crisis, crises, n, "public")

    def unshare(self, crisis, crises, n):
        self.share(crisis, crises, n, ["staff", "office"][n % 2])

    def close(self, crisis, crises, n):
        services.close_crisis(crisis=crisis, by=make_lead(crisis.office, f"lead {crisis.office}"), at=self.at)

    def reopen(self, crisis, crises, n):
        services.reopen_crisis(crisis=crisis, by=make_lead(crisis.office, f"lead {crisis.office}"), at=self.at)

    def move(self, crisis, crises, n):
        to = Country.objects.get(pk=["LBY", "TUN", "EGY"][n % 3])
        by = make_lead(crisis.office, f"lead {crisis.office}")
        services.update_facts(crisis=crisis, by=by, revision=crisis.facts_revision, main_country=to, at=self.at)

    def merge(self, crisis, crises, n):
        services.merge_crisis(crisis=crisis, survivor=crises[-1], why="One war.", by=make_hq(), at=self.at)

    def unmerge(self, crisis, crises, n):
        services.unmerge_crisis(crisis=crisis, why="They are two.", by=make_hq(), at=self.at)

    def withdraw(self, crisis, crises, n):
        withdraw(crisis)


@how(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.tuples(st.sampled_from([*OPERATIONS, "look", "look"]), st.integers(0, 5)), max_size=25),
    size=st.sampled_from([1, 2, 50]),
)
def test_whatever_happens_a_mirror_holds_what_the_list_answers(db, acts, size):
    ahead = transaction.savepoint()
    try:
        world = World()
        readers = [make_partner("LBY"), make_hq(), make_field(world.offices[0], "one of the region")]
        mirrors = [Mirror(user, size) for user in readers]
        for name, n in acts:
            if name == "look":
                for mirror in mirrors[: n + 1]:
                    mirror.page()
            else:
                world.act(name, n)
        for user, mirror in zip(readers, mirrors, strict=True):
            assert mirror.follow().held == mirror.listed()
            assert Mirror(user, size).follow().held == mirror.held, "as a replay from the beginning into an empty store"
            assert mirror.restarts == 0
    finally:
        transaction.savepoint_rollback(ahead)
        cache.clear()  # the numbers of the changes that are taken back are given out again


# Many at once


class Writer:
    """One of several people who change a few crises, log others, share them and take that back."""

    def __init__(self, person, crises, office):
        self.person, self.crises, self.office = person, crises, office
        self.field, self.hq = make_field(office), make_hq()

    def work(self, changes):
        for n in range(changes):
            crisis = Crisis.objects.get(pk=self.crises[(self.person + n) % len(self.crises)].pk)
            # Somebody else was faster: that is no change, and nothing to be told.
            with suppress(services.Stale, PermissionDenied):
                self.change(crisis, n)

    def change(self, crisis, n):
        if n % 5 == 4:
            log(office=self.office, by=self.field, title=f"{self.person} {n}")
        elif n % 3 == 2:
            sharing = "staff" if crisis.sharing == "partners" else "partners"
            services.share_crisis(crisis=crisis, sharing=sharing, by=self.hq)
        else:
            said = {"summary": f"{self.person} {n}", "revision": crisis.facts_revision}
            services.update_facts(crisis=crisis, by=self.field, **said)


@pytest.mark.django_db(transaction=True)
def test_no_change_by_eight_at_once_is_skipped_by_readers_polling_all_the_while(seeded):
    changes = 15 if connection.vendor == "postgresql" else 8
    crises = [share(log(title=str(n))) for n in range(4)]
    writers = [Writer(person, crises, make_office()) for person in range(8)]
    mirrors = [Mirror(make_partner("LBY"), 3), Mirror(make_hq(), 3)]
    done, began = threading.Event(), Counter.objects.get().n

    def poll(mirror):
        while not done.is_set():
            mirror.page()

    reading = AtOnce(*(partial(poll, mirror) for mirror in mirrors))
    writing = AtOnce(*(partial(writer.work, changes) for writer in writers))
    writing.join()
    done.set()
    reading.join()

    assert Counter.objects.get().n > began + 8 * changes // 2
    for mirror in mirrors:
        assert mirror.follow().held == mirror.listed()
        assert mirror.restarts == 0
