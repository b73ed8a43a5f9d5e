"""A case: load from all entry points, a fault in the middle, and what became of it.

Promised is that nothing acknowledged is lost, doubled or orphaned; that each request is answered within five seconds,
by 503 with Retry-After where the database is away; no other 5xx; that each entry point works again three seconds
after the fault has ended (or after a process was killed), and all processes run again a little later, without a hand.
Times are those of a machine that is not busy: see Starvation.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import requests

from tests.long.faults.importing import IMPORT, Importer
from tests.long.faults.ledger import Attempt, Ledger, Told, orphans
from tests.long.faults.stage import Stage
from tests.long.faults.table import Probe, Result, Times
from tests.long.faults.writers import Answer, Writer, Writers
from tests.site import until

PAUSE_SECONDS = 0.25
RECOVERY_SECONDS = 3.0
SILENCE_SECONDS = 5.0
# What a request may take beside waiting, and the interval of the probes.
GRACE_SECONDS = 1.0
STOPS_SECONDS = 60.0
# An answer of /readyz is kept for a second, in each web process.
LATE_SECONDS = 1.5

# Injects the fault, and returns when it has ended.
Fault = Callable[[Stage], None]
_cases = itertools.count(1)


class Starvation:
    """How many processes wanted a processor, for each that there is, while the case was measured.

    Tests run beside others; a time that is twice as long because two processes shared a processor is no fault. The
    case's own clients are among them: more than MOST times as long is one, however busy the machine is.
    """

    MOST = 3.0

    def __init__(self) -> None:
        self._samples: list[int] = []

    def sample(self) -> None:
        running = Path("/proc/loadavg").read_text().split()[3].partition("/")[0]
        self._samples.append(int(running))

    def factor(self) -> float:
        mean = sum(self._samples) / max(len(self._samples), 1)
        return min(self.MOST, max(1.0, mean / (os.cpu_count() or 1)))


@dataclass
class Load:
    """Clients of all entry points, until `stop`."""

    stage: Stage
    ledger: Ledger
    name: str
    starvation: Starvation = field(default_factory=Starvation)
    probes: list[Probe] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def start(self, writers: Writers, importer: Importer | None) -> None:
        for entry, (writer, rows, repeats) in writers.all().items():
            self._run(self._write, entry, writer, rows, repeats)
        for path in ("/livez", "/readyz"):
            self._run(self._probe, path)
        if importer is not None:
            self._run(importer.run, self._stopping)

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        def guarded() -> None:
            try:
                work(*arguments)
            except BaseException as error:
                self._errors.append(error)
                raise

        thread = threading.Thread(target=guarded, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _write(self, entry: str, writer: Writer, rows: int, repeats: bool) -> None:
        """Write until the load stops. A client that may repeat a write does so until it is acknowledged."""
        for number in itertools.count():
            write = f"{self.name}-{entry.replace(' ', '_')}-{number}"
            while True:
                began = time.monotonic()
                answer: Answer = writer(write)
                seconds = time.monotonic() - began
                told, status, says_when = answer
                self.ledger.add(Attempt(entry, write, rows, told, status, seconds, began, says_when))
                time.sleep(PAUSE_SECONDS)
                if told is Told.STORED or not repeats:
                    break
            if self._stopping.is_set():
                return

    def _probe(self, path: str) -> None:
        while not self._stopping.is_set():
            began, status = time.monotonic(), 0
            with requests.Session() as session:
                session.trust_env = False
                try:
                    status = session.get(self.stage.address + path, timeout=60).status_code
                except requests.RequestException:
                    status = 0
            self.probes.append(Probe(path, began, time.monotonic() - began, status))
            self.starvation.sample()
            time.sleep(PAUSE_SECONDS)

    def is_ready(self, after: float) -> bool:
        """Whether /readyz has said so in a probe that began after a moment."""
        return any(one.status == 200 for one in self.probes if one.path == "/readyz" and one.began >= after)

    def untrue(self, ready: bool | None, began: float, ended: float) -> list[Probe]:
        """The answers of /readyz during the fault that were not what it should say. It may be a second late."""
        if ready is None:
            return []
        during = [
            one
            for one in self.probes
            if one.path == "/readyz" and one.began > began + LATE_SECONDS and one.began + one.seconds < ended
        ]
        return [one for one in during if (one.status == 200) is not ready]

    def stop(self) -> None:
        self._stopping.set()
        deadline = time.monotonic() + STOPS_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        assert not any(thread.is_alive() for thread in self._threads), self.stage.log()
        self.check()

    def check(self) -> None:
        """Raise an error of a client, which is one of this suite."""
        if self._errors:
            raise self._errors[0]


@dataclass(frozen=True)
class Promise:
    """What a fault may cost. `ready`: what /readyz says during the fault; None: either. `from_start`: the time until
    all works again counts from the fault's beginning."""

    ready: bool | None = None
    from_start: bool = False
    silence_seconds: float = SILENCE_SECONDS
    recovery_seconds: float = RECOVERY_SECONDS
    imports: bool = True


USUAL = Promise()


def run(stage: Stage, name: str, fault: Fault, promise: Promise) -> Result:
    """Run the fault under load until each entry point works again, and compare the ledger with the database."""
    name = f"{name} {next(_cases)}"
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(stage.data_dir / f"{name.replace(' ', '-')}.ledger")))
        writers = stack.enter_context(closing(Writers(stage)))
        load = Load(stage, ledger, f"{name.replace(' ', '_')}-{os.getpid()}")
        began, ended = under_load(stage, load, writers, fault, promise)
    stage.await_health()
    stage.replay_deliveries()
    with psycopg.connect(stage.url, autocommit=True) as session:
        writes, orphaned = ledger.check(session, sends=("send", "Meta", "Twilio")), orphans(session)
    since = began if promise.from_start else ended
    recovery = {entry: (ledger.first_success(entry, ended) or ended) - since for entry in writers.all()}
    times = Times(ended - began, silences(load), recovery, load.starvation.factor())
    untrue = load.untrue(promise.ready, began, ended)
    return Result(name, load.name, ledger.not_stored(), writes, orphaned, failures(ledger), untrue, times)


def under_load(stage: Stage, load: Load, writers: Writers, fault: Fault, promise: Promise) -> tuple[float, float]:
    """Return when the fault began and ended, after all entry points have worked before and after it."""
    importer = Importer(stage, load.ledger, load.name) if promise.imports else None

    def succeed(after: float) -> bool:
        load.check()
        return all(load.ledger.first_success(entry, after) for entry in writers.all()) and load.is_ready(after)

    load.start(writers, importer)
    try:
        until(lambda: succeed(0), stage.log)
        if importer is not None:
            until(importer.is_under_way, stage.log)
        began = time.monotonic()
        fault(stage)
        ended = time.monotonic()
        until(lambda: succeed(ended), stage.log)
    finally:
        load.stop()
    return began, ended


def check(result: Result, promise: Promise) -> None:
    """Raise AssertionError where a promise was broken."""
    line, writes, times = result.line(), result.writes, result.times
    assert (writes.lost, writes.doubled, writes.lied, result.orphans) == (0, 0, 0, 0), f"{line} {writes.wrong}"
    assert result.errors == [], f"{line} {result.errors[:3]}"
    assert result.untrue == [], f"{line} {result.untrue[:3]}"
    # A request that was cut off by the fault is not answered; its client may repeat it.
    assert times.longest(times.silence) <= (promise.silence_seconds + GRACE_SECONDS) * times.starvation, line
    assert times.longest(times.recovery) <= promise.recovery_seconds * times.starvation, line


def silences(load: Load) -> dict[str, float]:
    """The longest time that each kind of client waited for an answer. Clients of SQL set their own limits."""
    longest = {probe.path: 0.0 for probe in load.probes}
    for probe in load.probes:
        longest[probe.path] = max(longest[probe.path], probe.seconds)
    for attempt in load.ledger.attempts():
        if attempt.status or attempt.entry not in ("SQL", IMPORT):
            longest[attempt.entry] = max(longest.get(attempt.entry, 0.0), attempt.seconds)
    return longest


def failures(ledger: Ledger) -> list[Attempt]:
    return [one for one in ledger.attempts() if (one.status >= 500 and one.status != 503) or not one.says_when]
