"""Makes a backup of the database and the media, as they are at one moment."""

import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from leadsite import VERSION
from leadsite.backups import keys
from leadsite.backups.archive import DUMP, MEDIA, Contents, Manifest, check_room, contents_of, new_backup
from leadsite.backups.programs import accepted_password, connection_environment, find_folder
from leadsite.core import clock
from leadsite.core.history import noted_digests
from leadsite.core.statements import fetch_rows

Progress = Callable[[str], None]
_PROGRESS_SECONDS: Final = 1.0
TABLES: Final = """
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


_UNREADABLE: Final = """
    SELECT current_user FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
        AND NOT has_table_privilege(c.oid, 'SELECT') LIMIT 1
"""


class BackupFailed(Exception):
    """A program has refused."""


class RoleCannotRead(Exception):
    """The role may not read all that a dump contains: the site's may only use sequences, Note [Roles]."""


def create_backup(*, folder: Path, progress: Progress) -> tuple[Path, Manifest]:
    """Make a backup in a folder, and return where it is.

    Raises NoRoom, RoleCannotRead, BackupFailed, ProgramMissing, OSError, django.db.Error; then nothing is left there.
    """
    check_room(folder)
    for (role,) in fetch_rows(_UNREADABLE):
        raise RoleCannotRead(
            f"The role {role!r} may not read everything: set MIGRATION_DATABASE_URL to that of the role that owns the"
            " tables (migrate.env has it, and systemctl start leadsite-backup reads it)."
        )
    server = server_version()
    programs = find_folder(("pg_dump", "pg_restore", "psql"), server=server)
    now = clock.now()
    with new_backup(folder, now) as (written, final):
        # pg_dump takes the snapshot of this transaction: the rows that are counted are those that it writes.
        with transaction.atomic():
            fetch_rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            ((snapshot,),) = fetch_rows("SELECT pg_export_snapshot()")
            _dump(programs / "pg_dump", snapshot, written / DUMP, progress)
            progress("Counting the rows")
            rows = count_rows()
            secrets = keys.count_secrets()
            applied, digests = _applied_migrations(), noted_digests()
        # After the database: what its rows name is there already.
        progress("Copying the media")
        media = _pack(media_folder(), written / MEDIA)
        files: dict[str, Contents] = {name: contents_of(written / name) for name in (DUMP, MEDIA)}
        manifest = Manifest(
            created_at=now.isoformat(timespec="seconds"),
            version=VERSION,
            server=server,
            database=str(connection.settings_dict["NAME"]),
            migrations=applied,
            rows=rows,
            media_files=media,
            media_elsewhere=media_folder() is None,
            files=files,
            keys=dict.fromkeys(keys.configured(), 0) | secrets,
            secret_key=keys.fingerprint(settings.SECRET_KEY),
            digests=digests,
        )
        manifest.write(written)
    return final, manifest


def _applied_migrations() -> dict[str, list[str]]:
    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return applied


def _dump(program: Path, snapshot: str, path: Path, progress: Progress) -> None:
    command = [str(program), "--format=custom", "--no-password", f"--snapshot={snapshot}", f"--file={path}"]
    environment = connection_environment(connection.settings_dict, password=accepted_password(connection))
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as running:  # noqa: S603
        try:
            while True:
                try:
                    _, problem = running.communicate(timeout=_PROGRESS_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    progress(f"Dumping the database: {path.stat().st_size // 1_000_000 if path.exists() else 0} MB")
        except BaseException:
            running.kill()
            raise
    if running.returncode:
        raise BackupFailed(problem.strip() or f"pg_dump ended with exit code {running.returncode}.")
    path.chmod(0o600)


def _pack(folder: Path | None, path: Path) -> int:
    """Write the files of a folder into an archive; return how many. What is deleted meanwhile is left out."""
    count = 0
    with tarfile.open(path, "w") as archive:
        for found in sorted(folder.rglob("*")) if folder else []:
            if folder and found.is_file() and not found.is_symlink():
                try:
                    archive.add(found, arcname=str(found.relative_to(folder)), recursive=False)
                    count += 1
                except FileNotFoundError:
                    continue
    path.chmod(0o600)
    return count


def media_folder() -> Path | None:
    """Where the media of messages are; None where they are in a bucket, which is no part of a backup."""
    storage = storages["media"]
    return Path(storage.location) if isinstance(storage, FileSystemStorage) else None


def server_version() -> int:
    """PostgreSQL's major version."""
    ((number,),) = fetch_rows("SELECT current_setting('server_version_num')::int / 10000")
    return int(number)


def count_rows() -> dict[str, int]:
    """The rows of each table; partitions count for their table."""
    counts: dict[str, int] = {}
    for (table,) in fetch_rows(TABLES):
        ((counts[table],),) = fetch_rows(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
    return counts


def seconds_since(started: float) -> str:
    return f"{time.monotonic() - started:.1f} s"
