"""Messages of deleted conversations are not visible."""

from django.db.models.functions import Now

from conversations.models import Conversation, Message
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox


def test_messages_of_a_deleted_conversation_are_stored_and_not_visible(owner: Business) -> None:
    Inbox(owner).gets(meta.text())
    assert Message.objects.visible().count() == 1
    Conversation.objects.update(deleted_at=Now())
    assert not Message.objects.visible().exists()
    assert not Message.objects.with_referred().exists()
    assert Message.objects.count() == 1
