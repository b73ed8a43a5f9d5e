"""The database URL and the Unix socket, in a directory that only the server's account may enter."""

import hashlib
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.files import change_owner

NAME: Final = "leadsite"  # of the role, the database and the map in pg_ident.conf
PORT: Final = 5432  # only part of the socket's file name
SOCKET_NAME: Final = f".s.PGSQL.{PORT}"
SOCKET_PATH_LIMIT_BYTES: Final = 100  # the kernel's limit is 107 on Linux and 103 on macOS


def database_url(data_dir: Path) -> str:
    """Return the URL of the database below `data_dir`, whether or not the server runs or exists."""
    # With the port, otherwise libpq takes it from PGPORT.
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(socket_dir(data_dir)), safe='')}&port={PORT}"


def socket_dir(data_dir: Path) -> Path:
    """Return `data_dir`/socket, or a directory in /tmp where that path is too long or has special characters."""
    data_dir = data_dir.resolve()
    inside = data_dir / "socket"
    longest = os.fsencode(inside / SOCKET_NAME)
    # libpq reads a comma in a host as a list of hosts, and a quote would end the server's setting.
    plain = longest.isascii() and not set(b',"') & set(longest)
    if plain and len(longest) <= SOCKET_PATH_LIMIT_BYTES:
        return inside
    # Not tempfile.gettempdir(): server and client must agree even where their TMPDIR differs.
    shared = Path("/tmp")  # noqa: S108 - make_socket_dir accepts only a private directory of this user
    return shared / f"{NAME}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"


def make_socket_dir(path: Path, account: pwd.struct_passwd) -> None:
    """Create `path`, a directory of the server's account with mode 700. Raises EmbeddedPostgresError."""
    with suppress(OSError):
        path.rmdir()  # empty: left by a process that was killed before it changed the owner
    try:
        path.mkdir(0o700)
    except FileExistsError:
        found = path.lstat()
        private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
        if not private or found.st_uid != account.pw_uid:
            raise EmbeddedPostgresError(
                f"{path} is not a directory of mode 700 that belongs to {account.pw_name}; another user may have"
                " created it. Remove it and start again."
            ) from None
        return
    path.chmod(0o700)
    change_owner(path, account)


def remove_socket(directory: Path) -> None:
    """Remove the socket of a killed server; the pid in its lock file may belong to another process by now."""
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (directory / name).unlink(missing_ok=True)
