"""Verifies the signature of a delivery, which the provider makes with a shared secret.

Meta: X-Hub-Signature-256, "Create a webhook endpoint" (developers.facebook.com, WhatsApp, Webhooks).
Twilio: X-Twilio-Signature, "Webhooks security" (twilio.com/docs/usage/webhooks/webhooks-security).
"""

import base64
import hmac
import re
from collections.abc import Sequence
from hashlib import sha1, sha256
from typing import Final, TypeGuard
from urllib.parse import urlsplit

_META_PREFIX: Final = "sha256="
# Headers of another form are refused before the comparison. Both forms are ASCII, so the header can be encoded.
_META_HEADER: Final = re.compile(_META_PREFIX + "[0-9a-f]{64}")
_TWILIO_HEADER: Final = re.compile("[A-Za-z0-9+/]{27}=")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# The numbers of businesses that a body of Meta's names.
NUMBER: Final = re.compile(rb'"phone_number_id"\s{0,20}:\s{0,20}"?([^"\\,}\]\s\x00-\x1f]{1,100})')
# What Meta reports about an account names only that.
_ACCOUNT: Final = re.compile(rb'"entry"\s{0,20}:\s{0,20}\[\s{0,20}\{\s{0,20}"id"\s{0,20}:\s{0,20}"?([0-9]{1,50})\b')
# Of incoming messages; statuses (of messages that are not "received") name the business's number as From.
_TWILIO_NUMBER: Final = re.compile(rb"(?:^|&)To=([^&]{1,100})")
_TWILIO_SENDER: Final = re.compile(rb"(?:^|&)From=([^&]{1,100})")
_TWILIO_STATUS: Final = re.compile(rb"(?:^|&)(?:Message|Sms)Status=(?!receiv)[a-z]", re.IGNORECASE)


def is_signature_of_meta(header: str | None) -> TypeGuard[str]:
    """Whether the header has the form of a signature."""
    return header is not None and bool(_META_HEADER.fullmatch(header))


def is_signature_of_twilio(header: str | None) -> TypeGuard[str]:
    """Whether the header has the form of a signature."""
    return header is not None and bool(_TWILIO_HEADER.fullmatch(header))


def is_signed_by_meta(body: bytes, header: str | None, secrets: Sequence[str]) -> bool:
    """Whether the header is the signature of these bytes with any of the secrets.

    Pass the bytes as received: Meta escapes more characters than JSON libraries do ("\\u0040", "\\/").
    """
    if not is_signature_of_meta(header):
        return False
    return _is_any(header, [sign_for_meta(body, secret) for secret in secrets if secret])


def sign_for_meta(body: bytes, secret: str) -> str:
    return _META_PREFIX + hmac.new(_key(secret), body, sha256).hexdigest()


def is_signed_by_twilio(
    url: str, parameters: Sequence[tuple[str, str]], header: str | None, secrets: Sequence[str]
) -> bool:
    """Whether the header is the signature of a form posted to this URL, with any of the secrets.

    Twilio may sign the URL with or without its port, however the URL was configured: its own libraries try both
    (twilio-python, RequestValidator.validate).
    """
    if not is_signature_of_twilio(header):
        return False
    urls = _with_and_without_port(url)
    return _is_any(header, [sign_for_twilio(url, parameters, secret) for url in urls for secret in secrets if secret])


def sign_for_twilio(url: str, parameters: Sequence[tuple[str, str]], secret: str) -> str:
    """Sign the URL, then each name with its value, sorted. Equal pairs count once."""
    signed = url + "".join(name + value for name, value in sorted(set(parameters)))
    # surrogateescape gives bytes that are not UTF-8 back as they came: see twilio.parameters.
    digest = hmac.new(_key(secret), signed.encode(errors="surrogateescape"), sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def _is_any(header: str, signatures: Sequence[str]) -> bool:
    given = header.encode("ascii")
    return any(hmac.compare_digest(given, signature.encode("ascii")) for signature in signatures)


def _key(secret: str) -> bytes:
    # An environment variable that is not UTF-8 reaches Python with lone surrogates (PEP 383).
    return secret.encode(errors="surrogateescape")


def _with_and_without_port(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return {url}
    if port is not None:
        other = parts.netloc.removesuffix(f":{port}")
    elif parts.scheme in _DEFAULT_PORTS:
        other = f"{parts.netloc}:{_DEFAULT_PORTS[parts.scheme]}"
    else:
        return {url}
    # Not geturl(): it would leave out an empty query, and so change what was signed.
    return {url, url.replace(f"//{parts.netloc}", f"//{other}", 1)}


def number_in(body: bytes) -> str:
    """Return the first number of the business's that a body names, or else its account, before anything is verified; ""
    where there is none.
    """
    of_twilio = _TWILIO_SENDER if _TWILIO_STATUS.search(body) else _TWILIO_NUMBER
    found = NUMBER.search(body) or of_twilio.search(body) or _ACCOUNT.search(body)
    return found[1].decode(errors="replace") if found else ""
