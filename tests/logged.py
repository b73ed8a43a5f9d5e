"""Reads every line that the tests log, at debug level: none has a phone number, a key or what a customer wrote."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from leadsite.core.logs.lines import json_formatter
from tests.factories import ORDER, NewLeadFactory
from tests.whatsapp import meta

_TEXTS: Final = (ORDER["details"], NewLeadFactory.details, ORDER["customer_phone"], meta.SHEENA, meta.SHEENA_ID)
_SECRET: Final = re.compile(
    # Numbers in international form, and keys of the API.
    r"(?<![\w.:+-])\+[1-9][0-9]{9,14}(?![\w.:-])|\bls_[0-9a-f]{16,}|" + "|".join(map(re.escape, _TEXTS))
)
# What only tests make them say: statements with their values where a test counts them, and each value of a factory.
_OF_TESTS: Final = ("django.db.backends", "factory", "faker")


class Reader(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(json_formatter())
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # Lines are masked when they are formatted, which is slow: most have nothing to mask.
        if not (record.exc_info or record.stack_info or _SECRET.search(record.getMessage())):
            return
        if found := _SECRET.search(line := self.format(record)):
            self.found.append(f"{found[0]!r} in {line}")

    def take(self) -> list[str]:
        found, self.found = self.found, []
        return found


@contextmanager
def reading_all(others: Iterable[logging.Handler]) -> Iterator[Reader]:
    """Log at debug level, for this reader only: with these lines in the others as well, a test of sixty clients would
    spend its time on them.
    """
    root = logging.getLogger()
    reader, level = Reader(), root.level
    for handler in [*root.handlers, *others]:
        handler.setLevel(max(handler.level, level))
    root.addHandler(reader)
    root.setLevel(logging.DEBUG)
    for name in _OF_TESTS:
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        yield reader
    finally:
        root.setLevel(level)
        root.removeHandler(reader)
