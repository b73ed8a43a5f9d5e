"""Reads media, context, reaction and referral of Meta's messages. Any of them may be missing or of another type."""

from typing import Any, Final

from conversations.message_parts import Context, Media, Parts, Reaction, Referral, ReferredProduct
from whatsapp.inbound.meta.contents import kind_of
from whatsapp.json_parts import object_of, text_of

Json = dict[str, Any]

_MEDIA_KINDS: Final = frozenset(("image", "video", "audio", "voice", "document", "sticker"))
_CHANGES: Final = frozenset(("edit", "revoke"))


def parts_of(kind: str, message: Json) -> Parts:
    """Return the parts that a message of this kind has."""
    parts: Parts = {}
    if media := _media(kind, message):
        parts["media"] = media
    if context := _context(kind, message):
        parts["context"] = context
    if kind == "reaction":
        parts["reaction"] = _reaction(object_of(message.get("reaction")))
    if referral := object_of(message.get("referral")):
        parts["referral"] = _referral(referral)
    return parts


def _media(kind: str, message: Json) -> list[Media]:
    """The file of a message, or of the message that an edit replaces; also of kinds that are not known."""
    if kind == "edit":
        message = object_of(object_of(message.get("edit")).get("message"))
        kind = kind_of(message)
    found = object_of(message.get(kind))
    if not _text(found, "id") or not (kind in _MEDIA_KINDS or _text(found, "mime_type")):
        return []
    return [
        Media(
            id=_text(found, "id"),
            mime_type=_text(found, "mime_type"),
            filename=_text(found, "filename"),
            caption=_text(found, "caption"),
            sha256=_text(found, "sha256"),
            # Meta's address is valid for five minutes: the id is what to fetch it by (Meta, Media reference).
            url=None,
        )
    ]


def _context(kind: str, message: Json) -> Context | None:
    found = object_of(message.get("context"))
    product = object_of(found.get("referred_product"))
    about = _text(object_of(message.get(kind)), "original_message_id") if kind in _CHANGES else _text(found, "id")
    context = Context(
        provider_id=about,
        forwarded=found.get("forwarded") is True,
        frequently_forwarded=found.get("frequently_forwarded") is True,
        referred_product=ReferredProduct(
            catalog_id=_text(product, "catalog_id"), product_retailer_id=_text(product, "product_retailer_id")
        )
        if product
        else None,
    )
    return context if any(context.values()) else None


def _reaction(found: Json) -> Reaction:
    emoji = _text(found, "emoji")
    return Reaction(provider_id=_text(found, "message_id"), emoji=emoji, removed=emoji is None)


def _referral(found: Json) -> Referral:
    return Referral(
        source_type=_text(found, "source_type"),
        source_id=_text(found, "source_id"),
        source_url=_text(found, "source_url"),
        headline=_text(found, "headline"),
        body=_text(found, "body"),
        ctwa_clid=_text(found, "ctwa_clid"),
        media_type=_text(found, "media_type"),
        media_url=_text(found, "image_url") or _text(found, "video_url"),
        thumbnail_url=_text(found, "thumbnail_url"),
        welcome_message=_text(object_of(found.get("welcome_message")), "text"),
    )


def _text(found: Json, key: str) -> str | None:
    return text_of(found.get(key)) or None
