"""The files of simulated messages: WHATSAPP_BACKEND=console has no provider to fetch them from."""

import hashlib
from typing import BinaryIO, Final

from PIL import Image

from conversations.models import DueMedia
from whatsapp.media.sources import Fetched, Gone, Outcome

_SIZE: Final = (640, 480)


def fetch(file: DueMedia, into: BinaryIO) -> Outcome:
    """Paint a picture, whose colours are those of its id; other kinds are gone."""
    if file.kind not in ("image", "sticker"):
        return Gone("This message was simulated: it has no file.")
    digest = hashlib.sha256(file.provider_id.encode()).digest()
    first, second = digest[:3], digest[3:6]
    picture = Image.new("RGB", (2, 2))
    picture.putdata([tuple(first), tuple(second), tuple(second), tuple(first)])
    picture.resize(_SIZE, Image.Resampling.BICUBIC).save(into, "JPEG", quality=80)
    return Fetched(into.tell())
