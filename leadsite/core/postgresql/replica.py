"""Lists and searches that a replica answers: the setting DATABASE_REPLICA_URL.

Note [Replica]: `read_from_replica` runs a function whose queries through Django's ORM go to the replica, by
ReplicaRouter. A router, not `using()` on each queryset, because a list of the admin is made of many queries that this
site does not write: filters, counts, what is prefetched. Outside of such a call everything goes to the primary, and so
does always what is not a row of APPS: keys, sessions, people, permissions, the queues of the worker; and each write and
each lock.

Who has just written must see it. After each request that may have written, the position in PostgreSQL's log is noted
for the business (`note_write`, called by leadsite.middleware.NoteWrites), in the table last_writes of the primary,
because the next request may come to another process or machine. A list is read from the replica only once that has
replayed the position. Everybody else sees what is MAX_LAG old at most. The table is unlogged: that of a server which
crashed, or was a standby before, is empty, and a business without a row reads from the primary, which notes the present
position.

A replica that is away, hangs, or cancels the query costs a list WAIT_SECONDS at most; then the primary answers it. For
RETRY_SECONDS no request of a process asks a replica that gave no answer, and then one of them does.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

import structlog
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections, transaction
from django.db.models import Model
from django.http import Http404

from leadsite.core import metrics
from leadsite.core.postgresql import patience
from leadsite.core.postgresql.giving_way import keep_on
from leadsite.core.postgresql.pauses import Pause
from leadsite.core.sqlstates import Meaning, meaning
from leadsite.core.statements import fetch_rows

log = structlog.get_logger(__name__)

ALIAS: Final = "replica"
# The labels of the apps whose rows lists show.
APPS: Final = frozenset({"conversations", "leads", "audit", "figures"})
MAX_LAG: Final = "5 seconds"
WAIT_SECONDS: Final = 1.5
RETRY_SECONDS: Final = 5.0

# Positions are the number of bytes since the beginning of the log.
_PRESENT: Final = "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
_NOTE: Final = f"""
    INSERT INTO last_writes AS w (user_id, position) VALUES (%s, {_PRESENT})
    ON CONFLICT (user_id) DO UPDATE SET position = greatest(w.position, excluded.position)
"""  # noqa: S608 - constant text
_ON_PRIMARY: Final = f"""
    SELECT (SELECT position FROM last_writes WHERE user_id = %s), {_PRESENT}, s.system_identifier,
        left(pg_walfile_name(pg_current_wal_lsn()), 8)
    FROM pg_control_system() AS s
"""  # noqa: S608 - constant text
# Commits are replayed in the order of the primary, so one of a few seconds ago says that all before are there too; on a
# site where nothing is written the last one is old, but nothing is missing.
# Positions of two timelines cannot be compared: after a failover a standby may have more than its new primary. Of which
# timeline it is, it says with its next restartpoint, within minutes (checkpoint_timeout).
_ON_REPLICA: Final = f"""
    SELECT pg_is_in_recovery() AND (SELECT system_identifier FROM pg_control_system()) = %s, r.position >= %s,
        (SELECT lpad(upper(to_hex(min_recovery_end_timeline)), 8, '0') FROM pg_control_recovery()) = %s
        AND (r.position >= %s OR pg_last_xact_replay_timestamp() > clock_timestamp() - interval '{MAX_LAG}')
    FROM (SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')) AS r (position)
"""  # noqa: S608 - constant text
_IDENTITY: Final = "SELECT pg_is_in_recovery(), system_identifier FROM pg_control_system()"
T = TypeVar("T")


class Outcome(StrEnum):
    """Where a list was read that the replica could have answered. All but the first: from the primary."""

    REPLICA = "replica"
    OWN_WRITE = "own_write"  # the replica has not replayed yet what the business has written
    LAGGING = "lagging"  # the replica is more than MAX_LAG behind, or follows another timeline
    REFUSED = "refused"  # it is no replica of this primary
    MISSING = "missing"  # a row that the list belongs to is not there, or not there yet
    FAILED = "failed"  # no answer, or an error
    PAUSED = "paused"  # it gave no answer, or was refused, less than RETRY_SECONDS ago


class _Reading(threading.local):
    alias = DEFAULT_DB_ALIAS


_reading: Final = _Reading()
pause: Final = Pause(RETRY_SECONDS)


class ReplicaRouter:
    """Setting DATABASE_ROUTERS: Note [Replica]."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        # What a transaction of the primary reads is part of a write.
        return alias() if model._meta.app_label in APPS and not connection.in_atomic_block else DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        """Rows of both are of the same database."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


def is_set() -> bool:
    return ALIAS in connections.settings


def alias() -> str:
    """The database that lists are read from now: of `fetch_rows` and transactions in them."""
    return _reading.alias


def note_write(user_id: UUID | str) -> None:
    """Note that the business has written until now, in a transaction that is committed. An error is logged: the answer
    to the write is not another one for it.
    """
    keep_on()
    try:
        fetch_rows(_NOTE, [user_id])
    except Error:
        log.exception("write_not_noted", user_id=str(user_id))


def read_from_replica(read: Callable[[], T], *, user_id: UUID) -> T:
    """Return what `read` returns, by queries to the replica where it has all that the business has written; otherwise,
    and where that fails, by queries to the primary, for which it is called again. `read` writes nothing.

    Raises what `read` raises, and django.db.Error.
    """
    if not is_set() or connection.in_atomic_block or alias() == ALIAS:
        return read()
    if not pause.is_over():
        metrics.replica_read(Outcome.PAUSED)
        return read()
    primary = _primary(user_id)
    if primary is None:
        note_write(user_id)
        metrics.replica_read(Outcome.OWN_WRITE)
        return read()
    outcome = Outcome.FAILED
    try:
        # One transaction: behind a pooler its statements, and no others, are sure to come to the same server.
        with patience.limit_waiting(_limit()), transaction.atomic(using=ALIAS):
            outcome = _state(primary)
            if outcome is Outcome.REPLICA:
                with _routed():
                    return read()
    except Http404:
        outcome = Outcome.MISSING
    except Error as error:
        if meaning(error) is Meaning.REFUSED:
            raise
        _note_failure(error, has_answered=outcome is Outcome.REPLICA)
        outcome = Outcome.FAILED
    finally:
        metrics.replica_read(outcome)
    return read()


def misfit() -> str:
    """Return why the server is none that lists can be read from, after its name in a sentence; "" where it is one.

    Raises django.db.Error.
    """
    ((_, ours),) = fetch_rows(_IDENTITY)
    ((is_standby, system),) = fetch_rows(_IDENTITY, using=ALIAS)
    if system != ours:
        return "is no replica of the server of DATABASE_URL: it has another system identifier"
    return "" if is_standby else "is no standby: it is the primary itself, or was promoted"


class _Primary(NamedTuple):
    wrote: int
    present: int
    system: int
    timeline: str


def _primary(user_id: UUID) -> _Primary | None:
    """Return what the primary says; None where nothing is noted of the business. Raises django.db.Error."""
    try:
        ((wrote, *others),) = fetch_rows(_ON_PRIMARY, [user_id])
    except Error as error:
        if _sqlstate(error) is None:
            raise  # no answer
        # It is read-only, after a failover: it has no positions, but can be read.
        pause.begin()
        log.warning("replica_not_asked", error=str(error).partition("\n")[0])
        return None
    return _Primary(wrote, *others) if wrote is not None else None


def _state(primary: _Primary) -> Outcome:
    parameters = [primary.system, primary.wrote, primary.timeline, primary.present]
    ((is_ours, has_own, is_recent),) = fetch_rows(_ON_REPLICA, parameters, using=ALIAS)
    if not is_ours:  # by the identifier of the database system; and the primary itself is none
        pause.begin()
        log.error("replica_refused", reason="The server is no standby, or one of another primary.")
        return Outcome.REFUSED
    if pause.end():
        log.info("replica_answers_again")
    if not is_recent:
        return Outcome.LAGGING
    return Outcome.REPLICA if has_own else Outcome.OWN_WRITE


def _limit() -> float:
    """Seconds that the replica has: half of what is left at most, because the primary may have to answer."""
    left = patience.left()
    return WAIT_SECONDS if left is None else min(WAIT_SECONDS, left / 2)


def _note_failure(error: Error, *, has_answered: bool) -> None:
    """Pause, unless it has cancelled a query: that says nothing about the next one."""
    if not has_answered or _sqlstate(error) is None:
        pause.begin()
    log.warning("replica_failed", error=str(error).partition("\n")[0], kind=type(error).__name__)


def _sqlstate(error: Error) -> str | None:
    """None where the server has not answered."""
    return getattr(error.__cause__, "sqlstate", None)


@contextmanager
def _routed() -> Iterator[None]:
    _reading.alias = ALIAS
    try:
        yield
    finally:
        _reading.alias = DEFAULT_DB_ALIAS
