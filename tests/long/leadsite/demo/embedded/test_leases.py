"""The embedded PostgreSQL stops with the last lease that is responsible for it."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from leadsite.demo.embedded import EmbeddedPostgres, database_url, lease
from tests.leadsite.demo.embedded.servers import kill_server, python


def test_it_stops_with_the_last_lease_but_not_with_the_first(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with ExitStack() as first, ExitStack() as second:
        assert first.enter_context(lease(data_dir)) == database_url(data_dir)
        second.enter_context(lease(data_dir))

        first.close()
        assert server.is_running()

        second.close()
        assert not server.is_running()


def test_it_stops_only_a_server_that_a_lease_is_responsible_for(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with lease(data_dir, keep=True):
        pass
    assert server.is_running()

    with lease(data_dir):
        pass
    assert server.is_running()

    with lease(data_dir, adopt=True):
        pass
    assert not server.is_running()


@pytest.mark.parametrize("leaves_last", [True, False])
def test_it_stops_the_server_that_replaced_an_adopted_one(data_dir: Path, leaves_last: bool) -> None:
    server = EmbeddedPostgres(data_dir)
    with ExitStack() as other:
        with lease(data_dir, adopt=True):
            if not leaves_last:
                other.enter_context(lease(data_dir))
            kill_server(data_dir)
            assert server.start()

        assert server.is_running() == (not leaves_last)
    assert not server.is_running()


def test_it_does_not_stop_a_server_that_replaced_its_own(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with lease(data_dir):
        kill_server(data_dir)
        with lease(data_dir, keep=True):
            pass

    assert server.is_running()


def test_it_does_not_count_a_killed_user_nor_its_children(data_dir: Path) -> None:
    code = "with lease(data_dir):\n if os.fork(): print('in', flush=True)\n sys.stdin.read()"
    with python(code, data_dir) as holder:  # its child runs until this block ends
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        holder.kill()
        holder.wait()
        assert EmbeddedPostgres(data_dir).is_running()

        with lease(data_dir):
            pass

        assert not EmbeddedPostgres(data_dir).is_running()


def test_it_keeps_running_when_a_forked_child_leaves_the_block(data_dir: Path) -> None:
    code = (
        "with lease(data_dir):\n child = os.fork()\n if child: os.waitpid(child, 0);"
        " print(EmbeddedPostgres(data_dir).is_running())"
    )
    assert python(code, data_dir).communicate()[0] == "True\n"
    assert not EmbeddedPostgres(data_dir).is_running()


def test_it_does_not_change_an_error_of_the_block(data_dir: Path) -> None:
    with pytest.raises(FileNotFoundError), lease(data_dir):
        raise FileNotFoundError

    assert not EmbeddedPostgres(data_dir).is_running()
