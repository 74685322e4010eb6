"""What the bench compares with: SQL written by hand, which nothing but these tests holds to the tables."""

import json

import pytest
from django.db import connection

from crises.models import Crisis
from offices.models import Membership, Role, User
from tests.bench import prepare, writes
from tests.bench.floors import FLOORS, LIVE
from tests.factories import log, make_office, set_status

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="The bench measures on PostgreSQL"),
]


@pytest.mark.parametrize("page", FLOORS)
def test_the_bare_sql_of_a_page_fits_the_tables(page):
    with connection.cursor() as cursor:
        for statement in [*FLOORS[page], LIVE]:
            cursor.execute(statement)


def test_the_writes_are_measured_and_what_they_log_is_taken_out_again(seeded, capsys):
    headquarters = make_office("headquarters", kind="hq")
    office = make_office("tripoli", parent=headquarters)
    for n in range(3):
        set_status(log(title=f"Sample {n}", office=office), "S03", "during", "active")
    reviewer = User.objects.create(username="bench")
    Membership.objects.create(user=reviewer, office=headquarters, role=Role.HQ)
    before = set(Crisis.objects.values_list("pk", flat=True))

    writes.main(1, 2)

    measured = json.loads(capsys.readouterr().out)
    assert measured["bare_statements"] == 2
    assert Crisis.objects.count() > len(before)
    prepare.forget()
    assert set(Crisis.objects.values_list("pk", flat=True)) == before
    assert set(Crisis.history.values_list("id", flat=True)) == before
