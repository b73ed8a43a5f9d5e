"""Services that delete the bytes of files whose message is gone, and bytes that no row names."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from conversations.media import files
from conversations.models import StoredMedia
from leadsite.core import clock
from leadsite.core.statements import delete_rows
from leadsite.core.transactions import end_if_idle, retried

log = structlog.get_logger(__name__)

CHUNK: Final = 100
# Bytes are stored before the row that names them: of a request or a job that may still be at work.
UNNAMED_AFTER: Final = timedelta(hours=24)
_FIRST: Final = UUID(int=0)


def delete_orphans(*, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Delete the bytes of files whose message is gone, then their rows; return how many. Opens transactions.

    The bytes first: a process that is killed in between leaves a row, and the next run deletes both. A file that cannot
    be deleted stays, and is tried again.
    """
    count, after = 0, _FIRST
    while not should_stop() and (orphans := StoredMedia.objects.orphans(after=after, limit=CHUNK)):
        after = orphans[-1].id
        gone = []
        for orphan in orphans:
            try:
                files.delete(orphan.thumbnail_name, orphan.name)
                gone.append(orphan.id)
            except Exception:
                # Whatever the storage raises: a bucket has errors of its own.
                log.exception("media_not_deleted", media=str(orphan.id))
        count += _delete_rows(gone)
    return count


@retried(source="worker", operation="delete files")
def _delete_rows(ids: list[UUID]) -> int:
    # Two workers may delete the same files at the same moment: the second finds no rows.
    with transaction.atomic():
        end_if_idle()
        return delete_rows(StoredMedia.objects.filter(pk__in=ids, message=None))


def unnamed_files(*, age: timedelta = UNNAMED_AFTER) -> list[str]:
    """Return the names of stored files that no row has, and that are older than that."""
    unnamed: list[str] = []
    for folder in files.businesses():
        names = list(files.names_of(folder))
        wanted = {name.removesuffix(files.SMALL) for name in names}
        known = set(StoredMedia.objects.filter(name__in=wanted).values_list("name", flat=True))
        unnamed += [one for one in names if one.removesuffix(files.SMALL) not in known and _is_old(one, age)]
    return unnamed


def delete_unnamed() -> int:
    """Delete the stored files that no row has; return how many."""
    names = unnamed_files()
    files.delete(*names)
    if names:
        log.info("unnamed_media_deleted", files=len(names))
    return len(names)


def _is_old(name: str, age: timedelta) -> bool:
    try:
        return files.modified_at(name) < clock.now() - age
    except OSError:
        return False
