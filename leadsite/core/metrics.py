"""Counters and histograms of this process and the others of this machine, for /metrics (leadsite/monitoring).

Each process writes its values to files that it maps into memory, one for each kind, so that they outlive it, also where
it is killed: prometheus_client's multiprocess mode. Three things are our own (metric_files/). A process holds a lock
as long as it lives, so that the files of those that have ended are known, whatever became of their numbers, and are
added up to one. No file is made before there is something to count. And on a full disk a process goes on, uncounted.
"""

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from leadsite.core.metric_files.allocated import AllocatedDict
from leadsite.core.metric_files.processes import Process, add_up_ended, folder_locked

log = structlog.get_logger(__name__)

_FULL_SECONDS: Final = 10.0
_REGISTRY: Final = CollectorRegistry()
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_TRIPS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, registry=_REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(name, text, labels, buckets=buckets, registry=_REGISTRY)


REQUESTS: Final = _counter("leadsite_requests_total", "Requests answered.", "route", "status")
REQUEST_SECONDS: Final = _histogram(
    "leadsite_requests_seconds", "Seconds from a request's turn to its answer.", _SECONDS, "route", "status"
)
CREATIONS: Final = _counter(
    "leadsite_creations_total",
    "Leads that were to be created: created, existed (sent again), refused (by a rule) or failed.",
    *("source", "outcome"),
)
FAILED: Final = _counter(
    "leadsite_failed_transactions_total",
    "Creations and changes that were rolled back for good; sqlstate none: the database did not answer.",
    *("source", "sqlstate"),
)
DROPPED: Final = _counter(
    "leadsite_failed_transactions_dropped_total",
    "Failed transactions that are not in the table, because the database was away for too long.",
    "source",
)
RETRIES: Final = _counter(
    "leadsite_transaction_retries_total", "Repetitions of transactions that had been rolled back.", "sqlstate"
)
ROUND_TRIPS: Final = _histogram(
    "leadsite_creation_round_trips", "Waits for the database of one creation, one lead or a list.", _TRIPS, "source"
)
DELIVERY_SECONDS: Final = _histogram(
    "leadsite_delivery_seconds", "Seconds to store a delivery of a provider.", _SECONDS, "provider", "state"
)
REPLICA_READS: Final = _counter(
    "leadsite_replica_reads_total", "Lists that a replica could answer: by it, or why by the primary.", "outcome"
)
IMPORT_ROWS: Final = _counter("leadsite_import_rows_total", "Rows of imported files.", "outcome")


class _NotCounted:
    """In place of a value where the disk is full."""

    def inc(self, amount: float = 1) -> None:
        pass

    def observe(self, amount: float) -> None:
        pass


class _Values:
    """The values of label combinations, made when first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_ready = False
        self._made: dict[tuple[Any, ...], Any] = {}
        self._full_until = 0.0
        # None: this process counts for itself.
        self.folder: Path | None = None

    def of(self, metric: MetricWrapperBase, *labels: str) -> Any:
        value = self._made.get((metric, labels))
        if value is None:
            with self._lock:
                if not self._is_ready:
                    self._prepare()
                value = self._make(metric, labels)
        return value

    def _make(self, metric: MetricWrapperBase, labels: tuple[str, ...]) -> Any:
        """Where the disk is full: not now, and not again for each request."""
        if time.monotonic() < self._full_until:
            return _NotCounted()
        try:
            value = self._made[metric, labels] = metric.labels(*labels)
        except OSError as error:
            log.warning("metrics_not_counted", error=str(error))
            self._full_until = time.monotonic() + _FULL_SECONDS
            return _NotCounted()
        return value

    def _prepare(self) -> None:
        """Where no folder can be written, and in tests, this process counts for itself."""
        self._is_ready = True
        for folder in () if settings.TESTING else _folders():
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.environ.update(PROMETHEUS_MULTIPROC_DIR=str(folder))
                values.MmapedDict = AllocatedDict  # type: ignore[attr-defined] # there it is imported
                values.ValueClass = values.MultiProcessValue(Process(folder))
            except OSError as error:
                log.warning("metrics_folder_not_used", folder=str(folder), error=str(error))
            else:
                self.folder = folder
                return


def _folders() -> Iterator[Path]:
    """The folder of the setting; where the site may not write there, as in a container, one of its user and path."""
    yield settings.METRICS_DIR
    site = hashlib.sha256(str(settings.METRICS_DIR).encode()).hexdigest()[:12]
    yield Path(tempfile.gettempdir()) / f"leadsite-{os.getuid()}-{site}" / "metrics"


_values: Final = _Values()


def request_answered(route: str, status: int, seconds: float) -> None:
    labels = (route, str(status))
    _values.of(REQUESTS, *labels).inc()
    _values.of(REQUEST_SECONDS, *labels).observe(seconds)


def leads_created(source: str, outcome: str, count: int = 1) -> None:
    if count:
        _values.of(CREATIONS, source, outcome).inc(count)


def round_trips(source: str, count: int) -> None:
    _values.of(ROUND_TRIPS, source).observe(count)


def failed_transaction(source: str, sqlstate: str) -> None:
    _values.of(FAILED, source, sqlstate or "none").inc()


def failures_dropped(source: str, count: int = 1) -> None:
    _values.of(DROPPED, source).inc(count)


def transaction_retried(sqlstate: str) -> None:
    _values.of(RETRIES, sqlstate).inc()


def delivery_stored(provider: str, state: str, seconds: float) -> None:
    _values.of(DELIVERY_SECONDS, provider, state).observe(seconds)


def replica_read(outcome: str) -> None:
    _values.of(REPLICA_READS, outcome).inc()


def rows_imported(outcome: str, count: int) -> None:
    if count:
        _values.of(IMPORT_ROWS, outcome).inc(count)


def start_at_zero(combinations: Iterable[tuple[MetricWrapperBase, tuple[str, ...]]]) -> None:
    """Show these before they are first counted: a rate needs a value before, or misses the first event."""
    for metric, labels in combinations:
        _values.of(metric, *labels)


def collect() -> Iterator[Metric]:
    """Yield all metrics of this machine's processes; those without a value with their description only."""
    folder = _values.folder
    if folder is None:
        yield from _REGISTRY.collect()
        return
    with folder_locked(folder):
        add_up_ended(folder)
        # An empty one was opened a moment ago, or the disk was full.
        files = sorted(str(path) for path in folder.glob("*.db") if path.stat().st_size)
        found = {metric.name: metric for metric in MultiProcessCollector.merge(files)}
    for described in _REGISTRY.collect():
        yield found.get(described.name, described)
