"""Puts the media of a backup into the place of those that are there.

They are unpacked inside the folder, before the database is replaced: what can fail, fails then. Afterwards each entry
is only renamed. The folder itself stays: it may be a mount point, which cannot be renamed, and its parent read-only.
"""

import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from leadsite.backups.archive import BackupDamaged

UNPACKED: Final = ".restoring-"
# In the root of a file system of Linux; only root may move it.
_OF_THE_FILE_SYSTEM: Final = "lost+found"


def media_in(folder: Path) -> list[Path]:
    """What is in the folder, but not what a killed restore has left."""
    return [
        path for path in folder.iterdir() if path.name != _OF_THE_FILE_SYSTEM and not path.name.startswith(UNPACKED)
    ]


def unpack_media(archive: Path, folder: Path) -> Path:
    """Unpack the archive of a backup inside the folder, which is created if need be; return where.

    Raises OSError, BackupDamaged; then nothing of it is left.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{UNPACKED}*"):
        shutil.rmtree(left, ignore_errors=True)
    unpacked = Path(tempfile.mkdtemp(prefix=UNPACKED, dir=folder))
    try:
        (unpacked / "new").mkdir()
        with tarfile.open(archive) as packed:
            packed.extractall(unpacked / "new", filter="data")
    except BaseException as error:
        remove_unpacked(unpacked)
        if isinstance(error, tarfile.TarError):
            raise BackupDamaged(f"{archive} cannot be unpacked: {error}.") from error
        raise
    return unpacked


def replace_media(unpacked: Path, folder: Path) -> None:
    """Replace what is in the folder by what was unpacked. Raises OSError; then no file is lost: some may still be in
    the folder of what was unpacked.
    """
    former = unpacked / "former"
    former.mkdir()
    for path in media_in(folder):
        path.rename(former / path.name)
    for path in (unpacked / "new").iterdir():
        path.rename(folder / path.name)
    remove_unpacked(unpacked)


def remove_unpacked(unpacked: Path) -> None:
    shutil.rmtree(unpacked, ignore_errors=True)
