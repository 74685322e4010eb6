"""The demo can be loaded again, changes nothing then, and its partner's token always works."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from crises.management.commands import load_demo
from crises.models import Crisis, Figure, PlanCell
from offices.models import Membership, Office, Token, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def token(settings, tmp_path, monkeypatch):
    """Where the token is kept, with the settings of a local trial."""
    settings.DEMO, settings.HTTPS = True, False
    monkeypatch.setattr(load_demo, "TOKEN", tmp_path / "demo-partner-token")
    return load_demo.TOKEN


def load():
    call_command("load_demo", verbosity=0)
    counts = {
        model.__name__: model.objects.count() for model in (Crisis, Figure, PlanCell, Office, User, Membership, Token)
    }
    return counts | {"revision": Crisis.objects.order_by("-revision").first().revision}


def works(client, token):
    return client.get("/api/v1/crises/", headers={"authorization": f"Token {token.read_text()}"}).status_code == 200


def test_loading_the_demo_again_changes_nothing(client, token):
    first = load()
    issued = token.read_text()

    assert load() == first
    assert token.read_text() == issued
    assert works(client, token)


def test_a_token_that_this_database_does_not_know_is_replaced(client, token):
    token.write_text("mcof_of_another_database")

    load()

    assert works(client, token)


def test_nothing_is_loaded_where_the_demo_is_off(settings, token):
    settings.DEMO = False

    with pytest.raises(ImproperlyConfigured):
        load()

    assert not User.objects.exists()
