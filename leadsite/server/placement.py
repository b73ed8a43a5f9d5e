"""Keeps the threads of a web process on one CPU, which the kernel chooses anew every few seconds.

Of the threads of a process one at a time computes: they share the interpreter's lock. Where they run on several CPUs,
each statement of a request ends with the lock going from one to another, and with it what the caches hold: two
processes on two CPUs answered an eighth fewer requests (python -m bench.creates). Threads that wait cost nothing.

What a process starts is bound to the CPU that it had then. Linux only: other systems have no such call, or ignore it.
"""

import asyncio
import os
import random
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_KEPT_SECONDS: Final = 2.0
# For how long the kernel may move them, as it does between two busy CPUs.
_FREE_SECONDS: Final = 0.02
_THREADS: Final = Path("/proc/self/task")
# The CPU on which a thread has run last, counted from the state behind the name: proc(5), /proc/pid/stat.
_PROCESSOR: Final = 36


async def keep_together() -> None:
    """Keep all threads of this process on the CPU of this one, until the task is cancelled."""
    if sys.platform != "linux":
        return
    allowed = os.sched_getaffinity(0)
    try:
        while len(allowed) > 1:
            allow(allowed)
            await asyncio.sleep(_FREE_SECONDS)
            allow({_cpu()})
            # Not in step with other processes: two of them that are free at once may choose the same CPU.
            await asyncio.sleep(_KEPT_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
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
