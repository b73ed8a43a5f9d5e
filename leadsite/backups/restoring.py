"""Restores a backup: all or nothing, after everything that can be checked has been."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from leadsite.backups import keys
from leadsite.backups.archive import DUMP, MEDIA, Manifest, read_manifest, verify_files
from leadsite.backups.creating import count_rows, media_folder, server_version
from leadsite.backups.programs import connection_environment, find_folder, version_of
from leadsite.core.statements import fetch_rows

Progress = Callable[[str], None]
# What `migrate` and Django fill: a database with rows in these only is empty.
_OF_MIGRATIONS: Final = frozenset(
    {"auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations"}
)
# The schema's rights are PostgreSQL's own; `migrate` grants those of our roles.
_EMPTY: Final = """SET lock_timeout = '30s';
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
# pg_dump 17 and newer set what older servers do not know; it stands before any row.
_UNKNOWN_TO_OLDER: Final = b"SET transaction_timeout = 0;\n"
_HEAD_LINES: Final = 60


class RestoreRefused(Exception):
    """Nothing was changed."""


class RestoreFailed(Exception):
    """The database is as it was before; the message says what PostgreSQL refused."""


def check_backup(folder: Path, *, without_keys: bool) -> Manifest:
    """Everything that can be said before the database is asked. Raises BackupDamaged, RestoreRefused."""
    manifest = read_manifest(folder)
    verify_files(folder, manifest)
    missing = {name: count for name, count in manifest.keys.items() if count and name not in keys.configured()}
    missing.pop(keys.UNKNOWN, None)
    if missing and not without_keys:
        have = ", ".join(keys.configured()) or "none"
        raise RestoreRefused(
            f"{sum(missing.values())} access tokens and secrets of this backup are encrypted with a key that is not"
            f" here: fingerprint {', '.join(missing)}; FIELD_ENCRYPTION_KEYS has {have}. Set it to the"
            " keys that the site had then. If they are lost: --without-keys restores all else, and tokens, secrets and"
            " second factors have to be entered again."
        )
    known = MigrationLoader(None).disk_migrations
    newer = [
        f"{app}.{name}" for app, names in manifest.migrations.items() for name in names if (app, name) not in known
    ]
    if newer:
        raise RestoreRefused(
            f"This backup was made by leadsite {manifest.version}, with migrations that this one does not have:"
            f" {', '.join(newer[:5])}. Restore it with that version."
        )
    return manifest


def check_target(*, replace: bool) -> None:
    """Raises RestoreRefused where something would be lost."""
    if replace:
        return
    full = {table: count for table, count in count_rows().items() if count and table not in _OF_MIGRATIONS}
    if full:
        ((name,),) = fetch_rows("SELECT current_database()")
        some = ", ".join(f"{table} {count}" for table, count in sorted(full.items(), key=lambda one: -one[1])[:4])
        raise RestoreRefused(
            f"The database {name} is not empty (rows: {some}). Choose an empty one, or replace all that is in it:"
            " --replace."
        )
    if (folder := media_folder()) and folder.is_dir() and any(folder.iterdir()):
        raise RestoreRefused(f"The folder of media, {folder}, is not empty. Move it away, or replace it: --replace.")


def restore_backup(folder: Path, manifest: Manifest, *, progress: Progress) -> None:
    """Replace the database and the media by those of the backup.

    Raises RestoreFailed, ProgramMissing, django.db.Error, OSError. The caller has called check_backup and check_target.
    """
    server = server_version()
    programs = find_folder(("pg_restore", "psql", "pg_dump"), server=max(server, manifest.server))
    connection.close()
    progress("Restoring the database")
    _load(programs, folder / DUMP, keep_all=version_of(programs / "psql") < 17 or server >= 17)
    progress("Comparing the rows")
    if (rows := count_rows()) != manifest.rows:
        wrong = {table for table in rows.keys() | manifest.rows.keys() if rows.get(table) != manifest.rows.get(table)}
        raise RestoreFailed(f"Other numbers of rows than the manifest says: {', '.join(sorted(wrong))}.")
    if not manifest.media_elsewhere and (media := media_folder()):
        progress("Restoring the media")
        _unpack(folder / MEDIA, media)
    progress("Collecting the statistics")
    fetch_rows("ANALYZE")


def _load(programs: Path, dump: Path, *, keep_all: bool) -> None:
    """In one transaction: if a statement fails, the database stays as it is."""
    environment = connection_environment(connection.settings_dict)
    reading = [str(programs / "pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    writing = [
        str(programs / "psql"),
        "-Xq",
        "--no-password",
        "--single-transaction",
        "-v",
        "ON_ERROR_STOP=1",
        "-o",
        os.devnull,
    ]
    with tempfile.TemporaryFile() as problems:
        with (
            subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=problems) as source,  # noqa: S603 - no shell
            subprocess.Popen(writing, stdin=subprocess.PIPE, stderr=problems, env=environment) as target,  # noqa: S603
        ):
            assert source.stdout and target.stdin  # noqa: PT018, S101 - both are pipes
            with suppress(BrokenPipeError):
                _copy(source.stdout, target.stdin, keep_all=keep_all)
                # A dump that cannot be read must not be committed: psql has sent no COMMIT before its input ends.
                if source.wait():
                    target.kill()
            source.stdout.close()
            with suppress(BrokenPipeError):
                target.stdin.close()
        if source.returncode or target.returncode:
            problems.seek(0)
            raise RestoreFailed(problems.read().decode(errors="replace").strip()[-2000:] or "psql was killed.")


def _copy(source: IO[bytes], target: IO[bytes], *, keep_all: bool) -> None:
    target.write(_EMPTY.encode())
    for _ in range(_HEAD_LINES):
        line = source.readline()
        if keep_all or line != _UNKNOWN_TO_OLDER:
            target.write(line)
    shutil.copyfileobj(source, target, 1024 * 1024)


def _unpack(archive: Path, folder: Path) -> None:
    """Beside the folder, which is then replaced."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(new, filter="data")
        if folder.exists():
            former = Path(tempfile.mkdtemp(prefix=f".{folder.name}-former-", dir=folder.parent))
            folder.rename(former / folder.name)
            new.rename(folder)
            shutil.rmtree(former)
        else:
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def has_same_secret_key(manifest: Manifest) -> bool:
    """Whether marks of erased people count (SECRET_KEY, or one of its fallbacks)."""
    return manifest.secret_key in map(keys.fingerprint, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
