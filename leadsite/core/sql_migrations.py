"""SQL functions and foreign keys in migrations.

The current text of each SQL function is one file, `<app>/sql/<name>.sql`, edited in place: purpose, locks, then
CREATE OR REPLACE FUNCTION and its triggers. Migrations run frozen copies of these files, which stand in
`<app>/migrations/sql/<migration>/<name>.sql`: `manage.py freeze_sql` makes them, and SHA256SUMS beside them shows when
one was changed afterwards.
"""

import hashlib
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

from django.db import migrations

SUMS: Final = "SHA256SUMS"
_AFTER: Final = re.compile(r"^-- After: (.+)$", re.MULTILINE)
_FUNCTION: Final = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)\s*\(", re.MULTILINE)
_TRIGGER: Final = re.compile(r"^CREATE OR REPLACE TRIGGER (\w+)\b[^;]*? ON (\w+)", re.MULTILINE)


class SqlFileInvalid(ValueError):
    """A file of SQL does not hold exactly the function that it is named after."""


def frozen_sql(migration: str) -> list[migrations.RunSQL]:
    """The operations that run the frozen copies of a migration and, on the way back, what was in force before.

    `migration` is the migration's `__file__`. A file runs after those that its line "-- After: a, b" names.
    """
    folder = Path(migration).parent / "sql" / Path(migration).stem
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
    return [migrations.RunSQL(files[name], _reverse(folder, name, files[name])) for name in in_order(files)]


def in_order(files: dict[str, str]) -> list[str]:
    """The names of the files (name to text), each after those that its text says it needs."""
    needs = {name: sorted(set(_needed(text)) & set(files)) for name, text in files.items()}
    return list(TopologicalSorter(needs).static_order())


def _needed(text: str) -> Iterator[str]:
    for names in _AFTER.findall(text):
        yield from (name.strip() for name in names.split(","))


def _reverse(folder: Path, name: str, text: str) -> str:
    before = newest_copy(folder.parent, name, before=folder.name)
    if before is not None:
        return before
    return drop(text)


def drop(text: str) -> str:
    """The statements that take back a file of SQL which was not there before."""
    triggers = [f"DROP TRIGGER {name} ON {table};" for name, table in _TRIGGER.findall(text)]
    return " ".join([*triggers, f"DROP FUNCTION {function_of(text)};"])


def function_of(text: str) -> str:
    """The name of the one function that a file of SQL makes. Raises SqlFileInvalid."""
    names = _FUNCTION.findall(text)
    if len(names) != 1:
        raise SqlFileInvalid(f"One CREATE OR REPLACE FUNCTION was expected, found {len(names)}: {', '.join(names)}.")
    return str(names[0])


def newest_copy(copies: Path, name: str, *, before: str | None = None) -> str | None:
    """The text of the newest frozen copy of a function, of migrations before `before` where that is given."""
    folders = sorted((path for path in copies.glob("*/") if before is None or path.name < before), reverse=True)
    files = [folder / f"{name}.sql" for folder in folders]
    return next((file.read_text(encoding="utf-8") for file in files if file.exists()), None)


def sums_of(copies: Path) -> str:
    """The lines of SHA256SUMS for the frozen copies below a folder, as the program sha256sum writes them."""
    files = sorted(copies.glob("*/*.sql"))
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(copies)}\n" for path in files)


class AddForeignKey(migrations.RunSQL):
    """A foreign key made by hand, for three reasons that Django's own do not meet: it has a name that a program can
    rely on; it is checked at once, so that an SQL function can answer for an unknown user (Django's wait for COMMIT,
    after the answer); and it carries user_id along where the rows have one, so that no row of one business can ever
    refer to a row of another.

    `referring` and `target` are a table and its columns: "leads (user_id, conversation_id)".
    """

    def __init__(self, name: str, referring: str, target: str, on_delete: str = "NO ACTION") -> None:
        self.arguments = (name, referring, target, on_delete)
        table, columns = referring.split(" ", 1)
        rule = f"FOREIGN KEY {columns} REFERENCES {target} ON DELETE {on_delete}"
        super().__init__(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, list(self.arguments), {}
