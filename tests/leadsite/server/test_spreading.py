"""A process with more than its part of the connections ends some of them."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from leadsite.server.spreading import IN_USE_MILLISECONDS, Spreading, excess
from tests.site import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the table of connections")
HERE = "127.0.0.1"
EVERYWHERE = "::"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Port:
    """A port on which several processes listen."""

    def __init__(self, stack: ExitStack, listeners: int = 2, host: str = HERE) -> None:
        self._stack = stack
        self._listeners: list[socket.socket] = []
        self._host = host
        self.number = 0
        for _ in range(listeners):
            self._listen()

    def _listen(self) -> None:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = self._stack.enter_context(socket.socket(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((self._host, self.number))
        listener.listen()
        listener.setblocking(False)
        self.number = int(listener.getsockname()[1])
        self._listeners.append(listener)

    def connect(self, times: int) -> list[socket.socket]:
        """Connect so often, and return the accepted sockets."""
        clients = [socket.create_connection((HERE, self.number), 5) for _ in range(times)]
        for client in clients:
            self._stack.enter_context(client)
        found: list[socket.socket] = []

        def all_accepted() -> bool:
            for listener in self._listeners:
                with suppress(BlockingIOError):
                    found.append(self._stack.enter_context(listener.accept()[0]))
            return len(found) == times

        until(all_accepted)
        return found


def inodes(sockets: list[socket.socket]) -> set[int]:
    return {os.fstat(one.fileno()).st_ino for one in sockets}


@pytest.mark.parametrize("host", [HERE, EVERYWHERE])
@pytest.mark.parametrize(("own", "above"), [(7, 3), (5, 1), (4, 0), (1, 0)])
def test_two_processes_have_half_of_the_connections_each(stack: ExitStack, own: int, above: int, host: str) -> None:
    port = Port(stack, host=host)
    connected = port.connect(8)
    assert excess(inodes(connected[:own]), [port.number]) == above


def test_of_an_odd_number_one_has_one_more(stack: ExitStack) -> None:
    port = Port(stack)
    connected = port.connect(5)
    assert [excess(inodes(connected[:own]), [port.number]) for own in (3, 4)] == [0, 1]


def test_the_only_process_of_a_port_keeps_all(stack: ExitStack) -> None:
    port = Port(stack, listeners=1)
    assert excess(inodes(port.connect(3)), [port.number]) == 0
    assert excess(set(), []) == 0


def test_idle_connections_do_not_send_the_busy_ones_away(stack: ExitStack) -> None:
    port = Port(stack)
    idle, busy = port.connect(20), port.connect(4)

    def is_even() -> bool:
        for one in busy:
            one.send(b".")
        return excess(inodes([*idle, *busy[:2]]), [port.number]) == 0

    assert not is_even()
    until(is_even, seconds=10 * IN_USE_MILLISECONDS / 1000)
    assert excess(inodes([*idle, *busy[:3]]), [port.number]) == 1


def test_as_many_answers_end_their_connections_and_none_of_http_2() -> None:
    spreading = Spreading()
    assert not spreading.end_one("1.1")
    spreading._excess = 1
    assert [spreading.end_one(version) for version in ("2", "1.1", "1.1")] == [False, True, False]
