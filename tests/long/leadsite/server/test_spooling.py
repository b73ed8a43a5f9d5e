"""Clients that ask for a large download and do not read it cost no memory."""

import socket
from contextlib import ExitStack

import psutil
import pytest
import requests

from leadsite.demo.supervisor import HOST
from leadsite.exports.models import Export, ExportFile
from tests.factories import Business
from tests.site import Site
from tests.staff import browsing

pytestmark = pytest.mark.django_db(transaction=True)

PIECES, PIECE = 40, b"x" * 1_000_000
SIZE = PIECES * len(PIECE)
CLIENTS = 8


def asking(site: Site, browser: requests.Session, path: str) -> socket.socket:
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
    client = socket.create_connection((HOST, site.port), timeout=60)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookies}\r\n\r\n".encode())
    return client


def memory_of(site: Site) -> int:
    return sum(psutil.Process(pid).memory_info().rss for pid in site.workers())


def test_downloads_that_are_not_read_cost_no_memory(owner: Business, served_site: Site) -> None:
    made = {"user_id": owner.id, "person_id": owner.id, "state": Export.State.FINISHED}
    export = Export.objects.create(kind="lead", format="csv", columns=["id"], **made)
    for number in range(PIECES):
        ExportFile.objects.create(user_id=owner.id, export=export, number=number, content=PIECE)
    path = f"/admin/exports/{export.pk}/file/"
    with ExitStack() as stack:
        browser = stack.enter_context(browsing(served_site, owner))
        assert len(browser.get(served_site.address + path, timeout=60).content) == SIZE
        before = memory_of(served_site)
        clients = [stack.enter_context(asking(served_site, browser, path)) for _ in range(CLIENTS)]
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        grown = memory_of(served_site) - before
        # Who reads on is sent all of it.
        with clients[0].makefile("rb") as answer:
            while answer.readline() != b"\r\n":
                pass
            assert len(answer.read(SIZE)) == SIZE
    assert grown < CLIENTS * SIZE / 4
