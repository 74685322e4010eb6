"""Fill a database with a sample where it is empty, and print what the bench needs to read it:
`python -m tests.bench.prepare`.

A database that is used again is left with the open crises that it was filled with: what an earlier run logged goes.
"""

import json
import sys

import django
from django.core.management import call_command
from django.utils import timezone


def forget():
    """Take out, history and all, the crises that `writes` has logged in an earlier run."""
    from django.apps import apps
    from django.test import override_settings

    from crises.models import Crisis, Receipt

    of_crises = [("crisis_id", model) for model in apps.get_app_config("crises").get_models()]
    past = [(name, model) for name, model in [*of_crises, ("id", Crisis.history.model)] if hasattr(model, "history_id")]
    made = list(Crisis.objects.filter(logged_by__username="bench-lead").values_list("pk", flat=True))
    for start in range(0, len(made), 100):
        some = made[start : start + 100]
        Receipt.objects.filter(crisis__in=some).delete()
        with override_settings(SIMPLE_HISTORY_ENABLED=False):  # nothing is to tell that they have gone
            Crisis.objects.filter(pk__in=some).delete()
        for name, model in past:
            if hasattr(model, name):
                model.objects.filter(**{f"{name}__in": some}).delete()


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
    forget()
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
