"""Bytes whose message is gone, and bytes that no row names."""

from datetime import timedelta

import pytest

from conversations.media import files
from conversations.models import Message, StoredMedia
from conversations.services.media import delete_orphans, delete_unnamed, unnamed_files

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
    monkeypatch.setattr("conversations.services.media.unnamed_files", lambda: [name])
    assert delete_unnamed() == 1
    assert files.media_storage().exists(stored.name)
    assert not files.media_storage().exists(name)


def test_files_of_no_name_are_no_error():
    files.delete("", "01a224f9-0000-7000-8000-000000000000/none")
    with pytest.raises(files.FileMissing):
        files.open_file("01a224f9-0000-7000-8000-000000000000/none")
