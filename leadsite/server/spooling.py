"""Answers that Django makes piece by piece: written whole before they are sent, to a file where they are large.

A client must not take half of a download for all of it, and one that reads slowly must cost no memory. granian's stream
has neither: it ends after an exception as after the last piece, and keeps whatever the client has not read yet
(RSGIHTTPStreamTransport in src/rsgi/io.rs, granian 2.8). Files it reads as the client does.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import Any, Final

from django.db import close_old_connections

from leadsite.server.answers import Answer

IN_MEMORY: Final = 1_000_000
# granian opens the file soon after response_file, and does not tell when.
OPENED_AFTER_SECONDS: Final = 60.0


class AnswerIncomplete(Exception):
    """It has fewer or more bytes than its Content-Length says."""


class Spool:
    """Where answers are written. Its files go when they are sent, and with the process."""

    def __init__(self) -> None:
        self._files: set[str] = set()

    def complete(self, answer: Answer, pieces: Iterator[bytes], method: str) -> Answer:
        """Return the answer with its whole body, or with the path of a file that has it. `pieces`: those of the answer.

        Raises AnswerIncomplete, and what the pieces raise.
        """
        # This thread's connection may be older than the last failover.
        close_old_connections()
        try:
            body, path = _read(pieces), ""
            size = len(body)
            if size > IN_MEMORY:
                path, size = self._write(body, pieces)
                body = b""
        finally:
            answer.close()
        declared = dict(answer.headers).get("content-length")
        if declared not in (None, str(size)) and method != "HEAD":
            self._delete(path)
            raise AnswerIncomplete(f"{size} bytes instead of {declared}")
        headers = answer.headers if declared else [*answer.headers, ("content-length", str(size))]
        return answer._replace(headers=headers, body=body, path=path, pieces=None)

    def _write(self, start: bytes, pieces: Iterator[bytes]) -> tuple[str, int]:
        """Write all to a file; return its path and size in bytes."""
        with NamedTemporaryFile(prefix="leadsite-answer-", delete=False) as file:
            self._files.add(file.name)
            try:
                file.write(start)
                file.writelines(pieces)
            except BaseException:
                self._delete(file.name)
                raise
            return file.name, file.tell()

    def send(self, proto: Any, answer: Answer) -> None:
        """Let granian send the file of a complete answer, and delete it when it is open."""
        proto.response_file(answer.status, answer.headers, answer.path)
        asyncio.get_running_loop().call_later(OPENED_AFTER_SECONDS, self._delete, answer.path)

    def close(self) -> None:
        """Delete all files. Those that are being sent are open, and are sent to their end."""
        for path in [*self._files]:
            self._delete(path)

    def _delete(self, path: str) -> None:
        if path in self._files:
            with suppress(FileNotFoundError):
                os.unlink(path)
            self._files.discard(path)


def _read(pieces: Iterator[bytes]) -> bytes:
    """Read up to the piece with which it is more than IN_MEMORY."""
    read = bytearray()
    for piece in pieces:
        read += piece
        if len(read) > IN_MEMORY:
            break
    return bytes(read)
