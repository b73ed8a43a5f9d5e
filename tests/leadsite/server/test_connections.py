"""Idle connections of one address are closed where there are many."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from leadsite.server import connections
from leadsite.server.connections import (
    Peer,
    accept_with_request,
    close_excess,
    listening_ports,
    open_sockets,
    peer_of,
)

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of this process only the connections of the test: other tests may have left some, which are not to be closed."""
    monkeypatch.setattr(connections, "_FILES", str(tmp_path))
    monkeypatch.setattr(connections, "MANY", 1)
    monkeypatch.setattr(connections, "IDLE_OF_ADDRESS", 2)
    monkeypatch.setattr(connections, "LATELY_MILLISECONDS", -1)


@contextmanager
def clients(*addresses: str) -> Iterator[list[socket.socket]]:
    """Connections from these addresses that this process has accepted."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server((HERE, 0)))
        opened = []
        for address in addresses:
            opened.append(stack.enter_context(socket.create_connection(server.getsockname(), 5, (address, 0))))
            accepted = stack.enter_context(server.accept()[0])
            for one in (server, opened[-1], accepted):
                Path(connections._FILES, str(one.fileno())).touch()
        yield opened


def test_the_sockets_of_this_process_are_known_by_their_inodes():
    with clients(HERE) as (client,):
        assert os.fstat(client.fileno()).st_ino in open_sockets()
        assert listening_ports() == {client.getpeername()[1]}


def test_a_process_that_has_all_its_files_open_looks_again_later():
    """Without a free one it cannot list them."""
    with clients(*[HERE] * 5):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        try:
            found = close_excess(set()), open_sockets(), listening_ports()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert found == (0, set(), set())
        assert close_excess(set()) == 3


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True


def test_an_address_keeps_its_part_and_others_keep_theirs():
    with clients(*[HERE] * 5, ELSEWHERE) as (*many, one):
        assert close_excess(set()) == 3
        assert sum(is_open(client) for client in many) == 2
        assert is_open(one)


def test_a_connection_whose_request_is_processed_stays():
    with clients(*[HERE] * 5) as many:
        busy: set[Peer] = {client.getsockname() for client in many[:3]}
        assert close_excess(busy) == 0
        assert all(is_open(client) for client in many)


def test_a_connection_that_has_just_sent_something_stays(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "LATELY_MILLISECONDS", 60_000)
    with clients(*[HERE] * 5):
        assert close_excess(set()) == 0


def test_few_connections_are_not_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "MANY", 100_000)
    with clients(*[HERE] * 5):
        assert close_excess(set()) == 0


@pytest.mark.parametrize(
    ("client", "peer"),
    [("192.0.2.7:51234", ("192.0.2.7", 51234)), ("[2001:db8::1]:51234", ("2001:db8::1", 51234)), ("", ("", 0))],
)
def test_the_peer_is_read_from_what_granian_says(client: str, peer: Peer):
    assert peer_of(client) == peer


def test_a_connection_is_accepted_with_its_request():
    with socket.create_server((HERE, 0)) as server:
        server.setblocking(False)
        Path(connections._FILES, str(server.fileno())).touch()
        accept_with_request()
        with socket.create_connection(server.getsockname(), 5) as client:
            with pytest.raises(BlockingIOError):
                server.accept()
            client.sendall(b"GET / HTTP/1.1\r\n")
            server.settimeout(5)
            accepted = server.accept()[0]
            with accepted:
                assert accepted.recv(3) == b"GET"
