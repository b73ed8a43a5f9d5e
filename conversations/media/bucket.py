"""The bucket of S3 that keeps the bytes of files, where settings name one."""

from typing import Final

from botocore.config import Config
from storages.backends.s3 import S3Storage

# By default the client waits a minute in each of five attempts, and keeps its thread from other requests. These end
# within the half minute that proxies wait for an answer.
_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 8
_ATTEMPTS: Final = 2


class Bucket(S3Storage):
    """S3, given up soon where it does not answer."""

    def __init__(self, **options: str | bool | None) -> None:
        config = Config(
            signature_version="s3v4",
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        )
        super().__init__(client_config=config, **options)
