"""What the command of an upgrade promises: it takes the time that large tables need."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_migrate

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no limit on a statement"),
]


def limit():
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return cursor.fetchone()[0]


def test_a_statement_of_an_upgrade_may_take_longer_than_one_of_a_page():
    ordinary, meanwhile = limit(), []

    def look(**sender):
        meanwhile.append(limit())

    post_migrate.connect(look)
    try:
        call_command("migrate", verbosity=0)
    finally:
        post_migrate.disconnect(look)

    assert set(meanwhile) == {"0"}
    assert limit() == ordinary != "0"
