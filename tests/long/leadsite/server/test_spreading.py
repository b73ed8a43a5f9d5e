"""Clients that keep their connections are spread over the processes of a served site, and no request is lost."""

from http.client import HTTPConnection

import psutil
import pytest

from leadsite.demo.supervisor import HOST
from tests.sessions import database_url
from tests.site import Site, serving, until

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 16


def connections_of(site: Site) -> list[int]:
    """How many connections of clients each process has."""
    found = []
    for worker in site.workers():
        open_ = psutil.Process(worker).net_connections("tcp")
        found.append(sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == site.port for one in open_))
    return sorted(found)


def test_kept_connections_are_spread_evenly(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(database_url(), tmp_path_factory.mktemp("site")) as site:
        clients = [HTTPConnection(HOST, site.port, timeout=30) for _ in range(CLIENTS)]

        def are_spread() -> bool:
            for client in clients:
                client.request("GET", "/readyz")
                answer = client.getresponse()
                answer.read()
                assert answer.status == 200
            return connections_of(site) == [CLIENTS // 2, CLIENTS // 2]

        for _ in range(3):
            until(are_spread, lambda: str(connections_of(site)), 60)
            for client in clients:
                client.close()
