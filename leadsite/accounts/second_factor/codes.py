"""Codes of authenticator apps (RFC 6238) and recovery codes, as texts."""

import re
import secrets
from base64 import b32decode, b32encode
from typing import Final
from urllib.parse import quote, urlencode

import segno
from django.utils.crypto import get_random_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django_otp.oath import TOTP

from leadsite.core import clock

ISSUER: Final = "leadsite"
# Apps show 160 bits as 32 characters: RFC 4226, section 4, asks for as many.
_SECRET_BYTES: Final = 20
# Clocks of phones differ; so a code is accepted half a minute before and after its time.
_TOLERANCE: Final = 1
RECOVERY_CODES: Final = 10
_RECOVERY_LENGTH: Final = 16
# Without letters and digits that look alike.
_RECOVERY_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """Return a new secret as apps take it: 32 characters of base32."""
    return b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def step_of(secret: str, typed: str, *, after: int = -1) -> int | None:
    """Return the half minute whose code this is, of those after `after`; None where it is none."""
    code = plain(typed)
    if not is_app_code(code):
        return None
    totp = TOTP(b32decode(secret))
    totp.time = clock.now().timestamp()
    return totp.t() if totp.verify(int(code), tolerance=_TOLERANCE, min_t=after + 1) else None


def new_recovery_codes() -> list[str]:
    """Return new codes, in groups of four."""
    texts = [get_random_string(_RECOVERY_LENGTH, _RECOVERY_LETTERS) for _ in range(RECOVERY_CODES)]
    return ["-".join(re.findall("....", text)) for text in texts]


def plain(typed: str) -> str:
    """Return a typed code without the blanks and dashes that apps and people put into it."""
    return re.sub(r"[\s-]", "", typed).lower()


def is_app_code(typed: str) -> bool:
    return re.fullmatch("[0-9]{6}", plain(typed)) is not None


def address_for_apps(secret: str, account: str) -> str:
    """Return what the QR code says: https://github.com/google/google-authenticator/wiki/Key-Uri-Format."""
    label = quote(f"{ISSUER}:{account}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"


def qr_code(secret: str, account: str) -> SafeString:
    """Return the QR code as SVG: black on white in both themes, or phones do not read it."""
    code = segno.make(address_for_apps(secret, account), error="m", micro=False)
    svg = code.svg_inline(
        scale=4,
        border=3,
        omitsize=True,
        dark="#000000",
        light="#ffffff",
        title=gettext("QR code for an authenticator app"),
    )
    return mark_safe(svg)  # noqa: S308 - segno's own, of black and white squares
