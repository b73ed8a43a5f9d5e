"""A database from before the rewritten migrations is refused with a message that says what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.sessions import database_url, session
from tests.site import environment, manage

# The migrations of the last of those versions.
OLD = [("conversations", "0002_whatsapp_in"), ("conversations", "0004_search"), ("leads", "0008_import_files")]
SENTENCE = "from an earlier version of leadsite, whose tables this version cannot use"


def make_old() -> None:
    recorder = MigrationRecorder(connection)
    for app, name in OLD:
        recorder.record_applied(app, name)


def test_the_message_says_to_move_the_data_directory(db, settings):
    make_old()
    settings.EMBEDDED_POSTGRES, settings.DATA_DIR = True, settings.BASE_DIR / "var"
    with pytest.raises(CommandError) as refused:
        call_command("migrate", verbosity=0)
    assert str(refused.value) == f"The data in var/ is {SENTENCE}: move it away (mv var var.old) and run again."


def test_a_database_of_this_version_is_migrated(db):
    call_command("migrate", verbosity=0)


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
