"""Time-outs watched by one thread."""

import threading
from functools import partial

from leadsite.core.deadlines import deadline
from tests.site import until


def test_the_callback_is_called_while_a_block_runs_too_long():
    called = threading.Event()
    with deadline(0.05, called.set):
        assert called.wait(10)


def test_the_callback_is_not_called_after_the_block():
    called = threading.Event()
    with deadline(0.05, called.set):
        pass
    with deadline(5, called.set):
        assert not called.wait(0.5)


def test_several_deadlines_expire_separately():
    called: list[str] = []
    late, middle, soon = (partial(called.append, name) for name in ("late", "middle", "soon"))
    with deadline(10, late), deadline(0.3, middle), deadline(0.05, soon):
        until(lambda: len(called) == 2)
    assert called == ["soon", "middle"]
