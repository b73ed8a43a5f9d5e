"""A file that goes out with a message: checked, converted where WhatsApp wants it, and stored before the message is."""

import hashlib
import io
import mimetypes
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from uuid import UUID

from django.utils.translation import gettext_noop

from conversations.media import files
from conversations.media.pictures import NotAPicture, Picture
from conversations.media.shown import clean_name, ending_of
from conversations.media.sniffing import HEAD_BYTES, type_of, with_claim
from conversations.models import Message, StoredMedia
from leadsite.core import clock
from leadsite.core.postgresql.base import CommitUnknown
from whatsapp.media.isolated import converted, small_picture
from whatsapp.media.limits import ACCEPTED, ACCEPTED_WORDS, IMAGE, MIB, MOST_SENT, Accepted
from whatsapp.outbound.refusals import MessageRefused

FIELD: Final = "media"
CAPTION_MAX_LENGTH: Final = 1024
NAME_MAX_LENGTH: Final = 240  # Meta, Document messages
# The key of an outgoing file in the extras of its message: what the sender needs of it.
EXTRA: Final = "media"
# Kinds of messages; of templates those whose header is a file.
_WITH_FILES: Final = frozenset((*(one.kind for one in ACCEPTED), "template"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A stored file that is to be sent. `name`, `thumbnail_name`: in the storage."""

    kind: str
    mime_type: str
    filename: str
    name: str
    thumbnail_name: str
    size: int
    sha256: str
    caption: str = ""
    id: UUID = field(default_factory=clock.new_id)

    @property
    def extras(self) -> dict[str, Any]:
        """What the sender reads, which has no database."""
        wanted = ("kind", "mime_type", "filename", "name", "size", "caption")
        return {EXTRA: {"id": str(self.id), **{name: getattr(self, name) for name in wanted}}}

    @property
    def parts(self) -> dict[str, Any]:
        """What API and pages show of it: conversations/message_parts.py."""
        given = {"mime_type": self.mime_type, "filename": self.filename, "caption": self.caption or None}
        return {"media": [{"id": None, "sha256": None, "url": None, **given}]}

    @property
    def content(self) -> str:
        """The text of the message: as of those that arrive, a document without a caption has its name."""
        return self.caption or (self.filename if self.kind == "document" else "")


@contextmanager
def attached(*, user_id: UUID, content: BinaryIO, filename: str = "", caption: str = "") -> Iterator[Attachment]:
    """Check, convert and store a file; its bytes are deleted again where the block raises, but for CommitUnknown.
    Raises MessageRefused.
    """
    attachment = prepare(user_id=user_id, content=content, filename=filename, caption=caption)
    try:
        yield attachment
    except CommitUnknown:
        # The message may be stored, and is sent then. Where it is not, no row names the bytes, and delete_unnamed
        # (conversations/services/media.py) removes them.
        raise
    except BaseException:
        files.delete(attachment.thumbnail_name, attachment.name)
        raise


def prepare(*, user_id: UUID, content: BinaryIO, filename: str = "", caption: str = "") -> Attachment:
    """Check, convert and store a file. Raises MessageRefused, which lists what is accepted."""
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    if not size:
        raise _refused(gettext_noop("The file is empty."))
    if size > MOST_SENT:
        raise _refused(gettext_noop("The file is larger than %(most_sent)s MB.") % {"most_sent": MOST_SENT // MIB})
    found = type_of(content.read(HEAD_BYTES))
    content.seek(0)
    claimed, _ = mimetypes.guess_type(filename)
    accepted, mime = _accepted(with_claim(found, claimed or ""))
    _check_caption(accepted, caption)
    small: Picture | None = None
    if accepted is IMAGE:
        content, mime, small = _picture(content, mime, size)
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
    if size > accepted.most_bytes:
        raise _refused(
            gettext_noop("A file of the kind %(kind)s has at most %(most_bytes)s MB.")
            % {"kind": accepted.kind, "most_bytes": accepted.most_bytes // MIB}
        )
    digest = hashlib.sha256(content.read()).hexdigest()
    content.seek(0)
    name = files.store(content, user_id=user_id)
    return Attachment(
        kind=accepted.kind,
        mime_type=mime,
        filename=_named(filename, accepted.kind, mime),
        name=name,
        thumbnail_name=files.store_small(small.content, name=name) if small else "",
        size=size,
        sha256=digest,
        caption=caption,
    )


def add_attachment(attachment: Attachment, *, user_id: UUID, message_id: UUID) -> None:
    """Store the row of a file that goes out with a message. Caller holds the transaction."""
    StoredMedia.objects.create(
        id=attachment.id,
        user_id=user_id,
        message_id=message_id,
        mime_said=attachment.mime_type,
        mime_found=attachment.mime_type,
        size=attachment.size,
        sha256=attachment.sha256,
        name=attachment.name,
        thumbnail_name=attachment.thumbnail_name,
        state=StoredMedia.State.STORED,
    )


@contextmanager
def copied(message: Message) -> Iterator[Attachment | None]:
    """Yield a stored copy of the file of an outgoing message, to be sent again; None where it has none. Where the block
    raises, the copy is deleted, as in `attached`. Raises MessageRefused where the bytes are gone, or cannot be read.
    """
    if not has_file(message):
        yield None
        return
    sent = message.extras[EXTRA]
    try:
        content = io.BytesIO(files.read_file(sent["name"]))
    except files.FileMissing as error:
        raise MessageRefused(gettext_noop("The file of this message is not stored any more."), field=FIELD) from error
    except files.StorageAway as error:
        raise MessageRefused(str(error), field=FIELD) from error
    filename, caption = sent["filename"], sent["caption"]
    with attached(user_id=message.user_id, content=content, filename=filename, caption=caption) as attachment:
        yield attachment


def has_file(message: Message) -> bool:
    """Whether it is an outgoing message with a file of ours: what came from the phone has none."""
    file = message.extras.get(EXTRA) if message.kind in _WITH_FILES else None
    return isinstance(file, dict) and "name" in file


def _accepted(mime: str) -> tuple[Accepted, str]:
    for one in ACCEPTED:
        if mime in (*one.types, *one.converted):
            return one, mime
    raise _refused(gettext_noop("WhatsApp does not take files of the type %(mime)s.") % {"mime": mime})


def _check_caption(accepted: Accepted, caption: str) -> None:
    if len(caption) > CAPTION_MAX_LENGTH:
        raise MessageRefused(
            gettext_noop("The text beside a file has at most %(caption_max_length)s characters.")
            % {"caption_max_length": CAPTION_MAX_LENGTH},
            field=FIELD,
        )
    if caption and accepted.kind == "audio":
        raise MessageRefused(
            gettext_noop("WhatsApp shows no text beside audio: send the text as a message of its own."), field=FIELD
        )


def _picture(content: BinaryIO, mime: str, size: int) -> tuple[BinaryIO, str, Picture]:
    """Return the bytes to send with their type, and a small picture. Raises MessageRefused."""
    with tempfile.TemporaryFile() as file:
        # The process that decodes it gets a descriptor, which what is in memory does not have.
        shutil.copyfileobj(content, file)
        for one in (content, file):
            one.seek(0)
        try:
            if mime in IMAGE.types and size <= IMAGE.most_bytes:
                return content, mime, small_picture(file)
            picture, small = converted(file, most_bytes=IMAGE.most_bytes)
        except NotAPicture as error:
            raise _refused(str(error)) from error
    return io.BytesIO(picture.content), picture.mime, small


def _named(filename: str, kind: str, mime: str) -> str:
    """The name as the customer sees it: that of a converted picture has the ending of what it is now."""
    filename = clean_name(filename)
    stem, dot, ending = filename.rpartition(".")
    suffix = ending_of(mime)
    if not (stem and dot):
        return f"{filename or kind}{suffix}"
    known, _ = mimetypes.guess_type(filename)
    return f"{stem}.{ending}" if known == mime or not suffix else f"{stem}{suffix}"


def _refused(sentence: str) -> MessageRefused:
    return MessageRefused(f"{sentence} {ACCEPTED_WORDS}", field=FIELD)
