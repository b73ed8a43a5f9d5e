"""Commands, as an operator runs them, on a database from before the rewritten migrations, or whose migrations were
edited in place since.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import empty_database
from tests.leadsite.core.test_history import OLD, SENTENCE
from tests.sessions import session
from tests.site import REPOSITORY, environment, manage


@pytest.fixture
def old_database(transactional_db: None) -> Iterator[str]:
    with empty_database("old") as address:
        yield address


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


# What another version's files had.
EDITS = {
    "a column": ("leadsite/exports/migrations/0001_initial.py", '("format", models.CharField()),', ""),
    "a constraint": (
        "conversations/migrations/0001_initial.py",
        '("name__length__lte", 30)',
        '("name__length__lte", 9)',
    ),
    "a function": ("leads/migrations/sql/0002_functions/trim_text.sql", "\\u3000", ""),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_tables_of_migrations_that_were_edited_since_are_refused(
    old_database: str, tmp_path: Path, edit: tuple[str, str, str]
):
    code, (file, ours, theirs) = tmp_path / "code", edit
    for name in ("leadsite", "leads", "conversations", "whatsapp"):
        shutil.copytree(REPOSITORY / name, code / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "manage.py", code)
    text = (REPOSITORY / file).read_text()
    assert text.count(ours) == 1
    (code / file).write_text(text.replace(ours, theirs))
    variables = environment(tmp_path, DATABASE_URL=old_database, SECRET_KEY="of a test")
    made = manage("migrate", env=variables, code=code)
    assert made.returncode == 0, made.stderr
    assert manage("migrate", env=variables, code=code).returncode == 0, "It is its own."
    refused = manage("migrate", env=variables)
    assert (refused.returncode, refused.stderr) == (
        1,
        f"CommandError: The database is {SENTENCE}: set DATABASE_URL to an empty one and run again.\n",
    )
