"""Fill a database with a sample where it is empty, and print what the bench needs to read it:
`python -m tests.bench.prepare`."""

import json
import sys

import django
from django.core.management import call_command
from django.utils import timezone


def main(closed, opened):
    for command in ("migrate", "seed"):
        call_command(command, verbosity=0)
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection

    from crises.models import Crisis
    from offices.models import Country, Membership, Office, Partner, Role, Token, User
    from offices.services import issue_token

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
    agreed, _new = Partner.objects.get_or_create(slug="bench", defaults={"name": "Bench"})
    agreed.countries.set(Country.objects.filter(crises__sharing="partners").distinct())
    partner, _new = User.objects.get_or_create(username="bench-partner", defaults={"partner": agreed})
    Token.objects.filter(user__in=[reviewer, partner], revoked_at=None).update(revoked_at=timezone.now())
    tokens = {
        user.username: issue_token(user=user, name="Bench", lasts=Token.LONGEST)[1] for user in (reviewer, partner)
    }
    connection.close()
    print(json.dumps({"session": session.session_key, "token": tokens["bench"], "partner": tokens["bench-partner"]}))


if __name__ == "__main__":
    django.setup()
    main(*map(int, sys.argv[1:]))
