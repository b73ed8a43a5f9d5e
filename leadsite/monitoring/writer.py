"""Writes failed transactions, in a thread with a connection of its own: outside of what failed, and in nobody's way.

While the database is away they wait in memory, up to a number; how many were not kept is a row of its own later.
"""

import atexit
import json
import os
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog
from django.conf import settings
from django.db import Error, connection

from leadsite.core import failures, metrics
from leadsite.core.arrays import column_arrays
from leadsite.core.failures import Failure, Source
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.statements import fetch_rows

log = structlog.get_logger(__name__)

ROOM: Final = 1000
BATCH: Final = 200
# Failures come in crowds: those of this time are one statement.
GATHER_SECONDS: Final = 0.2
AWAY_SECONDS: Final = 2.0
WRITE_SECONDS: Final = 5.0
_INSERT: Final = """
    INSERT INTO failed_transactions
        (id, at, source, operation, user_id, sqlstate, "constraint", attempt, request_id, error, input)
    SELECT id, at, source, operation, user_id, nullif(sqlstate, ''), nullif("constraint", ''), attempt, request_id,
        error, input::jsonb
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::uuid[], %s::text[], %s::text[],
        %s::integer[], %s::text[], %s::text[], %s::text[])
        AS given (id, at, source, operation, user_id, sqlstate, "constraint", attempt, request_id, error, input)
    ON CONFLICT (id) DO NOTHING
"""


class Writer:
    """The failures of this process that are not stored yet. `put` may be called from any thread."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._changed = threading.Condition()
        self._waiting: deque[Failure] = deque()
        self._dropped = 0
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0

    def put(self, failure: Failure) -> None:
        metrics.failed_transaction(failure.source, failure.sqlstate)
        with self._changed:
            if len(self._waiting) >= self._room:
                self._dropped += 1
                metrics.failures_dropped(failure.source)
                return
            self._waiting.append(failure)
            if not settings.TESTING:
                self._start()
            self._changed.notify_all()

    def flush(self) -> int:
        """Store all that wait, in the caller's thread; return how many. Raises django.db.Error; they wait then."""
        stored = 0
        with self._writing:
            while batch := self._batch():
                with limit_waiting(WRITE_SECONDS):
                    _store(batch)
                with self._changed:
                    for _ in batch:
                        self._waiting.popleft()
                stored += len(batch)
        return stored

    def close(self) -> None:
        """Store what waits, at the end of the process. An unreachable database is no error: it is logged."""
        try:
            self.flush()
        except Error as error:
            log.error("failures_not_stored", failures=len(self._waiting), error=type(error).__name__)

    def _batch(self) -> list[Failure]:
        with self._changed:
            if self._dropped and len(self._waiting) < self._room:
                error = (
                    f"{self._dropped} more failures of this process were not kept: the database was away, and its"
                    f" memory has room for {self._room}."
                )
                self._waiting.append(failures.new_failure(operation="failures dropped", error=error))
                log.error("failures_dropped", failures=self._dropped)
                self._dropped = 0
            return list(self._waiting)[:BATCH]

    def _start(self) -> None:
        """Start the thread with the first failure, and again after a fork."""
        if self._thread is None or self._pid != os.getpid() or not self._thread.is_alive():
            if not self._pid:
                atexit.register(self.close)
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="failures", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        pause = GATHER_SECONDS
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._dropped)
            threading.Event().wait(pause)
            try:
                self.flush()
                pause = GATHER_SECONDS
            except Error as error:
                log.warning("failures_wait", failures=len(self._waiting), error=type(error).__name__)
                pause = AWAY_SECONDS
            except Exception:
                log.exception("failures_not_stored", failures=len(self._waiting))
                pause = AWAY_SECONDS
            finally:
                # Failures are rare: no connection is kept for the next one.
                connection.close()


def _store(batch: Sequence[Failure]) -> None:
    rows = [
        (
            *(one.id, one.at, one.source if one.source in Source.values else Source.MANUAL.value, one.operation),
            *(one.user_id, one.sqlstate, one.constraint, one.attempt, one.request_id, one.error),
            json.dumps(one.input),
        )
        for one in batch
    ]
    fetch_rows(_INSERT, column_arrays(rows))


writer: Final = Writer()
