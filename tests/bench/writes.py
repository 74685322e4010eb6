"""What a change of status costs beside the least that any version of it must write: `python -m tests.bench.writes`.

The least: one UPDATE of the cell and one INSERT into its history, in a transaction, by SQL written by hand. Both commit
to the same disk, in turns.
"""

import json
import statistics
import sys
import time

import django


def main(rounds, each):
    from django.db import connection, transaction

    from crises import services
    from crises.models import Crisis, PlanCell
    from offices.models import Membership, Role

    office = Membership.objects.get(user__username="bench").office
    lead, _new = type(Membership.objects.get(user__username="bench").user).objects.get_or_create(username="bench-lead")
    Membership.objects.get_or_create(user=lead, office=office, role=Role.LEAD)
    cells = list(
        PlanCell.objects.filter(crisis__status="open", status="active").select_related("crisis", "sector", "phase")[
            :400
        ]
    )
    past = PlanCell.history.model._meta
    columns = [field.column for field in PlanCell._meta.concrete_fields]
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    update = f"UPDATE {PlanCell._meta.db_table} SET status = %s, note = %s, since = current_date WHERE id = %s"
    insert = (
        f"INSERT INTO {past.db_table} ({names}, history_date, history_type, history_user_id, history_change_reason)"
        f" SELECT {names}, now(), '~', %s, %s FROM {PlanCell._meta.db_table} WHERE id = %s"
    )

    def bare(n):
        cell = cells[n % len(cells)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(update, ["active" if n % 2 else "stood_down", "The State does this.", cell.pk])
            cursor.execute(insert, [lead.pk, json.dumps({"event": "status"}), cell.pk])

    def ours(n):
        cell = PlanCell.objects.get(pk=cells[n % len(cells)].pk)
        services.change_status(
            crisis=cell.crisis,
            sector=cell.sector,
            phase=cell.phase,
            status="stood_down" if cell.status == "active" else "active",
            note="The State does this by itself.",
            revision=cell.revision,
            by=lead,
        )

    statements = []
    ours(0)  # the first change of a process also reads the framework
    Crisis.objects.exists()
    with connection.execute_wrapper(lambda execute, *call: statements.append(1) or execute(*call)):
        ours(1)
    took = {"bare": [], "ours": []}
    for number in range(rounds):
        for name, write in (("bare", bare), ("ours", ours)):
            for n in range(number * each, number * each + each):
                began = time.perf_counter()
                write(n)
                took[name].append(time.perf_counter() - began)
    print(
        json.dumps({name: statistics.median(times) for name, times in took.items()} | {"statements": len(statements)})
    )


if __name__ == "__main__":
    django.setup()
    main(*map(int, sys.argv[1:]))
