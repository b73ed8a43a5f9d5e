"""One transaction, tried again where PostgreSQL says that trying again is the remedy."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Final, ParamSpec, TypeVar, overload

import psycopg
import structlog
from django.db import OperationalError, connection, transaction

from leadsite.core.statements import fetch_rows

log = structlog.get_logger(__name__)

# deadlock_detected, serialization_failure, lock_not_available: the transaction is undone and may well succeed now
# (PostgreSQL manual, sections 13.5 and A). A lost connection is not here: nobody knows whether it had committed.
RETRIED_SQLSTATES: Final = frozenset({"40P01", "40001", "55P03"})
MAX_ATTEMPTS: Final = 4
# Note [Frozen processes]: a process that is frozen in the middle of a transaction (stopped by a signal, suspended with
# its machine, out of memory) keeps its locks, and the server sees an open connection. The web server's connections end
# such sessions by their options, but manage.py removes these time-outs (migrations take long). So each transaction of a
# worker or command, if others need the rows that it locks, begins with `end_if_idle`. What it did is undone; the
# process, when it goes on, gets django.db.Error.
IDLE_SECONDS: Final = 5.0
P = ParamSpec("P")
R = TypeVar("R")


class ChangedMeanwhile(OperationalError):
    """What the transaction has read is no longer so, by a session that it waited for. Repeated as a serialization
    failure is.
    """

    sqlstate = "40001"


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of an error that Django raised, None where the server has not answered."""
    if isinstance(error, ChangedMeanwhile):
        return error.sqlstate
    cause = error.__cause__
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


@overload
def retried(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def retried(*, attempts: int) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def retried(
    function: Callable[P, R] | None = None, /, *, attempts: int = MAX_ATTEMPTS
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Repeat the whole function, up to so many attempts, when its transaction met a deadlock, a lock time-out or a
    serialization failure, at COMMIT too. `@retried` and `@retried(attempts=2)`.

    The function opens the transaction itself, visibly, and does nothing outside it that may not be done twice. Where
    the caller already holds a transaction there is one attempt: only the one who opened a transaction can repeat it.
    An error that ends the function carries the number of its attempt, see attempt_of. It is known by Django's database
    error: translate it in the caller, not inside.
    """
    if function is None:
        return lambda decorated: _retried(decorated, attempts)
    return _retried(function, attempts)


def _retried(function: Callable[P, R], most: int) -> Callable[P, R]:
    @wraps(function)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
        last = 1 if connection.in_atomic_block else most
        for number in range(1, last + 1):
            try:
                return function(*args, **kwargs)
            except Exception as error:
                state = sqlstate(error)
                error.__dict__["attempt"] = number
                if number == last or state not in RETRIED_SQLSTATES:
                    raise
            log.info("transaction_retried", attempt=number, sqlstate=state)
            # Jitter, so that sessions that met do not meet again. No transaction is open while this one waits.
            time.sleep(random.uniform(0.005, 0.05) * 2**number)  # noqa: S311 - not a secret
        raise AssertionError("the last attempt returns or raises")

    return repeated


def attempt_of(error: BaseException) -> int:
    """Which attempt of a `retried` function the error ended; 0 where it came from before or outside of one."""
    return int(error.__dict__.get("attempt", 0))


def set_locally(**values: str) -> None:
    """Set PostgreSQL's settings, `lock_timeout="100ms"`, until the transaction ends. Caller holds the transaction."""
    calls = ", ".join(["set_config(%s, %s, true)"] * len(values))
    fetch_rows(f"SELECT {calls}", [part for setting in values.items() for part in setting])


def end_if_idle(*, seconds: float = IDLE_SECONDS, **values: str) -> None:
    """Have the server end this session if it stays idle inside the transaction: see Note [Frozen processes].

    Idle is the time between two statements, so `seconds` must be more than the caller ever computes between them.
    `values`: further settings, in the same statement. Caller holds the transaction.
    """
    set_locally(idle_in_transaction_session_timeout=f"{round(seconds * 1000)}ms", **values)


@contextmanager
def planned_for_values() -> Iterator[None]:
    """Have PostgreSQL plan the statements in here for the values at hand. Opens a transaction.

    A statement that was prepared is soon planned for values of any frequency, and a search is then slow for words that
    many rows have, or none (PostgreSQL manual, PREPARE, "Notes").
    """
    with transaction.atomic():
        set_locally(plan_cache_mode="force_custom_plan")
        yield
