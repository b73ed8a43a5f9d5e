"""Reads Meta's message ids (wamids).

Meta builds the id of one message in two forms, with the customer's phone number or with their user id inside: the one
in a quote, a reaction or a status need not be the one that the message came with. Decoded, both are a structure in
Thrift's compact protocol: the customer, flags, and last a token, which is the same in both. Meta does not document
this; an id of another structure is only compared as a whole.
"""

import base64
import binascii
from typing import Final

_PREFIX: Final = "wamid."
_STRUCTURE: Final = b"\x1c\x18"  # a structure that begins with a string: the customer
_STRING: Final = 0x18
_END: Final = b"\x00"


def token_of(provider_id: str) -> str | None:
    """Return the token inside a message id; None where there is none."""
    if not provider_id.startswith(_PREFIX):
        return None
    encoded = provider_id[len(_PREFIX) :].rstrip("=")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not decoded.startswith(_STRUCTURE) or len(decoded) < 4:
        return None
    rest = decoded[3 + decoded[2] :]
    for n, byte in enumerate(rest[:-1]):
        token, end = rest[n + 2 : n + 2 + rest[n + 1]], rest[n + 2 + rest[n + 1] :]
        if byte == _STRING and len(token) == rest[n + 1] and token.isalnum() and end in (b"", _END):
            return token.decode("ascii")
    return None
