"""The parts of a message as JSON, described for OpenAPI. conversations/message_parts.py defines their shape."""

from typing import Any, Final

from rest_framework import serializers

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
    """A file of a message."""

    id = _text("The provider's id; with Meta, fetch the file by it.")
    mime_type = _text()
    filename = _text()
    caption = _text()
    sha256 = _text()
    url = _text("With Twilio: where the file is.")


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
