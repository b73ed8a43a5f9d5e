"""Decodes a byte stream to lines of text, in blocks with bounded memory."""

import codecs
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from django.utils.translation import gettext_noop

from leads.importing.readers.rows import LINE_LIMIT, UnreadableFile

BLOCK: Final = 2**18
# UTF-32 before UTF-16: its little-endian mark begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Bytes:
    """A byte stream that counts the bytes read and allows a look at its beginning."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = _size(stream)
        self._ahead = b""
        self.count = 0

    def peek(self) -> bytes:
        """Return the first block (all of a smaller file), which read() will return again."""
        if not self._ahead:
            self._ahead = self._block()
        return self._ahead

    def read(self) -> bytes:
        """Return the next block, b"" at the end."""
        block, self._ahead = self._ahead or self._block(), b""
        self.count += len(block)
        return block

    def position(self) -> float | None:
        return min(1.0, self.count / self._size) if self._size else None

    def _block(self) -> bytes:
        """Read a whole block: a pipe may return less than was requested, and only b"" means its end."""
        parts: list[bytes] = []
        missing = BLOCK
        while missing and (part := self._stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


class Lines:
    """The lines of a text file, with their ends (\\n, \\r\\n or \\r), in lists of about a block.

    `first` is the number of the first line in the latest list. The iteration raises UnreadableFile for bytes that are
    not text in this encoding and for a line over LINE_LIMIT, after the lines before it.
    """

    def __init__(self, source: Bytes, encoding: str | None) -> None:
        self._source = source
        self._encoding_given = encoding is not None
        self.encoding = _encoding(source.peek(), encoding)
        self._decoder = _decoder(self.encoding)
        self._error: UnicodeDecodeError | None = None
        self.first = 1
        self.latest: list[str] = []

    def __iter__(self) -> Iterator[list[str]]:
        pending = ""
        at_start = True
        while block := self._source.read():
            text = self._decode(block)
            if at_start and text:
                text, at_start = text.lstrip("\ufeff"), False
                # A pipe of blank lines might never end, and no list of leads begins like that.
                if len(text) > BLOCK // 8 and text.isspace():
                    raise UnreadableFile(
                        gettext_noop("The file is empty, or begins with %(text)s blank characters.")
                        % {"text": len(text)}
                    )
            text = pending + text
            # A \r at the end of the block may belong to a \r\n.
            cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
            pending = text[cut:]
            if cut:
                yield self._lines(text[:cut])
            if self._error:
                raise self._unreadable(self._error, pending)
            if len(pending) > LINE_LIMIT:
                raise UnreadableFile(
                    gettext_noop(
                        "Line %(first)s does not end after %(line_limit)s characters: this is not a list of leads. "
                        "Check that this is the right file, and export it again."
                    )
                    % {"first": self.first + len(self.latest), "line_limit": LINE_LIMIT}
                )
        pending += self._decode(b"", final=True)
        if self._error:
            raise self._unreadable(self._error, pending)
        # Ctrl-Z ended a file in DOS.
        if pending := pending.rstrip("\x1a"):
            yield self._lines(pending)

    def _lines(self, text: str) -> list[str]:
        self.first += len(self.latest)
        # Not splitlines(), which also splits at U+2028, form feeds and others.
        self.latest = io.StringIO(text, newline="").readlines()
        return self.latest

    def _decode(self, block: bytes, *, final: bool = False) -> str:
        """Decode up to the first invalid byte; its error is kept until the lines before it have been returned."""
        try:
            return self._decoder(block, final)
        except UnicodeDecodeError as error:
            self._error = error
            return error.object[: error.start].decode(self.encoding, errors="ignore")

    def _unreadable(self, error: UnicodeDecodeError, pending: str) -> UnreadableFile:
        line = self.first + len(self.latest) + pending.count("\r")
        byte = self._source.count - len(error.object) + error.start + 1
        start = f"Line {line} is not {self.encoding.upper()} text (byte {byte} of the file). "
        if self._encoding_given:
            return UnreadableFile(start + "Name the encoding that the file was saved in by --encoding.")
        # Never Latin-1, which differs in 0x80 to 0x9f alone: letters and quotes on Windows, control characters there.
        return UnreadableFile(
            start + "If it was saved on Windows in western Europe or America, add --encoding cp1252; otherwise name the"
            " encoding it was saved in (cp1250, cp1251, shift_jis …), or save it again as UTF-8."
        )


def _encoding(start: bytes, given: str | None) -> str:
    """Return the given encoding, or that of the byte order mark, or UTF-16 where each second byte is zero, or UTF-8.

    Raises UnreadableFile for bytes that are clearly not UTF-8 text.
    """
    marked = next((encoding for mark, encoding in _MARKS if start.startswith(mark)), None)
    if given is not None and given.lower().replace("_", "-") not in {"utf-16", "utf-32"}:
        return given
    if marked or given:
        return marked or f"{given}-le"
    if start.count(0) > len(start) // 4:
        # UTF-16 without a byte order mark: in western text every second byte is zero.
        for order, zeros in (("le", start[1::2]), ("be", start[::2])):
            if zeros.count(0) == start.count(0) < len(start):
                return f"utf-16-{order}"
        raise UnreadableFile(
            gettext_noop("The file is full of zero bytes, so it is not text. Check that this is the right file.")
        )
    return "utf-8"


def _decoder(encoding: str) -> Callable[[bytes, bool], str]:
    """Raises UnreadableFile for an encoding that Python does not know, or that is not a text encoding (base64, zip)."""
    try:
        "a".encode(encoding)
        return codecs.getincrementaldecoder(encoding)().decode
    except (LookupError, UnicodeError, ValueError) as error:
        raise UnreadableFile(
            gettext_noop(
                "There is no encoding “%(encoding)s”. Use utf-8, utf-16, latin-1, cp1252 or another that Python knows."
            )
            % {"encoding": encoding}
        ) from error


def _size(stream: BinaryIO) -> int | None:
    """The number of bytes left to read, None where it is unknown."""
    if not stream.seekable():
        return None
    start = stream.tell()
    size = stream.seek(0, io.SEEK_END) - start
    stream.seek(start)
    return size
