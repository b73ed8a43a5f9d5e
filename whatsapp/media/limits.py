"""How large a file may be, and of which types, by its kind: on its way in what WhatsApp passes on, on its way out
what it accepts (Meta, "Supported media types"; Twilio, "Accepted content types for media").
"""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop

from conversations.media.sniffing import OTHER, PROGRAM

MIB: Final = 1024 * 1024
# The largest file of each kind that is fetched. What WhatsApp itself allows, rounded up.
MOST_RECEIVED: Final = {"image": 16 * MIB, "sticker": 4 * MIB, "audio": 32 * MIB, "voice": 32 * MIB, "video": 64 * MIB}
MOST_RECEIVED_OTHER: Final = 100 * MIB
_FAMILIES: Final = {
    "image": ("image/",),
    "sticker": ("image/",),
    "audio": ("audio/", "video/"),  # audio/mp4 and audio/webm may be told from video by their content only
    "voice": ("audio/", "video/"),
    "video": ("video/", "audio/mp4", "image/gif"),
}


def most_received(kind: str) -> int:
    """Return the largest size of a file that is fetched, in bytes."""
    return MOST_RECEIVED.get(kind, MOST_RECEIVED_OTHER)


def refusal_of(kind: str, found: str) -> str:
    """Return why a received file of this type is not kept; "" where it is. A document may be anything but a program."""
    if found == PROGRAM:
        return gettext_noop("It is a program. Programs are not kept.")
    families = _FAMILIES.get(kind)
    if families and (found == "image/svg+xml" or not found.startswith(families)):
        what = (
            gettext_noop("of an unknown type")
            if found == OTHER
            else gettext_noop("of the type %(found)s") % {"found": found}
        )
        return gettext_noop("It was sent as %(kind)s, but its content is %(what)s.") % {"kind": kind, "what": what}
    return ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What can be sent as a kind. `converted`: types that become image/jpeg or image/png."""

    kind: str
    types: tuple[str, ...]
    most_bytes: int
    converted: tuple[str, ...] = ()


IMAGE: Final = Accepted(
    "image",
    ("image/jpeg", "image/png"),
    5 * MIB,
    ("image/webp", "image/heic", "image/avif", "image/gif", "image/bmp", "image/tiff"),
)
AUDIO: Final = Accepted("audio", ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MIB)
VIDEO: Final = Accepted("video", ("video/mp4", "video/3gpp"), 16 * MIB)
DOCUMENT: Final = Accepted(
    "document",
    (
        *("application/pdf", "text/plain", "text/csv", "application/msword", "application/vnd.ms-excel"),
        *("application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    16 * MIB,
)
ACCEPTED: Final = (IMAGE, AUDIO, VIDEO, DOCUMENT)
# The largest file that is taken, before a picture is made smaller.
MOST_SENT: Final = 16 * MIB
ACCEPTED_WORDS: Final = gettext_noop(
    "Accepted are pictures (JPEG and PNG; WebP, HEIC, AVIF, GIF, BMP and TIFF are converted, and large ones made"
    " smaller), audio (AAC, AMR, MP3, M4A, Ogg with Opus), video (MP4, 3GP) and documents (PDF, text, CSV, Word, Excel,"
    " PowerPoint), each of 16 MB at most."
)
