"""Files that are made to exhaust their reader: small ones that unpack to gigabytes, and others without an end."""

import io
import zipfile
from collections.abc import Callable, Iterator

HEAD = '<?xml version="1.0"?>'
RELS = f'{HEAD}<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>'
BOOK = f'{HEAD}<workbook><sheets><sheet name="S" sheetId="1" r:id="r1" id="r1"/></sheets></workbook>'
BOOK_RELS = (
    f'{HEAD}<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="r2" Type="x/styles" Target="styles.xml"/>'
    '<Relationship Id="r3" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)
ROW = '<row><c t="inlineStr"><is><t>{}</t></is></c><c t="inlineStr"><is><t>{}</t></is></c></row>'
SHEET = HEAD + "<worksheet><sheetData>{}{}</sheetData></worksheet>".format(
    ROW.format("Phone", "Name"), ROW.format("+4915123410001", "Anna")
)
MEGABYTE = 2**20


def workbook(**parts: bytes | str | Iterator[bytes]) -> bytes:
    """A workbook whose parts (sheet, styles, texts, book) are replaced; an iterator is written piece by piece."""
    content: dict[str, bytes | str | Iterator[bytes]] = {
        "_rels/.rels": RELS,
        "xl/workbook.xml": parts.get("book", BOOK),
        "xl/_rels/workbook.xml.rels": BOOK_RELS,
        "xl/worksheets/sheet1.xml": parts.get("sheet", SHEET),
        "xl/styles.xml": parts.get("styles", f"{HEAD}<styleSheet/>"),
        "xl/sharedStrings.xml": parts.get("texts", f"{HEAD}<sst/>"),
    }
    return archive(content)


def archive(content: dict[str, bytes | str | Iterator[bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in content.items():
            with packed.open(name, "w", force_zip64=True) as entry:
                for piece in [part.encode()] if isinstance(part, str) else [part] if isinstance(part, bytes) else part:
                    entry.write(piece)
    return file.getvalue()


def repeated(start: str, piece: str, end: str, megabytes: int) -> Iterator[bytes]:
    """`piece` until there are so many megabytes."""
    block = piece.encode() * (MEGABYTE // len(piece.encode()) + 1)
    yield f"{HEAD}{start}".encode()
    for _ in range(megabytes):
        yield block
    yield end.encode()


def styles(megabytes: int) -> bytes:
    # Different enough to be packed to a thirtieth only, below any limit on the ratio.
    formats = "".join(f'<xf numFmtId="{number * 7919 % 100_003}"/>' for number in range(1000))
    return workbook(styles=repeated("<styleSheet><cellXfs>", formats, "</cellXfs></styleSheet>", megabytes))


def texts(megabytes: int) -> bytes:
    return workbook(texts=repeated("<sst>", "<si><t>a</t></si>", "</sst>", megabytes))


def one_long_text(megabytes: int) -> bytes:
    """One text that every cell of a row refers to."""
    row = "<row>" + '<c t="s"><v>0</v></c>' * 400 + "</row>"
    return workbook(
        texts=repeated("<sst><si><t>", "text " * 50, "</t></si></sst>", megabytes),
        sheet=f"{HEAD}<worksheet><sheetData>{row * 40}</sheetData></worksheet>",
    )


def deep(levels: int) -> bytes:
    return workbook(sheet=f"{HEAD}<worksheet>" + "<a>" * levels)


def many_attributes(number: int) -> bytes:
    attributes = " ".join(f'a{index}="x"' for index in range(number))
    return workbook(sheet=f"{HEAD}<worksheet><sheetData><row {attributes}/></sheetData></worksheet>")


def entities() -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "bomb"}">' for n in range(20))
    return workbook(sheet=f"{HEAD}<!DOCTYPE x [{levels}]><worksheet>&e19;</worksheet>")


def repeated_cells() -> bytes:
    """A table whose few cells say that they are repeated a million times."""
    row = (
        '<table:table-row table:number-rows-repeated="10000"><table:table-cell office:value-type="string"'
        ' table:number-columns-repeated="16000"><text:p>Phone</text:p></table:table-cell></table:table-row>'
    )
    table = f"<table:table table:name='S'>{row * 100}</table:table>"
    content = f"{HEAD}<office:document-content>{table}</office:document-content>"
    return archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def wrong_sizes() -> bytes:
    """An archive whose directory says that a part is small."""
    content = bytearray(styles(8))
    place = content.rfind(b"PK\x01\x02")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")
    return bytes(content)


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "styles": ("a.xlsx", lambda: styles(100)),
    "small styles": ("a.xlsx", lambda: styles(24)),
    "texts": ("a.xlsx", lambda: texts(100)),
    "long text": ("a.xlsx", lambda: one_long_text(30)),
    "deep XML": ("a.xlsx", lambda: deep(2_000_000)),
    "attributes": ("a.xlsx", lambda: many_attributes(500_000)),
    "entities": ("a.xlsx", entities),
    "repeated cells": ("a.ods", repeated_cells),
    "wrong sizes": ("a.xlsx", wrong_sizes),
    "columns": ("a.csv", lambda: b"phone," * 3_000_000 + b"\n+49\n"),
    "cells of JSON": ("a.jsonl", lambda: b'{"phone": "' + b"1" * (12 * MEGABYTE) + b'"}\n'),
    "deep JSON": ("a.jsonl", lambda: b'{"phone":' * 500_000 + b"\n"),
    "long line": ("a.csv", lambda: b"phone,name\n" + b"x" * (40 * MEGABYTE)),
    "open quote": ("a.csv", lambda: b'phone,name\n"' + b"x\n" * (10 * MEGABYTE)),
    "endless contact": ("a.vcf", lambda: b"BEGIN:VCARD\nFN:A\nNOTE:x\n" + b" y\n" * (8 * MEGABYTE)),
    "blanks": ("a.csv", lambda: b" " * (30 * MEGABYTE)),
    "gzip": ("a.csv", lambda: b"\x1f\x8b\x08\x00" + bytes(1000)),
}
