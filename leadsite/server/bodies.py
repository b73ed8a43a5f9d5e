"""Reads the body of a request: whole, but not for ever, and not without bounds."""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from typing import IO, Final

# A body may take this long, and longer by what has arrived: a slow line is served, a client that drips is not. The
# 3 MB of Meta's largest delivery may take six minutes.
PATIENCE_SECONDS: Final = 10.0
LEAST_BYTES_PER_SECOND: Final = 8 * 1024
# For how long the rest of a refused body is read, and how long its client may be silent meanwhile.
LINGER_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 1.0
# Above this a body is kept in a file.
IN_MEMORY_BYTES: Final = 512 * 1024
# The files of all bodies of a process at one time.
ON_DISK_BYTES: Final = 512 * 1024 * 1024


class BodyRefused(Exception):
    """The body was not read to its end."""

    status = 400
    code = "malformed"


class BodyIncomplete(BodyRefused):
    """The connection ended in the middle: half of a file must not pass for a file."""


class BodyTooSlow(BodyRefused):
    status = 408
    code = "body_too_slow"


class BodyTooLarge(BodyRefused):
    status = 413
    code = "body_too_large"


class NoRoom(BodyRefused):
    status = 503
    code = "too_busy"


class Body:
    """A complete body, as a file. Leaving the block frees its room."""

    def __init__(self, bodies: "Bodies") -> None:
        self._bodies = bodies
        self._on_disk = 0
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - see close
        self.length = 0

    def write(self, chunk: bytes) -> None:
        """Raises NoRoom."""
        self.length += len(chunk)
        if self.length > IN_MEMORY_BYTES:
            self._bodies.reserve(self.length - self._on_disk)
            self._on_disk = self.length
        self.file.write(chunk)

    def close(self) -> None:
        self._bodies.reserve(-self._on_disk)
        self._on_disk = 0
        self.file.close()

    def __enter__(self) -> "Body":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Bodies:
    """Reads the bodies of a process. Used by its event loop only. `room`: bytes on disk, of all bodies together."""

    def __init__(self, *, room: int = ON_DISK_BYTES) -> None:
        self._room = room

    async def read(
        self, chunks: AsyncIterable[bytes], *, declared: int | None, limit: int, is_chunked: bool = False
    ) -> Body:
        """Return the whole body. `declared` is its Content-Length, where it has one; `limit` is in bytes.

        Raises BodyTooLarge, before anything is read where the length is declared; BodyIncomplete; BodyTooSlow; NoRoom.
        """
        if declared is not None and declared > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        body = Body(self)
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(started + PATIENCE_SECONDS) as deadline:
                empty = 0
                async for chunk in chunks:
                    empty += not chunk
                    body.write(chunk)
                    if body.length > limit:
                        raise BodyTooLarge(f"The body is larger than {limit} bytes.")
                    deadline.reschedule(started + PATIENCE_SECONDS + body.length / LEAST_BYTES_PER_SECOND)
                # granian ends each body with an empty chunk, and has one more for a connection that was lost, or for
                # trailers (src/rsgi/io.rs, __anext__).
                if (is_chunked and empty > 1) or (declared is not None and body.length != declared):
                    raise BodyIncomplete("The body ended before it was complete, or has trailers. Send it again whole.")
        except BaseException as error:
            body.close()
            if isinstance(error, TimeoutError):
                raise BodyTooSlow("The body did not arrive in time. Send it again.") from error
            raise
        return body

    async def discard(self, chunks: AsyncIterator[bytes]) -> None:
        """Read what the client of a refused body still sends. Many clients, nginx among them, read the answer only when
        they have sent all, and a connection that is closed before that takes the answer with it: RFC 9112, 9.6.
        """
        with suppress(TimeoutError, StopAsyncIteration):
            async with asyncio.timeout(LINGER_SECONDS):
                while True:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        await anext(chunks)

    def reserve(self, size: int) -> None:
        """Take room on the disk; a negative size gives it back. Raises NoRoom."""
        if size > self._room:
            raise NoRoom("Too many large bodies at once. Send it again in a few seconds.")
        self._room -= size
