"""Signatures as Standard Webhooks specifies them (github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over id,
time and body, joined by dots. A secret is written as whsec_ followed by base64.

The tests verify them with that project's package, which integrators can use too.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32  # the specification asks for 24 to 64


def make_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(*, event_id: str, at: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of a request: a signature for each secret; `at` is the Unix time of the attempt."""
    signatures = [_sign(secret, f"{event_id}.{at}.".encode() + body) for secret in secrets]
    return {"webhook-id": event_id, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
