"""Keeps the threads of a busy web process on one CPU, which the kernel chooses anew each second.

Of the threads of a process one at a time computes: they share the interpreter's lock. Where they run on several CPUs,
each statement of a request ends with the lock going from one to another, and with it what the caches hold: two
processes on two CPUs answered an eighth fewer requests (python -m bench.creates). Threads that wait cost nothing.

What a process starts is bound to the CPU that it had then. Linux only: other systems have no such call, or ignore it.
"""

import asyncio
import os
import random
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_KEPT_SECONDS: Final = 1.0
# For how long the kernel may move them, as it does between two busy CPUs.
_FREE_SECONDS: Final = 0.02
# A process that has used less of a CPU is free: many idle ones may be found on the same, and requests come all at once.
_BUSY: Final = 0.05
_THREADS: Final = Path("/proc/self/task")
# The CPU on which a thread has run last, counted from the state behind the name: proc(5), /proc/pid/stat.
_PROCESSOR: Final = 36


async def keep_together() -> None:
    """Keep all threads of this process on the CPU of this one while it is busy, until the task is cancelled."""
    if sys.platform != "linux":
        return
    allowed = os.sched_getaffinity(0)
    try:
        while len(allowed) > 1:
            # Not in step with other processes: two of them that are free at once may choose the same CPU.
            seconds = _KEPT_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - not a secret
            used = time.process_time()
            await asyncio.sleep(seconds)
            is_busy = time.process_time() - used >= seconds * _BUSY
            allow(allowed)
            if is_busy:
                await asyncio.sleep(_FREE_SECONDS)
                allow({_cpu()})
    except OSError as error:
        # A sandbox forbids it, or has no /proc; or all these CPUs were taken away, and Linux has given others.
        log.warning("cpus_not_chosen", error=str(error))


def allow(cpus: Collection[int]) -> None:
    """Let all threads of this process run on these CPUs only, and what they start. Raises OSError."""
    for thread in _THREADS.iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(int(thread.name), cpus)


def _cpu() -> int:
    return int(Path("/proc/thread-self/stat").read_text().rpartition(")")[2].split()[_PROCESSOR])
