"""Reads the catalogues of translations, and compiles them: a new machine needs no GNU gettext.

`leadsite/locale/<language>/LC_MESSAGES/django.po` is edited, django.mo beside it is what Django reads. Both are in the
repository; `make translations` writes the second from the first, and a test holds that they agree.
"""

import ast
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

LOCALE: Final = Path(__file__).parent.parent / "locale"
_MAGIC: Final = 0x950412DE
_KEYWORDS: Final = ("msgctxt", "msgid", "msgid_plural", "msgstr")


@dataclass(slots=True)
class Entry:
    """A message. `texts`: one, or one for each plural form."""

    is_fuzzy: bool = False
    context: str | None = None
    msgid: str = ""
    plural: str | None = None
    texts: list[str] = field(default_factory=list)

    @property
    def key(self) -> bytes:
        context = "" if self.context is None else f"{self.context}\x04"
        plural = "" if self.plural is None else f"\0{self.plural}"
        return f"{context}{self.msgid}{plural}".encode()


def po_files() -> list[Path]:
    return catalogues_of(LOCALE)


def catalogues_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/LC_MESSAGES/django.po"))


def read_po(text: str) -> list[Entry]:
    """Return the entries of a catalogue, its head first; without those that are no longer used."""
    entries = [_entry(block.splitlines()) for block in text.split("\n\n")]
    return [entry for entry in entries if entry is not None]


def compile_mo(entries: list[Entry]) -> bytes:
    """Return the catalogue as gettext reads it: a table of the messages in order, one of the texts, then both."""
    used = sorted((entry for entry in entries if any(entry.texts) and not entry.is_fuzzy), key=lambda one: one.key)
    keys = [entry.key for entry in used]
    texts = ["\0".join(entry.texts).encode() for entry in used]
    start = 28
    place = start + 16 * len(used)
    tables = b""
    for strings in (keys, texts):
        for string in strings:
            tables += struct.pack("<II", len(string), place)
            place += len(string) + 1
    head = struct.pack("<7I", _MAGIC, 0, len(used), start, start + 8 * len(used), 0, start + 16 * len(used))
    return head + tables + b"".join(string + b"\0" for string in [*keys, *texts])


def _entry(lines: list[str]) -> Entry | None:
    entry = Entry()
    found = False
    for keyword, index, text in _fields(lines):
        found = True
        if keyword == "msgctxt":
            entry.context = text
        elif keyword == "msgid":
            entry.msgid = text
        elif keyword == "msgid_plural":
            entry.plural = text
        else:
            entry.texts[index:] = [text]
    entry.is_fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
    return entry if found else None


def _fields(lines: list[str]) -> Iterator[tuple[str, int, str]]:
    """The keyword, the number of the plural form, and the text of each field; a text may go on in further lines."""
    keyword, index, text = "", 0, ""
    for line in lines:
        if line.startswith('"'):
            text += ast.literal_eval(line)
            continue
        name, _, rest = line.partition(" ")
        if name.partition("[")[0] not in _KEYWORDS:
            continue
        if keyword:
            yield keyword, index, text
        keyword = name.partition("[")[0]
        index = int(name.partition("[")[2].rstrip("]") or 0)
        text = ast.literal_eval(rest)
    if keyword:
        yield keyword, index, text


def compile_all() -> None:
    for path in po_files():
        path.with_suffix(".mo").write_bytes(compile_mo(read_po(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    compile_all()
