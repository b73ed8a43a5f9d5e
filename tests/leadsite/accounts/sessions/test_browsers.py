"""Names of browsers."""

import pytest

from leadsite.accounts.sessions.browsers import browser_name

MOZILLA = "Mozilla/5.0"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        (f"{MOZILLA} (Linux; Android 15; Pixel 9) {WEBKIT} Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 19_1 like Mac OS X) {WEBKIT} Safari/604.1", "Safari on iPhone"),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Safari/605.1", "Safari on macOS"),
        ("python-requests/2.34", "python-requests"),
        ("Firefox/1", "Firefox"),
        ("<script>/1", "<script>"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named(user_agent: str, name: str):
    assert browser_name(user_agent) == name
