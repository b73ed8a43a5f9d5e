"""The advertisement or post that brought a customer, as the provider tells it: text from outside, of any shape."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

HEADLINE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Referral:
    """What a page says of it. `link` is the address where a browser may be led there, else empty."""

    source: str
    headline: str
    body: str
    address: str
    link: str


def read_referral(referral: Any) -> Referral | None:
    """None where there is nothing to say."""
    if not isinstance(referral, dict) or not referral:
        return None
    address = text_of(referral.get("source_url"))
    return Referral(
        source="post" if referral.get("source_type") == "post" else "advertisement",
        headline=text_of(referral.get("headline"))[:HEADLINE_LENGTH],
        body=text_of(referral.get("body")),
        address=address,
        link=address if _is_https(address) else "",
    )


def text_of(value: Any) -> str:
    """A text or a number as text; anything else is no text."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname) and address.isprintable() and " " not in address
    except ValueError:
        return False
