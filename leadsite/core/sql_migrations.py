"""SQL functions and foreign keys in migrations.

The current text of each SQL function is one file, `<app>/sql/<name>.sql`, edited in place: purpose, locks, then
CREATE OR REPLACE FUNCTION and its triggers, or CREATE OR REPLACE VIEW. Migrations run frozen copies of these files in
`<app>/migrations/sql/<migration>/<name>.sql`. `manage.py freeze_sql` creates the copies, and their digests in
SHA256SUMS reveal later changes.
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
_FUNCTION: Final = re.compile(r"^CREATE OR REPLACE (FUNCTION|VIEW) (\w+)\s*\(", re.MULTILINE)
_TRIGGER: Final = re.compile(r"^CREATE OR REPLACE TRIGGER (\w+)\b[^;]*? ON (\w+)", re.MULTILINE)


class SqlFileInvalid(ValueError):
    """A SQL file does not have exactly one function or view, of the file's name."""


def frozen_sql(migration: str) -> list[migrations.RunSQL]:
    """Return the operations that run the frozen copies of a migration and, in reverse, restore the previous functions.

    `migration` is the migration's `__file__`. A file runs after those that its line "-- After: a, b" names.
    """
    folder = Path(migration).parent / "sql" / Path(migration).stem
    files = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
    return [migrations.RunSQL(files[name], _reverse(folder, name, files[name])) for name in in_order(files)]


def in_order(files: dict[str, str]) -> list[str]:
    """Sort the names of the files (name to text), each after those that its line "-- After:" names."""
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
    """Return the statements that drop what a SQL file created."""
    triggers = [f"DROP TRIGGER {name} ON {table};" for name, table in _TRIGGER.findall(text)]
    kind, name = defined_in(text)
    return " ".join([*triggers, f"DROP {kind} {name};"])


def function_of(text: str) -> str:
    """Return the name of the function or view in a SQL file. Raises SqlFileInvalid."""
    return defined_in(text)[1]


def defined_in(text: str) -> tuple[str, str]:
    """Return FUNCTION or VIEW, and its name. Raises SqlFileInvalid."""
    found: list[tuple[str, str]] = _FUNCTION.findall(text)
    if len(found) != 1:
        names = ", ".join(name for _, name in found)
        raise SqlFileInvalid(f"One CREATE OR REPLACE FUNCTION was expected, found {len(found)}: {names}.")
    return found[0]


def newest_copy(copies: Path, name: str, *, before: str | None = None) -> str | None:
    """Return the text of a function's newest frozen copy; with `before`, of migrations before that one."""
    folders = sorted((path for path in copies.glob("*/") if before is None or path.name < before), reverse=True)
    files = [folder / f"{name}.sql" for folder in folders]
    return next((file.read_text(encoding="utf-8") for file in files if file.exists()), None)


def sums_of(copies: Path) -> str:
    """Return the lines of SHA256SUMS for the frozen copies below a folder, in the format of sha256sum."""
    files = sorted(copies.glob("*/*.sql"))
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(copies)}\n" for path in files)


class AddForeignKey(migrations.RunSQL):
    """A foreign key created in SQL, because Django's foreign keys lack three properties: a fixed name; an immediate
    check, so that an SQL function can return an error for an unknown user (Django's are deferred until COMMIT); and
    user_id as a part of the key, so that no row of one business can refer to a row of another.

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
