"""Bytes whose message is gone, and bytes that no row names."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from conversations.media import files
from conversations.models import Message, StoredMedia
from conversations.services.media import delete_orphans, delete_unnamed, unnamed_files
from tests.conversations.media.away import bucket_error

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(owner):
    lead = owner.has_lead()
    message = Message.objects.create(
        user=owner.user, conversation_id=lead.conversation_id, direction="in", status="received", kind="image"
    )
    name = files.store(b"bytes", user_id=owner.id)
    small = files.store_small(b"small", name=name)
    return StoredMedia.objects.create(
        user=owner.user, message=message, state="stored", name=name, thumbnail_name=small, size=5
    )


def test_a_name_is_below_the_business_and_cannot_be_guessed(stored, owner):
    folder, _, name = stored.name.partition("/")
    assert (folder, len(name)) == (str(owner.id), 48)


def test_a_file_of_a_deleted_message_is_deleted_with_its_bytes(stored):
    Message.objects.filter(pk=stored.message_id)._raw_delete("default")
    stored.refresh_from_db()
    assert stored.message_id is None
    assert delete_orphans() == 1
    assert not StoredMedia.objects.exists()
    assert [files.media_storage().exists(name) for name in (stored.name, stored.thumbnail_name)] == [False, False]


def test_files_of_messages_stay(stored):
    assert delete_orphans() == 0
    assert files.media_storage().exists(stored.name)


def test_a_file_whose_bytes_are_gone_is_deleted_too(stored):
    StoredMedia.objects.update(message=None)
    files.delete(stored.name, stored.thumbnail_name)
    assert delete_orphans() == 1


def test_bytes_without_a_row_are_deleted_after_a_day(stored, owner, monkeypatch):
    name = files.store(b"of a request that failed", user_id=owner.id)
    assert delete_unnamed() == 0
    assert [one for one in unnamed_files(age=timedelta(seconds=-5)) if str(owner.id) in one] == [name]
    monkeypatch.setattr("conversations.services.media.unnamed_files", lambda **_: [name])
    assert delete_unnamed() == 1
    assert files.media_storage().exists(stored.name)
    assert not files.media_storage().exists(name)


def test_a_business_may_have_more_files_than_a_statement_has_parameters(stored, owner, monkeypatch):
    unnamed = files.store(b"of a request that failed", user_id=owner.id)
    listed = [*(f"{owner.id}/{number}" for number in range(70_000)), stored.name, stored.thumbnail_name, unnamed]
    monkeypatch.setattr(files, "businesses", lambda: [str(owner.id)])
    monkeypatch.setattr(files, "names_of", lambda folder: iter(listed))
    assert list(unnamed_files(age=timedelta(seconds=-5))) == [unnamed]


def test_a_folder_or_file_that_cannot_be_read_or_deleted_does_not_keep_the_others(stored, owner, monkeypatch):
    unnamed = [files.store(b"of a request that failed", user_id=owner.id) for _ in range(2)]
    names_of = files.names_of
    deleted: list[str] = []

    def names(folder: str) -> Iterator[str]:
        if folder == "locked":
            raise PermissionError(folder)
        return names_of(folder)

    def delete(*names: str) -> None:
        if unnamed[0] in names:
            raise PermissionError(names)
        deleted.extend(names)

    monkeypatch.setattr(files, "businesses", lambda: ["locked", str(owner.id)])
    monkeypatch.setattr(files, "names_of", names)
    monkeypatch.setattr(files, "delete", delete)
    assert (delete_unnamed(age=timedelta(seconds=-5)), deleted) == (1, [unnamed[1]])


def test_a_file_of_a_bucket_that_was_deleted_since_it_was_listed_does_not_keep_the_others(stored, owner, monkeypatch):
    unnamed = files.store(b"of a request that failed", user_id=owner.id)
    storage = files.media_storage()
    modified = storage.get_modified_time

    def modified_time(name: str) -> datetime:
        if name.endswith("/0"):
            raise bucket_error(404)
        return modified(name)

    monkeypatch.setattr(storage, "get_modified_time", modified_time)
    monkeypatch.setattr(files, "businesses", lambda: [str(owner.id)])
    monkeypatch.setattr(files, "names_of", lambda folder: iter([f"{owner.id}/0", unnamed]))
    assert list(unnamed_files(age=timedelta(seconds=-5))) == [unnamed]


def test_files_of_no_name_are_no_error():
    files.delete("", "01a224f9-0000-7000-8000-000000000000/none")
