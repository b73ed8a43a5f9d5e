"""Progress of import_supabase: a bar on a terminal, otherwise a line every few seconds."""

import sys
import time
from typing import Any, Final, Self, TextIO

from tqdm import tqdm

LINE_SECONDS: Final = 5.0
_BAR: Final = "{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt} rows stored [{elapsed}<{remaining}]"
_NO_BAR: Final = "{n_fmt} rows read [{elapsed}]"


class MigrationProgress:
    """Call it with what is done and how many rows of how many; it returns whether to stop."""

    def __init__(self, *, quiet: bool, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._quiet = quiet
        self._last_line = time.monotonic()
        self._bar: Any = None
        self._step = ""
        self.stopped = False

    def __call__(self, step: str, done: int, total: int | None) -> bool:
        if not self._quiet:
            if self._out.isatty():
                self._draw(step, done, total)
            elif time.monotonic() - self._last_line >= LINE_SECONDS:
                self._last_line = time.monotonic()
                of = f" of {total:,}" if total else ""
                self._out.write(f"{done:,}{of} rows {step}\n")
                self._out.flush()
        return self.stopped

    def _draw(self, step: str, done: int, total: int | None) -> None:
        if step != self._step:
            self._close()
            form = _BAR if total else _NO_BAR
            self._bar = tqdm(total=total, bar_format=form, file=self._out, dynamic_ncols=True)
            self._step = step
        self._bar.n = done
        self._bar.refresh()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()
