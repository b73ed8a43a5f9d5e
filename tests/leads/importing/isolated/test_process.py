"""A process with limits for a file that people upload."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import pytest

from leads.importing.isolated import process
from leads.importing.isolated.process import Limits, ReaderDied, run_isolated
from leads.importing.readers.rows import UnreadableFile

LIMITS = Limits(memory=2**29, cpu=5, silence=30, message=2**16, expected=(UnreadableFile,))


def read(file: BinaryIO, what: str) -> Iterator[Any]:
    yield file.read()
    match what:
        case "memory":
            yield len(bytearray(2**30))
        case "time":
            # It ends by itself: what ends it before is the limit of the processor's time, and no other.
            while time.process_time() < 4:
                pass
        case "silence":
            time.sleep(60)
        case "message":
            yield bytes(2**17)
        case "refused":
            raise UnreadableFile("The file is odd.")
        case "unexpected":
            raise KeyError("secret")
        case "killed":
            os._exit(9)


def run(what: str, *, still_reads: Callable[[], object] = lambda: None, **limits: Any) -> list[Any]:
    with tempfile.TemporaryFile() as file:
        file.write(b"content")
        file.flush()
        reader = run_isolated(read, what, file=file, limits=replace(LIMITS, **limits), still_reads=still_reads)
        return list(reader)


def test_what_is_yielded_comes_over():
    assert run("nothing") == [b"content"]


@pytest.mark.parametrize(
    ("what", "limits", "reason"),
    [
        ("memory", {}, "too much memory"),
        ("time", {"cpu": 1}, "too long"),
        ("silence", {"silence": 0.5}, "too long"),
        ("message", {}, "too large"),
        ("unexpected", {}, "damaged"),
        ("killed", {}, "memory"),
    ],
)
def test_a_reader_that_exceeds_a_limit_is_ended_with_a_reason(what, limits, reason):
    with pytest.raises(ReaderDied, match=reason):
        run(what, **limits)


def test_an_expected_exception_is_passed_on():
    with pytest.raises(UnreadableFile, match="The file is odd"):
        run("refused")


def test_who_waits_for_a_reader_says_so_again_and_again(monkeypatch):
    """A preview is taken by another worker where this one has said nothing for half a minute."""
    monkeypatch.setattr(process, "BEAT_SECONDS", 0.05)
    said: list[int] = []
    with pytest.raises(ReaderDied, match="too long"):
        run("silence", still_reads=lambda: said.append(1), silence=0.5)
    assert len(said) >= 5
