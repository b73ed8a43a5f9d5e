"""The system tells which sockets are on a port."""

import os
import socket
import sys

import pytest

from leadsite.server.socket_table import _ask, sockets_at

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the table")
HERE = "127.0.0.1"


def test_listeners_and_connections_are_told_and_closed_ones_are_not():
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
        for _ in range(50):
            with socket.create_connection((HERE, port), 5) as client, server.accept()[0] as accepted:
                accepted.close()  # who closes first remembers it for a minute
                client.recv(1)
        with socket.create_connection((HERE, port), 5), server.accept()[0] as accepted:
            inode = os.fstat(accepted.fileno()).st_ino
            assert sorted(row.listens for row in sockets_at(port)) == [False, True]
            assert [row.inode for row in sockets_at(port) if not row.listens] == [inode]
    assert sockets_at(port) == []


def test_more_rows_than_one_answer_of_the_system_has():
    with socket.create_server((HERE, 0), backlog=600) as server:
        clients = [socket.create_connection(server.getsockname(), 5) for _ in range(500)]
        assert len(sockets_at(server.getsockname()[1])) == 501
        for client in clients:
            client.close()


def test_what_the_system_does_not_tell_is_an_error():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as table, pytest.raises(OSError, match=r"^\[Errno"):
        list(_ask(table, 255, 80))
