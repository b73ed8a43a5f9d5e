"""The clock of one process, an hour ahead or behind, under load. Needs a C compiler.

Not libfaketime, which also changes how long Python's time.sleep and waits last.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest

from leadsite.demo.embedded.programs import ENVIRONMENT
from leadsite.demo.supervisor import HOST, server_command
from tests.long.faults.cases import Promise
from tests.long.faults.stage import START_SECONDS, Stage
from tests.long.faults.table import Result
from tests.long.faults.test_sending import sent_once
from tests.site import REPOSITORY, free_port, request, until

COMPILER = shutil.which("cc")
SECONDS = 6
HOUR = 3600
# Loaded before the C library: adds seconds to the time of day. Clocks that count from the start stay as they are.
SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long moved;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *seconds = getenv("CLOCK_MOVED");
    moved = seconds ? atol(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    if (!real) real = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += moved;
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


@cache
def library() -> str:
    """Compile the library, where the server's account may read it too."""
    folder = Path(tempfile.mkdtemp(prefix="leadsite-clock-"))
    folder.chmod(0o755)
    source = folder / "clock.c"
    source.write_text(SOURCE)
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", f"{folder}/clock.so", str(source), "-ldl"], check=True)
    atexit.register(shutil.rmtree, folder)
    return f"{folder}/clock.so"


def moved(seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is wrong by so much."""
    return {"LD_PRELOAD": library(), "CLOCK_MOVED": str(seconds)}


@contextmanager
def program(stage: Stage, command: list[str], seconds: int) -> Iterator[None]:
    """A program of the site with a wrong clock."""
    with (stage.data_dir / "moved.log").open("ab") as log:
        environment = stage.environment | moved(seconds)
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def answers(address: str) -> bool:
    try:
        return request("GET", f"{address}/readyz").status_code == 200
    except OSError:
        return False


def web(stage: Stage, seconds: int) -> None:
    """All clients use a web server with a wrong clock for some seconds."""
    usual, port = stage.address, free_port()
    with program(stage, server_command(port, workers=1), seconds):
        until(lambda: answers(f"http://{HOST}:{port}"), stage.log, START_SECONDS)
        stage.address = f"http://{HOST}:{port}"
        time.sleep(SECONDS)
        stage.address = usual
        time.sleep(1)  # requests that are under way


def worker(stage: Stage, seconds: int) -> None:
    """Only a worker with a wrong clock works."""
    usual = stage.demo.child("worker")
    usual.suspend()
    try:
        with program(stage, [sys.executable, "manage.py", "worker"], seconds):
            before = len(stage.graph.ledger)
            until(lambda: len(stage.graph.ledger) > before + 20, stage.log, START_SECONDS)
    finally:
        usual.resume()


def database(stage: Stage, seconds: int) -> None:
    """The database's clock jumps, and jumps back after some seconds. The server is restarted for that."""
    restart(stage, moved(seconds))
    time.sleep(SECONDS)
    restart(stage, {})


def restart(stage: Stage, variables: dict[str, str]) -> None:
    supervisor = stage.demo.process.pid
    os.kill(supervisor, signal.SIGSTOP)
    try:
        stage.server.stop()
        with patch.dict(ENVIRONMENT, variables):
            stage.server.start()
    finally:
        os.kill(supervisor, signal.SIGCONT)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["ahead", "behind"])
@pytest.mark.parametrize("whose", [web, worker, database])
def test_a_clock_that_is_wrong(
    site: Stage, hold: Callable[..., Result], whose: Callable[[Stage, int], None], seconds: int
) -> None:
    def fault(stage: Stage) -> None:
        whose(stage, seconds)

    name = f"clock of {whose.__name__} {seconds // HOUR:+} h"
    result = hold(name, fault, Promise(imports=False))
    sent_once(site, result)
