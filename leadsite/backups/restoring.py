"""Restores a backup, after everything that can be checked has been.

The media are unpacked first; then the database is replaced in one transaction, or nothing is; then the media are
renamed into their place. Each exception says which of it was done.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader

from leadsite.backups import keys
from leadsite.backups.archive import DUMP, MEDIA, Manifest, read_manifest, verify_files
from leadsite.backups.creating import TABLES, count_rows, media_folder, server_version
from leadsite.backups.media import media_in, remove_unpacked, replace_media, unpack_media
from leadsite.backups.programs import accepted_password, connection_environment, find_folder, version_of
from leadsite.core.history import is_known
from leadsite.core.statements import fetch_rows

Progress = Callable[[str], None]
# What `migrate` and Django fill: a database with rows in these only is empty.
_OF_MIGRATIONS: Final = frozenset(
    {"auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations"}
)
# Not psql's --single-transaction, which commits at the end of its input: where this process is killed among the rows of
# a table, that is not the end of the dump. The schema's rights are PostgreSQL's own; `migrate` grants those of ours.
_BEGIN: Final = """BEGIN;
SET lock_timeout = '30s';
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
_COMMIT: Final = """
DO $compare_rows$
DECLARE
    wanted jsonb := {rows};
    counted jsonb := '{{}}';
    counted_table text;
    number bigint;
    wrong text;
BEGIN
    FOR counted_table IN {tables} LOOP
        EXECUTE format('SELECT count(*) FROM public.%I', counted_table) INTO number;
        counted := counted || jsonb_build_object(counted_table, number);
    END LOOP;
    SELECT string_agg(key, ', ' ORDER BY key) INTO wrong FROM jsonb_object_keys(wanted || counted) AS key
        WHERE wanted -> key IS DISTINCT FROM counted -> key;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'Other numbers of rows than the manifest says: %.', wrong;
    END IF;
END $compare_rows$;
COMMIT;
"""
# psql's exit code where the connection was lost.
_CONNECTION_LOST: Final = 2
# pg_dump 17 and newer set what older servers do not know; it stands before any row.
_UNKNOWN_TO_OLDER: Final = b"SET transaction_timeout = 0;\n"
_HEAD_LINES: Final = 60


class RestoreRefused(Exception):
    """Nothing was changed."""


class RestoreFailed(Exception):
    """Database and media are as they were before; the message says what PostgreSQL refused."""


class RestoreIncomplete(Exception):
    """The database is that of the backup, or may be; the message says what is not done. A second run does all again."""


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
    applied = [(app, name) for app, names in manifest.migrations.items() for name in names]
    newer = [f"{app}.{name}" for app, name in applied if (app, name) not in known]
    if newer:
        raise RestoreRefused(
            f"This backup was made by leadsite {manifest.version}, with migrations that this one does not have:"
            f" {', '.join(newer[:5])}. Restore it with that version."
        )
    if not is_known(manifest.digests, applied):
        raise RestoreRefused(
            f"This backup was made by leadsite {manifest.version}, with tables that this one cannot use."
            " Restore it with that version."
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
    if (folder := media_folder()) and folder.is_dir() and media_in(folder):
        raise RestoreRefused(f"The folder of media, {folder}, is not empty. Move it away, or replace it: --replace.")


def restore_backup(folder: Path, manifest: Manifest, *, progress: Progress) -> None:
    """Replace the database and the media by those of the backup. The caller has called check_backup and check_target.

    Raises RestoreFailed, BackupDamaged, ProgramMissing, django.db.Error, OSError where nothing was changed;
    RestoreIncomplete.
    """
    server = server_version()
    programs = find_folder(("pg_restore", "psql", "pg_dump"), server=max(server, manifest.server))
    password = accepted_password(connection)
    connection.close()
    media = None if manifest.media_elsewhere else media_folder()
    unpacked = None
    if media:
        progress("Unpacking the media")
        unpacked = unpack_media(folder / MEDIA, media)
    try:
        progress("Restoring the database")
        keep_all = version_of(programs / "psql") < 17 or server >= 17
        _load(programs, folder / DUMP, password=password, rows=manifest.rows, keep_all=keep_all)
    except BaseException:
        if unpacked:
            remove_unpacked(unpacked)
        raise
    _finish(media, unpacked, progress)


def _finish(media: Path | None, unpacked: Path | None, progress: Progress) -> None:
    try:
        if media and unpacked:
            progress("Restoring the media")
            replace_media(unpacked, media)
        progress("Collecting the statistics")
        fetch_rows("ANALYZE")
    except OSError as error:
        raise RestoreIncomplete(
            f"The database is that of the backup, but not all media are: {error}. Those of before and of the backup"
            f" are in {media} and {unpacked}."
        ) from error
    except Error as error:
        raise RestoreIncomplete(
            f"Database and media are those of the backup, but the statistics were not collected: {str(error).strip()}."
        ) from error


def _load(programs: Path, dump: Path, *, password: str, rows: dict[str, int], keep_all: bool) -> None:
    """In one transaction, which also counts the rows: if anything fails, or this process is killed, the database stays
    as it is.
    """
    environment = connection_environment(connection.settings_dict, password=password)
    reading = [str(programs / "pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    writing = [str(programs / "psql"), "-Xq", "--no-password", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    complete = False
    with tempfile.TemporaryFile() as problems:
        with (
            subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=problems) as source,  # noqa: S603 - no shell
            subprocess.Popen(writing, stdin=subprocess.PIPE, stderr=problems, env=environment) as target,  # noqa: S603
        ):
            assert source.stdout and target.stdin  # noqa: PT018, S101 - both are pipes
            with suppress(BrokenPipeError):
                _copy(source.stdout, target.stdin, keep_all=keep_all)
                # A dump that cannot be read must not be committed.
                if source.wait() == 0:
                    complete = True
                    target.stdin.write(_commit(rows))
            source.stdout.close()
            with suppress(BrokenPipeError):
                target.stdin.close()
        if source.returncode or target.returncode or not complete:
            problems.seek(0)
            problem = problems.read().decode(errors="replace").strip()[-2000:] or "psql was killed."
            if complete and target.returncode == _CONNECTION_LOST:
                raise RestoreIncomplete(f"Whether the database is that of the backup is not known: {problem}")
            raise RestoreFailed(problem)


def _copy(source: IO[bytes], target: IO[bytes], *, keep_all: bool) -> None:
    target.write(_BEGIN.encode())
    for _ in range(_HEAD_LINES):
        line = source.readline()
        if keep_all or line != _UNKNOWN_TO_OLDER:
            target.write(line)
    shutil.copyfileobj(source, target, 1024 * 1024)


def _commit(rows: dict[str, int]) -> bytes:
    wanted = json.dumps(rows).replace("'", "''")
    return _COMMIT.format(rows=f"'{wanted}'", tables=TABLES).encode()


def has_same_secret_key(manifest: Manifest) -> bool:
    """Whether marks of erased people count (SECRET_KEY, or one of its fallbacks)."""
    return manifest.secret_key in map(keys.fingerprint, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])
