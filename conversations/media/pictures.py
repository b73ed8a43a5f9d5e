"""Small pictures of pictures, and pictures in another format. Decoding what strangers send can take any amount of
memory and time, so that it runs in a process of its own with limits: whatsapp/media/isolated.py.
"""

import io
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from django.utils.translation import gettext_noop
from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

# Of a picture: a phone's camera makes 12 to 50 million.
MOST_PIXELS: Final = 60_000_000
# The longest side of a small picture, and of one that is made smaller to be sent.
SMALL: Final = 640
LARGE: Final = 4096
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
_QUALITIES: Final = (88, 75, 60)

register_heif_opener()


class NotAPicture(Exception):
    """It cannot be decoded, or is too large; the message says which."""


class Picture(NamedTuple):
    """An encoded picture."""

    content: bytes
    mime: str


def make_small(file: BinaryIO) -> Iterator[Picture]:
    """Yield a small picture of a file. Raises NotAPicture."""
    picture = _open(file)
    picture.draft("RGB", (SMALL, SMALL))
    yield _encoded(_fitted(picture, SMALL), 78, smallest=True)


def convert(file: BinaryIO, most_bytes: int) -> Iterator[Picture]:
    """Yield the file as a JPEG, or where it is transparent as a PNG, of no more than so many bytes: with fewer pixels,
    if need be. Then a small picture of it. Raises NotAPicture.
    """
    picture = _open(file)
    for side in (LARGE, 2560, 1600, 1024):
        for quality in _QUALITIES:
            made = _encoded(_fitted(picture, side), quality)
            if len(made.content) <= most_bytes:
                yield made
                yield from make_small(io.BytesIO(made.content))
                return
    raise NotAPicture(gettext_noop("It cannot be made small enough."))


def _open(file: BinaryIO) -> Image.Image:
    try:
        picture = Image.open(file, formats=_FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            millions = MOST_PIXELS // 1_000_000
            raise NotAPicture(
                gettext_noop("The picture has %(width)s × %(height)s pixels; %(millions)s million are allowed.")
                % {"width": picture.width, "height": picture.height, "millions": millions}
            )
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPicture(gettext_noop("It cannot be read as a picture.")) from error
    return picture


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """The picture upright, of a size of no more than `side` × `side`, and without what a camera notes beside it."""
    try:
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((side, side), Image.Resampling.LANCZOS)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise NotAPicture(gettext_noop("The picture is damaged.")) from error
    return upright


def _encoded(picture: Image.Image, quality: int, *, smallest: bool = False) -> Picture:
    buffer = io.BytesIO()
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        if smallest:
            picture.convert("RGBA").save(buffer, "WEBP", quality=quality)
            return Picture(buffer.getvalue(), "image/webp")
        picture.convert("RGBA").save(buffer, "PNG", optimize=True)
        return Picture(buffer.getvalue(), "image/png")
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Picture(buffer.getvalue(), "image/jpeg")
