"""Progress of a command's import: a bar on a terminal, otherwise a line every few seconds; and stopping by signals."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Protocol, Self, TextIO

from tqdm import tqdm

from leads.importing.batches import Counts

LINE_SECONDS: Final = 5.0
_BAR: Final = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]"
_NO_BAR: Final = "{desc} [{elapsed}]"


class Stoppable(Protocol):
    stopped: bool


class Progress:
    """Call it after each batch with the counts and the fraction of the file read; it returns whether to stop."""

    def __init__(self, *, quiet: bool, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._quiet = quiet
        self._started = self._last_line = time.monotonic()
        self._bar: Any = None
        self.stopped = False

    def __call__(self, counts: Counts, position: float | None) -> bool:
        if not self._quiet:
            if self._out.isatty():
                self._draw(counts, position)
            elif time.monotonic() - self._last_line >= LINE_SECONDS:
                self._last_line = time.monotonic()
                self._out.write(self._summary(counts, position) + "\n")
                self._out.flush()
        return self.stopped

    def _draw(self, counts: Counts, position: float | None) -> None:
        if self._bar is None:
            form = _NO_BAR if position is None else _BAR
            self._bar = tqdm(total=1.0, bar_format=form, file=self._out, dynamic_ncols=True)
        self._bar.set_description_str(self._summary(counts, None), refresh=False)
        self._bar.n = position or 0.0
        self._bar.refresh()

    def _summary(self, counts: Counts, position: float | None) -> str:
        seconds = time.monotonic() - self._started
        summary = f"{counts.read:,} rows, {counts.failed:,} refused, {counts.read / max(seconds, 0.001):,.0f} rows/s"
        if position:
            left = seconds / position - seconds
            summary += f", {position:.0%}, {left:,.0f} s left"
        return summary

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()


@contextmanager
def stopped_by_signals(progress: Stoppable) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the import after the current batch; a second signal ends it at once."""
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}

    def stop(signum: int, frame: FrameType | None) -> None:
        progress.stopped = True
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
