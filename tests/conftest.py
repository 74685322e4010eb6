"""The cast: the framework and the countries are seeded once, and each persona has a client."""

import pytest
from django.core.management import call_command

from sectors import reference


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
