"""Liveness and readiness probes."""

from types import SimpleNamespace

import psycopg
import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from leadsite import health


@pytest.mark.parametrize("path", ["/livez", "/livez/", "/readyz", "/readyz/"])
def test_a_working_site_is_alive_and_ready(client, db, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_a_probe_may_come_without_tls_and_with_any_host(client, db, settings):
    settings.ALLOWED_HOSTS = ["leads.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/livez", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/api/leads", headers={"host": "10.0.0.7:8000"}).status_code in (301, 400)


def test_without_a_function_it_is_not_ready(client, db):
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION create_lead_with_conversation(uuid, text, text, text, text, text, text)")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "writable": True, "migrations": True, "functions": False}


def test_with_a_migration_to_apply_it_is_not_ready(client, db):
    MigrationRecorder.Migration.objects.filter(app="leads").latest("name").delete()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "writable": True, "migrations": False, "functions": True}


def test_on_a_read_only_server_it_is_not_ready(client, transactional_db):
    """As on a standby after a failover."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        try:
            answer = client.get("/readyz")
        finally:
            cursor.execute("SET default_transaction_read_only = off")
    assert answer.status_code == 503
    assert answer.json()["checks"]["writable"] is False


def test_without_room_for_files_it_is_not_ready(client, transactional_db):
    """A limit of temporary files stands for a full disk: both are class 53, insufficient resources."""
    with connection.cursor() as cursor:
        cursor.execute("SET temp_file_limit = 0")
        try:
            answer = client.get("/readyz")
        finally:
            cursor.execute("RESET temp_file_limit")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "writable": False, "migrations": True, "functions": True}


def test_an_answer_is_kept_for_a_second(client, db, settings, monkeypatch):
    """Anybody can ask, so that queries at each request would be a load that anybody can make."""
    settings.TESTING = False
    now = [1000.0]
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(health, "_readiness", health._Readiness())

    def queries():
        with CaptureQueriesContext(connection) as found:
            assert client.get("/readyz").status_code == 200
        return len(found)

    first = queries()
    now[0] += 0.9
    again = queries()
    now[0] += 0.2
    assert (first > 0, again, queries()) == (True, 0, first)


@pytest.fixture
def database_down(db):
    """All statements fail, as they do without a server."""

    def fail(*arguments, **options):
        raise OperationalError("connection refused") from psycopg.OperationalError("connection refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.backends.utils.CursorWrapper.execute", fail)
        yield


def test_without_a_database_it_is_alive_but_not_ready(client, db, database_down):
    assert client.get("/livez").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] is False


def test_without_a_database_a_lead_is_answered_503_with_retry_after(owner, database_down):
    answer = owner.post_lead()
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_without_a_database_the_admin_is_answered_503_too(client, db, database_down):
    answer = client.post("/admin/login/", {"username": "a@b.example", "password": "x"})
    assert answer.status_code == 503
