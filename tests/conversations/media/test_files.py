"""What the storage raises is that a file is missing, or that it does not answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import storages

from conversations.media.files import FileMissing, StorageAway, delete, modified_at, open_file, read_file, store
from tests.cases import each_case
from tests.conversations.media.away import NO_CONNECTION, bucket_error, storage_raises

MISSING = {"of a folder": FileNotFoundError("x"), "of a bucket": bucket_error(404)}
AWAY: dict[str, Exception] = {
    "of a folder": PermissionError("x"),
    "of a disk": OSError(5, "Input/output error"),
    "of a bucket that is busy": bucket_error(503),
    "of a bucket with other rights": bucket_error(403),
    "of a bucket that cannot be reached": NO_CONNECTION,
}
CALLS: list[Callable[[str], Any]] = [open_file, read_file, modified_at]


@pytest.mark.parametrize("call", CALLS)
@each_case("error", MISSING)
def test_a_file_is_missing_only_where_the_storage_says_so(call, error):
    with storage_raises(MISSING[error]), pytest.raises(FileMissing):
        call("x")


@pytest.mark.parametrize("call", CALLS)
@each_case("error", AWAY)
def test_every_other_error_may_pass(call, error):
    with storage_raises(AWAY[error]), pytest.raises(StorageAway, match="does not answer"):
        call("x")


def test_a_bucket_may_raise_when_the_file_is_read():
    with storage_raises(bucket_error(404), late=True), pytest.raises(FileMissing):
        read_file("x")
    with storage_raises(NO_CONNECTION, late=True), pytest.raises(StorageAway):
        read_file("x")


@pytest.mark.parametrize("call", CALLS)
def test_a_folder_that_is_not_mounted_is_away(call):
    name = store(b"bytes", user_id=uuid4())
    folder = Path(storages["media"].path(name)).parent
    unmounted = folder.rename(folder.with_suffix(".unmounted"))
    with pytest.raises(StorageAway, match="does not answer"):
        call(name)
    unmounted.rename(folder)
    assert read_file(name) == b"bytes"
    delete(name)
    with pytest.raises(FileMissing):
        call(name)
