"""What changes of a large table cost, as migrations make them: bench.capacity.growth."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import psycopg

from bench.capacity.costs import execute

TABLE: Final = "messages"
EVERY_SECONDS: Final = 0.01
_WRITE: Final = f"UPDATE {TABLE} SET user_id = user_id WHERE id = %s"


class Step(NamedTuple):
    """A change, how it is taken back, and its lock: https://www.postgresql.org/docs/18/explicit-locking.html."""

    change: str
    undo: str
    lock: str


STEPS: Final[Mapping[str, Step]] = {
    "add a column with a constant default": Step(
        f"ALTER TABLE {TABLE} ADD COLUMN bench_note text NOT NULL DEFAULT ''",
        f"ALTER TABLE {TABLE} DROP COLUMN bench_note",
        "ACCESS EXCLUSIVE",
    ),
    "add a check, NOT VALID": Step(
        f"ALTER TABLE {TABLE} ADD CONSTRAINT bench_check CHECK (user_id IS NOT NULL) NOT VALID", "", "ACCESS EXCLUSIVE"
    ),
    "VALIDATE the check": Step(
        f"ALTER TABLE {TABLE} VALIDATE CONSTRAINT bench_check",
        f"ALTER TABLE {TABLE} DROP CONSTRAINT bench_check",
        "SHARE UPDATE EXCLUSIVE",
    ),
    "add an index, CONCURRENTLY": Step(
        f"CREATE INDEX CONCURRENTLY bench_index ON {TABLE} (user_id, sort_at)",
        "DROP INDEX bench_index",
        "SHARE UPDATE EXCLUSIVE",
    ),
}


@dataclass(frozen=True)
class Cost:
    """Seconds that it took, and the longest wait of a write beside it, in seconds."""

    seconds: float
    longest_wait: float


def migrations_of(url: str) -> dict[str, Cost]:
    return {name: _cost(url, step) for name, step in STEPS.items()}


def _cost(url: str, step: Step) -> Cost:
    """Do it beside a client that writes one row again and again."""
    row = execute(url, f"SELECT id FROM {TABLE} LIMIT 1")[0][0]
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not done.wait(EVERY_SECONDS):
                started = time.perf_counter()
                connection.execute(_WRITE.encode(), [row])
                waits.append(time.perf_counter() - started)

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        client = threading.Thread(target=write)
        client.start()
        started = time.perf_counter()
        try:
            connection.execute(step.change.encode())
            seconds = time.perf_counter() - started
        finally:
            done.set()
            client.join()
        if step.undo:
            connection.execute(step.undo.encode())
    return Cost(seconds, max(waits, default=0.0))


def migration_table(costs: Mapping[str, Cost], rows: int) -> Iterator[str]:
    yield (
        f"\nWhat migrations do to `{TABLE}` with {rows:,} rows, beside a client that writes one of them again and"
        " again.\n"
    )
    yield "| change | lock | takes, s | a write waits at most, s |"
    yield "|---|---|---|---|"
    for name, cost in costs.items():
        yield f"| {name} | {STEPS[name].lock} | {cost.seconds:.2f} | {cost.longest_wait:.2f} |"
