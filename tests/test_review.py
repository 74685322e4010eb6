"""The review of a crisis: who takes which step, what an approval covers, and what partners see of it."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crises import services
from crises.models import Crisis, Receipt, Review, ReviewComment, ReviewState
from crises.past import crisis_at
from crises.services import KeyReused, Stale
from crises.timeline import timeline
from offices.models import Office, Role
from tests.factories import (
    NOON,
    add_activity,
    add_figure,
    approve,
    decide_level,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    phase,
    sector,
    send,
    send_back,
    set_priority,
    set_status,
    share,
    waive,
)

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


def now(crisis):
    return Crisis.objects.with_review().get(pk=crisis.pk)


def state(crisis):
    return now(crisis).review


def edit(crisis, summary, by=None):
    crisis.refresh_from_db()
    services.update_facts(
        crisis=crisis, by=by or make_field(crisis.office), revision=crisis.facts_revision, summary=summary, at=NOON
    )


# Where it stands


def test_a_review_goes_from_sent_to_approved_and_a_change_reopens_it():
    crisis = log()
    assert state(crisis) == ReviewState.NOT_REVIEWED
    send(crisis)
    assert state(crisis) == ReviewState.IN_REVIEW
    approve(crisis)
    assert state(crisis) == ReviewState.APPROVED
    edit(crisis, "The road is cut.")
    assert state(crisis) == ReviewState.CHANGED
    approve(crisis)
    assert state(crisis) == ReviewState.APPROVED


def test_what_was_sent_back_stays_so_until_the_office_sends_it_again():
    crisis = log()
    send(crisis)
    send_back(crisis)
    edit(crisis, "Corrected.")
    assert state(crisis) == ReviewState.SENT_BACK
    send(crisis)
    assert state(crisis) == ReviewState.IN_REVIEW


CONTENT = {
    "facts": lambda crisis: edit(crisis, "New."),
    "status": lambda crisis: set_status(crisis, "S03", "during", "active"),
    "priority": lambda crisis: set_priority(crisis, "S05", "during", "critical"),
    "confirmed": lambda crisis: services.confirm_defaults(
        crisis=crisis, cells=[(sector("S01"), phase("during"))], by=make_field(), at=NOON
    ),
    "figure": lambda crisis: add_figure(crisis, 500),
    "line of work": lambda crisis: add_activity(crisis),
    "phase": lambda crisis: services.open_phase(crisis=crisis, phase=phase("after"), by=make_field(), at=NOON),
    "closing": lambda crisis: services.close_crisis(crisis=crisis, by=make_lead(), at=NOON),
}
AROUND = {
    "sharing": lambda crisis: services.share_crisis(crisis=crisis, sharing="partners", by=make_hq(), at=NOON),
    "level": lambda crisis: decide_level(crisis, "2"),
    "waiver": lambda crisis: waive(crisis, "S03", at=NOON),
}


@pytest.mark.parametrize("change", CONTENT.values(), ids=CONTENT)
def test_a_change_to_what_is_reviewed_ends_the_approval(change):
    crisis = log()
    send(crisis)
    approve(crisis)

    change(crisis)

    assert state(crisis) == ReviewState.CHANGED
    assert now(crisis).changed_since_approval


@pytest.mark.parametrize("change", AROUND.values(), ids=AROUND)
def test_what_happens_around_a_crisis_leaves_its_approval(change):
    crisis = log()
    send(crisis)
    approve(crisis)

    change(crisis)

    assert state(crisis) == ReviewState.APPROVED
    assert now(crisis).revision > now(crisis).approved_revision == now(crisis).content_revision


def test_a_closed_crisis_is_reviewed_too():
    crisis = log()
    services.close_crisis(crisis=crisis, by=make_lead(), at=NOON)
    send(crisis)
    approve(crisis)

    assert state(crisis) == ReviewState.APPROVED


def test_a_crisis_merged_into_another_is_not_reviewed():
    crisis = log()
    services.merge_crisis(
        crisis=crisis, survivor=log(title="The same"), why="Both reports are of one event.", by=make_hq()
    )

    with pytest.raises(ValidationError, match="has been merged into"):
        send(crisis)


STEPS = {"send": send, "approve": approve, "send_back": send_back}
REACHED = {
    ReviewState.NOT_REVIEWED: [],
    ReviewState.IN_REVIEW: [send],
    ReviewState.APPROVED: [send, approve],
    ReviewState.SENT_BACK: [send, send_back],
    ReviewState.CHANGED: [send, approve, lambda crisis: edit(crisis, "New.")],
}
REFUSED = [
    (ReviewState.NOT_REVIEWED, "approve", "has not sent this crisis to review yet"),
    (ReviewState.NOT_REVIEWED, "send_back", "has not sent this crisis to review yet"),
    (ReviewState.IN_REVIEW, "send", "is in review already"),
    (ReviewState.APPROVED, "send", "nothing has changed since"),
    (ReviewState.APPROVED, "approve", "nothing has changed since"),
    (ReviewState.APPROVED, "send_back", "nothing has changed since"),
    (ReviewState.SENT_BACK, "approve", "was sent back"),
    (ReviewState.SENT_BACK, "send_back", "was sent back"),
]


@pytest.mark.parametrize(("reached", "step", "words"), REFUSED)
def test_an_illegal_step_is_refused_and_says_where_the_review_stands(reached, step, words):
    crisis = log()
    for move in REACHED[reached]:
        move(crisis)

    with pytest.raises(ValidationError, match=words):
        STEPS[step](crisis)

    assert state(crisis) == reached


@pytest.mark.parametrize("asked", ReviewState)
def test_the_database_finds_by_state_what_the_rule_says(asked):
    for n, moves in enumerate(REACHED.values()):
        crisis = log(title=f"{n}")
        for move in moves:
            move(crisis)

    every = {crisis.pk: crisis.review for crisis in Crisis.objects.with_review()}
    found = Crisis.objects.filter(kept_review=asked).values_list("pk", flat=True)

    assert len(set(every.values())) == 5
    assert set(found) == {pk for pk, review in every.items() if review == asked}


# Who


@pytest.fixture
def cast():
    """Tripoli below the regional office in Cairo, and the people who could approve for it."""
    hq = make_office("hq", country=None, kind=Office.Kind.HQ)
    cairo = make_office("cairo", country="EGY", parent=hq, kind=Office.Kind.REGIONAL)
    tripoli = make_office("tripoli", parent=cairo)
    return {
        "field": make_field(tripoli),
        "lead": make_lead(tripoli),
        "regional": make_user("regional", Role.REGIONAL, office=cairo),
        "hq": make_hq(),
        "other lead": make_lead(make_office("lima", country="PER"), "other-lead"),
        "auditor": make_user("auditor", Role.AUDITOR, office=hq),
        "partner": make_partner("LBY"),
    }


@pytest.mark.parametrize(
    ("who", "may"),
    [
        *[("lead", True), ("regional", True), ("hq", True)],
        *[("field", False), ("other lead", False), ("auditor", False), ("partner", False)],
    ],
)
def test_who_may_approve_and_send_back(cast, who, may):
    crisis = log(office=make_office("tripoli"), by=make_field(make_office("tripoli"), "second"))
    send(crisis)

    for step in (send_back, approve):
        if may:
            step(crisis, by=cast[who])
            send(crisis) if step is send_back else None
        else:
            with pytest.raises(PermissionDenied, match="lead of this crisis's office, a regional officer above it"):
                step(crisis, by=cast[who])
    assert Crisis.objects.reviewable_by(cast[who]).filter(pk=crisis.pk).exists() == may
    assert Crisis.objects.with_rights(cast[who]).get(pk=crisis.pk).may_review == may


def test_who_is_disabled_or_not_signed_in_reviews_nothing():
    crisis, hq = log(), make_hq()
    hq.is_active = False
    hq.save()

    assert not Crisis.objects.reviewable_by(hq).exists()
    assert not Crisis.objects.with_rights(AnonymousUser()).get(pk=crisis.pk).may_review


def test_only_the_office_sends_to_review():
    with pytest.raises(PermissionDenied, match="field officer or lead of this crisis's office"):
        send(log(), by=make_hq())


def test_who_sent_a_crisis_to_review_does_not_approve_it():
    crisis, lead = log(), make_lead()
    send(crisis, by=lead)

    with pytest.raises(PermissionDenied, match="somebody else approves it"):
        approve(crisis, by=lead)


def test_who_changed_it_since_the_last_approval_does_not_approve_it_and_who_did_before_does():
    crisis, lead = log(), make_lead()
    edit(crisis, "By the lead.", by=lead)
    send(crisis)
    with pytest.raises(PermissionDenied, match="somebody else approves it"):
        approve(crisis, by=lead)
    approve(crisis)
    edit(crisis, "By the field officer.")

    assert not Crisis.objects.with_rights(lead).get(pk=crisis.pk).authored
    approve(crisis, by=lead)
    assert state(crisis) == ReviewState.APPROVED


def test_who_only_shared_it_or_decided_its_level_is_no_author():
    crisis, hq = log(), make_hq()
    decide_level(crisis, "2")
    services.share_crisis(crisis=crisis, sharing="partners", by=hq, at=NOON)
    send(crisis)

    approve(crisis, by=hq)

    assert state(crisis) == ReviewState.APPROVED


def test_the_lead_may_send_back_what_they_sent():
    crisis, lead = log(), make_lead()
    send(crisis, by=lead)
    send_back(crisis, by=lead)

    assert state(crisis) == ReviewState.SENT_BACK


# What was approved


def test_only_what_the_approver_saw_is_approved():
    crisis = log()
    send(crisis)
    seen = now(crisis).content_revision
    edit(crisis, "Written while the reviewer read.")

    with pytest.raises(Stale) as stale:
        services.approve(crisis=crisis, by=make_hq(), seen=seen, at=NOON)

    assert stale.value.current.summary == "Written while the reviewer read."
    assert state(crisis) == ReviewState.IN_REVIEW
    services.approve(crisis=crisis, by=make_hq(), seen=now(crisis).content_revision, at=NOON)
    assert crisis.reviews.first().content_revision == now(crisis).content_revision


def test_what_nobody_can_have_seen_is_not_sent_back():
    crisis = log()
    send(crisis)

    with pytest.raises(ValidationError, match="no such revision"):
        services.send_back(crisis=crisis, by=make_hq(), seen=crisis.content_revision + 100, note="Why?", at=NOON)


def test_a_step_sent_twice_is_taken_once_and_other_words_under_its_key_are_refused():
    crisis, key, hq = log(), uuid.uuid4(), make_hq()
    send(crisis)
    seen = now(crisis).content_revision
    step = {"crisis": crisis, "by": hq, "seen": seen, "key": key, "at": NOON}

    first = services.send_back(note="Why?", **step)
    again = services.send_back(note="Why?", **step)

    assert (first.fresh, again.fresh) == (True, False)
    assert crisis.reviews.filter(kind="sent_back").count() == Receipt.objects.filter(key=key).count() == 1
    with pytest.raises(KeyReused):
        services.send_back(note="Other words.", **step)


# What the reviewer says


def test_sending_back_needs_a_note_or_a_comment():
    crisis = log()
    send(crisis)

    with pytest.raises(ValidationError, match="in a note or in a comment"):
        send_back(crisis, note="")
    send_back(crisis, note="", comments=[{"field": "places", "text": "Which districts?"}])


def test_a_comment_is_about_a_cell_a_fact_or_the_whole():
    crisis = log()
    send(crisis)
    cell = {"sector": sector("S03"), "phase": phase("during"), "text": "By when?"}
    send_back(crisis, comments=[cell, {"field": "figures", "text": "Of whom?"}, {"text": "Go."}])

    said = crisis.reviews.first().comments.values_list("sector__code", "phase__slug", "field", "text")
    assert list(said) == [
        ("S03", "during", "", "By when?"),
        (None, None, "figures", "Of whom?"),
        (None, None, "", "Go."),
    ]


def test_a_comment_on_what_does_not_exist_or_on_two_things_at_once_is_refused():
    crisis = log()
    send(crisis)

    with pytest.raises(ValidationError, match="There is no “secret” to comment on"):
        send_back(crisis, comments=[{"field": "secret", "text": "?"}])
    with pytest.raises(ValidationError, match="about a sector in a phase, about a fact, or about the whole"):
        send_back(
            crisis, comments=[{"sector": sector("S03"), "phase": phase("during"), "field": "places", "text": "?"}]
        )
    assert state(crisis) == ReviewState.IN_REVIEW
    assert not ReviewComment.objects.exists()


def test_the_database_refuses_a_comment_on_half_a_cell():
    crisis = log()
    send(crisis)

    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewComment.objects.create(review=crisis.reviews.get(), sector=sector("S03"), text="?")


def test_the_history_tells_each_step_and_who_took_it():
    crisis = log()
    send(crisis)
    send_back(crisis, note="", comments=[{"text": "?"}, {"text": "!"}])
    send(crisis, note="Answered.")
    approve(crisis)

    told = [(entry.sentence, entry.why, entry.by.username) for entry in timeline(crisis, 4, reader=make_hq())]
    assert told == [
        ("Approved.", "", "hq"),
        ("Sent to review.", "Answered.", "field"),
        ("Sent back with 2 comments.", "", "hq"),
        ("Sent to review.", "", "field"),
    ]


def test_where_it_stood_can_be_asked_as_of_any_moment():
    crisis = log()
    stood = {}
    for hours, step in enumerate([send, send_back, send, approve, lambda crisis, at: edit(crisis, "New.")]):
        step(crisis, at=NOON + timedelta(hours=hours))
        known = now(crisis)
        stood[known.updated_at] = (known.review, known.approved_at)

    for moment, then in stood.items():
        past = crisis_at(now(crisis), moment)
        assert (past.review, past.approved_at) == then
    assert crisis_at(now(crisis), NOON).review in (ReviewState.NOT_REVIEWED, ReviewState.IN_REVIEW)


# What partners see


def test_partners_and_the_public_see_a_crisis_once_it_is_approved_and_then_always(settings):
    settings.PUBLIC_CRISES = True
    crisis = log()
    services.share_crisis(crisis=crisis, sharing="public", by=make_hq(), at=NOON)

    def seen():
        return [Crisis.objects.visible_to(user).exists() for user in (make_partner("LBY"), AnonymousUser())]

    assert seen() == [False, False]
    send(crisis)
    assert seen() == [False, False]
    approve(crisis)
    assert seen() == [True, True]
    edit(crisis, "New.")
    send(crisis)
    send_back(crisis)
    assert seen() == [True, True]


def test_approval_alone_shares_nothing():
    crisis = log()
    send(crisis)
    approve(crisis)

    assert not Crisis.objects.visible_to(make_partner("LBY")).exists()
    assert Crisis.objects.visible_to(make_partner("LBY")).filter(pk=share(log()).pk).exists()


# Any steps in any order: what is derived equals what a naive clerk would note down

WHO = {"field": make_field, "lead": make_lead, "hq": make_hq}
EDITS = st.tuples(st.just("edit"), st.sampled_from(["field", "lead"]), st.just(0))
STEP = st.sampled_from(["send", "approve", "send_back"])
MOVES = st.tuples(STEP, st.sampled_from([*WHO]), st.sampled_from([0, 0, 1]))
SHARES = st.tuples(st.just("level"), st.just("hq"), st.just(0))
LEGAL = {
    "send": {"not_reviewed", "sent_back", "changed"},
    "approve": {"in_review", "changed"},
    "send_back": {"in_review", "changed"},
}


class Clerk:
    """What the rules say in the plainest way: one variable for each thing, changed at each step."""

    def __init__(self):
        self.state, self.authors = "not_reviewed", {"field"}

    def expects(self, step, who, old):
        """The refusal that is due, or None; notes the step down where there is none."""
        if step == "level":
            return None
        if step == "edit":
            self.authors.add(who)
            self.state = "changed" if self.state == "approved" else self.state
            return None
        if (who == "hq") if step == "send" else (who == "field"):
            return PermissionDenied
        if self.state not in LEGAL[step]:
            return ValidationError
        if step == "approve" and who in self.authors:
            return PermissionDenied
        if step == "approve" and old:
            return Stale
        if step == "send":
            self.authors.add(who)
        if step == "approve":
            self.authors = set()
        self.state = {"send": "in_review", "approve": "approved", "send_back": "sent_back"}[step]
        return None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(EDITS, MOVES, MOVES, SHARES), max_size=25))
def test_after_any_steps_the_derived_state_is_what_a_clerk_noted_down(db, steps):
    people = {name: make() for name, make in WHO.items()}
    crisis, clerk = log(title="any"), Clerk()
    for n, (step, who, old) in enumerate(steps):
        at = NOON + timedelta(minutes=n)
        seen, by = now(crisis).content_revision - old, people[who]
        act = {
            "edit": lambda by=by, n=n: edit(crisis, f"{n}", by=by),
            "level": lambda: decide_level(crisis, "2"),
            "send": lambda by=by, at=at: send(crisis, by=by, at=at),
            "approve": lambda by=by, at=at, seen=seen: services.approve(crisis=crisis, by=by, seen=seen, at=at),
            "send_back": lambda by=by, at=at, seen=seen: services.send_back(
                crisis=crisis, by=by, seen=seen, note="Why?", at=at
            ),
        }[step]
        if refusal := clerk.expects(step, who, old):
            with pytest.raises(refusal):
                act()
        else:
            act()
        assert state(crisis) == clerk.state
    for review in Review.objects.filter(crisis=crisis, kind="approved"):
        author = crisis.history.get(revision=review.content_revision).history_user
        assert author != review.by
