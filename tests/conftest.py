"""The cast: the framework and the countries are seeded once, and each persona has a client, or a browser."""

import os
import shutil
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from crises.models import Counter
from sectors import reference
from tests import factories
from tests.everything import chromium


def pytest_report_header(config):
    left_out = []
    if "browser" not in config.option.markexpr:
        left_out += ["the browser journeys (pytest -m browser)"]
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        left_out += ["PostgreSQL (DATABASE_URL=postgres://...)"]
    for program, language in {"node": "JavaScript", "Rscript": "R"}.items():
        if not shutil.which(program):
            left_out += [f"the samples in {language} ({program})"]
    return f"left out: {' and '.join(left_out)}; make test runs everything" if left_out else None


def pytest_collection_modifyitems(config, items):
    """The browser journeys run only where their mark is named."""
    if "browser" not in config.option.markexpr:
        journeys = [item for item in items if item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=journeys)
        items[:] = [item for item in items if item not in journeys]


def pytest_terminal_summary(terminalreporter):
    """What the pages weigh, beside their budgets, wherever they were weighed."""
    reports = [report for found in terminalreporter.stats.values() for report in found if hasattr(report, "when")]
    weights = [
        value for report in reports for name, value in getattr(report, "user_properties", ()) if name == "weight"
    ]
    if weights:
        terminalreporter.section("first view of a page, HTML and CSS compressed")
        for weight in sorted(set(weights)):
            terminalreporter.write_line(weight)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        call_command("seed", verbosity=0)


@pytest.fixture(scope="module")
def kept(django_db_setup, django_db_blocker):
    """with kept(): what is made in the block of a fixture is there for every test of its module, and then gone.

    Each test runs inside, in a transaction of its own.
    """

    @contextmanager
    def kept():
        with django_db_blocker.unblock(), transaction.atomic():
            yield
            transaction.set_rollback(True)

    return kept


@pytest.fixture(autouse=True)
def fresh_reference():
    """Editions made or flushed by a test, and pages kept, must not outlive it in the process."""
    cache.clear()
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


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The machine's own Chromium. Its driver keeps an event loop in this thread, where Django would refuse queries."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return browser_type_launch_args | {"executable_path": chromium(), "args": ["--no-sandbox"]}


@pytest.fixture(scope="session")
def base_url(live_server):
    return live_server.url


@pytest.fixture
def page(page, seeded):
    """A browser on the seeded site, signed out: page.goto("/matrix/"). A fault of script or policy fails the test."""
    faults = []

    def listen(said):
        if said.type == "error" and said.location["url"] != page.url:  # an answer of 4xx to the page itself is no fault
            faults.append(said.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    assert not faults


@pytest.fixture
def sign_in(page, base_url):
    """sign_in(user) makes the browser theirs without passing the sign-in page."""

    def sign_in(user):
        session = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base_url}])

    return sign_in


@pytest.fixture
def axe():
    """axe(page) fails with what a person using assistive technology would meet, and where."""

    def axe(page):
        found = Axe().run(page)
        if found.violations_count:
            pytest.fail(f"{page.url}\n{found.generate_report()}", pytrace=False)

    return axe
