"""Reads the next batch while the database stores this one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def read_ahead(source: Iterator[T]) -> Iterator[Iterator[T]]:
    """Iterate over `source`, whose next element a thread makes while the caller works on this one.

    What making an element raises is raised after the elements before it. The thread must not use the database, whose
    connections belong to a thread each. It has ended when the block has: an element that it is making is finished.
    """
    with ThreadPoolExecutor(max_workers=1) as reader:
        yield _one_ahead(source, reader)


def _one_ahead(source: Iterator[T], reader: ThreadPoolExecutor) -> Iterator[T]:
    upcoming = reader.submit(next, source, None)
    while (element := upcoming.result()) is not None:
        upcoming = reader.submit(next, source, None)
        yield element
