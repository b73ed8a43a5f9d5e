"""The files of simulated messages: WHATSAPP_BACKEND=console has no provider to fetch them from."""

import hashlib
from typing import BinaryIO, Final

from PIL import Image, ImageDraw

from conversations.models import DueMedia
from whatsapp.media.sources import Fetched, Gone, Outcome

_SIZE: Final = (640, 480)
# Left, top, right and bottom of each tier of the cake, from the lowest.
_TIERS: Final = ((140, 300, 500, 400), (200, 210, 440, 300), (255, 130, 385, 210))
_WALL, _TABLE, _CHERRY = (243, 238, 230), (214, 196, 175), (196, 30, 58)

Colour = tuple[int, ...]


def fetch(file: DueMedia, into: BinaryIO) -> Outcome:
    """Paint a cake, whose colours are those of its id; other kinds are gone."""
    if file.kind not in ("image", "sticker"):
        return Gone("This message was simulated: it has no file.")
    digest = hashlib.sha256(file.provider_id.encode()).digest()
    # Half as strong as the hash has them, as cream is.
    cake, icing = (tuple(128 + part // 2 for part in digest[start : start + 3]) for start in (0, 3))
    _cake(cake, icing).save(into, "JPEG", quality=80)
    return Fetched(into.tell())


def _cake(cake: Colour, icing: Colour) -> Image.Image:
    picture = Image.new("RGB", _SIZE, _WALL)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 380, *_SIZE), fill=_TABLE)
    draw.ellipse((90, 375, 550, 430), fill="white", outline=(190, 180, 170), width=3)
    for left, top, right, bottom in _TIERS:
        draw.rounded_rectangle((left, top, right, bottom), radius=14, fill=cake)
        draw.rounded_rectangle((left, top, right, top + 30), radius=14, fill=icing)
        for drop in range(left + 4, right - 24, 30):
            draw.ellipse((drop, top + 12 + drop % 4 * 4, drop + 26, top + 44 + drop % 4 * 4), fill=icing)
    draw.ellipse((302, 96, 338, 132), fill=_CHERRY)
    draw.arc((318, 62, 372, 132), 180, 250, fill=(70, 110, 50), width=4)
    return picture
