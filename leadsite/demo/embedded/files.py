"""Directories and files that are shared with the server's account, whom root must not trust."""

import os
import pwd
from contextlib import suppress
from pathlib import Path


def make_private(directory: Path) -> None:
    """Make `directory`, and what is missing above it, for our own account alone. What is there stays as it is."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        with suppress(FileExistsError):  # somebody else was faster
            path.mkdir(0o700)
            path.chmod(0o700)  # ours, just made: the umask must not matter


def give(path: Path, account: pwd.struct_passwd) -> None:
    """Hand over a directory that we have just made."""
    if os.geteuid() != account.pw_uid:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def write(path: Path, text: str, account: pwd.struct_passwd) -> None:
    """Replace a file of the server's; never through a link that its account may have put there."""
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        os.fchmod(fd, 0o600)
        if os.geteuid() != account.pw_uid:
            os.fchown(fd, account.pw_uid, account.pw_gid)
        file.write(text)
        file.flush()
        os.fsync(fd)


def read_lines(path: Path) -> list[str]:
    """The lines of a file of the server's, none if it is missing."""
    try:
        # As root we must not follow what the server's account may have linked there.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return []
    with os.fdopen(fd, errors="replace") as file:
        return file.read().splitlines()


def sync(directory: Path) -> None:
    """Make sure that a power cut does not undo a change of names in `directory`."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
