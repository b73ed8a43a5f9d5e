"""Two processes that migrate one empty database at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from tests.sessions import database_url, session
from tests.site import environment, manage


@pytest.fixture
def empty_database(transactional_db: None) -> Iterator[str]:
    name = f"{connection.settings_dict['NAME']}_empty"
    with session() as other_session:
        other_session.autocommit = True
        other_session.execute(f"CREATE DATABASE {name}".encode())
        yield database_url().replace(connection.settings_dict["NAME"], name)
        other_session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_two_at_once_wait_for_each_other(empty_database: str, tmp_path: Path):
    env = environment(tmp_path, DATABASE_URL=empty_database, SECRET_KEY="of a test", LEADSITE_DEMO="true")
    with ThreadPoolExecutor() as pool:
        ends = list(pool.map(lambda _: manage("migrate", "--verbosity=0", env=env), range(2)))
    assert [end.returncode for end in ends] == [0, 0], [end.stderr for end in ends]
