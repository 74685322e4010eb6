"""How likely two crises are one, and what HQ alone is told of when one is logged."""

import re
import threading
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from crises import services
from crises.dates import Precision
from crises.duplicates import GLIDE, LIKELY, VERY_LIKELY, compare, in_words, spoken_score
from crises.models import Crisis, PossibleDuplicate
from tests.conftest import signed_in
from tests.factories import NOON, log, make_field, make_hq, make_lead, make_office

START = date(2026, 2, 10)
NUMBER, OTHER_NUMBER = "CE-2026-000012-LBY", "EP-2026-000013-LBY"


@dataclass
class Known:
    title: str = "Fighting around Tripoli"
    main_country_id: str = "LBY"
    cause: str = "conflict"
    started_on: date = START
    start_precision: str = "day"
    glide: str = ""


KNOWN = st.builds(
    Known,
    title=st.sampled_from(["", "Fighting around Tripoli", "Tripoli: fighting", "Séisme", "SEISME au nord", "x" * 80]),
    main_country_id=st.sampled_from(["LBY", "TUN"]),
    cause=st.sampled_from(["conflict", "epidemic"]),
    started_on=st.none() | st.dates(date(1900, 1, 1), date(9999, 12, 31)),
    start_precision=st.sampled_from(Precision.values),
    glide=st.sampled_from(["", NUMBER, OTHER_NUMBER, f"{NUMBER} {OTHER_NUMBER}"]),
)


@given(KNOWN, KNOWN)
def test_likeness_is_the_same_either_way_round_and_from_0_to_100(one, other):
    found = compare(one, other)

    assert found == compare(other, one)
    assert 0 <= found.score <= 100


@given(KNOWN, KNOWN)
def test_an_equal_glide_number_outweighs_everything_else(one, other):
    score = compare(one, other).score

    assert (score >= GLIDE) == bool({*one.glide.split()} & {*other.glide.split()})


@given(KNOWN)
def test_nothing_is_more_like_a_crisis_than_itself(one):
    assert all(compare(one, one).score >= compare(one, other).score for other in (Known(), Known(glide=one.glide)))


@given(KNOWN, KNOWN)
def test_every_point_has_its_reason_in_words(one, other):
    found = compare(one, other)

    assert bool(found.score) == bool(found.reasons)
    assert all(in_words(reason).endswith(".") for reason in found.reasons)


@given(st.integers(0, 21), st.integers(0, 21))
def test_the_nearer_the_starts_the_likelier(days, more):
    def score(apart):
        return compare(Known(), Known(started_on=START + timedelta(days=apart))).score

    assert (score(days) >= score(more)) == (days <= more or score(days) == score(more))
    assert score(0) > score(21) > score(22)


def test_the_score_reads_as_words():
    assert [spoken_score(score) for score in (0, LIKELY, VERY_LIKELY, 100)] == [
        "possible",
        "likely",
        "very likely",
        "very likely",
    ]
    assert compare(Known(), Known()).words == "very likely"
    assert compare(Known(title=""), Known(title="Elsewhere")).words == "likely"
    assert compare(Known(started_on=None), Known(title="Elsewhere")).words == "possible"


def test_the_reasons_name_what_is_the_same():
    one = Known(title="Combats à Tripoli, Libye", glide=NUMBER)
    other = Known(title="TRIPOLI: combats", glide=f"{OTHER_NUMBER} {NUMBER}", started_on=START + timedelta(days=3))

    assert compare(one, other).sentences == [
        f"The same GLIDE number: {NUMBER}.",
        "The same country.",
        "The same main cause.",
        "They may have begun within 3 days of each other.",
        "Their names share: combats, tripoli.",
    ]


# what HQ is told


def noted():
    return {(pair.crisis.title, pair.other.title) for pair in PossibleDuplicate.objects.all()}


@pytest.fixture
def twin(office):
    """A crisis of Lima's about Libya that nobody in Tripoli may see."""
    lima = make_office("lima", country="PER")
    return log(title="Canary", office=lima, by=make_field(lima, "lima-field"), sharing="office")


@pytest.mark.django_db
def test_a_like_crisis_that_the_reporter_may_not_see_is_noted_for_hq(twin, office):
    crisis = log(title="Fighting", at=NOON + timedelta(days=1))

    pair = PossibleDuplicate.objects.get()

    assert (pair.crisis, pair.other, pair.decision) == (crisis, twin, "")
    assert (pair.found_at, pair.reporter_says) == (crisis.logged_at, "")
    assert pair.score == compare(crisis, twin).score
    assert pair.reasons == compare(crisis, twin).reasons


@pytest.mark.django_db
def test_what_the_reporter_told_apart_is_noted_with_their_reason():
    seen = log(title="Seen")

    log(title="New", distinct_from=[seen.reference], why_distinct="Another town and other people.")

    assert PossibleDuplicate.objects.get().reporter_says == "Another town and other people."


@pytest.mark.django_db
def test_a_crisis_and_its_part_do_not_wait_for_a_decision(twin):
    crisis = log(title="Fighting")
    assert PossibleDuplicate.objects.undecided().exists()

    for part, whole in ((crisis, twin), (twin, crisis)):
        services.set_part_of(crisis=part, whole=whole, by=make_hq())
        assert not PossibleDuplicate.objects.undecided().exists()
        services.set_part_of(crisis=part, whole=None, by=make_hq())


@pytest.mark.django_db
def test_the_same_submission_twice_is_noted_once(twin):
    key = uuid.uuid4()

    log(title="New", key=key)
    log(title="New", key=key)

    assert noted() == {("New", "Canary")}


@pytest.mark.django_db
def test_nothing_is_noted_of_what_is_not_alike(twin):
    log(title="Elsewhere", country="TUN")
    log(title="Otherwise", cause="epidemic")

    assert noted() == set()


@pytest.mark.django_db
def test_a_page_says_the_same_with_a_hidden_twin_and_with_none(field_client, office, twin):
    def bodies(cause):
        """The answer to logging and every page the reporter is led to, without what names this one crisis."""
        said = {"main_country": "LBY", "title": "Libya 2014", "phases": ["during"], "office": office.slug}
        answer = field_client.post(
            "/crises/new/", said | {"key": str(uuid.uuid4()), "sharing": "staff", "cause": cause}
        )
        crisis = Crisis.objects.get(title="Libya 2014")
        pages = [answer.headers["Location"], "/crises/", "/drafts/", f"/crises/{crisis.reference}/?all=1"]
        shown = [answer.status_code, *(field_client.get(page).content.decode() for page in pages)]
        crisis.receipts.all().delete()
        PossibleDuplicate.objects.filter(crisis=crisis).delete()
        crisis.delete()
        names = [crisis.reference, r'value="[\w-]{36,64}"', r"\d\d:\d\d(:\d\d)?", r'datetime="[^"]*"', r"\+00:00"]
        return [re.sub("|".join(names), "", str(page)) for page in shown]

    with_twin = bodies("conflict")
    assert PossibleDuplicate.objects.count() == 0  # taken away with the crisis
    Crisis.objects.filter(pk=twin.pk).update(cause="epidemic")
    without = bodies("conflict")

    assert with_twin == without
    assert all("Canary" not in page for page in with_twin)


@pytest.mark.django_db
def test_noting_costs_the_same_whatever_there_is(django_assert_num_queries):
    log(glide=NUMBER)
    crisis = log(glide=NUMBER)

    for n in range(3):
        PossibleDuplicate.objects.all().delete()
        # the same country and cause, the same number, the rows
        with django_assert_num_queries(3):
            services.duplicates.note_possible_duplicates(crisis)
        log(title=f"Crisis {n}", glide=NUMBER)


@pytest.mark.django_db
def test_only_the_likeliest_are_noted(monkeypatch):
    monkeypatch.setattr("crises.services.duplicates.MOST_NOTED", 2)
    for day in (8, 9, 10):
        log(title=str(day), started_on=date(2026, 2, day), start_precision="day")

    log(title="New", started_on=START, start_precision="day")

    assert {other for title, other in noted() if title == "New"} == {"9", "10"}


@pytest.mark.django_db(transaction=True)
def test_of_two_twins_logged_at_one_moment_the_second_finds_the_first(seeded):
    offices = [make_office("tripoli"), make_office("lima", country="PER")]
    people = [make_field(office, f"field-{office.slug}") for office in offices]
    start = threading.Barrier(2)

    def send(office, person):
        start.wait()
        log(title=office.slug, office=office, by=person, at=timezone.now())
        connection.close()

    threads = [threading.Thread(target=send, args=pair) for pair in zip(offices, people, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert PossibleDuplicate.objects.count() == 1


# HQ's decision


@pytest.fixture
def pair(twin):
    log(title="Fighting")
    return PossibleDuplicate.objects.get()


@pytest.mark.django_db
def test_hq_says_that_they_are_different_and_why(pair):
    decided, fresh = services.tell_apart(duplicate=pair, why="Two towns.", by=make_hq(), at=NOON)

    assert fresh
    assert (decided.decision, decided.why, decided.decided_at, decided.decided_by) == (
        "different",
        "Two towns.",
        NOON,
        make_hq(),
    )
    assert not PossibleDuplicate.objects.undecided()


@pytest.mark.django_db
def test_the_decision_leaves_no_trace_in_the_crises_themselves(pair):
    before = list(Crisis.objects.order_by("pk").values_list("revision", "updated_at"))

    services.tell_apart(duplicate=pair, why="Two towns.", by=make_hq())

    assert list(Crisis.objects.order_by("pk").values_list("revision", "updated_at")) == before
    assert Crisis.history.count() == 2


@pytest.mark.django_db
def test_it_is_decided_once_by_hq_with_a_reason(pair):
    with pytest.raises(services.duplicates.PermissionDenied, match="HQ reviewer"):
        services.tell_apart(duplicate=pair, why="Two towns.", by=make_lead())
    with pytest.raises(services.duplicates.ValidationError, match="why they are different"):
        services.tell_apart(duplicate=pair, why="  ", by=make_hq())
    services.tell_apart(duplicate=pair, why="Two towns.", by=make_hq())
    with pytest.raises(services.duplicates.ValidationError, match="decided in the meantime"):
        services.tell_apart(duplicate=pair, why="Another reason.", by=make_hq())
    with pytest.raises(IntegrityError):
        PossibleDuplicate.objects.filter(pk=pair.pk).update(why="")


# the pages


def path(pair):
    return f"/duplicates/{pair.crisis.reference}/{pair.other.reference}/"


@pytest.mark.django_db
def test_the_queue_shows_pairs_side_by_side_the_likeliest_first(hq_client, twin):
    log(title="Less alike", cause="conflict", started_on=START, start_precision="day")
    log(title="Canary bird")

    page = hq_client.get("/duplicates/").content.decode()

    heads = re.findall(r'<h2 id="pair-\d+">([^<]+)</h2>', page)
    assert len(heads) == 3
    scores = [int(score) for score in re.findall(r"(\d+) of 100", page)]
    assert scores == sorted(scores, reverse=True)
    assert "Canary" in page
    assert "Their names share: canary." in page


@pytest.mark.django_db
def test_the_queue_costs_the_same_for_one_pair_and_for_many(hq_client, twin, django_assert_num_queries):
    log(title="first")

    # session, reader, right, how many, the pairs, their crises, their open phases
    with django_assert_num_queries(7):
        hq_client.get("/duplicates/")
    for n in range(4):
        log(title=f"more {n}")
    with django_assert_num_queries(7):
        hq_client.get("/duplicates/")


@pytest.mark.django_db
def test_nobody_but_hq_learns_of_a_pair(pair, field_client, partner_client, other_client, hq_client):
    for client in (field_client, partner_client, other_client, signed_in(make_lead())):
        for address in ("/duplicates/", path(pair)):
            assert client.get(address).status_code == 403
            assert b"Canary" not in client.get(address).content
        assert b"uplicate" not in client.get("/crises/").content
    assert "Possible duplicates</a>" in hq_client.get("/crises/").content.decode()


@pytest.mark.django_db
def test_a_decision_is_taken_once_however_often_it_is_sent(hq_client, pair):
    said = {"why": "Two towns.", "key": str(uuid.uuid4())}

    assert [hq_client.post(path(pair), said).status_code for _ in range(2)] == [303, 303]
    other = hq_client.post(path(pair), said | {"why": "Something else."})
    late = hq_client.post(path(pair), {"why": "Late.", "key": str(uuid.uuid4())})

    assert (other.status_code, late.status_code) == (422, 400)
    assert "Something else." in other.content.decode()
    assert PossibleDuplicate.objects.get().why == "Two towns."
    assert "Two towns." in hq_client.get("/duplicates/?show=decided").content.decode()
    assert "No two crises wait" in hq_client.get("/duplicates/").content.decode()


@pytest.mark.django_db
def test_a_decision_without_a_reason_is_asked_for_again(hq_client, pair):
    response = hq_client.post(path(pair), {"why": "", "key": str(uuid.uuid4())})

    assert response.status_code == 400
    assert "Say in a few words why they are different." in response.content.decode()
    assert hq_client.get("/duplicates/LBY-2026-ZZZ/LBY-2026-ZZY/").status_code == 404


@pytest.mark.django_db
def test_the_page_before_logging_says_how_likely_and_why_the_likeliest_first(field_client, office):
    log(title="Elsewhere")
    log(title="Libya fighting")
    said = {"main_country": "LBY", "title": "Libya fighting", "phases": ["during"], "cause": "conflict"}

    page = field_client.post(
        "/crises/new/", said | {"office": office.slug, "sharing": "staff", "key": str(uuid.uuid4())}
    ).content.decode()

    assert page.index("Libya fighting <small>") < page.index("Elsewhere <small>")
    assert "The same crisis: likely, 63 of 100" in page
    assert "Their names share: fighting, libya." in page
    assert "It is not known whether they began at the same time." in page
