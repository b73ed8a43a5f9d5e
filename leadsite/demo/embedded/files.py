"""Directories and files of the server's account, which root must not trust."""

import os
import pwd
from contextlib import suppress
from pathlib import Path


def make_private(directory: Path) -> None:
    """Create `directory` and its missing parents with mode 700. Existing directories stay as they are."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        with suppress(FileExistsError):  # another process was faster
            path.mkdir(0o700)
            path.chmod(0o700)  # whatever the umask is


def change_owner(path: Path, account: pwd.struct_passwd) -> None:
    """Give a directory that we have just created to the server's account."""
    if os.geteuid() != account.pw_uid:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def write(path: Path, text: str, account: pwd.struct_passwd) -> None:
    """Replace a file of the server's account, never following a link."""
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
    """Return the lines of a file of the server's account, none where it is missing."""
    try:
        # Root must not follow a link that the server's account may have created.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return []
    with os.fdopen(fd, errors="replace") as file:
        return file.read().splitlines()


def fsync_directory(directory: Path) -> None:
    """Make renames in `directory` survive a power cut."""
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
