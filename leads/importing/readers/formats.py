"""Detects a file's format by its content, then by its name; says of a format that is not read what to do instead."""

import re
from pathlib import PurePath
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.readers.rows import UnreadableFile

FORMATS: Final = ("csv", "jsonl", "xlsx", "ods", "vcf")
ZIP: Final = b"PK\x03\x04"
_ENDINGS: Final = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
}
_SAVE: Final = gettext_noop(
    "Open it in a spreadsheet (Excel, LibreOffice, Google Sheets) and save it as .xlsx or CSV, then import that."
)
# Compound files: .xls, and .xlsx with a password (MS-CFB, section 2.2).
_COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_GZIP: Final = b"\x1f\x8b"
_SIGNATURES: Final = (
    (_GZIP, gettext_noop("The file is compressed. Unpack it first: gunzip -c FILE | manage.py import_leads -")),
    (b"BZh91AY&SY", gettext_noop("The file is compressed. Unpack it first.")),
    (b"7z\xbc\xaf\x27\x1c", gettext_noop("The file is compressed (.7z). Unpack it first.")),
    (b"Rar!\x1a\x07", gettext_noop("The file is compressed (.rar). Unpack it first.")),
    (b"\xfd7zXZ\0", gettext_noop("The file is compressed (.xz). Unpack it first.")),
    (
        b"%PDF-",
        gettext_noop(
            "The file is a PDF, which has no rows and columns. Export the list as CSV or .xlsx from the program"
            " that it is"
            " from."
        ),
    ),
    (
        b"{\\rtf",
        gettext_noop(
            "The file is a text document (RTF). Copy its table into a spreadsheet and save it as .xlsx or CSV."
        ),
    ),
    (b"SQLite format 3\0", gettext_noop("The file is a database (SQLite). Export its table as CSV, then import that.")),
    (b"PAR1\x15", gettext_noop("The file is a Parquet file. Export it as CSV, then import that.")),
)
# Early .xls without a compound file: BIFF 2 to 4.
_OLD_BINARY: Final = re.compile(rb"\x09[\x00\x02\x04][\x04\x06\x08]\x00")
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|style|table|div|script)\b", re.IGNORECASE)
_XML_SPREADSHEET: Final = b"urn:schemas-microsoft-com:office:spreadsheet"
_BLANK: Final = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"


def detect_format(start: bytes, name: str) -> str:
    """Return the format of a file that begins with `start`; "zip" for an archive, whose content says more.

    Raises UnreadableFile for a format that is not read.
    """
    if start.startswith((ZIP, b"PK\x05\x06")):
        return "zip"
    if start.startswith(_COMPOUND):
        raise UnreadableFile(_compound(start))
    for signature, reason in _SIGNATURES:
        if start.startswith(signature):
            raise UnreadableFile(reason)
    if _OLD_BINARY.match(start):
        raise UnreadableFile(gettext_noop("The file is a very old .xls workbook. %(save)s") % {"save": _SAVE})
    # Without byte order marks, and the zero bytes of UTF-16.
    text = start[:8192].replace(b"\0", b"").lstrip(_BLANK)
    if text[:11].upper() == b"BEGIN:VCARD":
        return "vcf"
    if text.startswith(b"<") and (markup := _markup(text)):
        raise UnreadableFile(markup)
    if text[:13].upper() == b"MIME-VERSION:":
        raise UnreadableFile(
            gettext_noop("The file is a saved web page (MHTML), whatever its name says. %(save)s") % {"save": _SAVE}
        )
    ending = _ENDINGS.get(PurePath(name).suffix.lower())
    if ending == "jsonl" or (ending is None and text[:1] in {b"{", b"["}) or text.startswith(b'{"'):
        return "jsonl"
    return "csv"


def not_this_format(start: bytes, chosen: str) -> str:
    """The message for a file that is to be read as a workbook by --format and is none."""
    if start.startswith(_COMPOUND):
        return _compound(start)
    if chosen == "zip":
        return gettext_noop("The file is an empty archive (.zip).")
    kind = gettext_noop("Excel workbook (.xlsx)") if chosen == "xlsx" else gettext_noop("spreadsheet (.ods)")
    return gettext_noop("The file is no %(kind)s. If it is text, use --format csv.") % {"kind": kind}


def zip_format(names: dict[str, str], mimetype: str) -> str:
    """Return the format of an archive with these parts (in small letters). Raises UnreadableFile for another one."""
    if mimetype.startswith("application/vnd.oasis.opendocument.spreadsheet"):
        return "ods"
    if "xl/workbook.bin" in names:
        raise UnreadableFile(
            gettext_noop("The file is a binary workbook (.xlsb), which is not read. %(save)s") % {"save": _SAVE}
        )
    if any(name.startswith("xl/") for name in names) or ("_rels/.rels" in names and not _is_other_office(names)):
        return "xlsx"
    if any(name.endswith(".iwa") or name == "index.zip" for name in names):
        raise UnreadableFile(
            gettext_noop(
                "The file is of Apple Numbers, which is not read. In Numbers choose File, Export To, Excel (or"
                " CSV), and"
                " import that."
            )
        )
    if _is_other_office(names) or mimetype.startswith("application/vnd.oasis.opendocument"):
        raise UnreadableFile(
            gettext_noop("The file is a document, not a spreadsheet. Copy its table into one and save it as .xlsx.")
        )
    raise UnreadableFile(
        gettext_noop("The file is an archive (.zip). Unpack it, and import the files in it one by one.")
    )


def _is_other_office(names: dict[str, str]) -> bool:
    return any(name.startswith(("word/", "ppt/", "visio/")) for name in names)


def _compound(start: bytes) -> str:
    if _ENCRYPTED in start:
        return gettext_noop(
            "The workbook has a password. Save it without one (File, Info, Protect Workbook), then import it."
        )
    return gettext_noop("The file is an old .xls workbook, or has a password. %(save)s") % {"save": _SAVE}


def _markup(text: bytes) -> str | None:
    if _XML_SPREADSHEET in text:
        return gettext_noop("The file is an XML spreadsheet of Excel 2003, whatever its name says. %(save)s") % {
            "save": _SAVE
        }
    if _HTML.match(text) or (text.startswith((b"<?xml", b"<!--")) and _HTML.search(text)):
        return gettext_noop("The file is a web page (HTML), whatever its name says. %(save)s") % {"save": _SAVE}
    if text.startswith(b"<?xml") or b"xmlns" in text[:1000]:
        return gettext_noop("The file is XML, which is not read. %(save)s") % {"save": _SAVE}
    return None
