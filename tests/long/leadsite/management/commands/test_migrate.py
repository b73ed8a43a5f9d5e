"""Migrations of an empty database: by two processes at once, and by an owner with few rights."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

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


OWNER = "leadsite_test_migrate_owner"


@pytest.fixture
def owned_database(transactional_db: None) -> Iterator[str]:
    """The address of an empty database, with the rights of its owner, who is no superuser and creates no roles."""
    name = f"{connection.settings_dict['NAME']}_owned"
    with session() as other_session:
        other_session.autocommit = True
        other_session.execute(f"CREATE ROLE {OWNER}".encode())
        other_session.execute(f"CREATE DATABASE {name} OWNER {OWNER}".encode())
        try:
            role = quote(f"-c role={OWNER}")
            address = database_url().replace(connection.settings_dict["NAME"], name)
            yield f"{address}{'' if address.endswith('?') else '&'}options={role}"
        finally:
            other_session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            other_session.execute(f"DROP ROLE {OWNER}".encode())


def test_an_owner_that_is_no_superuser_migrates_and_the_site_works(owned_database: str, tmp_path: Path):
    env = environment(tmp_path, DATABASE_URL=owned_database, SECRET_KEY="of a test", LEADSITE_DEMO="true")
    for words in ("Applying leads.0001_initial", "No migrations to apply"):
        migrated = manage("migrate", env=env)
        assert migrated.returncode == 0, migrated.stderr
        assert words in migrated.stdout
    for command in ("verify_transactions", "check_integrity"):
        ended = manage(command, env=env)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    with session(owned_database) as other_session:
        owners = other_session.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert owners.fetchall() == [(OWNER,)]
