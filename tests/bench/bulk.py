"""The file of all crises beside COPY of the same rows: `python -m tests.bench.bulk port token rounds pid ...`.

Printed are medians: seconds of either, seconds to the first byte, how many megabytes more the server's processes hold
afterwards, what they share counted once.
"""

import io
import json
import os
import statistics
import sys
import time
import urllib.request

import django


class Nowhere(io.StringIO):
    def write(self, text):
        return len(text)


def main(port, token, rounds, *pids):
    from django.db import connection
    from django.utils import timezone

    from crises.models import Crisis
    from exchange.exports.crises import CRISES

    every = Crisis.objects.exclude(status=Crisis.Status.MERGED)
    scopes = {"chosen": every, "visible": Crisis.objects.standing()}
    statement, values = CRISES.statement(scopes, inside=True, now=timezone.now(), spreadsheet=False)
    address, found = f"http://127.0.0.1:{port}/api/v1/export/crises.csv", []
    for _ in range(int(rounds) + 1):
        with connection.cursor() as cursor:
            bare = cursor.mogrify(statement, values).decode()
            cursor.execute("SET statement_timeout = 0")
            began = time.perf_counter()
            cursor.copy_expert(f"COPY ({bare}) TO STDOUT WITH CSV", Nowhere())
            bare = time.perf_counter() - began
        before = memory(pids)
        began = time.perf_counter()
        asked = urllib.request.Request(address, headers={"Authorization": f"Token {token}"})
        with urllib.request.urlopen(asked, timeout=300) as answer:
            answer.read(1)
            first, size = time.perf_counter() - began, 1
            while stretch := answer.read(1 << 20):
                size += len(stretch)
        took = time.perf_counter() - began
        found.append({"bare": bare, "took": took, "first": first, "more": memory(pids) - before, "size": size})
    found = found[1:]  # the first warms up
    print(json.dumps({name: statistics.median(one[name] for one in found) for name in found[0]}))


def memory(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as told:
            total += next(int(line.split()[1]) for line in told if line.startswith("Pss:"))
    return total / 1024


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
    django.setup()
    main(*sys.argv[1:])
