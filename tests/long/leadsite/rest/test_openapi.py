"""As tests/leadsite/rest/test_openapi.py, with thousands of generated requests, and its pages in a browser."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser import open_window
from tests.factories import Business
from tests.leadsite.rest.generated_requests import OPERATIONS, assert_responses_match_schema, site
from tests.site import Site

__all__ = ["site"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("label", OPERATIONS)
def test_responses_match_the_schema(label: str, owner: Business, site: Site, request: Any):
    cases = -(-request.config.getoption("cases") // len(OPERATIONS))
    assert_responses_match_schema(label, owner, site, cases=cases)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/redoc"])
def test_the_pages_show_the_operations_and_load_nothing_from_other_hosts(live_server: Any, tmp_path: Path, path: str):
    with open_window(live_server.url) as window:
        forbidden: set[str] = set()
        window.page.on("requestfailed", lambda failed: forbidden.add(f"{urlsplit(failed.url).netloc} {failed.failure}"))
        window.open(path)
        window.page.locator("text=Create a lead with its conversation >> visible=true").first.wait_for()
        window.page.screenshot(path=tmp_path / "docs.png")
        # "" is of blob: and data: addresses.
        assert window.hosts - {""} == {live_server.url.removeprefix("http://")}
        assert (forbidden, window.errors) == (set(), [])
