"""Content-Security-Policy: what a browser may load and run for an answer. A text of a customer that got into a page
without being escaped would be shown, but not run.

The names are those of Django 6 (`csp_nonce`), which has a middleware of its own.
"""

import secrets
from typing import Final

HEADER: Final = "Content-Security-Policy"
# Answers that are no pages: JSON, files, texts. A browser that is made to show one runs and loads nothing.
NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
# What neither the admin nor the documentation uses, and an injected script would like to.
PERMISSIONS: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer"),
        *("microphone", "midi", "payment", "usb"),
    )
)

_PAGE: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'nonce-{nonce}'{evaluation}",
        "style-src 'self' 'nonce-{nonce}'",
        # Only `style="…"`. It cannot run anything, and the policy of images leaves it nowhere to send anything.
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    ]
)
_WORKERS: Final = "; worker-src blob:"


def new_nonce() -> str:
    """Return 128 random bits, for one answer."""
    return secrets.token_urlsafe(16)


def page_policy(nonce: str, *, evaluates: bool = False, workers: bool = False) -> str:
    """Return the policy of a page.

    `evaluates` where scripts compile texts, as Alpine does in all pages of unfold; `workers` where they start threads.
    """
    policy = _PAGE.format(nonce=nonce, evaluation=" 'unsafe-eval'" if evaluates else "")
    return policy + _WORKERS if workers else policy
