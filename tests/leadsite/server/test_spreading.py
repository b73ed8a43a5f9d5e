"""A process with more than its part of the connections ends some of them."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from leadsite.server.connections import accepted
from leadsite.server.spreading import Spreading, excess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the table of connections")
HERE = "127.0.0.1"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listen(stack: ExitStack, port: int = 0) -> int:
    """Listen as one of several processes does, and return the port."""
    listener = stack.enter_context(socket.socket())
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((HERE, port))
    listener.listen()
    return int(listener.getsockname()[1])


def connect(stack: ExitStack, port: int, times: int) -> None:
    for _ in range(times):
        stack.enter_context(socket.create_connection((HERE, port), 5))


@pytest.mark.parametrize(("own", "above"), [(7, 3), (5, 1), (4, 0), (1, 0)])
def test_two_processes_have_half_of_the_connections_each(stack: ExitStack, own: int, above: int) -> None:
    port = listen(stack)
    listen(stack, port)
    connect(stack, port, 8)
    assert excess(own, [port]) == above


def test_of_an_odd_number_one_has_one_more(stack: ExitStack) -> None:
    port = listen(stack)
    listen(stack, port)
    connect(stack, port, 5)
    assert [excess(own, [port]) for own in (3, 4)] == [0, 1]


def test_the_only_process_of_a_port_keeps_all(stack: ExitStack) -> None:
    port = listen(stack)
    connect(stack, port, 3)
    assert excess(3, [port]) == 0
    assert excess(0, []) == 0


def test_accepted_connections_are_counted_and_others_are_not(stack: ExitStack) -> None:
    before, _ = accepted()
    with socket.create_server((HERE, 0)) as server:
        connect(stack, server.getsockname()[1], 2)
        stack.enter_context(server.accept()[0])
        count, ports = accepted()
        assert (count - before, server.getsockname()[1] in ports) == (1, True)


def test_as_many_answers_end_their_connections_and_none_of_http_2() -> None:
    spreading = Spreading()
    assert not spreading.end_one("1.1")
    spreading._excess = 1
    assert [spreading.end_one(version) for version in ("2", "1.1", "1.1")] == [False, True, False]
