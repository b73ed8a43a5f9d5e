"""`make run` twice at once on one fresh directory."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psycopg

from leadsite.demo.chats import NEWCOMERS
from leadsite.demo.data import LEADS
from leadsite.demo.embedded import EmbeddedPostgres, database_url
from tests.leadsite.demo.demo_process import Demo
from tests.site import free_port, until

START_SECONDS = 300


def serves(one: Demo) -> bool:
    assert one.process.poll() is None, one.output()
    return "Ctrl-C stops the site" in one.output()


@contextmanager
def starting(data_dir: Path) -> Iterator[Demo]:
    """One that ends with the test, whatever becomes of the other."""
    one = Demo(data_dir, free_port())
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.press_ctrl_c()


def test_both_serve_on_one_database_and_the_first_that_ends_leaves_it_to_the_other(data_dir: Path) -> None:
    with ExitStack() as stack:
        started = [stack.enter_context(starting(data_dir)) for _ in range(2)]
        for one in started:
            until(partial(serves, one), one.output, START_SECONDS)
        with psycopg.connect(database_url(data_dir)) as database:
            (counts,) = database.execute("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM leads)").fetchall()
        # The business and two people, once.
        assert counts == (3, len(LEADS) + len(NEWCOMERS))
        assert all(one.takes_leads() for one in started)
        assert started[0].press_ctrl_c() == 0, started[0].output()
        assert started[1].takes_leads()
        assert started[1].press_ctrl_c() == 0, started[1].output()
    assert not EmbeddedPostgres(data_dir).is_running()
