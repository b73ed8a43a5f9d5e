"""A request does not wait for ever for a server that does not answer."""

import socket
import time
from contextlib import closing
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from leadsite.core.postgresql.base import CommitUnknown, PatientConnection
from leadsite.core.postgresql.patience import left, limit_waiting
from leadsite.core.transactions import sqlstate

pytestmark = pytest.mark.usefixtures("transactional_db", "ended_sessions")

# No time-out of the server's: the client alone ends the wait, and long before the statement would end.
SLEEP = "SELECT pg_sleep(60)"


@pytest.fixture
def ended_sessions(transactional_db):
    """End the sessions that still work for connections that the client has closed."""
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'pg_sleep|COMMIT'"
        )


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_a_statement_that_is_not_answered_ends_after_the_limit():
    started = time.monotonic()
    with pytest.raises(OperationalError, match="did not answer in time"), limit_waiting(0.3):
        execute(SLEEP)
    assert time.monotonic() - started < 30


def test_the_connection_is_replaced_because_its_answer_may_yet_come():
    with pytest.raises(OperationalError), limit_waiting(0.1):
        execute(SLEEP)
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        assert cursor.fetchone() == (7,)


def test_the_statements_of_a_request_have_one_limit():
    with connection.cursor() as cursor, limit_waiting(0.5):
        cursor.execute("SELECT pg_sleep(0.3)")
        remaining = left()
        assert remaining is not None
        assert remaining < 0.25
        with pytest.raises(OperationalError):
            cursor.execute("SELECT pg_sleep(0.3)")


def test_without_a_limit_a_statement_waits():
    with connection.cursor() as cursor, limit_waiting(0):
        assert left() is None
        cursor.execute("SELECT pg_sleep(0.2)")


def test_an_error_of_the_server_keeps_its_code():
    execute("SET statement_timeout = '50ms'")
    with pytest.raises(OperationalError) as raised, limit_waiting(30):
        execute(SLEEP)
    connection.close()
    assert sqlstate(raised.value) == "57014"


@pytest.fixture
def slow_commits(ended_sessions):
    """A table whose deferred trigger makes COMMIT wait, as a synchronous standby does that is away."""
    execute(
        "CREATE TABLE slow_commits (n int)",
        "CREATE FUNCTION sleep_at_commit() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN PERFORM pg_sleep(60); RETURN NULL; END$$",
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow_commits DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION sleep_at_commit()",
    )
    yield
    execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'",
        "DROP TABLE slow_commits",
        "DROP FUNCTION sleep_at_commit",
    )


@pytest.mark.usefixtures("slow_commits")
def test_a_commit_that_is_not_confirmed_is_reported_as_unknown():
    with pytest.raises(CommitUnknown), limit_waiting(0.5), transaction.atomic():
        execute("INSERT INTO slow_commits VALUES (1)")
    connection.close()


def refuse_connections(**parameters: Any) -> None:
    raise psycopg.errors.ConnectionTimeout("connection timeout expired")


@pytest.mark.usefixtures("slow_commits")
def test_it_is_unknown_also_where_the_server_takes_no_new_connection():
    execute("SELECT 1")
    with patch.object(PatientConnection, "connect", refuse_connections):
        with pytest.raises(CommitUnknown), limit_waiting(0.5), transaction.atomic():
            execute("INSERT INTO slow_commits VALUES (1)")
        connection.close()


def test_a_request_that_has_waited_connects_no_more():
    """To a server that does not answer, it would wait for whole seconds each time."""
    with limit_waiting(0.1):
        with pytest.raises(OperationalError, match="did not answer in time"):
            execute(SLEEP)
        connection.close()
        with pytest.raises(OperationalError, match="none left to connect"):
            execute("SELECT 1")
    execute("SELECT 1")


def test_a_connection_is_waited_for_as_long_as_is_left():
    """psycopg would wait for connect_timeout, and for two seconds at least, also where a request has waited before."""
    silent = connection.copy()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        silent.settings_dict |= {"HOST": "127.0.0.1", "PORT": server.getsockname()[1]}
        with pytest.raises(OperationalError, match="accepted no connection in time"), limit_waiting(0.2):
            silent.ensure_connection()


def test_a_server_that_accepts_no_connection_is_tried_once():
    connection.close()
    with patch.object(PatientConnection, "connect", refuse_connections), limit_waiting(60):
        for words in ("connection timeout expired", "none left to connect"):
            with pytest.raises(OperationalError, match=words):
                execute("SELECT 1")
