"""Django's PostgreSQL backend with a limit for waiting (patience.py), requests that give way (giving_way.py), a name
for who acts (acting.py) and two optimisations: a health check without a query, and cursors that are kept for statements
whose rows are read at once.

Settings name this package as ENGINE; Django looks for DatabaseWrapper in a module `base`.
"""

import select
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg.abc import PQGen, PQGenConn
from psycopg.types.datetime import TimestamptzLoader

from leadsite.core import clock
from leadsite.core.postgresql import patience
from leadsite.core.postgresql.acting import ActingConnection, ActingCursor
from leadsite.core.postgresql.giving_way import give_way, keep_on

Parameters = Sequence[Any] | Mapping[str, Any]
Result = TypeVar("Result")
# How often psycopg looks for Ctrl-C while it waits; its own default.
_INTERVAL_SECONDS = 0.1
_KEPT_CURSORS = 100


class CommitUnknown(OperationalError):
    """The connection was lost while the server committed: the transaction may be stored or not."""


class PatientConnection(ActingConnection):
    """A connection whose statements and COMMIT wait no longer than patience.limit_waiting allows.

    The server's own time-outs end a statement only where the server runs: not where its process is stopped, its machine
    hangs, or COMMIT waits for a standby that is away.
    """

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> PQGenConn[Self]:
        """Called by psycopg for each host. Its own time-out is of two whole seconds at least, however little is left.

        Raises psycopg.errors.ConnectionTimeout.
        """
        connecting = super()._connect_gen(conninfo)
        left = patience.left()
        started = time.monotonic()
        try:
            waits_for = next(connecting)
            while left is None or time.monotonic() - started < left:
                waits_for = connecting.send((yield waits_for))
            raise psycopg.errors.ConnectionTimeout("The server accepted no connection in time.")
        except StopIteration as connected:
            return cast(Self, connected.value)
        finally:
            patience.spend(time.monotonic() - started)

    def wait(self, gen: PQGen[Result], interval: float = _INTERVAL_SECONDS, timeout: float | None = None) -> Result:
        """Raises psycopg.OperationalError after the limit, and for an answer that psycopg cannot read; the connection
        is closed in both cases, because what comes next on it is unknown.
        """
        patience.count()
        left = patience.left()
        if left is not None and (timeout is None or left < timeout):
            timeout = left
        started = time.monotonic()
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.InternalError as error:
            if error.sqlstate is not None:
                raise
            # Two answers to one command: a server that is shut down says so behind the answer to COMMIT, for example.
            self.pgconn.finish()
            raise psycopg.OperationalError(f"The server ended the connection while it answered: {error}") from error
        except psycopg.OperationalError as error:
            if left is None or time.monotonic() - started < left:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("The server did not answer in time.") from error
        finally:
            patience.spend(time.monotonic() - started)


class _Errors(DatabaseErrorWrapper):
    """Turns psycopg's errors into Django's, and lock time-outs into GiveWay where the request may give way: not
    those of a replica, where nobody but the replay of the primary's log has locks.
    """

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if error is not None:
            if self.wrapper.alias == DEFAULT_DB_ALIAS:  # type: ignore[attr-defined] # missing in django-stubs
                give_way(error)
            super().__exit__(kind, error, traceback)


def next_password(database: Mapping[str, Any], error: psycopg.OperationalError) -> str:
    """Where the server refuses, DATABASE_NEXT_PASSWORD, if there is one: the password is being replaced."""
    # A refusal's words are in the server's language, and have no SQLSTATE.
    return "" if isinstance(error, psycopg.errors.ConnectionTimeout) else database.get("NEXT_PASSWORD", "")


class DatabaseWrapper(base.DatabaseWrapper):
    # Kept cursors by statement, and their connection.
    _cursors: dict[str, ActingCursor]
    _cursors_of: object = None

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return _Errors(self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, within the time that the request has left. Raises OperationalError."""
        if patience.is_used_up():
            raise psycopg.OperationalError("The server did not answer in time, and there is none left to connect.")
        try:
            connection = self._connect(conn_params | {"cursor_factory": ActingCursor})
        except psycopg.errors.ConnectionTimeout:
            # It would wait for seconds again, so a request does not try again.
            patience.use_up()
            raise
        if clock.is_due() and self.alias == DEFAULT_DB_ALIAS:
            connection.autocommit = True
            ((now,),) = connection.execute("SELECT clock_timestamp()").fetchall()
            clock.set_now(now)
            connection.autocommit = False  # as psycopg makes it; Django sets it next
        return connection

    def _connect(self, conn_params: dict[str, Any]) -> PatientConnection:
        """Not by Django, which makes a psycopg.Connection."""
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        try:
            return PatientConnection.connect(**conn_params)
        except psycopg.OperationalError as error:
            following = next_password(self.settings_dict, error)
            if not following:
                raise
            return PatientConnection.connect(**conn_params | {"password": following})

    def set_autocommit(self, autocommit: bool, force_begin_transaction_with_broken_autocommit: bool = False) -> None:
        """Django calls this at the end of a transaction, and connects where the connection is lost: an error of that
        would hide the one of the transaction, CommitUnknown for example.
        """
        if autocommit and self.connection is None:
            self.autocommit = True  # as the next connection is made
            return
        super().set_autocommit(autocommit, force_begin_transaction_with_broken_autocommit)

    def _commit(self) -> None:
        if self.alias == DEFAULT_DB_ALIAS:
            keep_on()
        try:
            super()._commit()  # type: ignore[misc] # missing in django-stubs
        except OperationalError as error:
            cause = error.__cause__
            if isinstance(cause, psycopg.Error) and (cause.sqlstate or "08")[:2] in ("08", "57"):
                raise CommitUnknown("The server did not confirm the commit.") from cause
            raise

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc] # missing in django-stubs
        cast(ActingConnection, self.connection).forget_actor()

    def is_usable(self) -> bool:
        """Whether the persistent connection is open. Called before the first statement of each request.

        Django sends SELECT 1, a round trip for every request. This asks the kernel: an idle connection with data to
        read was closed by the server, or has a notice from it, and is replaced in both cases. A connection lost
        without notice makes the next statement fail.
        """
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)

    def rows(self, statement: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        """Execute one statement and return its rows, if it returns any. Raises django.db.Error.

        Creating a Django cursor costs as much as a statement, and its wrapper as much again, so psycopg's cursors are
        kept: one for each statement, because psycopg looks up again how to convert types for another one.
        """
        if self.queries_logged or self.execute_wrappers:
            with self.cursor() as wrapper:
                return _execute(wrapper, statement, parameters)
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        # Also around the cursor: in a transaction whose connection is lost there is none to be had.
        with self.wrap_database_errors:
            if self._cursors_of is not self.connection:
                self._cursors, self._cursors_of = {}, self.connection
            cursor = self._cursors.pop(statement, None) or self._new_cursor()
            rows = _execute(cursor, statement, parameters)
        cursor.forget()
        self._cursors[statement] = cursor
        if len(self._cursors) > _KEPT_CURSORS:
            del self._cursors[next(iter(self._cursors))]
        return rows

    def _new_cursor(self) -> ActingCursor:
        cursor: ActingCursor = self.create_cursor()
        # Django's loader is written in Python. The session's time zone is UTC, so both return the same times.
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        return cursor


def _execute(cursor: CursorWrapper | ActingCursor, statement: str, parameters: Parameters) -> list[tuple[Any, ...]]:
    cursor.execute(statement, parameters)
    # None where there are no rows to fetch. `description` says so as well, and describes every column each time.
    return cursor.fetchall() if cursor.rownumber is not None else []
