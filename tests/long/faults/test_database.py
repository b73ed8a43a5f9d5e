"""A database server that hangs, is restarted, takes no writes or no connections, or has no room: under load."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import psycopg
import pytest

from tests.long.faults.cases import Fault, Promise
from tests.long.faults.stage import DATA_SIZE, LOG_SIZE, METRICS_SIZE, Stage, fill, resize
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
        time.sleep(stage.lasting(15))
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


def full_data(stage: Stage) -> None:
    """The volume of the tables has no room, and gets it back."""
    fill(stage.volumes["data"])
    time.sleep(8)
    resize(stage.volumes["data"], DATA_SIZE)


def full_log(stage: Stage) -> None:
    """The volume of the write-ahead log has no room, which stops the server. It cannot be started until there is."""
    before = stage.database()
    fill(stage.volumes["log"])
    # The server has files in reserve: use them up.
    with suppress(psycopg.Error):
        while before.is_running():
            stage.execute("SELECT pg_logical_emit_message(true, 'full', 'x'); SELECT pg_switch_wal()")
    time.sleep(8)
    resize(stage.volumes["log"], LOG_SIZE)
    until(stage.accepts, stage.log)


def full_metrics(stage: Stage) -> None:
    """The volume on which the processes count has no room: those that run, and those that start."""
    fill(stage.volumes["metrics"])
    os.kill(stage.demo.web_processes()[0], signal.SIGKILL)
    time.sleep(stage.lasting(15))
    resize(stage.volumes["metrics"], METRICS_SIZE)


def test_a_suspended_server_is_answered_503(hold: Hold) -> None:
    hold("database suspended", suspended, Promise(ready=False))


@pytest.mark.parametrize(("mode", "signum"), [("fast", signal.SIGINT), ("immediate", signal.SIGQUIT)])
def test_a_restarted_server(hold: Hold, mode: str, signum: signal.Signals) -> None:
    hold(f"database restarted {mode}", restarted(signum))


def test_a_read_only_server(hold: Hold) -> None:
    hold("database read-only", read_only, Promise(ready=False))


def test_a_server_without_free_connections(hold: Hold) -> None:
    hold("connections used up", without_connections, Promise(ready=False))


@pytest.mark.parametrize(("name", "fault"), [("data volume full", full_data), ("log volume full", full_log)])
def test_a_full_volume(site: Stage, hold: Hold, name: str, fault: Fault) -> None:
    if not site.volumes:
        pytest.skip("Mounting a file system needs root.")
    hold(name, fault, Promise(ready=False))


def test_a_full_volume_of_metrics(site: Stage, hold: Hold) -> None:
    if not site.volumes:
        pytest.skip("Mounting a file system needs root.")
    hold("metrics volume full", full_metrics)
