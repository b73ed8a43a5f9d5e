"""What a file is, by its first bytes. Names and types that others claim are not asked."""

import re
from typing import Final

HEAD_BYTES: Final = 4096
OTHER: Final = "application/octet-stream"
TEXT: Final = "text/plain"
HTML: Final = "text/html"
SVG: Final = "image/svg+xml"
PROGRAM: Final = "application/x-executable"

_BEGINNINGS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"#!", PROGRAM),
    (b"\xfe\xed\xfa\xce", PROGRAM),
    (b"\xfe\xed\xfa\xcf", PROGRAM),
    (b"\xce\xfa\xed\xfe", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
)
# The brands of ISO base media files (ISO/IEC 14496-12): what follows "ftyp".
_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "audio/mp4"),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3ge6", b"3gg6", b"3g2a"), "video/3gpp"),
    b"qt  ": "video/quicktime",
}
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_MARKUP: Final = re.compile(rb"<\s*(?:!doctype\s+(\w+)|(\w+))", re.IGNORECASE)
_HTML_TAGS: Final = frozenset(
    (b"html", b"head", b"body", b"script", b"iframe", b"style", b"title", b"meta", b"a", b"img", b"div", b"p", b"table")
)
# What one file type looks like in another's clothes: documents of Office are ZIP files, or OLE storages.
_CONTAINERS: Final = {
    "application/zip": (
        "application/vnd.openxmlformats-officedocument.",
        "application/vnd.oasis.opendocument.",
        "application/zip",
        "application/epub+zip",
    ),
    "application/x-ole-storage": (
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-outlook",
    ),
    TEXT: ("text/plain", "text/csv", "text/calendar", "text/vcard", "text/x-vcard", "application/json"),
    "audio/ogg": ("audio/ogg", "audio/opus"),
    "video/webm": ("video/webm", "audio/webm"),
}


def type_of(head: bytes) -> str:
    """Return the type of a file that begins with these bytes (HEAD_BYTES of it, or all); OTHER where it is unknown."""
    for beginning, mime in _BEGINNINGS:
        if head.startswith(beginning):
            return mime
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], OTHER)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # A frame of MPEG audio; where its layer is 0, of AAC (ADTS).
        return "audio/mpeg" if head[1] & 0x06 else "audio/aac"
    return _type_of_text(head)


def with_claim(found: str, claimed: str) -> str:
    """Return the type to show: the claimed one where the content may be it, otherwise the one that was found."""
    claimed = claimed.partition(";")[0].strip().lower()
    return claimed if claimed.startswith(_CONTAINERS.get(found, ())) and claimed else found


def _type_of_text(head: bytes) -> str:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"<svg" in plain.lower():
        return SVG
    if plain.startswith(b"<") and (found := _MARKUP.match(plain)):
        name = (found[1] or found[2] or b"").lower()
        if name in _HTML_TAGS or b"<html" in plain.lower():
            return HTML
    if b"\x00" in head:
        return OTHER
    try:
        # The last character may be cut.
        head[: max(len(head) - 3, 0)].decode()
    except UnicodeDecodeError as error:
        return TEXT if head and error.start >= len(head) - 6 else OTHER
    return TEXT if head else OTHER
