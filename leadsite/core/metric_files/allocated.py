"""Metric files whose bytes are on the disk before they are mapped into memory."""

import os
import sys
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict

_FIRST_BYTES: Final = 1 << 16  # as prometheus_client makes them
# The most that a value needs beside its key: the key's length and padding, the value and its time.
_VALUE_BYTES: Final = 4 + 8 + 16


class AllocatedDict(MmapedDict):
    """prometheus_client only makes a file longer, and a write into such a hole ends the process by SIGBUS where the
    disk is full. This raises OSError before.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        with Path(filename).open("ab") as file:
            # All of it: one that an earlier version made has holes.
            _allocate(file.fileno(), max(file.tell(), _FIRST_BYTES))
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        needed, size = self._used + len(key.encode()) + _VALUE_BYTES, self._capacity
        while size < needed:
            size *= 2
        if size > self._capacity:
            _allocate(self._f.fileno(), size)
        super()._init_value(key)  # type: ignore[no-untyped-call]


def _allocate(descriptor: int, size: int) -> None:
    if sys.platform != "darwin":  # which has no such call
        os.posix_fallocate(descriptor, 0, size)
