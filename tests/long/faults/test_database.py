"""A database server that hangs, is restarted, takes no writes or no connections, or has no room: under load."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import psycopg
import pytest

from tests.long.faults.cases import Fault, Promise
from tests.long.faults.stage import Stage, resize, used_bytes
from tests.long.faults.table import Result
from tests.site import until

Hold = Callable[..., Result]


TAKER = "another program"
TAKERS = 3
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND application_name <> %s AND state = 'idle'
"""


def suspended(stage: Stage) -> None:
    """Suspend all processes of the server for 15 s, as a paused machine does."""
    postmaster = stage.database()
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        time.sleep(15)
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def restarted(signum: signal.Signals) -> Fault:
    def fault(stage: Stage) -> None:
        """Shut down; the supervisor starts it again. Ends when it accepts connections."""
        before = stage.database()
        before.send_signal(signum)
        until(lambda: not before.is_running(), stage.log)
        until(stage.accepts, stage.log)

    return fault


def read_only(stage: Stage) -> None:
    """As after a failover that left the site with a standby."""
    stage.configure(default_transaction_read_only="on")
    time.sleep(6)
    stage.configure(default_transaction_read_only="")


def without_connections(stage: Stage) -> None:
    """Other programs use all connections, also those that the site had."""
    taken: list[psycopg.Connection] = []
    stopping = threading.Event()

    def take() -> None:
        while not stopping.is_set():
            with suppress(psycopg.OperationalError):
                taken.append(psycopg.connect(stage.url, connect_timeout=5, application_name=TAKER))

    takers = [threading.Thread(target=take) for _ in range(TAKERS)]
    with psycopg.connect(stage.url, autocommit=True, application_name=TAKER) as operator:
        for thread in takers:
            thread.start()
        end = time.monotonic() + 8
        while time.monotonic() < end:
            operator.execute(END_OTHERS, [TAKER])
            time.sleep(0.05)
    stopping.set()
    for thread in takers:
        thread.join()
    for connection in taken:
        connection.close()


def full(volume: str) -> Fault:
    def fault(stage: Stage) -> None:
        """Leave no room on this volume, and give it back."""
        if volume not in stage.volumes:
            pytest.skip("mounting a file system needs root")
        folder = stage.volumes[volume]
        resize(folder, str(used_bytes(folder)))
        time.sleep(8)
        resize(folder, "2g")
        until(stage.accepts, stage.log)

    return fault


def test_a_suspended_server_is_answered_503(hold: Hold) -> None:
    hold("database suspended", suspended, Promise(ready=False))


@pytest.mark.parametrize(("mode", "signum"), [("fast", signal.SIGINT), ("immediate", signal.SIGQUIT)])
def test_a_restarted_server(hold: Hold, mode: str, signum: signal.Signals) -> None:
    hold(f"database restarted {mode}", restarted(signum))


def test_a_read_only_server(hold: Hold) -> None:
    hold("database read-only", read_only, Promise(ready=False))
