"""Forms of a chat that are refused."""

from datetime import timedelta

import pytest

from conversations.models import Conversation, Note
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.staff import Staff, member_of, staff_of

INBOX = "/admin/inbox/"
PAST = timedelta(seconds=1)


@pytest.fixture
def person(owner: Business) -> Staff:
    return staff_of(owner)


@pytest.fixture
def chat(owner: Business) -> Conversation:
    return asks(owner, "Amina", minutes_ago=5)


def page_of(person: Staff, chat: Conversation) -> str:
    return str(person.get(f"{INBOX}{chat.pk}/", tab="all").content.decode())


def test_a_time_that_is_over_or_none_is_refused(person: Staff, chat: Conversation):
    for wrong in ("2020-01-01T09:00", "soon"):
        assert person.client.post(f"{INBOX}{chat.pk}/snooze/", {"until": wrong}).status_code == 422
    chat.refresh_from_db()
    assert chat.snoozed_until is None


def test_viewers_and_other_businesses_change_nothing(owner: Business, stranger: Business, chat: Conversation):
    note = Note.objects.create(user=owner.user, conversation=chat, author=owner.user, text="Secret")
    viewer_, other = member_of(owner, "viewer"), staff_of(stranger)
    page = page_of(viewer_, chat)
    assert "Secret" in page
    assert "Save the note" not in page
    mine = asks(stranger, "Theirs")
    forms = {
        "notes/": {"note": "x"},
        f"notes/{note.pk}/": {"delete": "1"},
        "snooze/": {"until": "later"},
        "labels/": {},
    }
    for path, form in forms.items():
        assert viewer_.client.post(f"{INBOX}{chat.pk}/{path}", form).status_code == 403
        assert other.client.post(f"{INBOX}{chat.pk}/{path}", form).status_code == 404
    assert other.client.post(f"{INBOX}{mine.pk}/notes/{note.pk}/", {"delete": "1"}).status_code == 422
    assert Note.objects.count() == 1
