"""Services that delete the bytes of files whose message is gone, and bytes that no row names."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import structlog
from django.db import Error, transaction

from conversations.media import files
from conversations.models import StoredMedia
from leadsite.core import clock
from leadsite.core.statements import delete_rows
from leadsite.core.transactions import end_if_idle, retried

log = structlog.get_logger(__name__)

CHUNK: Final = 100
# Names that one statement looks up.
NAMES: Final = 5000
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


def unnamed_files(*, age: timedelta = UNNAMED_AFTER) -> Iterator[str]:
    """Yield the names of stored files that no row has, and that are older than that.

    The folder of a business that cannot be read is logged, and left out. Raises django.db.Error.
    """
    for folder in files.businesses():
        try:
            yield from _unnamed_in(folder, age)
        except Error:
            raise
        except Exception:
            # Whatever the storage raises.
            log.exception("media_not_listed", folder=folder)


def _unnamed_in(folder: str, age: timedelta) -> Iterator[str]:
    names = files.names_of(folder)
    while some := list(islice(names, NAMES)):
        known = StoredMedia.objects.named({name.removesuffix(files.SMALL) for name in some})
        yield from (one for one in some if one.removesuffix(files.SMALL) not in known and _is_old(one, age))


def delete_unnamed(*, age: timedelta = UNNAMED_AFTER) -> int:
    """Delete the stored files that no row has, and that are older than that; return how many. Raises django.db.Error.

    A file that cannot be deleted stays, and is tried again by the next run.
    """
    deleted = 0
    for name in unnamed_files(age=age):
        try:
            files.delete(name)
        except Exception:
            log.exception("unnamed_media_not_deleted", name=name)
        else:
            deleted += 1
    if deleted:
        log.info("unnamed_media_deleted", files=deleted)
    return deleted


def _is_old(name: str, age: timedelta) -> bool:
    try:
        return files.modified_at(name) < clock.now() - age
    except (files.FileMissing, files.StorageAway):
        # Deleted since it was listed; or the next run asks again. The others are judged all the same.
        return False
