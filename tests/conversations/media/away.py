"""A storage of files that does not answer, or does not have a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from django.core.files.base import ContentFile

from conversations.media import files


def bucket_error(status: int) -> ClientError:
    """What the client of S3 raises after an answer with this status."""
    return ClientError({"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}, "HeadObject")


NO_CONNECTION = EndpointConnectionError(endpoint_url="https://s3.example.com")


class Refusing:
    """Raises the error for every file; with `late` not when it is opened, but when it is read."""

    def __init__(self, error: Exception, *, late: bool = False) -> None:
        self.error, self.late = error, late

    def open(self, name: str) -> Any:
        return _Unread(self.error) if self.late else self.get_modified_time(name)

    def get_modified_time(self, name: str) -> Any:
        raise self.error


class _Unread(ContentFile[bytes]):
    def __init__(self, error: Exception) -> None:
        super().__init__(b"")
        self.error = error

    def read(self, *_: Any) -> bytes:
        raise self.error


@contextmanager
def storage_raises(error: Exception, *, late: bool = False) -> Iterator[None]:
    """Let the storage raise this for every file."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(files, "media_storage", lambda: Refusing(error, late=late))
        yield
