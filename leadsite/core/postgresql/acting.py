"""Tells PostgreSQL who acts: the setting leadsite.actor, for the transaction only, so that it is also right behind
pgbouncer in transaction mode, and never that of an earlier request.

psycopg begins a transaction with the first statement in it. The setting is part of that command, `BEGIN; SET LOCAL …`:
no round trip more. Only where the actor changes within a transaction is it a command of its own.
"""

import re
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Self, cast

import psycopg
from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus

from leadsite.core.postgresql import actors

_NOBODY: Final = b"''"
# Statements that may change rows, also in a WITH, or by a function for SQL clients. One that
# only looks so costs three round trips, and does no harm.
_WRITES: Final = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|\w+_with_conversations?)\b", re.IGNORECASE)

# Django's cursor is a psycopg.Cursor, which its stubs do not say.
if TYPE_CHECKING:
    _Cursor = psycopg.Cursor[Any]
else:
    _Cursor = ServerBindingCursor


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
        """What the transaction was told is not known, after the rollback of a savepoint for example: say it again."""
        self._told = b""

    def naming_actor(self, statement: object) -> AbstractContextManager[object]:
        """A transaction for a statement that may change rows outside of one, where somebody is to be named."""
        if (
            self._autocommit
            and self.pgconn.transaction_status == TransactionStatus.IDLE
            and actors.current() is not None
            and isinstance(statement, str)
            and _may_write(statement)
        ):
            # The transaction sends its BEGIN itself, without who acts.
            self.forget_actor()
            return self.transaction()
        return nullcontext()


class ActingCursor(_Cursor):
    """Executes statements that need it in a transaction of their own, so that it can be told who acts."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        with self._naming_actor(query):
            return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        with self._naming_actor(query):
            super().executemany(query, params_seq, **options)

    def _naming_actor(self, query: object) -> AbstractContextManager[object]:
        return cast(ActingConnection, self.connection).naming_actor(query)


@lru_cache(maxsize=1000)
def _may_write(statement: str) -> bool:
    return _WRITES.search(statement) is not None
