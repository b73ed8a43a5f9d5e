"""Counters and histograms of this process and the others of this machine, for /metrics (leadsite/monitoring).

Each process writes its values to files that it maps into memory, one for each kind, so that they outlive it, also where
it is killed: prometheus_client's multiprocess mode. Two things are our own. A process holds a lock as long as it lives,
so that the files of those that have ended are known, whatever became of their numbers, and are added up to one. And no
file is made before there is something to count.
"""

import fcntl
import hashlib
import json
import os
import secrets
import socket
import struct
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Final

import structlog
from django.conf import settings
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

log = structlog.get_logger(__name__)

ENDED: Final = "ended"
_KINDS: Final = ("counter", "histogram")
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


class _Process:
    """The files of this process. Called by prometheus_client before each change: after a fork there are new ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = 0
        self._name = ""
        self._lock: IO[bytes] | None = None

    def __call__(self) -> str:
        if self._pid != os.getpid():
            self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}".replace("_", "-")
            self._pid = os.getpid()
            with _folder_locked(self._folder):
                self._lock = (self._folder / f"{self._name}.lock").open("wb")
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _add_up_ended(self._folder)
        return self._name


class _Values:
    """The values of label combinations, made when first used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_ready = False
        self._made: dict[tuple[Any, ...], Any] = {}
        # None: this process counts for itself.
        self.folder: Path | None = None

    def of(self, metric: MetricWrapperBase, *labels: str) -> Any:
        value = self._made.get((metric, labels))
        if value is None:
            with self._lock:
                if not self._is_ready:
                    self._prepare()
                value = self._made[metric, labels] = metric.labels(*labels)
        return value

    def _prepare(self) -> None:
        """Where no folder can be written, and in tests, this process counts for itself."""
        self._is_ready = True
        for folder in () if settings.TESTING else _folders():
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.environ.update(PROMETHEUS_MULTIPROC_DIR=str(folder))
                values.ValueClass = values.MultiProcessValue(_Process(folder))
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
    with _folder_locked(folder):
        _add_up_ended(folder)
        files = sorted(map(str, folder.glob("*.db")))
        found = {metric.name: metric for metric in MultiProcessCollector.merge(files)}
    for described in _REGISTRY.collect():
        yield found.get(described.name, described)


@contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    with (folder / "folder").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _add_up_ended(folder: Path) -> None:
    """Add the files of processes that have ended to those of all ended ones. Caller holds the folder's lock."""
    for total in folder.glob(f"*_{ENDED}.db"):
        _values_in(total)  # not one that is damaged
    for path in folder.glob("*.lock"):
        with path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # it lives
            for kind in _KINDS:
                _add(folder / f"{kind}_{path.stem}.db", folder / f"{kind}_{ENDED}.db")
            path.unlink()


def _add(ended: Path, to: Path) -> None:
    # Read before it is deleted, and written after: a kill between loses the last values of a process, and doubles none.
    read = _values_in(ended) if ended.exists() else []
    ended.unlink(missing_ok=True)
    if read:
        with closing(MmapedDict(str(to))) as total:
            for key, value in read:
                total.write_value(key, total.read_value(key)[0] + value, 0.0)


def _values_in(path: Path) -> list[tuple[str, float]]:
    """Return the values of a file. One that is damaged, as after a power cut, is deleted: no server starts with it."""
    try:
        read = [(key, value) for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path))]
        # How much of it is used. prometheus_client takes a negative number for nothing, until it writes.
        if struct.unpack_from("ii", path.read_bytes())[0] < 0 or any(len(json.loads(key)) != 4 for key, _ in read):
            raise ValueError("size or key")
    except (struct.error, RuntimeError, ValueError, TypeError) as error:
        log.warning("metrics_file_damaged", file=path.name, error=type(error).__name__)
        path.unlink()
        return []
    return read
