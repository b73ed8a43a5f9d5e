"""Keeps the threads of a busy web process on one CPU, which no other web process of this machine has meanwhile.

Of the threads of a process one at a time computes: they share the interpreter's lock. Where they run on several CPUs,
each statement of a request ends with the lock going from one to another, and with it what the caches hold: two
processes on two CPUs answered an eighth fewer requests (python -m bench.creates). Threads that wait cost nothing.

The CPU is chosen at random each second, because a program in another container may need the same one. What a process
starts is bound to the CPU that it had then. CPUs that are taken from the running process are not used any more; those
that are added are used after its next start. Linux only: other systems have no such call, or ignore it.
"""

import asyncio
import errno
import os
import random
import socket
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

_KEPT_SECONDS: Final = 1.0
# A process that has used less of a CPU takes none: requests may come all at once.
_BUSY: Final = 0.05
_THREADS: Final = Path("/proc/self/task")
# In the abstract namespace of unix(7): a name is free again when the process that has bound it ends.
_NAME: Final = "\0leadsite-web-cpu-{}"


async def keep_together() -> None:
    """Keep all threads of this process on one CPU while it is busy, until the task is cancelled."""
    if sys.platform != "linux":
        return
    allowed = given = os.sched_getaffinity(0)
    taken: socket.socket | None = None
    try:
        while len(allowed) > 1:
            used = time.process_time()
            await asyncio.sleep(_KEPT_SECONDS)
            is_busy = time.process_time() - used >= _KEPT_SECONDS * _BUSY
            if (found := os.sched_getaffinity(0)) != given:
                # Somebody else has chosen, by taskset, or has taken this CPU away: that counts, for all threads.
                allowed, is_busy = found, False
            before, taken = taken, (_take_one(allowed) or taken) if is_busy else None
            if taken is None:
                allow(allowed)
            given = os.sched_getaffinity(0)
            if before is not None and before is not taken:
                before.close()
    except OSError as error:
        # A sandbox forbids it, or has no /proc; or all these CPUs were taken away, and Linux has given others.
        log.warning("cpus_not_chosen", error=str(error))
    finally:
        if taken is not None:
            taken.close()


def _take_one(allowed: Collection[int]) -> socket.socket | None:
    """Move to a CPU that no web process has, and return what must be closed to give it back; None where there is none.

    Raises OSError.
    """
    for cpu in random.sample(sorted(allowed), len(allowed)):
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(_NAME.format(cpu))
        except OSError:
            name.close()
            continue
        try:
            allow({cpu})
        except OSError as error:
            name.close()
            # No longer one of those that this process may have: a cpuset was changed.
            if error.errno != errno.EINVAL:
                raise
        else:
            return name
    return None


def allow(cpus: Collection[int]) -> None:
    """Let all threads of this process run on these CPUs only, and what they start. Raises OSError."""
    for thread in _THREADS.iterdir():
        with suppress(ProcessLookupError):  # it has just ended
            os.sched_setaffinity(int(thread.name), cpus)
