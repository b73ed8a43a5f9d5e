"""Decodes pictures in a process of its own: Note [Isolated readers] in leads/importing/isolated/process.py."""

from typing import BinaryIO, Final

from django.utils.translation import gettext_noop

from conversations.media.pictures import NotAPicture, Picture, convert, make_small
from leads.importing.isolated.process import Limits, ReaderDied, run_isolated

# 60 million pixels of four bytes, twice, and the interpreter.
LIMITS: Final = Limits(memory=2**30, cpu=20, silence=30, message=24 * 2**20, expected=(NotAPicture,))
UNREADABLE: Final = gettext_noop("It cannot be read as a picture.")


def small_picture(file: BinaryIO) -> Picture:
    """Return a small picture of a file that has a descriptor. Raises NotAPicture."""
    try:
        (picture,) = run_isolated(make_small, file=file, limits=LIMITS)
    except ReaderDied as error:
        raise NotAPicture(UNREADABLE) from error
    return picture


def converted(file: BinaryIO, *, most_bytes: int) -> tuple[Picture, Picture]:
    """Return a picture of a file that has a descriptor as it can be sent, and a small one. Raises NotAPicture."""
    try:
        picture, small = run_isolated(convert, most_bytes, file=file, limits=LIMITS)
    except ReaderDied as error:
        raise NotAPicture(UNREADABLE) from error
    return picture, small
