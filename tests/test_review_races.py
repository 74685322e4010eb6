"""An approval that races with changes: nothing is ever approved that its approver had not been shown."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from crises import services
from crises.models import Crisis, Review
from tests.factories import NOON, log, make_field, make_hq, make_lead, send

RACES = 200 if connection.vendor == "postgresql" else 10  # SQLite lets one write at a time: little to race for


class Race:
    """A crisis, who approves and who changes it, and what came of their attempts."""

    def __init__(self):
        self.crisis, self.field, self.lead, self.hq = log(), make_field(), make_lead(), make_hq()
        self.shown, self.refused, self.failed = set(), set(), []
        send(self.crisis, by=self.field)

    def approve(self, by):
        seen = Crisis.objects.get(pk=self.crisis.pk)
        self.shown.add((by.pk, seen.content_revision, seen.summary))
        services.approve(crisis=self.crisis, by=by, seen=seen.content_revision, at=NOON + timedelta(hours=1))

    def change(self, by, words):
        seen = Crisis.objects.get(pk=self.crisis.pk)
        services.update_facts(crisis=self.crisis, by=by, revision=seen.facts_revision, summary=words)

    def run(self, *acts):
        """Do all of these at once, each in a thread of its own."""
        barrier = threading.Barrier(len(acts))
        threads = [threading.Thread(target=self._attempt, args=(barrier, *act)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _attempt(self, barrier, act, *arguments):
        barrier.wait()
        try:
            act(*arguments)
        except (services.Stale, PermissionDenied, ValidationError) as refusal:
            self.refused.add(type(refusal))
        except Exception as error:
            self.failed.append(error)
        finally:
            connection.close()

    def check(self):
        """Every approval is of a content its approver was shown and had no part in since the one before. How many."""
        rows = list(self.crisis.history.all())
        words = {row.content_revision: row.summary for row in rows}
        authors = {row.revision: row.history_user_id for row in rows if row.revision == row.content_revision}
        since, approvals = 0, list(Review.objects.filter(kind="approved").order_by("revision"))
        for approval in approvals:
            approved = approval.content_revision
            assert (approval.by_id, approved, words[approved]) in self.shown, "approved unseen"
            wrote = {by for revision, by in authors.items() if since < revision <= approved}
            assert approval.by_id not in wrote, "approved their own"
            since = approved
        return len(approvals)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_approved_unseen_and_nobody_approves_their_own(seeded):
    race = Race()
    for n in range(RACES):
        acts = [(race.approve, race.hq), (race.approve, race.lead), (race.change, race.field, f"field {n}")]
        if n % 2:
            acts.append((race.change, race.lead, f"lead {n}"))
        race.run(*acts)
    race.run((race.approve, race.hq))  # nobody changes anything any more

    assert race.failed == []
    assert race.check() >= RACES // 10
    if connection.vendor == "postgresql":
        assert {services.Stale, PermissionDenied} <= race.refused
