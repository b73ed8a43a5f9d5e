"""Request bodies in chunks, which need a real web server."""

import json
from collections.abc import Iterator

import pytest
import requests

from tests.factories import ORDER, Business
from tests.site import Site

pytestmark = pytest.mark.django_db(transaction=True)


def in_chunks(body: str) -> Iterator[bytes]:
    """requests sends a generator's bytes in chunks, without Content-Length."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000].encode()


def post(site: Site, owner: Business, body: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {owner.api_key}", "Content-Type": "application/json"}
    return requests.post(f"{site.address}/api/leads", data=in_chunks(body), headers=headers, timeout=60)


def test_a_body_in_chunks_is_read(owner: Business, served_site: Site) -> None:
    assert post(served_site, owner, json.dumps(ORDER | {"details": "x" * 5000})).status_code == 201
    assert owner.row_counts() == (1, 1, 1)


def test_a_body_in_chunks_has_the_same_limit(owner: Business, served_site: Site) -> None:
    assert post(served_site, owner, json.dumps(ORDER | {"details": "x" * 1_000_000})).status_code == 413
