"""Reads the stored referral (the advertisement or post that brought a customer), which may be malformed."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext

HEADLINE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral for display. `link` is the address if it is a valid https URL, otherwise ""."""

    source: str
    headline: str
    body: str
    address: str
    link: str

    @property
    def source_name(self) -> str:
        return gettext("post") if self.source == "post" else gettext("advertisement")

    @property
    def came_by(self) -> str:
        return gettext("Came by the post") if self.source == "post" else gettext("Came by the advertisement")


def read_referral(referral: Any) -> Referral | None:
    """Return the referral; None where it is missing or not an object."""
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
    """Return a string or a number as text, "" for anything else."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname) and address.isprintable() and " " not in address
    except ValueError:
        return False
