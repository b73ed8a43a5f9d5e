"""manage.py freeze_sql: writes a migration with frozen copies of the SQL functions that were changed."""

import argparse
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from leadsite.core.sql_migrations import SUMS, drop, function_of, newest_copy, sums_of

INITIAL = "0002_functions"
MIGRATION = """from django.db import migrations

from leadsite.core.sql_migrations import frozen_sql


class Migration(migrations.Migration):
    dependencies = [({app!r}, {before!r})]

    operations = frozen_sql(__file__)
"""


class Command(BaseCommand):
    help = """Freezes the functions of <app>/sql/ that changed since the newest migration: copies their files to
<app>/migrations/sql/<migration>/ and writes that migration, which installs them and, when reversed,
the previous ones. A function whose file was deleted is dropped. With --initial, the copies of the
initial migrations are replaced instead, which is allowed until the first release. With --check nothing
is written; exit code 1 if a function differs from its frozen copy."""

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, formatter_class=argparse.RawDescriptionHelpFormatter, **options
        )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        modes = parser.add_mutually_exclusive_group()
        modes.add_argument("--initial", action="store_true", help="replace the copies of the initial migrations")
        modes.add_argument("--check", action="store_true", help="only list what would be frozen")
        parser.add_argument("--name", default="functions", help="name of the new migration, without its number")

    def handle(self, *args: Any, initial: bool, check: bool, name: str, **options: Any) -> None:
        found = False
        for config in apps.get_app_configs():
            folder = Path(config.path)
            if not (folder / "sql").is_dir() and not (folder / "migrations" / "sql").is_dir():
                continue
            changed = changes_of(folder)
            if initial and changed:
                freeze_initial(folder)
            elif not check and changed:
                freeze(folder, config.label, name, changed)
            found = found or bool(changed)
            for function in sorted(changed):
                self.stdout.write(f"{config.label}: {function}")
        if check and found:
            raise CommandError("These functions differ from their frozen copies. Run: manage.py freeze_sql")


def changes_of(folder: Path) -> dict[str, str]:
    """Return the SQL to freeze, by function, for an app's functions that differ from their newest frozen copies."""
    current = {path.stem: path.read_text(encoding="utf-8") for path in (folder / "sql").glob("*.sql")}
    copies = folder / "migrations" / "sql"
    frozen = {path.stem for path in copies.glob("*/*.sql")}
    for name, text in current.items():
        if function_of(text) != name:
            raise CommandError(f"{folder / 'sql' / name}.sql defines {function_of(text)}: rename the file.")
    changed = {name: text for name, text in current.items() if newest_copy(copies, name) != text}
    for name in frozen - set(current):
        former = newest_copy(copies, name) or ""
        if not former.startswith("DROP "):
            changed[name] = drop(former) + "\n"
    return changed


def freeze(folder: Path, app: str, name: str, changed: dict[str, str]) -> None:
    """Write an app's next migration and its frozen copies."""
    before = max(path.stem for path in (folder / "migrations").glob("[0-9]*.py"))
    migration = f"{int(before[:4]) + 1:04}_{name}"
    for function, text in changed.items():
        write(folder / "migrations" / "sql" / migration / f"{function}.sql", text)
    write(folder / "migrations" / f"{migration}.py", MIGRATION.format(app=app, before=before))
    write_sums(folder)


def freeze_initial(folder: Path) -> None:
    """Replace the copies of an app's initial migrations by the current files; new functions are added to INITIAL."""
    copies = folder / "migrations" / "sql"
    places = {path.stem: path for path in copies.glob("*/*.sql")}
    for path in places.values():
        path.unlink()
    for path in (folder / "sql").glob("*.sql"):
        write(places.get(path.stem, copies / INITIAL / path.name), path.read_text(encoding="utf-8"))
    write_sums(folder)


def write_sums(folder: Path) -> None:
    copies = folder / "migrations" / "sql"
    write(copies / SUMS, sums_of(copies))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
