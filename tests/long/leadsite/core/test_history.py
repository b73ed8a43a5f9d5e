"""Commands, as an operator runs them, on a database from before the rewritten migrations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.leadsite.core.test_history import OLD, SENTENCE
from tests.sessions import database_url, session
from tests.site import environment, manage


@pytest.fixture
def old_database(transactional_db: None) -> Iterator[str]:
    """A separate database, which has only a table of applied migrations."""
    name = f"{connection.settings_dict['NAME']}_old"
    with session() as other_session:
        other_session.autocommit = True
        other_session.execute(f"CREATE DATABASE {name}".encode())
        address = database_url().replace(connection.settings_dict["NAME"], name)
        yield address
        other_session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("command", [["demo"], ["migrate"], ["worker"], ["worker", "--once"]], ids=" ".join)
def test_each_command_that_needs_the_tables_prints_it_and_ends(old_database: str, tmp_path: Path, command: list[str]):
    with session(old_database) as other_session:
        other_session.execute("CREATE TABLE django_migrations (id int, app text, name text, applied timestamptz)")
        for app, name in [*OLD, ("leads", "0002_functions")]:
            other_session.execute("INSERT INTO django_migrations VALUES (1, %s, %s, now())", [app, name])
        other_session.commit()
    variables = {"DATABASE_URL": old_database, "LEADSITE_DEMO": "force", "SECRET_KEY": "of a test"}
    ended = manage(*command, env=environment(tmp_path, **variables))
    assert ended.returncode == 1
    assert (
        ended.stderr == f"CommandError: The database is {SENTENCE}: set DATABASE_URL to an empty one and run again.\n"
    )
