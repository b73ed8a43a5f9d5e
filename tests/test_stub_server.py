"""Stubs record complete requests only: a killed worker leaves an incomplete one."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.leadsite.webhooks.receiver import receiving
from tests.site import request, until
from tests.whatsapp.graph import graph_api

BODY = json.dumps({"to": "+4915123456789", "text": {"body": "Hello"}, "biz_opaque_callback_data": "1"}).encode()
REQUEST = b"POST /v1/messages HTTP/1.1\r\nHost: stub\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def send_part(address: str, length: int) -> None:
    """Send the first `length` bytes of a request and close; returns when the stub has closed the connection too."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(REQUEST[:length])
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass


@pytest.mark.parametrize("length", [0, 1, 20, 45, 70, len(REQUEST) - len(BODY), len(REQUEST) - 1])
def test_an_incomplete_request_is_not_recorded(length):
    with graph_api() as graph, receiving() as receiver:
        send_part(graph.address, length)
        send_part(receiver.address, length)
        assert (graph.ledger, receiver.requests) == ([], [])


def test_a_complete_request_is_recorded_even_if_its_client_does_not_wait_for_the_answer():
    with graph_api() as graph, receiving() as receiver:
        send_part(graph.address, len(REQUEST))
        send_part(receiver.address, len(REQUEST))
        until(lambda: graph.ledger and receiver.requests)
        assert graph.ledger[0]["body"] == json.loads(BODY)
        assert receiver.requests[0]["body"] == BODY
        assert request("POST", f"{graph.address}/v1/messages", data=BODY).status_code == 200
