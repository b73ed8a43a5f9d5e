"""A released migration is not edited: a database that it has made would be refused (leadsite/core/history.py)."""

import re
import subprocess
from pathlib import Path

from tests.site import REPOSITORY

MIGRATIONS = ("*/migrations/*.py", "*/migrations/sql/*/*.sql")
# Of a version that says so, a database of the release before is not migrated.
NEW_DATABASE = "Needs a new database"


def git(repository: Path, *arguments: str) -> list[str]:
    author = ("-c", "user.name=a test", "-c", "user.email=test@leadsite.example")
    command = ["git", *author, *arguments]
    ended = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    return ended.stdout.split()


def newest_release(repository: Path) -> str:
    """The newest tag vX.Y.Z among the commits that this one is made of; "" where there is none."""
    tags = git(repository, "tag", "--merged", "HEAD", "--sort=-version:refname", "--list", "v*")
    return next((tag for tag in tags if re.fullmatch(r"v\d+\.\d+\.\d+", tag)), "")


def edited_migrations(repository: Path, release: str) -> list[str]:
    """Those of the release that differ now, or are gone."""
    return git(repository, "diff", "--name-only", "--no-renames", "--diff-filter=a", release, "--", *MIGRATIONS)


def test_the_migrations_of_the_newest_release_are_as_they_were() -> None:
    release = newest_release(REPOSITORY) if (REPOSITORY / ".git").exists() else ""
    unreleased = (REPOSITORY / "CHANGELOG.md").read_text().split("\n## ")[1]
    # There is none yet whose tables this version uses.
    assert not release or NEW_DATABASE in unreleased or edited_migrations(REPOSITORY, release) == []


def test_what_was_edited_after_a_release_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "leads/migrations"
    (folder / "sql/0002_functions").mkdir(parents=True)
    names = ("0001_initial.py", "0002_functions.py", "sql/0002_functions/make_lead.sql", "sql/0002_functions/other.sql")
    git(tmp_path, "init", "--quiet")
    for tag in ("v1.9.0", "v1.10.0", "beta"):
        for name in names:
            (folder / name).write_text(f"{name} of {tag}")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "--quiet", "--message", tag)
        git(tmp_path, "tag", tag)
    git(tmp_path, "reset", "--quiet", "--hard", "v1.10.0")
    release = newest_release(tmp_path)
    assert release == "v1.10.0"
    (folder / "0003_later.py").write_text("")
    (folder / "sql/SHA256SUMS").write_text("")
    git(tmp_path, "add", ".")
    assert edited_migrations(tmp_path, release) == []
    (folder / names[0]).write_text("edited")
    (folder / names[3]).unlink()
    git(tmp_path, "mv", f"leads/migrations/{names[2]}", str(folder / "renamed.sql"))
    assert edited_migrations(tmp_path, release) == [f"leads/migrations/{names[place]}" for place in (0, 2, 3)]
