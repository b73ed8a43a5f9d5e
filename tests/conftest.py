"""Fixtures of all tests: a real PostgreSQL, no network beyond this machine, and two businesses."""

import gc
import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from typing import Any, BinaryIO
from unittest.mock import patch

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.template import Template
from django.test import TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.test import APIClient

from leads.importing import upload_worker, uploads
from leads.importing.isolated import process
from leads.models import ImportRun
from leadsite.accounts.models import User
from leadsite.core import failures
from leadsite.core.postgresql import actors
from leadsite.demo import embedded
from tests.database import delete_all_rows, limit_waiting, shared_template
from tests.factories import Business, make_business
from tests.logged import Reader, reading_all
from tests.long.faults.table import HEAD
from tests.order import of_processes
from tests.roles import every_connection_as_application
from tests.sessions import PRELOADED, database_url
from tests.site import SERVED_SECRET, Site, serving
from whatsapp.media import isolated

# The same cases in each run; no deadline, because tests run in parallel. `make test-long` takes the thorough profile.
hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    max_examples=40,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.register_profile("thorough", parent=hypothesis.settings.get_profile("suite"), max_examples=400)
hypothesis.settings.load_profile("suite")


class QuickHasher(PBKDF2PasswordHasher):
    """The site's hasher with one iteration instead of a million; a site in another process can verify its hashes."""

    iterations = 1


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until all tests are collected
    if not hasattr(config, "workerinput"):
        # The files that earlier runs have stored.
        shutil.rmtree(settings.DATA_DIR / "media", ignore_errors=True)
    # Each process has its own files, as it has its own database: the self-check would find those of another's tests.
    own = settings.DATA_DIR / "media" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    settings.STORAGES["media"]["OPTIONS"]["location"] = own
    # The settings are those of tests in the processes that read uploaded files, too; see tests.sessions.processes.
    process.PRELOADED[:0] = ["pytest", *PRELOADED]
    # Django has no setting for this. By default it truncates all tables and creates all permissions again.
    TransactionTestCase._fixture_teardown = lambda case: delete_all_rows()  # type: ignore[attr-defined]
    settings.PASSWORD_HASHERS = [f"{QuickHasher.__module__}.{QuickHasher.__name__}", *settings.PASSWORD_HASHERS]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make fuzz` sets more."""
    parser.addoption("--application-role", action="store_true", help="run as a role that does not own the tables")
    parser.addoption("--cases", type=int, default=5000, help="requests that are made up from the API's description")
    parser.addoption("--faults", type=int, default=1, help="how often each fault of tests/long/faults is injected")
    parser.addoption("--short-faults", action="store_true", help="no fault lasts longer than 8 s, save what needs more")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of tests/long/faults, whose cases may have run in several processes."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    properties = [pair for report in reports for pair in getattr(report, "user_properties", [])]
    lines = dict.fromkeys(value for name, value in properties if name == "fault")
    if lines:
        terminalreporter.section("faults")
        terminalreporter.write_line(HEAD)
        terminalreporter.write("".join(f"{line}\n" for line in sorted(lines)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them into an order that several processes share well."""
    items[:] = of_processes(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """What is there now stays until the end, so the garbage collector need not look through it again and again.

    It runs after 50,000 new objects instead of 700: a page of the admin takes 15 % less time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Do not use bytes in the id of a test: a compressed file contains its time. See tests/long/test_collection.py."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def pages_are_noted(django_test_environment: None) -> Iterator[None]:
    """Let responses of the test client have the context of the page, without those of its hundreds of parts: copying
    them takes 5 % of the time of a page.
    """
    note_and_render = Template._render  # type: ignore[attr-defined] # not in the stubs

    def render(template: Template, context: Any) -> Any:
        return (note_and_render if context.template is template else _render_only)(template, context)

    with patch.object(Template, "_render", render):
        yield


def _render_only(template: Template, context: Any) -> Any:
    return template.nodelist.render(context)


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """The embedded PostgreSQL, unless DATABASE_URL names another."""
    if not settings.EMBEDDED_POSTGRES:
        yield
        return
    with embedded.lease(settings.DATA_DIR):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None,
    database_server: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Start the server, and migrate one database for all processes, before pytest-django creates the test database."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes == 1:
        yield
        return
    with django_db_blocker.unblock(), shared_template(tmp_path_factory.getbasetemp().parent, processes):
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """With --application-role, all connections have the rights of the site in production: tests/roles.py."""
    with django_db_blocker.unblock():
        limit_waiting()
    if not request.config.getoption("--application-role"):
        yield
        return
    with django_db_blocker.unblock(), every_connection_as_application():
        yield


@pytest.fixture(scope="session")
def served_site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The production web server on the test database, one for all tests; it sees what is committed."""
    keys = {"FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS), "WHATSAPP_APP_SECRETS": SERVED_SECRET}
    with serving(database_url(), tmp_path_factory.mktemp("site"), **keys) as site:
        yield site


@pytest.fixture(autouse=True)
def pictures_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode pictures here; tests/long/whatsapp/media has the process that does so for the site."""

    def run(work: Any, *arguments: Any, file: BinaryIO, limits: Any) -> Iterator[Any]:
        file.seek(0)
        yield from work(file, *arguments)

    monkeypatch.setattr(isolated, "run_isolated", run)


@pytest.fixture(autouse=True)
def previews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the preview of an uploaded file where a request would wait for a worker, which tests do not have."""

    def read(run: ImportRun) -> None:
        upload_worker.process_upload(run.pk, should_stop=lambda: False)
        run.refresh_from_db()

    monkeypatch.setattr(uploads, "wait_for_preview", read)


@pytest.fixture(autouse=True)
def nobody_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that another test has run has said who acts in this process, and a key, outside of a request, in this
    thread.
    """
    actors._current.set(None)
    monkeypatch.setattr(actors, "_process", [])
    monkeypatch.setitem(failures._process, "source", "manual")


@pytest.fixture(scope="session")
def all_that_is_logged(pytestconfig: pytest.Config) -> Iterator[Reader]:
    pytests = pytestconfig.pluginmanager.getplugin("logging-plugin")
    assert pytests
    with reading_all([pytests.caplog_handler, pytests.report_handler]) as reader:
        yield reader


@pytest.fixture(autouse=True)
def no_secret_is_logged(all_that_is_logged: Reader) -> Iterator[None]:
    """Fail a test that makes the site log a number, a key or a text: logs are read by more people than the rows."""
    all_that_is_logged.take()
    yield
    assert all_that_is_logged.take() == []


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that connects to another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                pytest.fail(f"This test reaches the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def owner(db: None) -> Business:
    """The business whose rows the test is about."""
    return make_business(email="owner@bakery.example", name="Bella's Bakery")


@pytest.fixture
def stranger(db: None) -> Business:
    """Another business, which must never see the owner's rows."""
    return make_business(email="stranger@florist.example", name="Flora")


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create_superuser("admin@leadsite.example", "correct horse battery")


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient()
