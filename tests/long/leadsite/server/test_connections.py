"""A client that opens two thousand connections and sends nothing, or half a request, on a served site."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from leadsite.demo.supervisor import HOST
from leadsite.server.connections import IDLE_OF_ADDRESS
from tests.factories import ORDER, Business
from tests.sessions import database_url
from tests.site import Site, request, serving, until

pytestmark = pytest.mark.django_db(transaction=True)

ATTACKER = "127.0.0.2"
CONNECTIONS = 2000
PROCESSES = 2
CLOSED = "idle_connections_closed"


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(database_url(), tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.mark.parametrize("sent", [b"", b"GET /li", b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])
def test_idle_connections_of_one_address_keep_nobody_out(owner: Business, site: Site, sent: bytes) -> None:
    before = site.log().count(CLOSED)
    with ExitStack() as stack:
        idle = []
        for _ in range(CONNECTIONS):
            client = stack.enter_context(socket.create_connection((HOST, site.port), 30, (ATTACKER, 0)))
            client.sendall(sent)
            idle.append(client)
        for _ in range(5):
            started = time.monotonic()
            assert site.post_lead(owner.api_key, ORDER).status_code == 201
            assert request("GET", f"{site.address}/livez").status_code == 200
            assert time.monotonic() - started < 5
            time.sleep(0.5)
        # Not by granian alone, which gives each connection ten seconds for the head of a request.
        until(lambda: site.log().count(CLOSED) > before, site.log, 30)
        for client in idle:
            client.setblocking(False)
        until(lambda: sum(is_still_open(client) for client in idle) <= PROCESSES * IDLE_OF_ADDRESS, site.log, 30)


def is_still_open(client: socket.socket) -> bool:
    try:
        while client.recv(4096):  # the answer, and then the end
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
