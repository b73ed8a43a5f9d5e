"""Metrics that are read from the database when /metrics is: queues, workers, connections, locks.

Each group is one short statement over indexes, with a time-out of its own. A group that fails is left out; where the
database does not answer, all are, and leadsite_database_up is 0. The answer is kept for a few seconds.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import Error, connection, transaction
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import set_locally

log = structlog.get_logger(__name__)

KEPT_SECONDS: Final = 5.0
WAIT_SECONDS: Final = 2.5
STATEMENT_TIMEOUT: Final = "1s"
# As long as procrastinate's workers may be silent before their jobs are queued again.
HEARTBEAT: Final = timedelta(seconds=30)

_SERVER: Final = """
    SELECT s.deadlocks, s.xact_commit, s.xact_rollback, current_setting('max_connections')::integer,
        (SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted)
    FROM pg_stat_database AS s WHERE s.datname = current_database()
"""
_CONNECTIONS: Final = """
    SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1
"""
_OUTBOX: Final = """
    SELECT status, count(*), max(extract(epoch FROM now() - due_at)) FILTER (WHERE due_at <= now())
    FROM messages WHERE status IN ('queued', 'sending') GROUP BY status
    UNION ALL SELECT 'unknown', count(*), NULL FROM messages
        WHERE status = 'unknown' AND NOT (extras ? 'settled')
"""
_JOBS: Final = "SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status"
_WORKERS: Final = """
    SELECT count(*) FILTER (WHERE last_heartbeat > now() - %s), extract(epoch FROM now() - max(last_heartbeat))
    FROM procrastinate_workers
"""
_EVENTS: Final = """
    SELECT count(*), coalesce(max(extract(epoch FROM now() - v.due_at)), 0)
    FROM webhook_events AS v JOIN webhook_endpoints AS e ON e.id = v.endpoint_id
    WHERE v.state = 'pending' AND v.due_at <= now() AND e.active
"""
_DELIVERIES: Final = "SELECT state, count(*) FROM webhook_deliveries WHERE state <> 'processed' GROUP BY state"
OUTBOX_STATES: Final = ("queued", "sending", "unknown")
JOB_STATES: Final = ("todo", "doing", "succeeded", "failed", "cancelled", "aborting", "aborted")
_INTEGRITY: Final = """
    SELECT extract(epoch FROM now() - at), findings FROM integrity_runs ORDER BY id DESC LIMIT 1
"""
DELIVERY_STATES: Final = ("failed", "unrouted")


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _by(name: str, text: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _server() -> Iterator[Metric]:
    ((deadlocks, commits, rollbacks, limit, waits),) = fetch_rows(_SERVER)
    yield CounterMetricFamily("leadsite_deadlocks_total", "Deadlocks that PostgreSQL has broken.", value=deadlocks)
    ended = CounterMetricFamily("leadsite_transactions_total", "Transactions that have ended.", labels=["outcome"])
    ended.add_metric(["committed"], commits)
    ended.add_metric(["rolled_back"], rollbacks)
    yield ended
    yield _gauge("leadsite_lock_waits", "Sessions that wait for a lock now.", waits)
    yield _gauge("leadsite_connections_limit", "The most connections that PostgreSQL accepts.", limit)
    yield _by("leadsite_connections", "Connections to the database.", "state", dict(fetch_rows(_CONNECTIONS)))


def _outbox() -> Iterator[Metric]:
    rows = fetch_rows(_OUTBOX)
    counts = dict.fromkeys(OUTBOX_STATES, 0.0) | {status: count for status, count, _ in rows}
    yield _by("leadsite_outbox_messages", "Messages to customers that are not settled.", "state", counts)
    oldest = max((float(seconds) for status, _, seconds in rows if seconds and status == "queued"), default=0.0)
    yield _gauge("leadsite_outbox_oldest_seconds", "How long the oldest queued message has been due.", oldest)


def _jobs() -> Iterator[Metric]:
    counts = dict.fromkeys(JOB_STATES, 0.0) | dict(fetch_rows(_JOBS))
    yield _by("leadsite_jobs", "Background jobs, as long as they are kept.", "status", counts)


def _workers() -> Iterator[Metric]:
    ((alive, age),) = fetch_rows(_WORKERS, [HEARTBEAT])
    yield _gauge("leadsite_workers", "Workers with a heartbeat of the last 30 seconds.", alive)
    if age is not None:
        yield _gauge("leadsite_worker_heartbeat_seconds", "Since the last heartbeat of any worker.", float(age))


def _events() -> Iterator[Metric]:
    ((due, lag),) = fetch_rows(_EVENTS)
    yield _gauge("leadsite_events_due", "Events for integrators that are due.", due)
    yield _gauge("leadsite_event_courier_lag_seconds", "How long the oldest of them has been due.", float(lag))


def _deliveries() -> Iterator[Metric]:
    counts = dict.fromkeys(DELIVERY_STATES, 0.0) | dict(fetch_rows(_DELIVERIES))
    yield _by("leadsite_deliveries", "Stored deliveries of providers that need attention.", "state", counts)


def _integrity() -> Iterator[Metric]:
    counts: dict[str, float] = {}
    for age, findings in fetch_rows(_INTEGRITY):
        counts = {finding["check"]: finding["count"] for finding in _json(findings)}
        yield _gauge("leadsite_integrity_age_seconds", "Since the last self-check of the database.", float(age))
    counts["all"] = sum(counts.values())
    yield _by("leadsite_integrity_findings", "Rows that the last self-check found to be wrong.", "check", counts)


def _json(value: Any) -> list[dict[str, Any]]:
    """Django's connections leave json as text."""
    return list(json.loads(value) if isinstance(value, str) else value)


_GROUPS: Final[tuple[Callable[[], Iterator[Metric]], ...]] = (
    *(_server, _outbox, _jobs, _workers, _events),
    *(_deliveries, _integrity),
)


class _Kept:
    """The last answer of this process. One thread asks; the others have its answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._metrics: list[Metric] = []
        self._at = -KEPT_SECONDS

    def get(self) -> list[Metric]:
        with self._lock:
            if time.monotonic() - self._at >= KEPT_SECONDS or settings.TESTING:
                self._metrics = list(_read())
                self._at = time.monotonic()
            return self._metrics


_kept: Final = _Kept()
read: Final = _kept.get


def _read() -> Iterator[Metric]:
    found: list[Metric] = []
    is_up = True
    with limit_waiting(WAIT_SECONDS):
        for group in _GROUPS:
            try:
                found += _group(group)
            except Error as error:
                log.warning("metrics_left_out", group=group.__name__.strip("_"), error=type(error).__name__)
                if not _answers():
                    is_up = False
                    break
    yield _gauge("leadsite_database_up", "1 where the database answers, otherwise 0.", float(is_up))
    yield from found


def _group(group: Callable[[], Iterator[Any]]) -> list[Metric]:
    """Opens a transaction: the time-out ends with it."""
    with transaction.atomic():
        set_locally(statement_timeout=STATEMENT_TIMEOUT, jit="off")
        return list(group())


def _answers() -> bool:
    return connection.connection is not None and connection.is_usable()
