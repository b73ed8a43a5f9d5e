"""Runs a generator over an uploaded file in a child process with limits, so that no file can exhaust the worker.

Note [Isolated readers]. A file of a megabyte can unpack to gigabytes, and limits on what is known to be dangerous miss
the rest. So whatever reads a file that people upload runs in a process of its own: it has no database, and the kernel
ends it when it needs more memory or time than any list of leads does.

The processes are forks of one that has imported everything and has no threads (multiprocessing's fork server): one
starts in milliseconds. They end when the worker ends, because their pipe breaks.
"""

import multiprocessing
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any, BinaryIO, Final

import structlog
from django.utils.translation import gettext_noop

log = structlog.get_logger(__name__)

_CONTEXT: Final = multiprocessing.get_context("forkserver")
# What the fork server imports.
PRELOADED: Final = ["leads.importing.isolated.preloaded"]
_YIELDED, _RAISED, _FAILED, _MEMORY, _END = range(5)
_JOIN_SECONDS: Final = 5
# How often run_isolated says that the work goes on.
BEAT_SECONDS: Final = 5.0

Work = Callable[..., Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """`memory`: bytes of address space; `cpu`: seconds of processor time; `silence`: seconds without a result.

    `message`: bytes of one result. `expected` are the exceptions of the work that are passed on.
    """

    memory: int
    cpu: int
    silence: float
    message: int
    expected: tuple[type[Exception], ...]


class ReaderDied(Exception):
    """The process ended without its last result, or was ended because of a limit. The message says which."""


def start_fork_server() -> None:
    """Start the process that readers are forked from, in order that the first of them does not wait for its imports."""
    _CONTEXT.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()


def run_isolated(
    work: Work, *arguments: Any, file: BinaryIO, limits: Limits, still_reads: Callable[[], object] = lambda: None
) -> Iterator[Any]:
    """Yield what work(file, *arguments) yields in a process of its own, which ends with this generator.

    `file` has a descriptor. The work is a function at the top of a module. `still_reads` is called every few seconds
    while a result is awaited; what it raises ends the process. Raises limits.expected, ReaderDied.
    """
    start_fork_server()
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_serve, args=(theirs, limits, work, arguments), daemon=True)
    with theirs:
        process.start()
    try:
        with ours:
            send_handle(ours, file.fileno(), process.pid)
            while (result := _receive(ours, limits, still_reads))[0] == _YIELDED:
                yield result[1]
        _end(*result)
    except (EOFError, BrokenPipeError, ConnectionResetError) as error:
        process.join(_JOIN_SECONDS)
        raise ReaderDied(_cause(process.exitcode)) from error
    finally:
        process.kill()
        process.join(_JOIN_SECONDS)


def _receive(connection: Connection, limits: Limits, still_reads: Callable[[], object]) -> tuple[int, Any]:
    ends = time.monotonic() + limits.silence
    while not connection.poll(min(BEAT_SECONDS, max(0.0, ends - time.monotonic()))):
        if time.monotonic() >= ends:
            raise ReaderDied(gettext_noop("it takes too long to read"))
        still_reads()
    try:
        received: tuple[int, Any] = pickle.loads(connection.recv_bytes(limits.message))  # noqa: S301 - from our own code
    except EOFError:
        raise
    except OSError as error:
        raise ReaderDied(gettext_noop("a part of it is too large")) from error
    return received


def _end(kind: int, value: Any) -> None:
    """Raise what the process ended with, if not with its last result."""
    if kind == _RAISED:
        raise value
    if kind == _MEMORY:
        raise ReaderDied(gettext_noop("it needs too much memory"))
    if kind == _FAILED:
        log.error("import_reader_failed", error=value)
        raise ReaderDied(gettext_noop("it is damaged or of an unusual form"))


def _cause(exit_code: int | None) -> str:
    if exit_code == -signal.SIGXCPU:
        return gettext_noop("it takes too long to read")
    return (
        gettext_noop("it needs too much memory") if exit_code else gettext_noop("it is damaged or of an unusual form")
    )


def _serve(connection: Connection, limits: Limits, work: Work, arguments: tuple[Any, ...]) -> None:
    """Run the work in this process, which was forked for it."""
    # A signal to the worker's whole group reaches its readers too: the worker decides when they end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _limit(limits)
    with suppress(BrokenPipeError, ConnectionResetError), os.fdopen(recv_handle(connection), "rb") as file:
        file.seek(0)
        connection.send_bytes(pickle.dumps(_last(connection, limits, work, file, arguments)))


def _last(
    connection: Connection, limits: Limits, work: Work, file: BinaryIO, arguments: tuple[Any, ...]
) -> tuple[int, Any]:
    """Send what the work yields, and return the last message. Frees the memory of the work before it is sent."""
    try:
        for result in work(file, *arguments):
            connection.send_bytes(pickle.dumps((_YIELDED, result)))
    except limits.expected as error:
        return _RAISED, error.with_traceback(None)
    except MemoryError:
        return _MEMORY, None
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        # The texts of exceptions contain what the file contains.
        last = traceback.extract_tb(sys.exc_info()[2])[-1]
        return _FAILED, f"{type(error).__name__} in {last.filename}, line {last.lineno}"
    return _END, None


def _limit(limits: Limits) -> None:
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_AS, limits.memory)
    _lower(resource.RLIMIT_CPU, limits.cpu)


def _lower(kind: int, value: int) -> None:
    """Set a limit, at most to the present one. macOS has no RLIMIT_AS: ValueError.

    At the hard limit of RLIMIT_CPU the kernel sends SIGKILL, which says nothing; SIGXCPU comes a second before.
    """
    _, hard = resource.getrlimit(kind)
    lower, upper = (one if hard == resource.RLIM_INFINITY else min(one, hard) for one in (value, value + 1))
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (lower, upper))
