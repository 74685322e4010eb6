"""Fill a database with a sample where it is empty, and print what the bench needs to read it:
`python -m tests.bench.prepare`."""

import json
import sys

import django
from django.core.management import call_command


def main(closed, opened):
    for command in ("migrate", "seed"):
        call_command(command, verbosity=0)
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection

    from crises.models import Crisis
    from offices.models import Membership, Office, Role, User

    if not Crisis.objects.exists():
        call_command("make_sample", crises=closed + opened, open=opened, verbosity=0)
    reviewer, _new = User.objects.get_or_create(username="bench")
    headquarters = Office.objects.filter(kind=Office.Kind.HQ).first()
    Membership.objects.get_or_create(user=reviewer, office=headquarters, role=Role.HQ)
    session = SessionStore()
    session[SESSION_KEY] = str(reviewer.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = reviewer.get_session_auth_hash()
    session.save()
    connection.close()
    print(json.dumps({"session": session.session_key}))


if __name__ == "__main__":
    django.setup()
    main(*map(int, sys.argv[1:]))
