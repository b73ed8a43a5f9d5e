"""Tells PostgreSQL who acts: the setting leadsite.actor, for the transaction only, so that it is also right behind
pgbouncer in transaction mode, and never that of an earlier request.

psycopg begins a transaction with the first statement in it. The setting is part of that command, `BEGIN; SET LOCAL …`:
no round trip more. Only where the actor changes within a transaction is it a command of its own.
"""

import re
from functools import lru_cache
from typing import Any, Final

import psycopg
from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus

from leadsite.core.postgresql import actors

_NOBODY: Final = b"''"
# Statements that may change rows, also in a WITH, or by a function for SQL clients. One that does not costs two round
# trips, and does no harm.
_WRITES: Final = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|\w+_with_conversations?)\b", re.IGNORECASE)


class ActingConnection(psycopg.Connection[Any]):
    """A connection whose transactions begin with who acts."""

    # What the open transaction was told.
    _told: bytes = _NOBODY

    def _start_query(self) -> PQGen[None]:
        """Called by psycopg before each statement: it begins a transaction where there is none and should be one."""
        status = self.pgconn.transaction_status
        if status == TransactionStatus.IDLE:
            self._told = _NOBODY
            if self._autocommit:
                return
        actor = actors.current()
        setting = actor.setting if actor else _NOBODY
        if setting == self._told or status == TransactionStatus.INERROR or self._pipeline:
            yield from super()._start_query()
            return
        command = b"SET LOCAL leadsite.actor = " + setting
        if status == TransactionStatus.IDLE:
            command = self._get_tx_start_command() + b"; " + command
        yield from self._exec_commands(command)
        self._told = setting

    def _exec_commands(self, commands: bytes) -> PQGen[None]:
        """As psycopg's _exec_command, for several commands in one query."""
        self._check_connection_ok()
        self.pgconn.send_query(commands)
        for result in (yield from generators.execute(self.pgconn)):
            if result.status != ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result, encoding=self.pgconn._encoding)

    def forget_actor(self) -> None:
        """A savepoint was rolled back, and with it what was told since: say it again."""
        self._told = b""

    def needs_transaction(self, statement: object) -> bool:
        """Whether the statement may change rows, outside of a transaction, and somebody is to be named."""
        return bool(
            self._autocommit
            and self.pgconn.transaction_status == TransactionStatus.IDLE
            and actors.current() is not None
            and isinstance(statement, str)
            and _may_write(statement)
        )


class ActingCursor(ServerBindingCursor):
    """Executes statements that need it in a transaction of their own, so that it can be told who acts."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        connection: Any = self.connection  # type: ignore[attr-defined] # the stubs know no psycopg 3
        if not connection.needs_transaction(query):
            return super().execute(query, params, **options)  # type: ignore[misc] # the same
        with connection.transaction():
            connection.forget_actor()
            return super().execute(query, params, **options)  # type: ignore[misc] # the same

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> Any:
        connection: Any = self.connection  # type: ignore[attr-defined] # the stubs know no psycopg 3
        if not connection.needs_transaction(query):
            return super().executemany(query, params_seq, **options)  # type: ignore[misc] # the same
        with connection.transaction():
            connection.forget_actor()
            return super().executemany(query, params_seq, **options)  # type: ignore[misc] # the same


@lru_cache(maxsize=1000)
def _may_write(statement: str) -> bool:
    return _WRITES.search(statement) is not None
