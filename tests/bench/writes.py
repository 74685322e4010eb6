"""What the two writes that offices make most cost beside the least that any version of them must write:
`python -m tests.bench.writes`.

A change of status stands beside one UPDATE of the cell and one INSERT into its history. A crisis logged with ten cells
and five figures stands beside the INSERT of every row that this makes, by SQL written by hand: the crisis, its phase,
cells and figures, the history of each, gaps, how it stands, the receipt and the counter. Each pair is made in turns, in
transactions of its own, on the same disk. What the service is given has been read before, as a page or the API has.
"""

import json
import statistics
import sys
import time
import uuid
from datetime import date, timedelta
from random import Random

import django

CAUSES = ("conflict", "natural_hazard", "epidemic", "economic_other", "several")
FIGURES = ("affected", "displaced", "in_need", "reached", "dead")


class Status:
    """A change of status, by hand and by the service."""

    def __init__(self, lead):
        from crises.models import PlanCell

        self.lead = lead
        active = PlanCell.objects.filter(crisis__status="open", status="active")
        self.cells = list(active.select_related("crisis", "sector", "phase").order_by("pk")[:400])
        self.table, self.past, names = names_of(PlanCell)
        self.update = f"UPDATE {self.table} SET status = %s, note = %s, since = current_date WHERE id = %s"
        self.insert = (
            f"INSERT INTO {self.past} ({names}, history_date, history_type, history_user_id, history_change_reason)"
            f" SELECT {names}, now(), '~', %s, %s FROM {self.table} WHERE id = %s"
        )

    def by_hand(self, n):
        from django.db import connection, transaction

        cell = self.cells[n % len(self.cells)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(self.update, ["active" if n % 2 else "stood_down", "The State does this.", cell.pk])
            cursor.execute(self.insert, [self.lead.pk, json.dumps({"event": "status"}), cell.pk])

    def by_service(self, n):
        from crises import services

        cell = self.cells[n % len(self.cells)]
        status = "stood_down" if cell.status == "active" else "active"
        outcome = services.change_status(
            crisis=cell.crisis,
            sector=cell.sector,
            phase=cell.phase,
            status=status,
            note="The State does this by itself.",
            revision=cell.revision,
            by=self.lead,
        )
        cell.status, cell.revision = status, outcome.crisis.revision

    def again(self):
        """What the two have done to the same cells since the other one wrote."""
        for cell in self.cells:
            cell.refresh_from_db(fields=["status", "revision"])


class Create:
    """A crisis with ten cells and five figures, by hand, by the service and by the API."""

    def __init__(self, lead):
        from rest_framework.test import APIClient

        from offices.models import Country, Office
        from sectors import reference

        self.lead, self.content = lead, reference.current()
        self.office = Office.objects.filter(kind=Office.Kind.COUNTRY).first()
        self.dice, self.countries = Random(), list(Country.objects.order_by("pk"))
        self.client = APIClient(SERVER_NAME="localhost")
        self.client.force_authenticate(lead)
        self.sectors = self.content.sectors[:10]
        self.template = Template(self.by_service(0).crisis)

    def facts(self):
        """Of any country, cause and day of long ago: hardly ever is one like another that the bench has logged."""
        day = date(1900, 1, 1) + timedelta(days=self.dice.randrange(30_000))
        facts = {"title": f"Displacement of {day.year}", "cause": self.dice.choice(CAUSES)}
        return facts, self.dice.choice(self.countries), day

    def by_service(self, _n):
        from crises import services

        facts, country, day = self.facts()
        during = self.content.phase("during")
        work = {"phase": during, "status": "active", "lead": "IOM", "note": "As agreed with the State."}
        figure = {"group": "all", "unit": "people", "as_of": day, "as_of_precision": "day", "source_kind": "government"}
        return services.log_crisis(
            by=self.lead,
            key=uuid.uuid4(),
            office=self.office,
            main_country=country,
            started_on=day,
            start_precision="day",
            groups=["returnees"],
            phases={during: day},
            cells=[{"sector": sector, "since": day, **work} for sector in self.sectors],
            figures=[{"metric": metric, "value": 1000, **figure} for metric in FIGURES],
            **facts,
        )

    def by_api(self, _n):
        facts, country, day = self.facts()
        work = {"phase": "during", "status": "active", "lead": "IOM", "note": "As agreed with the State."}
        figure = {"as_of": day.isoformat(), "source_kind": "government"}
        answer = self.client.post(
            "/api/v1/crises/",
            {
                "office": self.office.slug,
                "country": country.pk,
                "started": day.isoformat(),
                "groups": ["returnees"],
                "confirmed_not_duplicate": True,
                "periods": [{"phase": "during", "entered_on": day.isoformat()}],
                "cells": [{"sector": sector.code, "since": day.isoformat(), **work} for sector in self.sectors],
                "figures": [{"metric": metric, "value": 1000, **figure} for metric in FIGURES],
                **facts,
            },
            format="json",
            headers={"idempotency-key": str(uuid.uuid4())},
        )
        if answer.status_code != 201:
            sys.exit(f"The API answered {answer.status_code}: {answer.content[:300]}")

    def by_hand(self, _n):
        _facts, country, _day = self.facts()
        self.template.write(country.pk, self.lead.pk)


class Template:
    """The rows that the service made of a crisis, to be written again under other keys by SQL written by hand."""

    def __init__(self, crisis):
        from crises.models import Crisis, Figure, Gap, PhasePeriod, PlanCell, Standing

        self.rows, self.remember = {}, {}
        for model, by in (
            (Crisis, "id"),
            *((one, "crisis_id") for one in (PhasePeriod, PlanCell, Figure, Gap, Standing)),
        ):
            self.rows[model] = rows_of(model, by, crisis.pk)
        for model, by in ((Crisis, "id"), (PhasePeriod, "crisis_id"), (PlanCell, "crisis_id")):
            table, past, names = names_of(model)
            self.remember[model] = (
                f"INSERT INTO {past} ({names}, history_date, history_type, history_user_id, history_change_reason)"
                f" SELECT {names}, now(), '+', %s, %s FROM {table} WHERE {by} = %s"
            )

    def write(self, country, user):
        from django.db import connection, transaction

        key, event = uuid.uuid4(), json.dumps({"event": "logged"})
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO crises_receipt (user_id, key, digest, received_at) VALUES (%s, %s, %s, now())"
                " RETURNING id",
                [user, str(key), key.hex * 2],
            )
            receipt = cursor.fetchone()[0]
            cursor.execute("UPDATE crises_counter SET n = n + 1 WHERE id = 1 RETURNING n")
            known = {"revision": cursor.fetchone()[0], "main_country_id": country, "reference": key.hex[:16]}
            for model, (names, rows) in self.rows.items():
                filled = [[known.get(name, value) for name, value in zip(names, row, strict=True)] for row in rows]
                places = ", ".join([f"({', '.join(['%s'] * len(names))})"] * len(rows))
                cursor.execute(
                    f"INSERT INTO {model._meta.db_table} ({', '.join(quoted(names))}) VALUES {places} RETURNING id",
                    [value for row in filled for value in row],
                )
                known.setdefault("crisis_id", cursor.fetchone()[0])
                if remember := self.remember.get(model):
                    cursor.execute(remember, [user, event, known["crisis_id"]])
            cursor.execute(
                "UPDATE crises_receipt SET crisis_id = %s, result = %s WHERE id = %s",
                [known["crisis_id"], json.dumps({"revision": known["revision"]}), receipt],
            )


def quoted(names):
    from django.db import connection

    return [connection.ops.quote_name(name) for name in names]


def names_of(model):
    """A table, that of its history, and the columns that both have."""
    past = model.history.model
    return model._meta.db_table, past._meta.db_table, ", ".join(quoted(field.column for field in past.tracked_fields))


def rows_of(model, by, key):
    """The columns of a table but its key, and its rows of one crisis."""
    from django.db import connection

    names = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(quoted(names))} FROM {model._meta.db_table} WHERE {by} = %s", [key])
        return names, cursor.fetchall()


def lead_of_all():
    from offices.models import Membership, Role, User

    office = Membership.objects.get(user__username="bench").office
    lead, _new = User.objects.get_or_create(username="bench-lead")
    Membership.objects.get_or_create(user=lead, office=office, role=Role.LEAD)
    return lead


def main(rounds, each):
    from django.db import connection

    lead = lead_of_all()
    status, create = Status(lead), Create(lead)
    pairs = {
        "bare": status.by_hand,
        "ours": status.by_service,
        "create_bare": create.by_hand,
        "create": create.by_service,
        "create_api": create.by_api,
    }
    counted, told = {}, []
    for name, write in pairs.items():
        status.again()
        write(0)  # the first of a process also reads the framework
        told.clear()
        with connection.execute_wrapper(lambda execute, *call: told.append(1) or execute(*call)):
            write(1)
        counted[f"{name}_statements"] = len(told)
    took, worked = {name: [] for name in pairs}, dict.fromkeys(pairs, 0)
    for number in range(rounds):
        for name, write in pairs.items():
            status.again()
            for n in range(number * each, number * each + each):
                began, busy = time.perf_counter(), time.process_time()
                write(n)
                took[name].append(time.perf_counter() - began)
                worked[name] += time.process_time() - busy
    medians = {name: statistics.median(times) for name, times in took.items()}
    spent = {f"{name}_cpu": seconds / (rounds * each) for name, seconds in worked.items()}
    print(json.dumps(medians | counted | spent))


if __name__ == "__main__":
    django.setup()
    main(*map(int, sys.argv[1:]))
