from django.urls import reverse

from conversations.models import Conversation
from tests.factories import Business
from tests.leadsite.inbox.chats import asks
from tests.staff import Staff, address, operator, staff_of


def link_on(person: Staff, chat: Conversation) -> bool:
    return reverse("inbox-chat", args=[chat.pk]) in person.get(address("change", chat)).content.decode()


def test_a_conversation_leads_to_its_chat_where_the_person_has_that_inbox(owner: Business):
    chat = asks(owner, "Amina")
    assert link_on(staff_of(owner), chat)
    assert not link_on(operator(), chat)
