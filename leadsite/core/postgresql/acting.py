"""Tells PostgreSQL who acts: the setting leadsite.actor, for the transaction only, so that it is also right behind
pgbouncer in transaction mode, and never that of an earlier request.

psycopg begins a transaction with the first statement in it. The setting is part of that command, `BEGIN; SET LOCAL …`:
no round trip more. Only where the actor changes within a transaction is it a command of its own. Other settings of a
transaction travel the same way: `at_begin`.
"""

import re
from collections.abc import Mapping, Sequence
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
    # Commands that the next BEGIN takes along.
    _at_begin: Sequence[bytes] = ()

    def at_begin(self, settings: Mapping[str, str]) -> bool:
        """Set PostgreSQL's settings for the transaction that the next statement begins; False where none will begin,
        because it has begun already, or the connection is in autocommit mode.
        """
        if self._autocommit or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return False
        self._at_begin = [*self._at_begin, *map(_set_local, settings.items())]
        return True

    def set_autocommit(self, value: bool) -> None:
        """As psycopg's, without its wait for the server, which has no part in it. Django calls it before and after each
        transaction: settings of one that never began go. Raises psycopg.OperationalError where the connection is lost.
        """
        self._check_connection_ok()
        self._at_begin = ()
        with self.lock:
            for _ in self._set_autocommit_gen(value):
                raise AssertionError("psycopg asks the server")

    def _start_query(self) -> PQGen[None]:
        """Called by psycopg before each statement: it begins a transaction where there is none and should be one."""
        status = self.pgconn.transaction_status
        commands = []
        if status == TransactionStatus.IDLE:
            self._told = _NOBODY
            if self._autocommit:
                return
            commands = [self._get_tx_start_command(), *self._at_begin]
            self._at_begin = ()
        elif status == TransactionStatus.INERROR:
            return
        actor = actors.current()
        setting = actor.setting if actor else _NOBODY
        if setting != self._told:
            commands.append(b"SET LOCAL leadsite.actor = " + setting)
        if not commands:
            return
        if self._pipeline:  # executemany: several commands in one message are not allowed there
            for command in commands:
                yield from self._exec_command(command)
            yield from self._pipeline._sync_gen()
        else:
            yield from self._exec_commands(b"; ".join(commands))
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

    def forget(self) -> None:
        """Free the rows and parameters of the last statement. How its types are converted stays known."""
        self._reset()
        self._tx.set_pgresult(None, set_loaders=False)

    def _naming_actor(self, query: object) -> AbstractContextManager[object]:
        return cast(ActingConnection, self.connection).naming_actor(query)


def _set_local(setting: tuple[str, str]) -> bytes:
    name, value = setting
    text = value.replace("\\", "\\\\").replace("'", "''")
    return f"SET LOCAL {name} = E'{text}'".encode()


@lru_cache(maxsize=1000)
def _may_write(statement: str) -> bool:
    return _WRITES.search(statement) is not None
