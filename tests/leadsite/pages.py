"""What every page must be, for every person who opens it."""

import re
from html.parser import HTMLParser
from typing import Any

STRICT = {
    "default-src": {"'none'"},
    "style-src-attr": {"'unsafe-inline'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "media-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "base-uri": {"'none'"},
    "object-src": {"'none'"},
    "frame-ancestors": {"'none'"},
}


class _Inline(HTMLParser):
    """Collects the nonces of scripts and styles, and what the policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.nonces: set[str | None] = set()
        self.refused: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and ("nonce" in given or "src" not in given)):
            self.nonces.add(given.get("nonce"))
        self.refused += [f"{tag} {name}" for name in given if name.startswith("on")]
        for name in ("href", "src", "action"):
            if (given.get(name) or "").strip().lower().startswith(("javascript:", "http:", "https:", "//")):
                self.refused.append(f"{tag} {name}={given[name]}")


def policy_of(response: Any) -> dict[str, set[str]]:
    parts = [part.split() for part in response.headers["Content-Security-Policy"].split(";")]
    return {name: set(values) for name, *values in parts}


def assert_protected(response: Any, *, evaluates: bool = True, workers: bool = False) -> str:
    """Fail unless this page allows no script but its own, and needs no other. Return its nonce."""
    policy = policy_of(response)
    found = re.search(r"script-src 'self' 'nonce-([\w-]{22})'", response.headers["Content-Security-Policy"])
    assert found, response.headers
    nonce = found[1]
    assert policy.pop("script-src") == {"'self'", f"'nonce-{nonce}'"} | ({"'unsafe-eval'"} if evaluates else set())
    assert policy.pop("style-src") == {"'self'", f"'nonce-{nonce}'"}
    assert policy == STRICT | ({"worker-src": {"blob:"}} if workers else {})
    page = _Inline()
    page.feed(response.content.decode())
    assert page.nonces <= {nonce}
    assert page.refused == []
    return nonce
