"""The parts of a message as JSON, described for OpenAPI. conversations/message_parts.py defines their shape."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from rest_framework import serializers

from conversations.media.links import program_link
from conversations.models.media import MediaState

A_REFERRAL: Final = {
    "source_type": "ad",
    "source_id": "120226305854810726",
    "source_url": "https://fb.me/3cr4Wqqkv",
    "headline": "Chat with us",
    "body": "Lemon cakes are here!",
    "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e",
    "media_type": "image",
    "media_url": "https://scontent.example/cake.jpg",
    "thumbnail_url": None,
    "welcome_message": "Hi! Let us know how we can help.",
}


def _text(help_text: str = "") -> serializers.CharField:
    return serializers.CharField(allow_null=True, help_text=help_text)


class MediaSerializer(serializers.Serializer[Any]):
    """A file of a message. Events have what the provider says of it, and its `url`; read the message for the rest."""

    id = _text("The provider's id.")
    mime_type = _text("Of what is stored, by its content; before that, what the sender says.")
    filename = _text()
    caption = _text()
    sha256 = _text("As the provider says it.")
    state = serializers.ChoiceField(
        choices=MediaState.choices,
        allow_null=True,
        required=False,
        help_text="`waiting`: it is being fetched. `expired`: the provider has it no more. `refused`, `failed`: see"
        " `reason`. Null where there is nothing to fetch.",
    )
    reason = serializers.CharField(allow_null=True, required=False, help_text="Why it is not stored, in words.")
    size = serializers.IntegerField(allow_null=True, required=False, help_text="In bytes, once it is stored.")
    url = _text("Where the file is, for 15 minutes and without a key. Read the message again for a new address.")
    thumbnail_url = serializers.CharField(
        allow_null=True, required=False, help_text="The same for a small picture, of pictures."
    )


def media_of(
    media: Sequence[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]], *, site: str
) -> list[dict[str, Any]]:
    """Return the files of a message with what is stored of them. `site`: its scheme and host."""
    rows = {row["position"]: row for row in stored}
    return [_with_stored(item, rows.get(position), site) for position, item in enumerate(media)]


def _with_stored(item: Mapping[str, Any], row: Mapping[str, Any] | None, site: str) -> dict[str, Any]:
    found = dict(item) | dict.fromkeys(("state", "reason", "size", "url", "thumbnail_url"))
    if row is None:
        return found
    found |= {"state": row["state"], "reason": row["reason"] or None, "size": row["size"]}
    if row["state"] == MediaState.STORED:
        media_id = UUID(row["id"])
        small = program_link(media_id, small=True, site=site) if row["thumbnail_name"] else None
        found |= {"mime_type": row["mime_found"], "url": program_link(media_id, site=site), "thumbnail_url": small}
    return found


class ReferredProductSerializer(serializers.Serializer[Any]):
    """The product of a catalogue that a message asks about."""

    catalog_id = _text()
    product_retailer_id = _text()


class ContextSerializer(serializers.Serializer[Any]):
    """What a message refers to."""

    provider_id = _text("Of the message that this one answers, edits or deletes.")
    message_id = serializers.UUIDField(allow_null=True, help_text="Our id of that message, where it is stored.")
    forwarded = serializers.BooleanField()
    frequently_forwarded = serializers.BooleanField()
    referred_product = ReferredProductSerializer(allow_null=True)


class ReactionSerializer(serializers.Serializer[Any]):
    """A reaction to a message."""

    provider_id = _text("Of the message that the customer reacted to.")
    message_id = serializers.UUIDField(allow_null=True, help_text="Our id of that message, where it is stored.")
    emoji = _text("Null where the reaction was removed.")
    removed = serializers.BooleanField()


class ReferralSerializer(serializers.Serializer[Any]):
    """The advertisement or post that brought a customer."""

    source_type = _text("ad or post.")
    source_id = _text()
    source_url = _text()
    headline = _text()
    body = _text()
    ctwa_clid = _text("Meta's click id, for its Conversions API.")
    media_type = _text("image or video.")
    media_url = _text()
    thumbnail_url = _text()
    welcome_message = _text()
