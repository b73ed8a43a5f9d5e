"""Time-outs that one thread watches."""

import threading
from functools import partial

from leadsite.core.deadlines import deadline
from tests.site import until


def test_a_block_that_runs_too_long_is_told():
    told = threading.Event()
    with deadline(0.05, told.set):
        assert told.wait(10)


def test_a_block_that_is_over_in_time_is_never_told():
    told = threading.Event()
    with deadline(0.05, told.set):
        pass
    with deadline(5, told.set):
        assert not told.wait(0.5)


def test_many_have_deadlines_of_their_own():
    told: list[str] = []
    late, middle, soon = (partial(told.append, name) for name in ("late", "middle", "soon"))
    with deadline(10, late), deadline(0.3, middle), deadline(0.05, soon):
        until(lambda: len(told) == 2)
    assert told == ["soon", "middle"]
