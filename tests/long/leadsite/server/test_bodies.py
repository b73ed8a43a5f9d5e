"""Clients that announce a body and do not send it, on a served site without a proxy."""

import socket
from contextlib import ExitStack, suppress

import pytest

from leadsite.demo.supervisor import HOST
from tests.factories import ORDER, Business
from tests.site import Site, until

pytestmark = pytest.mark.django_db(transaction=True)

# A body has ten seconds, and a second more for each 8 kB that have come.
PATIENCE_SECONDS = 60
ATTACKER = "127.0.0.2"
# Of one address, and of one process: see application.py, READING.
AT_ONCE, PROCESSES = 400, 2
CLIENTS = 900
FRAMES = {"Content-Length: 100000": b" ", "Transfer-Encoding: chunked": b"1\r\n \r\n"}


class Slow:
    """A client that sends the beginning of a body, and then nothing, or a byte now and then."""

    def __init__(self, client: socket.socket, framing: str, *, drips: bool = False) -> None:
        self._client, self._drips, self._byte = client, drips, FRAMES[framing]
        self.answer = b""
        head = f"POST /api/webhooks/whatsapp HTTP/1.1\r\nHost: {HOST}\r\n{framing}\r\n\r\n"
        client.sendall(head.encode() + self._byte)
        client.settimeout(0.1)

    def is_answered(self) -> bool:
        with suppress(TimeoutError, BlockingIOError):
            if self._drips and not self.answer:
                self._client.sendall(self._byte)
            self.answer += self._client.recv(4096)
        return self.answer.endswith(b"}")

    def do_not_wait(self) -> None:
        self._client.setblocking(False)


def connected(stack: ExitStack, site: Site, source: str = HOST) -> socket.socket:
    return stack.enter_context(socket.create_connection((HOST, site.port), 30, (source, 0)))


def test_a_body_that_does_not_arrive_in_time_is_refused(served_site: Site) -> None:
    with ExitStack() as stack:
        slow = [
            Slow(connected(stack, served_site), framing, drips=drips) for framing in FRAMES for drips in (False, True)
        ]
        until(lambda: sum(client.is_answered() for client in slow) == len(slow), served_site.log, PATIENCE_SECONDS)
    for client in slow:
        assert client.answer.startswith(b"HTTP/1.1 408 ")
        assert b"body_too_slow" in client.answer


def test_an_address_has_so_many_unfinished_bodies_and_no_more(owner: Business, served_site: Site) -> None:
    with ExitStack() as stack:
        slow = [Slow(connected(stack, served_site, ATTACKER), "Content-Length: 100000") for _ in range(CLIENTS)]
        for client in slow:
            client.do_not_wait()
        excess = CLIENTS - PROCESSES * AT_ONCE
        until(lambda: sum(client.is_answered() for client in slow) >= excess, served_site.log, PATIENCE_SECONDS)
        assert served_site.post_lead(owner.api_key, ORDER).status_code == 201
    refused = [client.answer for client in slow if client.answer]
    assert all(answer.startswith(b"HTTP/1.1 503 ") and b"too_busy" in answer for answer in refused)
