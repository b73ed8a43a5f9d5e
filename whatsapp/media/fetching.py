"""Service that fetches files of messages from the providers, and stores them.

A worker leases files in a short transaction, fetches outside of any, and records each outcome in another. When it is
killed in between, the lease ends and another worker fetches the file again; bytes that no row names are deleted by a
sweep (conversations/services/media.py).
"""

import hashlib
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from conversations.media import files
from conversations.media.pictures import NotAPicture
from conversations.media.sniffing import HEAD_BYTES, SVG, type_of, with_claim
from conversations.models import DueMedia, StoredMedia
from leadsite.core.transactions import end_if_idle, retried
from whatsapp.media import simulated
from whatsapp.media.isolated import small_picture
from whatsapp.media.limits import refusal_of
from whatsapp.media.sources import Fetched, Gone, Later, Outcome, Refused, fetch_from_meta, fetch_from_twilio
from whatsapp.models import Channel
from whatsapp.outbound.providers import CONSOLE, NoToken, token_of

log = structlog.get_logger(__name__)

THREADS: Final = 4
LOOK_SECONDS: Final = 1.0
# Longer than a fetch and its small picture may take: whatsapp/media/http.py, isolated.py.
LEASE: Final = timedelta(seconds=240)
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=6)
# With these pauses about four days: Meta keeps a file for at least seven.
MAX_ATTEMPTS: Final = 24
# Who fetches has the turn; it is asked again by who does not get it.
_turn: Final = threading.Lock()
_is_asked: Final = threading.Event()

State = StoredMedia.State
# The provider of each number and its encrypted token, by number and business: an operator may move a number to another
# business, and the files of the first are not asked for with the token of the second.
Tokens = Mapping[tuple[UUID | None, UUID], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was stored of a file."""

    name: str
    thumbnail_name: str
    mime_found: str
    size: int
    sha256: str


def fetch_due(*, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Fetch the files that are due, several at a time; return how many were tried. Opens transactions.

    A process has one such call at a time, so that a slow provider does not keep all jobs of a worker busy: beside it
    others return 0 at once, and it looks again. In memory, because a killed worker would not release a lock of a job.
    """
    tried = 0
    _is_asked.set()
    while _is_asked.is_set() and _turn.acquire(blocking=False):
        try:
            _is_asked.clear()
            tried += _fetch_due(should_stop)
        finally:
            _turn.release()
    return tried


def move_times(by: timedelta) -> None:
    """Move the times that are ahead of the database's clock, which was moved back. Caller holds the transaction."""
    StoredMedia.objects.move_times(by, lease=LEASE)


def _fetch_due(should_stop: Callable[[], bool]) -> int:
    """A thread that is free takes the next file at once, and one that arrives within a second: a file that comes slowly
    keeps a thread, and not the files after it.
    """
    tried = 0
    running: dict[Future[Kept | Gone | Refused | Later], DueMedia] = {}
    with ThreadPoolExecutor(THREADS, thread_name_prefix="media") as threads:
        while True:
            due = _claim(THREADS - len(running)) if not should_stop() and len(running) < THREADS else []
            tokens = _tokens({file.channel_id for file in due if file.channel_id})
            # The threads execute no SQL: they have no connection to close.
            running |= {threads.submit(_fetch, file, tokens): file for file in due}
            if not running:
                return tried
            for done in wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED).done:
                _record(running.pop(done), done.result())
                tried += 1


def _claim(limit: int) -> Sequence[DueMedia]:
    with transaction.atomic():
        # Two workers claim at the same moment: each skips the rows that the other has locked.
        end_if_idle()
        return StoredMedia.objects.claim(limit=limit, lease=LEASE)


def _tokens(channel_ids: set[UUID]) -> Tokens:
    rows = Channel.objects.filter(pk__in=channel_ids)
    found = rows.values_list("pk", "user_id", "provider", "encrypted_access_token")
    return {(pk, user_id): (provider, token) for pk, user_id, provider, token in found}


def _fetch(file: DueMedia, tokens: Tokens) -> Kept | Gone | Refused | Later:
    """Fetch a file and store its bytes. Never raises."""
    try:
        with tempfile.TemporaryFile() as into:
            outcome = _download(file, tokens, into)
            return _kept(file, into, outcome.size) if isinstance(outcome, Fetched) else outcome
    except NoToken as error:
        return Later(str(error))
    except Exception as error:
        # Only the type: the text of an error may quote an address with a secret in it.
        log.exception("media_not_stored", media=str(file.id))
        return Later(gettext_noop("It could not be stored: %(name__)s.") % {"name__": type(error).__name__})


def _download(file: DueMedia, tokens: Tokens, into: BinaryIO) -> Outcome:
    if settings.WHATSAPP_BACKEND == CONSOLE:
        return simulated.fetch(file, into)
    number = tokens.get((file.channel_id, file.user_id))
    if number is None:
        return Later(gettext_noop("The number that it was sent to is not connected any more. Connect it again."))
    provider, encrypted = number
    fetch = fetch_from_twilio if provider == Channel.Provider.TWILIO else fetch_from_meta
    return fetch(file, token_of(encrypted), into)


def _kept(file: DueMedia, content: BinaryIO, size: int) -> Kept | Refused:
    """Store the bytes, if they are what was said."""
    content.seek(0)
    found = type_of(content.read(HEAD_BYTES))
    if reason := refusal_of(file.kind, found):
        return Refused(reason)
    content.seek(0)
    digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type] # a file has readinto
    content.seek(0)
    name = files.store(content, user_id=file.user_id)
    small = ""
    if found.startswith("image/") and found != SVG:
        # A document may be a picture that only other programs read: it is kept all the same.
        with suppress(NotAPicture):
            content.seek(0)
            small = files.store_small(small_picture(content).content, name=name)
    return Kept(name, small, with_claim(found, file.mime_said), size, digest)


@retried(source="worker", operation="store file")
def _record(file: DueMedia, result: Kept | Gone | Refused | Later) -> None:
    """Record an outcome, unless the lease was lost or the message is gone: then the bytes go too.

    Opens the transaction.
    """
    changes: dict[str, object] = {"due_at": None, "updated_at": Now()}
    if isinstance(result, Kept):
        changes |= {"state": State.STORED, "reason": "", "name": result.name, "thumbnail_name": result.thumbnail_name}
        changes |= {"mime_found": result.mime_found, "size": result.size, "sha256": result.sha256}
    elif isinstance(result, Later) and file.attempts < MAX_ATTEMPTS:
        pause = min(FIRST_PAUSE * 2 ** (file.attempts - 1), LONGEST_PAUSE)
        changes |= {"reason": result.reason, "due_at": Now() + max(pause, timedelta(seconds=result.pause))}
    else:
        states = {Gone: State.EXPIRED, Refused: State.REFUSED, Later: State.FAILED}
        changes |= {"state": states[type(result)], "reason": result.reason}
    # The message may be erased, and the file fetched by another worker, at the same moment: both change the row.
    with transaction.atomic():
        end_if_idle()
        mine = StoredMedia.objects.filter(pk=file.id, state=State.WAITING, attempts=file.attempts)
        recorded = mine.exclude(message=None).update(**changes)
    if isinstance(result, Kept) and not recorded:
        files.delete(result.thumbnail_name, result.name)
    log.info("media_" + type(result).__name__.lower(), media=str(file.id), attempt=file.attempts)
