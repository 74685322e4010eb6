"""What HQ's pages read is kept beside plans, gaps, statements and reviews: it never differs from a recount of them."""

import threading

import pytest
from django.db import connection

from crises.models import Crisis, Standing
from tests.factories import log, make_field, make_hq, make_lead
from tests.recount import Client, differences

CLIENTS = 8
EACH = 60 if connection.vendor == "postgresql" else 25  # SQLite lets one write at a time: little to race for


@pytest.fixture
def crises(seeded):
    """Few crises for many people, so that they meet."""
    return [log(title=f"crisis {n}", phases=["during", "after"]).pk for n in range(6)]


@pytest.mark.django_db(transaction=True)
def test_after_changes_by_many_at_once_everything_kept_equals_a_recount(crises):
    people = {"field": make_field(), "lead": make_lead(), "hq": make_hq()}
    clients, failed = [Client(seed, crises, **people) for seed in range(CLIENTS)], []

    def work(client):
        try:
            client.work(EACH)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    done = sum((client.done for client in clients), start=clients[0].done.__class__())
    assert {"_status", "_priority", "_figure", "_level"} <= done.keys()
    assert sum(n for name, n in done.items() if name.startswith("_")) > CLIENTS * EACH // 4
    assert differences(Crisis.objects.all()) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lost",
    [
        {"cells": "0" * 45},
        {"gaps": []},
        {"level": "2"},
        {"people": 7},
    ],
)
def test_the_recount_sees_what_is_lost(lost):
    log()
    assert differences(Crisis.objects.all()) == []

    Standing.objects.update(**lost)

    assert differences(Crisis.objects.all()) != []
