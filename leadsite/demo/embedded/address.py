"""Where the server is reached: a socket in a directory that only the server's account may enter."""

import hashlib
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.files import give

NAME: Final = "leadsite"  # of the role, of the database and of the map in pg_ident.conf
PORT: Final = 5432  # only a part of the socket's file name
SOCKET_NAME: Final = f".s.PGSQL.{PORT}"
SOCKET_PATH_LIMIT_BYTES: Final = 100  # the kernel takes 107 on Linux and 103 on macOS


def database_url(data_dir: Path) -> str:
    """The address of the database below `data_dir`; the server need not run or even exist."""
    # With the port, else libpq takes it from PGPORT.
    return f"postgresql://{NAME}@/{NAME}?host={quote(str(socket_dir(data_dir)), safe='')}&port={PORT}"


def socket_dir(data_dir: Path) -> Path:
    """`data_dir`/socket, or a directory in /tmp where that cannot be the path of a socket."""
    data_dir = data_dir.resolve()
    inside = data_dir / "socket"
    longest = os.fsencode(inside / SOCKET_NAME)
    # libpq reads a comma in a host as a list of hosts, and a quote would end the server's setting.
    plain = longest.isascii() and not set(b',"') & set(longest)
    if plain and len(longest) <= SOCKET_PATH_LIMIT_BYTES:
        return inside
    # Not tempfile.gettempdir(): server and client must agree whatever their TMPDIR says.
    shared = Path("/tmp")  # noqa: S108 - make_socket_dir takes nothing there that is not ours
    return shared / f"{NAME}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"


def make_socket_dir(path: Path, account: pwd.struct_passwd) -> None:
    """Make sure that `path` is a directory of the server's account, closed to everybody else."""
    with suppress(OSError):
        path.rmdir()  # empty: left by one who was killed before giving it to the account
    try:
        path.mkdir(0o700)
    except FileExistsError:
        found = path.lstat()
        private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
        if not private or found.st_uid != account.pw_uid:
            raise EmbeddedPostgresError(
                f"{path} should be a directory of mode 700 that belongs to {account.pw_name}, but it is something"
                " else, perhaps somebody else's. Remove it and start again."
            ) from None
        return
    path.chmod(0o700)
    give(path, account)


def remove_socket(directory: Path) -> None:
    """Remove what a killed server left; its lock file names a process that may be anybody's by now."""
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (directory / name).unlink(missing_ok=True)
