"""manage.py backup and restore, as an operator runs them, from the tests' server to another one."""

import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from leadsite.backups.archive import DUMP, backups_in
from tests.factories import Business
from tests.long.machine import Machine, machine
from tests.sessions import database_url, session, waiting
from tests.site import REPOSITORY, environment, manage, until
from tests.whatsapp.graph import Graph
from tests.whatsapp.mailing import TOKEN, Mailing

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "the-secret-of-the-site-of-this-test-0123456789"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Machine]:
    with machine() as made:
        yield made


@dataclass
class Target:
    """An empty database of another server, with a data directory of its own."""

    url: str
    folder: Path

    def manage(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return manage(*arguments, env=self.environment(**variables))

    def environment(self, **variables: str) -> dict[str, str]:
        keys = {"SECRET_KEY": SECRET, "FIELD_ENCRYPTION_KEYS": ",".join(settings.FIELD_ENCRYPTION_KEYS)}
        return environment(self.folder, **({"DATABASE_URL": self.url} | keys | variables))

    def tables(self) -> int:
        with psycopg.connect(self.url) as opened:
            row = opened.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert row is not None
        return int(row[0])

    def business_name(self) -> str:
        with psycopg.connect(self.url) as opened:
            row = opened.execute("SELECT business_name FROM users").fetchone()
        assert row is not None
        return str(row[0])


@pytest.fixture
def target(elsewhere: Machine, tmp_path: Path) -> Target:
    name = f"restored_{secrets.token_hex(4)}"
    server = f"postgresql://postgres:super@{elsewhere.database}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
    folder = tmp_path / "restored"
    folder.mkdir()
    return Target(f"{server}/{name}", folder)


@pytest.fixture
def source(tmp_path: Path) -> Target:
    folder = tmp_path / "source"
    (folder / "media/2026").mkdir(parents=True)
    (folder / "media/2026/cake.jpg").write_bytes(b"a picture of a cake")
    return Target(database_url(), folder)


def backup(source: Target, *options: str) -> Path:
    made = source.manage("backup", "--json", *options)
    assert made.returncode == 0, made.stderr
    return Path(json.loads(made.stdout)["path"])


def change(target: Target) -> None:
    """Something that the backup does not have."""
    with psycopg.connect(target.url) as opened:
        opened.execute("UPDATE users SET business_name = 'changed since'")


def test_a_restored_site_is_whole_and_sends(mailing: Mailing, graph: Graph, source: Target, target: Target) -> None:
    """On another server: rows, media, rights of the code to work, and a token that is decrypted for sending."""
    message = mailing.writes("Your cake is ready")
    folder = backup(source)
    text = (folder / "manifest.json").read_text()
    assert TOKEN not in text
    assert all(key not in text for key in settings.FIELD_ENCRYPTION_KEYS)
    restored = target.manage("restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    assert "SECRET_KEY" not in restored.stderr
    for command in ("verify_transactions", "check_integrity"):
        checked = target.manage(command)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (target.folder / "media/2026/cake.jpg").read_bytes() == b"a picture of a cake"
    worked = target.manage("worker", "--once", WHATSAPP_BACKEND="cloud", WHATSAPP_API_BASE_URL=graph.address)
    assert worked.returncode == 0, worked.stderr
    assert [(entry["token"], entry["body"]["text"]["body"]) for entry in graph.ledger] == [
        (TOKEN, "Your cake is ready")
    ]
    with psycopg.connect(target.url) as opened:
        row = opened.execute("SELECT status FROM messages WHERE id = %s", [message.pk]).fetchone()
    assert row == ("sent",)


def test_wrong_keys_are_said_before_anything_is_touched(mailing: Mailing, source: Target, target: Target) -> None:
    folder = backup(source)
    refused = target.manage("restore", str(folder), FIELD_ENCRYPTION_KEYS="another-key-of-an-operator")
    assert refused.returncode == 1
    assert "encrypted with a key that is not here: fingerprint" in refused.stderr
    assert "Set it to the keys that the site had then." in refused.stderr
    assert "Nothing was changed." in refused.stderr
    assert target.tables() == 0
    forced = target.manage(
        "restore",
        str(folder),
        "--without-keys",
        FIELD_ENCRYPTION_KEYS="another-key-of-an-operator",
        SECRET_KEY="x" * 50,
    )
    assert forced.returncode == 0, forced.stderr
    assert "SECRET_KEY is another" in forced.stderr


def test_what_is_there_is_only_replaced_by_a_word(owner: Business, source: Target, target: Target) -> None:
    folder = backup(source)
    assert target.manage("restore", str(folder)).returncode == 0
    again = target.manage("restore", str(folder))
    assert again.returncode == 1
    assert "is not empty (rows: " in again.stderr
    assert "--replace" in again.stderr
    change(target)
    assert target.manage("restore", str(folder), "--check", "--replace").returncode == 0
    replaced = target.manage("restore", str(folder), "--replace")
    assert replaced.returncode == 0, replaced.stderr
    assert target.business_name() == "Bella's Bakery"


def test_a_database_that_was_only_migrated_is_empty(owner: Business, source: Target, target: Target) -> None:
    folder = backup(source)
    assert target.manage("migrate", "-v0").returncode == 0
    restored = target.manage("restore", str(folder))
    assert restored.returncode == 0, restored.stderr


def test_a_damaged_backup_is_refused_and_a_failed_one_leaves_nothing(
    owner: Business, source: Target, target: Target
) -> None:
    folder = backup(source)
    content = (folder / DUMP).read_bytes()
    (folder / DUMP).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused = target.manage("restore", str(folder))
    assert refused.returncode == 1
    assert "database.dump is not as it was written" in refused.stderr
    nowhere = target.manage("backup", DATABASE_URL="postgresql://postgres@127.0.0.1:1/none")
    assert nowhere.returncode == 2
    assert "Traceback" not in nowhere.stderr
    assert not list((target.folder / "backups").glob("*"))


def test_the_newest_backups_are_kept(owner: Business, source: Target) -> None:
    made = [backup(source), backup(source), backup(source, "--keep", "2")]
    assert backups_in(source.folder / "backups") == made[1:]
    assert source.manage("backup", "--keep", "0").returncode == 2


def test_where_the_media_cannot_be_unpacked_nothing_is_changed(owner: Business, source: Target, target: Target) -> None:
    """Their folder is a link to a disk that is not mounted."""
    folder = backup(source)
    (target.folder / "media").symlink_to(target.folder / "not mounted/media")
    refused = target.manage("restore", str(folder))
    assert (refused.returncode, target.tables()) == (1, 0), refused.stderr
    assert "Nothing was changed." in refused.stderr


def test_where_the_media_cannot_be_replaced_it_says_what_has_been(
    owner: Business, source: Target, target: Target
) -> None:
    (source.folder / "media/lost+found").mkdir()
    (source.folder / "media/lost+found/a").write_bytes(b"found")
    folder = backup(source)
    kept = target.folder / "media/lost+found/b"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"of the file system of the target")
    failed = target.manage("restore", str(folder))
    assert failed.returncode == 3, failed.stderr
    assert "The database is that of the backup, but not all media are: " in failed.stderr
    assert "restore again with --replace" in failed.stderr
    assert target.business_name() == "Bella's Bakery"
    kept.unlink()
    assert target.manage("restore", str(folder), "--replace").returncode == 0
    assert (target.folder / "media/2026/cake.jpg").read_bytes() == b"a picture of a cake"


def test_other_numbers_of_rows_are_not_restored(owner: Business, source: Target, target: Target) -> None:
    folder = backup(source)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["rows"] |= {"users": 2, "gone": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    failed = target.manage("restore", str(folder))
    assert (failed.returncode, target.tables()) == (1, 0), failed.stderr
    assert "Other numbers of rows than the manifest says: gone, users." in failed.stderr
    assert not list((target.folder / "media").iterdir())


def test_a_restore_that_is_killed_changes_nothing(owner: Business, source: Target, target: Target) -> None:
    """psql lives on, and reads the dump up to where the killed process was."""
    folder = backup(source)
    assert target.manage("restore", str(folder)).returncode == 0
    change(target)
    with session(target.url) as gate, session(target.url) as observer:
        gate.execute("LOCK TABLE users IN ACCESS SHARE MODE")
        command = [sys.executable, "manage.py", "restore", str(folder), "--replace"]
        restoring = subprocess.Popen(command, cwd=REPOSITORY, env=target.environment())
        until(lambda: waiting(observer) or restoring.poll() is not None)
        restoring.send_signal(signal.SIGKILL)
        restoring.wait()
        gate.rollback()
        until(lambda: sessions_of(observer) == 2)
    assert target.business_name() == "changed since"


def sessions_of(observer: psycopg.Connection) -> int:
    """How many there are of this database, with those of the test."""
    observer.rollback()
    counted = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    row = observer.execute(counted).fetchone()
    assert row is not None
    return int(row[0])
