"""manage.py freeze_sql: which functions it freezes, and their reverse."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from leadsite.core.sql_migrations import frozen_sql
from leadsite.management.commands.freeze_sql import changes_of, freeze, freeze_initial, write


def test_the_frozen_copies_are_current():
    call_command("freeze_sql", check=True)


@pytest.fixture
def an_app(tmp_path):
    """An app with one function, frozen in its initial migrations."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0002_functions.py").write_text("")
    write(tmp_path / "sql" / "one.sql", function("one", 1))
    freeze_initial(tmp_path)
    return tmp_path


def function(name: str, answer: int) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS integer LANGUAGE sql RETURN {answer};\n"


def statements(app: Path, migration: str) -> list[tuple[str, str]]:
    return [
        (str(operation.sql), str(operation.reverse_sql))
        for operation in frozen_sql(str(app / "migrations" / migration))
    ]


def test_a_changed_function_is_frozen_with_its_reverse(an_app):
    write(an_app / "sql" / "one.sql", function("one", 2))
    freeze(an_app, "shop", "functions", changes_of(an_app))
    assert statements(an_app, "0003_functions.py") == [(function("one", 2), function("one", 1))]
    assert '("shop", "0002_functions")' in (an_app / "migrations" / "0003_functions.py").read_text().replace("'", '"')
    assert changes_of(an_app) == {}


def test_the_reverse_of_a_new_function_drops_it(an_app):
    assert statements(an_app, "0002_functions.py") == [(function("one", 1), "DROP FUNCTION one;")]


def test_a_function_whose_file_was_deleted_is_dropped_and_its_reverse_creates_it(an_app):
    (an_app / "sql" / "one.sql").unlink()
    freeze(an_app, "shop", "functions", changes_of(an_app))
    assert statements(an_app, "0003_functions.py") == [("DROP FUNCTION one;\n", function("one", 1))]
    assert changes_of(an_app) == {}


def test_a_file_that_is_not_named_after_its_function_is_refused(an_app):
    write(an_app / "sql" / "two.sql", function("one", 1))
    with pytest.raises(CommandError, match="rename the file"):
        changes_of(an_app)
