"""A kept connection whose server went away is replaced before a client notices."""

import psycopg
import pytest
from django.core.signals import request_started
from django.db import connection


@pytest.fixture
def terminate(transactional_db):
    """End the server's side of the kept connection, as a restart or a failover does."""

    def end():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
        with psycopg.connect(**parameters, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    return end


def test_a_request_after_the_servers_restart_is_served(owner, terminate):
    terminate()
    # What Django does before each request.
    connection.health_check_done = False
    assert owner.client.get("/api/leads").status_code == 200


def test_a_sound_connection_is_kept(owner):
    before = connection.connection
    request_started.send(sender=None)
    assert connection.is_usable()
    assert owner.client.get("/api/leads").status_code == 200
    assert connection.connection is before
