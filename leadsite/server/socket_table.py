"""The system's table of TCP sockets, asked for those of one port: sock_diag(7). Linux only.

/proc/net/tcp has the same as text, and always all of it: behind a proxy that keeps no connections, tens of thousands of
rows of connections that were closed within the last minute.
"""

import os
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

# Of linux/netlink.h, sock_diag.h and inet_diag.h.
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST_DUMP: Final = 0x301
_ERROR, _DONE = 2, 3
_INFO: Final = 2  # the attribute with struct tcp_info
_HEAD: Final = struct.Struct("=IHHII")
_REQUEST: Final = struct.Struct("=BBBxI")
_PORTS: Final = struct.Struct("!HH")
_REST_OF_ID: Final = bytes(36) + b"\xff" * 8  # any addresses, any interface, no cookie
_STATE: Final = 1
_INODE: Final = 68
_MESSAGE_BYTES: Final = 72
_ATTRIBUTE: Final = struct.Struct("=HH")
# Of struct tcp_info (linux/tcp.h), in milliseconds: tcpi_last_data_sent, tcpi_last_ack_sent, tcpi_last_data_recv.
_LAST: Final = struct.Struct("=3I")
_LAST_SENT: Final = 44
_ESTABLISHED, _LISTENING = 1, 10
_BYTES: Final = 1 << 17
_SECONDS: Final = 1.0


class Row(NamedTuple):
    """A socket that listens, or is connected. `idle`: milliseconds since either side has sent something last. `inode`:
    as os.fstat has it for a file of its process; 0 where no process has accepted it yet.
    """

    listens: bool
    idle: int
    inode: int


def sockets_at(port: int) -> list[Row]:
    """Return the sockets of all processes on this port. Raises OSError where the system does not tell."""
    if sys.platform != "linux":
        raise OSError("Only Linux has this table.")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as table:
        table.settimeout(_SECONDS)
        return [row for family in (socket.AF_INET, socket.AF_INET6) for row in _ask(table, family, port)]


def _ask(table: socket.socket, family: int, port: int) -> Iterator[Row]:
    states = 1 << _ESTABLISHED | 1 << _LISTENING
    asked = _REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (_INFO - 1), states) + _PORTS.pack(port, 0) + _REST_OF_ID
    table.send(_HEAD.pack(_HEAD.size + len(asked), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 0, 0) + asked)
    while True:
        answer = memoryview(table.recv(_BYTES))
        while answer:
            length, kind, *_ = _HEAD.unpack_from(answer)
            message, answer = answer[_HEAD.size : length], answer[_aligned(length) :]
            if kind == _DONE:
                return
            if kind == _ERROR:
                code = -struct.unpack_from("=i", message)[0]
                raise OSError(code, os.strerror(code))
            yield _row(message)


def _row(message: memoryview) -> Row:
    (inode,) = struct.unpack_from("=I", message, _INODE)
    return Row(message[_STATE] == _LISTENING, _idle(message[_MESSAGE_BYTES:]), inode)


def _idle(attributes: memoryview) -> int:
    while attributes:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if kind == _INFO:
            sent, _, received = _LAST.unpack_from(attributes, _ATTRIBUTE.size + _LAST_SENT)
            return int(min(sent, received))
        attributes = attributes[_aligned(length) :]
    return 0


def _aligned(length: int) -> int:
    return (length + 3) & ~3
