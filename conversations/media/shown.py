"""What pages and the API say of a file."""

import mimetypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from conversations.media.links import page_link
from conversations.models import Message, StoredMedia
from leadsite.languages.texts import shown

# What a browser shows or plays itself. Nothing in which there could be a script.
_PICTURES: Final = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
_AUDIO: Final = frozenset(
    ("audio/ogg", "audio/mpeg", "audio/aac", "audio/mp4", "audio/wav", "audio/opus", "audio/webm")
)
_VIDEO: Final = frozenset(("video/mp4", "video/webm", "video/3gpp", "video/quicktime"))
# Names that a system takes for another file, or a path.
_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u202a-\u202e\u2066-\u2069]')
_LONGEST_NAME: Final = 120
# Where mimetypes has another one first.
_ENDINGS: Final = {"audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "image/heic": ".heic"}
_STEP: Final = 1024

_WORDS: Final = {
    "waiting": _("The file is being fetched from WhatsApp."),
    "expired": _("Expired: WhatsApp does not have this file any more."),
    "refused": _("Not kept"),
    "failed": _("Could not be fetched"),
}
_AGAIN: Final = _("The file could not be fetched yet; it is tried again.")


@dataclass(frozen=True, slots=True)
class ShownFile:
    """`kind`: picture, audio, video or document; "" where there are no bytes: then `words` says why."""

    kind: str
    name: str
    size: str = ""
    words: str = ""
    url: str = ""
    small: str = ""
    download: str = ""


def plays_here(mime: str) -> bool:
    """Whether a browser may show it, and not only store it."""
    return mime in _PICTURES or mime in _AUDIO or mime in _VIDEO


def files_of(messages: Iterable[Message]) -> dict[UUID, list[ShownFile]]:
    """Return the files of messages, by their ids; one query, none where no message has a file."""
    with_files = {row.pk: row for row in messages if (row.parts or {}).get("media")}
    if not with_files:
        return {}
    found: dict[UUID, list[ShownFile]] = {}
    for media in StoredMedia.objects.filter(message__in=list(with_files)).order_by("message_id", "position"):
        if media.message_id:
            media.message = with_files[media.message_id]
            found.setdefault(media.message_id, []).append(_shown(media))
    return found


def file_name(media: StoredMedia) -> str:
    """The name for a download: the sender's, without what is no part of a name; with the ending of its content."""
    parts: Any = (media.message.parts or {}).get("media", []) if media.message else []
    given = parts[media.position] if media.position < len(parts) else {}
    name = clean_name(str(given.get("filename") or ""))
    ending = ending_of(media.mime_found)
    if not name:
        family = (media.mime_found or "").partition("/")[0]
        name = f"{family if family in ('image', 'audio', 'video') else 'file'}-{str(media.pk)[:8]}"
    known, _ = mimetypes.guess_type(name)
    return name if known == media.mime_found or not ending or name.lower().endswith(ending) else name + ending


def ending_of(mime: str) -> str:
    """Return the usual ending of a name, with its dot; "" where there is none."""
    return _ENDINGS.get(mime) or mimetypes.guess_extension(mime) or ""


def clean_name(name: str) -> str:
    """Return a file's name without what is no part of one; "" where nothing is left."""
    storable = name.encode(errors="ignore").decode()
    return _NOT_IN_NAMES.sub("", storable).strip(" .")[-_LONGEST_NAME:]


def words_of_state(state: str, reason: str) -> str:
    """Return a sentence for a file that has no bytes here."""
    if state in ("refused", "failed"):
        return f"{_WORDS[state]}: {shown(reason)}" if reason else f"{_WORDS[state]}."
    return str(_AGAIN if state == "waiting" and reason else _WORDS.get(state, ""))


def size_words(size: int | None) -> str:
    if size is None:
        return ""
    if size < _STEP * _STEP:
        return f"{max(1, round(size / _STEP))} KB"
    return f"{size / _STEP / _STEP:.1f} MB"


def _shown(media: StoredMedia) -> ShownFile:
    name = file_name(media)
    if media.state != StoredMedia.State.STORED:
        return ShownFile("", name, words=words_of_state(media.state, media.reason))
    families: Mapping[str, frozenset[str]] = {"picture": _PICTURES, "audio": _AUDIO, "video": _VIDEO}
    kind = next((kind for kind, types in families.items() if media.mime_found in types), "document")
    return ShownFile(
        kind,
        name,
        size_words(media.size),
        url=page_link(media.pk),
        small=page_link(media.pk, small=True) if media.thumbnail_name else "",
        download=page_link(media.pk, download=True),
    )
