"""A persistent connection that the server closed is replaced before the next request."""

from typing import cast

import psycopg
import pytest
from django.db import (
    DEFAULT_DB_ALIAS,
    DataError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
    transaction,
)

from leadsite.core.postgresql.base import DatabaseWrapper
from leadsite.core.postgresql.defaults import TIMEOUTS
from leadsite.core.sqlstates import Meaning, meaning
from leadsite.core.statements import fetch_rows
from tests.database_proxy import unconfirmed_commits
from tests.factories import ORDER, Business


@pytest.fixture
def terminate(transactional_db):
    """Terminate the persistent connection's backend, as a restart or a failover does."""

    def end():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
        with psycopg.connect(**parameters, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    return end


def begin_request():
    """Do what Django does at the start of each request, but not with its test client."""
    close_old_connections()


def test_a_request_after_the_servers_restart_is_served(owner, terminate):
    terminate()
    begin_request()
    assert owner.client.get("/api/leads").status_code == 200


def test_an_open_connection_is_reused(transactional_db, owner):
    before = connection.connection
    begin_request()
    assert owner.client.get("/api/leads").status_code == 200
    assert connection.connection is before


def test_a_transaction_that_has_lost_its_connection_before_its_first_statement_is_unavailable(transactional_db: None):
    """The admin's validation meets the loss first, and goes on."""
    connection.close()

    @transaction.atomic
    def work():
        assert connection.connection is not None
        connection.connection.close()
        fetch_rows("SELECT 1")

    with pytest.raises(OperationalError) as raised:
        work()
    assert meaning(raised.value) is Meaning.UNAVAILABLE


def test_a_transaction_that_begins_with_a_lost_connection_is_unavailable(transactional_db: None):
    """Where an error before it was caught, Django's check of the connection has been made already."""
    fetch_rows("SELECT 1")
    assert connection.connection is not None
    connection.connection.pgconn.finish()
    with pytest.raises(OperationalError) as raised, transaction.atomic():
        fetch_rows("SELECT 1")
    assert meaning(raised.value) is Meaning.UNAVAILABLE
    connection.close()


def test_sessions_of_the_web_server_compile_no_statement(db):
    """jit is on by default in most packages of PostgreSQL; a claim of messages took 600 ms with it."""
    parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor, "options": TIMEOUTS}
    with psycopg.connect(**parameters) as web:
        assert web.execute("SHOW jit").fetchall() == [("off",)]


def test_a_commit_whose_answer_is_followed_by_the_servers_end_may_be_stored(transactional_db: None, owner: Business):
    """A switchover; psycopg calls two answers to one command an internal error."""
    with unconfirmed_commits():
        answer = owner.client.post("/api/leads", ORDER, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert answer["Retry-After"]
    assert owner.row_counts() == (1, 1, 1)


@pytest.mark.parametrize("length", [1, 100_000])
def test_a_repeated_statement_has_its_own_rows_each_time(db: None, length: int) -> None:
    statement = "SELECT n, %s::text FROM generate_series(1, %s) AS n"
    for count in (1, 3, 500, 0, 2):
        for text in ("x" * length, None, "y"):
            assert fetch_rows(statement, [text, count]) == [(n, text) for n in range(1, count + 1)]


def test_a_repeated_statement_works_after_it_has_failed(transactional_db: None) -> None:
    statement = "SELECT 12 / %s"
    assert fetch_rows(statement, [2]) == [(6,)]
    with pytest.raises(DataError), transaction.atomic():
        fetch_rows(statement, [0])
    assert fetch_rows(statement, [3]) == [(4,)]
    connection.close()
    assert fetch_rows(statement, [4]) == [(3,)]


def test_rows_are_not_kept(db: None) -> None:
    statement = "SELECT repeat(%s, 1000) FROM generate_series(1, 1000)"
    assert len(fetch_rows(statement, ["x" * 1000])) == 1000
    kept = cast(DatabaseWrapper, connections[DEFAULT_DB_ALIAS])._cursors[statement]
    assert (kept.pgresult, kept._query, kept._tx.pgresult) == (None, None, None)
