"""The zip archive that a workbook is: its parts by name, its limits, and its XML."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, BinaryIO, Final
from xml.parsers import expat

from django.utils.translation import gettext_noop

from leads.importing.readers.lines import Bytes
from leads.importing.readers.rows import UnreadableFile

# Bytes of the packed file; one that comes through a pipe is written to disk above _MEMORY bytes.
_FILE_LIMIT: Final = 512 * 2**20
_MEMORY: Final = 16 * 2**20
# Bytes of all unpacked parts, and of the table of texts, of which a part is kept in memory (shared_texts.py); the
# sheet is streamed.
_UNPACKED_LIMIT: Final = 4 * 2**30
_TEXTS_LIMIT: Final = 256 * 2**20
# Bytes of any other part that is read as a whole. Excel's most cell formats (65,490) are a quarter of it.
_SMALL_LIMIT: Final = 32 * 2**20
# Sheets are packed to a tenth, of one repeated row to a hundredth; deflate's maximum is 1032 (zlib.net/zlib_tech).
_RATIO_LIMIT: Final = 400
_RATIO_FROM: Final = 32 * 2**20
BLOCK: Final = 2**16
_ENCRYPTED: Final = 0x1
DAMAGED: Final = gettext_noop("it is damaged, or no workbook. Open it in a spreadsheet and save it as .xlsx or CSV.")

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]


class Package:
    """The parts of an open archive. `names` maps their names, in small letters and with slashes, to those stored.
    `closing` is closed with the archive.
    """

    def __init__(self, archive: zipfile.ZipFile, closing: ExitStack) -> None:
        self._archive, self.closing = archive, closing
        self.names = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}

    def has(self, part: str) -> bool:
        return part.lower() in self.names

    def blocks(self, part: str) -> Iterator[bytes]:
        """Yield the unpacked content of a part. Raises KeyError where there is none."""
        with self._archive.open(self.names[part.lower()]) as file:
            while block := file.read(BLOCK):
                yield block

    def small_blocks(self, part: str) -> Iterator[bytes]:
        """The blocks of a part that is kept in memory. Raises KeyError; UnreadableFile where it is too large."""
        if self.size(part) > _SMALL_LIMIT:
            raise _too_large(self.size(part))
        return self.blocks(part)

    def size(self, part: str) -> int:
        return self._archive.getinfo(self.names[part.lower()]).file_size

    def text(self, part: str, limit: int = 1000) -> str:
        """The beginning of a small part, or ""."""
        if not self.has(part):
            return ""
        return next(self.blocks(part), b"")[:limit].decode("ascii", errors="replace").strip()


def xml_parser(start: Start, end: Callable[[str], None] | None = None) -> expat.XMLParserType:
    """Return a parser that calls `start` and `end` with names as they are written, with a prefix of any namespace.

    Workbooks have no document type, so entities that expand to gigabytes are refused with it.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def read_elements(package: Package, part: str, wanted: dict[str, Callable[[Attributes], None]]) -> None:
    """Read a part, and call the function of each wanted element with its attributes; names have no prefixes."""

    def start(name: str, attributes: Attributes) -> None:
        if take := wanted.get(name.rpartition(":")[2]):
            take({key.rpartition(":")[2]: value for key, value in attributes.items()})

    parser = xml_parser(start)
    for block in package.small_blocks(part):
        parser.Parse(block)
    parser.Parse(b"", True)


def _refuse_doctype(*_: object) -> None:
    raise UnreadableFile(gettext_noop("The workbook cannot be read: %(damaged)s") % {"damaged": DAMAGED})


@contextmanager
def open_package(source: Bytes, stream: BinaryIO) -> Iterator[Package]:
    """Yield the archive. Raises UnreadableFile for one that is damaged, has a password or unpacks to too much."""
    with _seekable(source, stream) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise UnreadableFile(
                gettext_noop("The workbook is cut off or damaged. Save it again as .xlsx or CSV.")
            ) from error
        with archive, ExitStack() as closing:
            _guard_unpacking(archive.infolist())
            yield Package(archive, closing)


@contextmanager
def _seekable(source: Bytes, stream: BinaryIO) -> Iterator[IO[bytes]]:
    """Yield the stream from its start; a pipe is copied to a temporary file, because a zip is read from its end."""
    if stream.seekable():
        stream.seek(-len(source.peek()), io.SEEK_CUR)
        yield stream
        return
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY) as file:
        while block := source.read():
            file.write(block)
            if source.count > _FILE_LIMIT:
                raise UnreadableFile(
                    gettext_noop("The workbook has more than %(file_limit)s MiB. Save it as CSV.")
                    % {"file_limit": _FILE_LIMIT // 2**20}
                )
        file.seek(0)
        yield file


def _guard_unpacking(parts: list[zipfile.ZipInfo]) -> None:
    """Raises UnreadableFile for a zip that unpacks to too much, or only with a password.

    The sizes are those in the zip's directory: zipfile does not read beyond them.
    """
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise UnreadableFile(gettext_noop("The file has a password. Save it without one, then import it."))
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    texts = max((part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml")), default=0)
    if (
        unpacked > _UNPACKED_LIMIT
        or texts > _TEXTS_LIMIT
        or (unpacked > _RATIO_FROM and unpacked > _RATIO_LIMIT * packed)
    ):
        raise _too_large(unpacked)


def _too_large(size: int) -> UnreadableFile:
    return UnreadableFile(
        gettext_noop("The workbook unpacks to %(size)s MiB, too much to be safe. Save it as CSV.")
        % {"size": size // 2**20}
    )
