"""Reads media, context and referral of Twilio's messages."""

from collections.abc import Iterator, Mapping
from typing import Final

from conversations.message_parts import Context, Media, Parts, Referral

MAX_MEDIA: Final = 10  # Twilio's own limit

_TRUE: Final = "true"


def parts_of(form: Mapping[str, str]) -> Parts:
    """Return the parts that a message has."""
    parts: Parts = {}
    if media := list(_media(form)):
        parts["media"] = media
    context = Context(
        provider_id=form.get("OriginalRepliedMessageSid") or None,
        forwarded=form.get("Forwarded", "").lower() == _TRUE,
        frequently_forwarded=form.get("FrequentlyForwarded", "").lower() == _TRUE,
        referred_product=None,
    )
    if any(context.values()):
        parts["context"] = context
    referral = _referral(form)
    if any(referral.values()):
        parts["referral"] = referral
    return parts


def _media(form: Mapping[str, str]) -> Iterator[Media]:
    for number in range(MAX_MEDIA):
        address = form.get(f"MediaUrl{number}") or None
        content_type = form.get(f"MediaContentType{number}") or None
        if address or content_type:
            yield Media(
                id=_media_sid(address or ""),
                mime_type=content_type,
                filename=None,
                caption=form.get("Body") or None,
                sha256=None,
                url=address,
            )


def _media_sid(address: str) -> str | None:
    """Return the last part of an address like https://api.twilio.com/…/Media/ME557c."""
    _, found, sid = address.partition("/Media/")
    return sid if found and sid.isalnum() else None


def _referral(form: Mapping[str, str]) -> Referral:
    def text(*names: str) -> str | None:
        return next((form[name] for name in names if form.get(name)), None)

    content_type = text("ReferralMediaContentType")
    return Referral(
        source_type=text("ReferralSourceType"),
        source_id=text("ReferralSourceId"),
        source_url=text("ReferralSourceUrl"),
        headline=text("ReferralHeadline"),
        body=text("ReferralBody"),
        ctwa_clid=text("ReferralCtwaClid", "CtwaClid"),
        media_type=content_type.partition("/")[0] if content_type else None,
        media_url=text("ReferralMediaUrl"),
        thumbnail_url=None,
        welcome_message=None,
    )
