"""Repeats transactions after deadlocks, lock time-outs and serialization failures; their settings, and their jobs."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, overload
from uuid import UUID

import psycopg
import structlog
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from leadsite.core import failures, metrics
from leadsite.core.postgresql import patience, replica
from leadsite.core.postgresql.acting import ActingConnection
from leadsite.core.postgresql.giving_way import is_last_try
from leadsite.core.statements import fetch_rows

log = structlog.get_logger(__name__)

# deadlock_detected, serialization_failure, lock_not_available: the transaction was rolled back and may succeed when
# repeated (PostgreSQL manual, sections 13.5 and A). Not a lost connection: the transaction may have committed.
LOCK_NOT_AVAILABLE: Final = "55P03"
RETRIED_SQLSTATES: Final = frozenset({"40P01", "40001", LOCK_NOT_AVAILABLE})
MAX_ATTEMPTS: Final = 4
# Note [Suspended processes]: a process that is suspended within a transaction (stopped by a signal, suspended with its
# machine, out of memory) keeps its locks, and the server sees an open connection. The web server's connections have
# time-outs that end such sessions, but manage.py removes these time-outs (migrations take long). Therefore each
# transaction of a worker or command that locks rows which others need begins with `end_if_idle`. The server then rolls
# it back, and the process gets django.db.Error when it continues.
IDLE_SECONDS: Final = 5.0
# For `set_locally`: statements over arrays find their rows by index even where PostgreSQL's statistics are missing or
# stale, and are planned once for each connection, not at each call. With enable_seqscan off, a step that can only scan
# has an estimated cost of 10 billion, for which PostgreSQL 15 would compile the statement (jit) at each call.
INDEX_PLANS: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
P = ParamSpec("P")
R = TypeVar("R")


class ConcurrentChange(OperationalError):
    """A concurrent transaction has changed what this one has read. Retried like a serialization failure."""

    sqlstate = "40001"


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error that Django raised; None where the server has not answered."""
    if isinstance(error, ConcurrentChange):
        return error.sqlstate
    cause = error.__cause__
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


@overload
def retried(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def retried(
    *, attempts: int = ..., source: str = ..., operation: str = ...
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def retried(
    function: Callable[P, R] | None = None,
    /,
    *,
    attempts: int = MAX_ATTEMPTS,
    source: str = "",
    operation: str = "",
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Repeat the whole function, up to `attempts` times in all, after a deadlock, a lock time-out or a serialization
    failure, at COMMIT too. `@retried` and `@retried(attempts=2)`.

    The function opens the transaction itself, and does nothing outside it that must not be repeated. Where the caller
    already holds a transaction there is one attempt, because only who opened a transaction can repeat it. An error
    that leaves the function has the number of its attempt, see attempt_of. Only Django's database errors are
    recognised: translate them in the caller, not inside.

    Within patience.limit_waiting, no attempt begins that has less time left than the last one has waited: it would be
    ended in the middle, with its connection. In the web server a lock time-out raises GiveWay, and the whole request is
    run again: it is repeated here only where the request has committed something before.

    Who opened the transaction also reports an error that leaves it (failures.py), as the failure of `operation`, by
    default the name of the innermost such function, and of `source`, by default its argument or the entry point.
    """
    if function is None:
        return lambda decorated: _retried(decorated, attempts, source, operation)
    return _retried(function, attempts, source, operation)


def _retried(function: Callable[P, R], attempts: int, source: str, operation: str) -> Callable[P, R]:
    @wraps(function)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        is_own = not connection.in_atomic_block
        last = attempts if is_own else 1
        for number in range(1, last + 1):
            before = patience.left()
            try:
                return function(*args, **kwargs)
            except Exception as error:
                state = sqlstate(error)
                error.__dict__["attempt"] = number
                if number == last or state not in RETRIED_SQLSTATES or _is_too_late(before) or _is_last(state):
                    failures.annotate(error, function, args, kwargs)
                    if is_own:
                        failures.report(error, source=source, operation=operation, attempt=number)
                    raise
            log.info("transaction_retried", attempt=number, sqlstate=state)
            metrics.transaction_retried(state or "")
            # Jitter, so that the same sessions do not collide again. No transaction is open during the wait.
            time.sleep(random.uniform(0.005, 0.05) * 2**number)  # noqa: S311 - not a secret
        raise AssertionError("the last attempt returns or raises")

    return repeated


def _is_last(state: str | None) -> bool:
    return state == LOCK_NOT_AVAILABLE and is_last_try()


def _is_too_late(before: float | None) -> bool:
    """Whether less time is left than an attempt has waited that began with `before`."""
    left = patience.left()
    return left is not None and before is not None and left < before - left


def attempt_of(error: BaseException) -> int:
    """Return the attempt of a `retried` function that the error ended; 0 for an error from outside of one."""
    return int(error.__dict__.get("attempt", 0))


def set_locally(**values: str) -> None:
    """Set PostgreSQL's settings, `lock_timeout="100ms"`, until the transaction ends. Caller holds the transaction.

    Before its first statement they cost no round trip.
    """
    _set_locally(DEFAULT_DB_ALIAS, values)


def _set_locally(using: str, values: Mapping[str, str]) -> None:
    open_one = connections[using].connection  # None before the first statement of a thread
    if isinstance(open_one, ActingConnection) and open_one.at_begin(values):
        return
    calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
    fetch_rows(f"SELECT {calls}", [part for setting in values.items() for part in setting], using=using)


def wait_for_turn(what: str, *, user_id: UUID) -> None:
    """Wait until no other transaction of the business has its turn at `what`, and have it until this one ends: what is
    read after this call is still so when the transaction commits, where all who change it have asked for their turn.

    Caller holds the transaction. Raises django.db.Error.
    """
    fetch_rows("SELECT pg_advisory_xact_lock(hashtextextended(%s || %s::text, 0))::text", [f"{what} of ", str(user_id)])


def end_if_idle(*, seconds: float = IDLE_SECONDS, **values: str) -> None:
    """Make the server end this session if it is idle within the transaction: see Note [Suspended processes]. Turns jit
    off, as postgresql/defaults.py does for the web server: compiling such a statement takes longer than running it.

    Idle is the time between two statements, so `seconds` must exceed the caller's longest computation between two.
    `values`: more settings, set in the same statement. Caller holds the transaction.
    """
    set_locally(**{"idle_in_transaction_session_timeout": f"{round(seconds * 1000)}ms", "jit": "off"} | values)


@contextmanager
def custom_plans(**values: str) -> Iterator[None]:
    """Make PostgreSQL plan the statements of the block for their actual parameters. Opens a transaction, of the replica
    in `read_from_replica`.

    `values`: more settings, set in the same statement.

    Prepared statements soon get a generic plan, with which a search is slow for words that many rows have, or none
    (PostgreSQL manual, PREPARE, "Notes").
    """
    using = replica.alias()
    with transaction.atomic(using=using):
        _set_locally(using, {"plan_cache_mode": "force_custom_plan"} | values)
        yield


def after_commit(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call the function when the transaction has committed; at once outside of one. An error of it is logged, and ends
    neither the caller nor what else follows the commit.
    """

    @wraps(function)
    def call() -> None:
        function(*args, **kwargs)

    # No partial: Django logs the error with the function's __qualname__, and fails where it has none.
    transaction.on_commit(call, robust=True)


def queue_job(task: str, *, lock: str | None = None, **arguments: Any) -> None:
    """Store a job for a worker: with the caller's transaction, or not at all. `task`: its full name; `lock`: of the
    waiting jobs one may have it.

    Raises django.db.OperationalError, procrastinate.exceptions.AlreadyEnqueued.
    """
    try:
        app.configure_task(task, queueing_lock=lock, allow_unknown=True).defer(**arguments)
    except ConnectorException as error:
        # procrastinate's exception for a lost connection or a lock; `retried` and leadsite/errors.py expect Django's.
        raise OperationalError(str(error)) from error.__cause__
