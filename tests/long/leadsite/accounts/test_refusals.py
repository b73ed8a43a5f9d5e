"""Wrong API keys and calls of other origins, on a real server with two processes."""

from collections import Counter
from pathlib import Path

import pytest

from tests.factories import ORDER, Business
from tests.sessions import database_url
from tests.site import Site, request, serving

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 20
ORIGIN = "https://app.example.com"


def wrong(site: Site, address: str) -> int:
    headers = {"Authorization": "Bearer ls_wrong", "X-Forwarded-For": f"10.0.0.1, {address}"}
    return request("GET", f"{site.address}/api/leads", headers=headers).status_code


def test_wrong_keys_are_limited_over_all_processes_and_right_ones_work(owner: Business, tmp_path: Path) -> None:
    given = {"REFUSALS_PER_MINUTE": str(LIMIT), "BEHIND_PROXY": "true", "CORS_ALLOWED_ORIGINS": ORIGIN}
    with serving(database_url(), tmp_path, **given) as site:
        answers = Counter(wrong(site, "2001:db8::1") for _ in range(100))
        # Of the allowance some is given back while they are sent.
        assert LIMIT <= answers[401] <= LIMIT + 10
        assert answers[429] == 100 - answers[401]
        # The same network, another one, and a right key from the first.
        assert wrong(site, "2001:db8::2") == 429
        assert wrong(site, "2001:db8:0:1::1") == 401
        headers = {"Authorization": f"Bearer {owner.api_key}", "X-Forwarded-For": "2001:db8::1"}
        for _ in range(5):
            assert request("POST", f"{site.address}/api/leads", json=ORDER, headers=headers).status_code == 201
        check_cors(site)


def check_cors(site: Site) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    preflight = request("OPTIONS", f"{site.address}/api/leads", headers=asked)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    # The web server refuses this one itself.
    large = request("POST", f"{site.address}/api/leads", data=b"x" * 5_000_000, headers={"Origin": ORIGIN})
    assert (large.status_code, large.headers["Access-Control-Allow-Origin"]) == (413, ORIGIN)
    assert "X-Request-ID" in large.headers["Access-Control-Expose-Headers"]
