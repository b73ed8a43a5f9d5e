"""The address of the embedded PostgreSQL: a separate socket for each data directory."""

from pathlib import Path

import pytest

from leadsite.demo.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.leadsite.demo.embedded.servers import cleaned_up, socket_dir


@pytest.mark.parametrize("name", ["x" * 120, "a,b", 'a"b', "ü"])
def test_its_socket_is_elsewhere_if_the_data_directory_is_unsuitable(name: str) -> None:
    assert socket_dir(Path("/srv/it's")) == Path("/srv/it's/socket")
    assert socket_dir(Path("/srv") / name).parent == Path("/tmp")


def test_it_refuses_a_socket_directory_of_another_user(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120)
    mine = tmp_path / "mine"
    mine.mkdir(0o700)
    with cleaned_up(path):
        socket_dir(path).symlink_to(mine)
        with pytest.raises(EmbeddedPostgresError, match="Remove it and start again"):
            EmbeddedPostgres(path).start()

        socket_dir(path).unlink()
        socket_dir(path).mkdir()
        socket_dir(path).chmod(0o777)
        (socket_dir(path) / "something").touch()
        with pytest.raises(EmbeddedPostgresError, match="Remove it and start again"):
            EmbeddedPostgres(path).start()
