"""The media of a backup replace what is there, in a folder that stays itself."""

import tarfile
from pathlib import Path

import pytest

from leadsite.backups.archive import BackupDamaged
from leadsite.backups.media import media_in, remove_unpacked, replace_media, unpack_media


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """With one picture of one business."""
    (tmp_path / "cake.jpg").write_bytes(b"a picture of a cake")
    with tarfile.open(tmp_path / "media.tar", "w") as packed:
        packed.add(tmp_path / "cake.jpg", arcname="bella/cake.jpg")
    return tmp_path / "media.tar"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Media of before, on a file system of its own."""
    (tmp_path / "media/bella").mkdir(parents=True)
    (tmp_path / "media/bella/bread.jpg").write_bytes(b"a picture of bread")
    (tmp_path / "media/lost+found").mkdir()
    return tmp_path / "media"


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_all_that_is_there_is_replaced_and_the_folder_stays(archive: Path, folder: Path) -> None:
    """It may be a mount point, which cannot be renamed."""
    before = folder.stat().st_ino
    replace_media(unpack_media(archive, folder), folder)
    assert files_of(folder) == ["bella/cake.jpg"]
    assert folder.stat().st_ino == before
    assert sorted(path.name for path in folder.iterdir()) == ["bella", "lost+found"]


def test_until_it_replaces_them_the_media_are_as_they_were(archive: Path, folder: Path) -> None:
    unpacked = unpack_media(archive, folder)
    assert [path.name for path in media_in(folder)] == ["bella"]
    remove_unpacked(unpacked)
    assert files_of(folder) == ["bella/bread.jpg"]


def test_what_a_killed_restore_has_left_is_no_media_and_goes_with_the_next(archive: Path, folder: Path) -> None:
    left = unpack_media(archive, folder)
    unpack_media(archive, folder)
    assert not left.exists()
    assert [path.name for path in media_in(folder)] == ["bella"]


def test_a_folder_that_is_not_there_is_created(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data/media"
    replace_media(unpack_media(archive, folder), folder)
    assert files_of(folder) == ["bella/cake.jpg"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_archive_that_cannot_be_unpacked_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "media.tar").write_bytes(b"no archive")
    with pytest.raises(BackupDamaged, match=r"media\.tar cannot be unpacked"):
        unpack_media(tmp_path / "media.tar", folder)
    assert files_of(folder) == ["bella/bread.jpg"]
    assert sorted(path.name for path in folder.iterdir()) == ["bella", "lost+found"]
