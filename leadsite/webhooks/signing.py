"""Signatures as Standard Webhooks has them (github.com/standard-webhooks/standard-webhooks):
HMAC-SHA256 over id, time and body, joined by dots, with a secret that is written whsec_ and base64.

The tests verify with that project's own package, which an integrator may use too.
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
    """The three headers of a delivery. `at`: seconds since 1970, of this try. Each secret signs."""
    signatures = [_sign(secret, f"{event_id}.{at}.".encode() + body) for secret in secrets]
    return {"webhook-id": event_id, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
