"""Random changes by eight clients at once, each a process, and a recount: `python -m tests.bench.operations`."""

import json
import subprocess
import sys

import django

CLIENTS, CRISES = 8, 40


def people():
    from offices.models import Membership, Role, User

    office = Membership.objects.get(user__username="bench").office
    found = {}
    for name, role in (("field", Role.FIELD), ("lead", Role.LEAD), ("hq", Role.HQ)):
        found[name], _new = User.objects.get_or_create(username=f"bench-{name}")
        Membership.objects.get_or_create(user=found[name], office=office, role=role)
    return found


def main(operations):
    from crises.models import Crisis
    from tests.recount import differences

    people()
    command = [sys.executable, "-m", "tests.bench.operations", "client"]
    clients = [
        subprocess.Popen([*command, str(seed), str(operations // CLIENTS)], stdout=subprocess.PIPE, text=True)
        for seed in range(CLIENTS)
    ]
    done = [json.loads(client.communicate()[0].splitlines()[-1]) for client in clients]
    accepted = sum(n for one in done for name, n in one.items() if name.startswith("_"))
    found = differences(Crisis.objects.filter(pk__in=chosen()))
    words = "everything kept equals a recount" if not found else f"{len(found)} differences: {found[:5]}"
    clients = f"{CLIENTS} clients at once on {CRISES} crises"
    said = f"{operations:,} random changes by {clients}, {accepted:,} of them accepted, the others refused: {words}."
    print(json.dumps({"said": said}))


def chosen():
    from crises.models import Crisis

    return list(Crisis.objects.filter(status="open").order_by("pk").values_list("pk", flat=True)[:CRISES])


def client(seed, operations):
    from tests.recount import Client

    one = Client(seed, chosen(), **people())
    one.work(operations)
    print(json.dumps(one.done))


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "client":
        client(*map(int, sys.argv[2:]))
    else:
        main(int(sys.argv[1]))
