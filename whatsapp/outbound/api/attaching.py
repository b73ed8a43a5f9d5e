"""A file in the body of a request that sends a message."""

import base64
import binascii
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TypedDict
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadsite.rest.fields import StrictCharField, StrictSerializer
from whatsapp.media.attachments import CAPTION_MAX_LENGTH, NAME_MAX_LENGTH, attached
from whatsapp.media.limits import ACCEPTED_WORDS, MIB, MOST_SENT
from whatsapp.outbound.enqueue import MessageContent

FILE_HELP: Final = f"A file. {ACCEPTED_WORDS}"


class GivenFile(TypedDict):
    content: bytes
    filename: str
    caption: str


@extend_schema_field({"type": "string", "contentEncoding": "base64"})
class Base64Field(StrictCharField):
    """Bytes as base64 (RFC 4648, section 4), also with the line breaks that some programs put in."""

    def to_internal_value(self, data: Any) -> bytes:  # type: ignore[override] # the base returns str
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            content = base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError("This is not base64.") from error
        if not content:
            raise serializers.ValidationError("The file is empty.")
        if len(content) > MOST_SENT:
            raise serializers.ValidationError(f"The file is larger than {MOST_SENT // MIB} MB.")
        return content


class FileSerializer(StrictSerializer):
    """A file that goes out with a message. What it is, its content says; documents need the ending of their name."""

    content = Base64Field(help_text="The bytes, as base64.")
    filename = StrictCharField(
        max_length=NAME_MAX_LENGTH,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="As the customer sees it, of documents: invoice.pdf.",
    )
    caption = StrictCharField(
        max_length=CAPTION_MAX_LENGTH,
        trim_whitespace=False,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="The text beside it; not of audio.",
    )

    def validate(self, attrs: dict[str, Any]) -> GivenFile:
        return GivenFile(
            content=attrs["content"], filename=attrs.get("filename") or "", caption=attrs.get("caption") or ""
        )


def has_file(body: Any) -> bool:
    """Whether the body of a request, which may be invalid, gives a file."""
    return isinstance(body, dict) and body.get("media") is not None


@contextmanager
def with_file(content: MessageContent, file: GivenFile | None, *, user_id: UUID) -> Iterator[MessageContent]:
    """Yield the message with its file, which is stored; where the block raises, it is deleted again.

    Raises MessageRefused.
    """
    if file is None:
        yield content
        return
    stored = io.BytesIO(file["content"])
    with attached(user_id=user_id, content=stored, filename=file["filename"], caption=file["caption"]) as media:
        yield replace(content, media=media)
