"""Bounds the idle connections of one address, which granian does not.

A connection without a request costs its client nothing, and a process accepts a limited number of them. Every second a
process looks at its own connections; where there are many, those of an address that has more than its part are closed,
the longest idle first. Behind a proxy all connections are the proxy's, which must limit its clients' itself.
"""

import os
import resource
import socket
import stat
import struct
import sys
from collections import defaultdict
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

import structlog

from leadsite.core.addresses import neighbourhood

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 1.0
# Below so many open files nobody is in the way.
MANY: Final = 400
IDLE_OF_ADDRESS: Final = 200
# A client that has sent something so lately is between two requests, or its request has not begun yet. One that still
# takes an answer has been sent something.
LATELY_MILLISECONDS: Final = 500
# After this the system hands over a connection without a request, too.
REQUEST_SECONDS: Final = 10
# Idle connections are cheap; requests that wait are limited by Turns.
OPEN_FILES: Final = 65_536

_FILES: Final = "/proc/self/fd"
# Of struct tcp_info (linux/tcp.h), in milliseconds: tcpi_last_data_sent, tcpi_last_ack_sent, tcpi_last_data_recv.
_LAST_SENT: Final = 44
_LAST: Final = "3I"

Peer = tuple[str, int]


class _Idle(NamedTuple):
    milliseconds: int
    file: int


def peer_of(client: str) -> Peer:
    """Return address and port of granian's "192.0.2.7:51234" or "[2001:db8::1]:51234"."""
    host, _, port = client.rpartition(":")
    return host.strip("[]"), int(port) if port.isdecimal() else 0


def allow_many_files() -> None:
    """Raise the limit of open files, which for programs is often 1024, as far as this process may."""
    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def accept_with_request() -> None:
    """Let the system keep a new connection until its request arrives. Called when the process has begun to listen.

    granian closes connections without a request when it ends: one that it accepted a moment ago, whose request is on
    its way, would be lost at each reload. Those that the system keeps are given to the next process (deploy/systemd/
    sysctl.conf). Only behind a proxy, which sends at once: idle connections would fill the system's queue.
    """
    if sys.platform == "linux":
        for file in _open_files():
            with _socket(file) as one, suppress(OSError):
                if one and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, REQUEST_SECONDS)


def close_excess(busy: Container[Peer]) -> int:
    """Close what an address has in excess of IDLE_OF_ADDRESS; return how many. `busy`: peers whose request is being
    processed.
    """
    if sys.platform != "linux":
        return 0
    files = _open_files()
    if len(files) < MANY:
        return 0
    idle: defaultdict[str, list[_Idle]] = defaultdict(list)
    ports = _listening(files)
    for file in files:
        with _socket(file) as one:
            if one and (found := _idle_peer(one, ports)) and found[0] not in busy:
                idle[neighbourhood(found[0][0])].append(_Idle(found[1], file))
    closed = 0
    for address, connections in idle.items():
        for excess in sorted(connections, reverse=True)[: max(0, len(connections) - IDLE_OF_ADDRESS)]:
            closed += _close(excess.file, ports, busy)
        if len(connections) > IDLE_OF_ADDRESS:
            log.warning("idle_connections_closed", client=address, connections=len(connections) - IDLE_OF_ADDRESS)
    return closed


def listening_ports() -> set[int]:
    """Return the ports on which this process accepts connections."""
    return _listening(_open_files()) if sys.platform == "linux" else set()


def open_sockets() -> set[int]:
    """Return the inodes of this process's sockets, by which the system's table names them (socket_table.py)."""
    inodes = set()
    for file in _open_files():
        with suppress(OSError):
            its = os.fstat(file)
            if stat.S_ISSOCK(its.st_mode):
                inodes.add(its.st_ino)
    return inodes


def _open_files() -> list[int]:
    """None where so many are open that the list cannot be: who asks again and again must not end then."""
    try:
        return [int(name) for name in os.listdir(_FILES)]
    except OSError:
        return []


@contextmanager
def _socket(file: int) -> Iterator[socket.socket | None]:
    """The socket of a file that is granian's: it stays open. None where it is no TCP socket, or closed by now."""
    try:
        one = socket.socket(fileno=file)
    except OSError:
        yield None
        return
    try:
        is_tcp = one.family in (socket.AF_INET, socket.AF_INET6) and one.type == socket.SOCK_STREAM
        yield one if is_tcp else None
    finally:
        one.detach()


def _listening(files: list[int]) -> set[int]:
    """The ports on which this process accepts connections."""
    ports = set()
    for file in files:
        with _socket(file) as one, suppress(OSError):
            if one and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                ports.add(one.getsockname()[1])
    return ports


def _idle_peer(one: socket.socket, ports: Container[int]) -> tuple[Peer, int] | None:
    """The peer of an accepted connection and for how long neither side has sent anything, unless that is short."""
    try:
        if one.getsockname()[1] not in ports:
            return None
        peer = one.getpeername()
        info = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_SENT + struct.calcsize(_LAST))
    except OSError:
        return None
    sent, _, received = struct.unpack_from(_LAST, info, _LAST_SENT)
    idle = min(sent, received)
    return ((peer[0], peer[1]), idle) if idle > LATELY_MILLISECONDS else None


def _close(file: int, ports: Container[int], busy: Container[Peer]) -> bool:
    """Shut the connection down; granian then closes it."""
    with _socket(file) as one, suppress(OSError):
        if one and (found := _idle_peer(one, ports)) and found[0] not in busy:
            one.shutdown(socket.SHUT_RDWR)
            return True
    return False
