"""manage.py migrate: one process at a time; tests/long has two real ones."""

from concurrent.futures import ThreadPoolExecutor

from leadsite.management.commands.migrate import one_at_a_time
from tests.sessions import session, waiting
from tests.site import until


def test_two_at_once_wait_for_each_other(transactional_db: None):
    done = []

    def migrate() -> None:
        with one_at_a_time():
            done.append("second")

    with session() as observer, ThreadPoolExecutor() as pool:
        with one_at_a_time():
            second = pool.submit(migrate)
            until(lambda: waiting(observer) == 1)
            done.append("first")
        second.result()
    assert done == ["first", "second"]
