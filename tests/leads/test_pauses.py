"""Pauses between the chunks of long work."""

import time

import pytest

from leads.pauses import LONGEST_SECONDS, Pauses


@pytest.mark.parametrize(("worked", "paused"), [(0.4, 0.1), (0.0, 0.0), (3600, LONGEST_SECONDS)])
def test_a_pause_is_a_part_of_the_time_that_the_work_took(monkeypatch, worked, paused):
    now = [100.0]
    slept: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", slept.append)
    pauses = Pauses()
    for _ in range(2):
        now[0] += worked
        pauses.pause()
    assert slept == pytest.approx([paused, paused])
