"""The cast: the framework and the countries are seeded once, and each persona has a client."""

import pytest
from django.core.management import call_command
from django.test import Client

from crises.models import Counter
from sectors import reference
from tests import factories


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        call_command("seed", verbosity=0)


@pytest.fixture(autouse=True)
def fresh_reference():
    """Editions made or flushed by a test must not outlive it in the process."""
    reference.content.cache_clear()
    yield
    reference.content.cache_clear()


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def office(db):
    """The office at the centre of most tests: Tripoli, Libya."""
    return factories.make_office()


@pytest.fixture
def field_client(office):
    return signed_in(factories.make_field(office))


@pytest.fixture
def lead_client(office):
    return signed_in(factories.make_lead(office))


@pytest.fixture
def hq_client(db):
    return signed_in(factories.make_hq())


@pytest.fixture
def partner_client(db):
    return signed_in(factories.make_partner("LBY"))


@pytest.fixture
def other_client(db):
    """A field officer of an office that shares nothing with Tripoli: must see none of its work."""
    return signed_in(factories.make_field(factories.make_office("lima", country="PER"), username="other"))


@pytest.fixture
def seeded(transactional_db):
    """The seed again, for a test that commits: such tests start from empty tables."""
    call_command("seed", verbosity=0)
    Counter.objects.get_or_create(pk=1)
