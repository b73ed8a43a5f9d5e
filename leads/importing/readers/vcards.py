"""Reads vCards (.vcf), the contacts of a phone's address book: versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350)."""

import codecs
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.readers.broken_cells import clean_cell
from leads.importing.readers.lines import Lines
from leads.importing.readers.rows import CELL_LIMIT, Row, UnreadableFile, cell_error

HEADER: Final = ["Name", "Phone", "Notes", "Company", "Email"]
# Of several numbers the first valid one is used: those that may have WhatsApp come first.
_RANKS: Final = (("cell", "mobile", "iphone", "whatsapp"), ("pref", "main"), ("", "voice", "home", "work", "other"))
_NO_PHONE: Final = {"fax", "pager", "modem", "bbs", "isdn", "video"}
_SEPARATOR: Final = " ::: "
_WANTED: Final = frozenset(("FN", "N", "NICKNAME", "TEL", "NOTE", "ORG", "EMAIL", "BEGIN", "END"))
_PROPERTY: Final = re.compile(r"(?:[A-Za-z0-9-]+\.)?([A-Za-z-]+)((?:;(?:\"[^\"]*\"|[^:\"])*)?):(.*)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_UNESCAPED_SEMICOLON: Final = re.compile(r"(?<!\\);")


@dataclass(slots=True)
class _Contact:
    line: int
    names: dict[str, str] = field(default_factory=dict)
    phones: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)

    def row(self) -> Row | None:
        """The contact as a row, None where it is empty."""
        name = next((self.names[key] for key in ("FN", "N", "NICKNAME", "ORG") if self.names.get(key)), "")
        phones = dict.fromkeys(phone for _, phone in sorted(self.phones, key=lambda ranked: ranked[0]))
        cells = [
            name,
            _SEPARATOR.join(phones),
            "\n".join(self.notes),
            self.names.get("ORG", ""),
            ", ".join(self.emails),
        ]
        if not any(cells):
            return None
        return Row(self.line, cells, cell_error(HEADER, cells))


class VcardRows:
    """One row for each contact; its line is that of BEGIN:VCARD."""

    header = HEADER

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Row | None]:
        """Raises UnreadableFile for a contact without an end, and for what Lines raises it."""
        contact: _Contact | None = None
        for line, text in self._unfolded():
            found = _PROPERTY.fullmatch(text)
            if found is None:
                continue
            name, value = found[1].upper(), found[3].strip()
            if name == "BEGIN" and value.upper() == "VCARD":
                contact = _Contact(line)
            elif name == "END" and value.upper() == "VCARD" and contact:
                yield contact.row()
                contact = None
            elif contact and name in _WANTED:
                _take(contact, name, found[2], found[3])
        if contact:
            raise UnreadableFile(
                gettext_noop(
                    "The contact that begins in line %(line)s has no END:VCARD: the file is cut off. Export it again."
                )
                % {"line": contact.line}
            )

    def _unfolded(self) -> Iterator[tuple[int, str]]:
        """Join the lines of one property: those that begin with a space, and after "=" in quoted-printable."""
        first, parts, size, soft = 0, [""], 0, False
        for block in self._lines:
            for number, raw in enumerate(block, start=self._lines.first):
                text = raw.rstrip("\r\n")
                if soft or text[:1] in (" ", "\t"):
                    size += len(text)
                    parts[-1] = parts[-1].removesuffix("=") if soft else parts[-1]
                    # A photo may have megabytes, and is not needed.
                    if size <= CELL_LIMIT:
                        parts.append(text if soft else text[1:])
                    soft = soft and text.endswith("=")
                    continue
                yield first, "".join(parts)
                first, parts, size = number, [text], len(text)
                soft = text.endswith("=") and "QUOTED-PRINTABLE" in text[:200].upper()
        yield first, "".join(parts)


def _take(contact: _Contact, name: str, parameters: str, raw: str) -> None:
    value = _decoded(raw, parameters.upper())
    if name == "TEL":
        kinds = set(re.split(r"[;,=\"]", parameters.lower())) - {"type", "value", "uri", "text"}
        number = _plain(value).removeprefix("tel:").partition(";")[0]
        if (number and not kinds & _NO_PHONE) or (number and "cell" in kinds):
            rank = next((rank for rank, words in enumerate(_RANKS) if kinds & set(words)), len(_RANKS))
            contact.phones.append((rank, number))
    elif name == "NOTE":
        contact.notes.append(_plain(value))
    elif name == "EMAIL":
        contact.emails.append(_plain(value))
    elif name == "N":
        last, first, middle, prefix, suffix, *_ = (*map(_plain, _UNESCAPED_SEMICOLON.split(value)), *[""] * 5)
        contact.names.setdefault("N", " ".join(filter(None, (prefix, first, middle, last, suffix))))
    elif name == "ORG":
        contact.names.setdefault("ORG", ", ".join(filter(None, map(_plain, _UNESCAPED_SEMICOLON.split(value)))))
    else:
        contact.names.setdefault(name, _plain(value))


def _decoded(value: str, parameters: str) -> str:
    """Return the value of a property without its encoding (version 2.1); as it is where the encoding is not known."""
    if "QUOTED-PRINTABLE" not in parameters:
        return value
    charset = re.search(r"CHARSET=\"?([A-Z0-9_-]+)", parameters)
    encoding = charset[1] if charset else "utf-8"
    try:
        codecs.lookup(encoding)
        return quopri.decodestring(value.encode("utf-8", errors="replace")).decode(encoding, errors="replace")
    except (LookupError, ValueError, UnicodeError):
        return value


def _plain(value: str) -> str:
    """The text of a value: \\n is a line end, other escaped characters are themselves."""
    return clean_cell(_ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)).strip()
