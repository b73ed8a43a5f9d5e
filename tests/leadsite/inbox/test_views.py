"""The inbox in a browser without scripts: list, chat, answers."""

import pytest

from conversations.models import Conversation, Message
from tests.conversations.admin.rows import write
from tests.factories import Business
from tests.staff import HOSTILE, staff_of

pytestmark = pytest.mark.django_db


def chat_of(business: Business, **fields: str) -> Conversation:
    return Conversation.objects.get(pk=business.has_lead(**fields).conversation_id)


def test_first_slice(owner: Business):
    person = staff_of(owner)
    chat = chat_of(owner, customer_name="Amina Yilmaz")
    write(chat, HOSTILE)
    response = person.get("/admin/", follow=True) if False else person.client.get("/admin/", follow=True)
    assert response.status_code == 200, response
    page = person.get("/admin/inbox/", tab="all").content.decode()
    assert "Amina Yilmaz" in page
    page = person.get(f"/admin/inbox/{chat.pk}/").content.decode()
    assert "<script>alert" not in page
    response = person.client.post(f"/admin/inbox/{chat.pk}/reply/", {"text": "Hello"})
    assert response.status_code == 302, response.content
    assert Message.objects.get(direction="out").author_id == owner.id
    assert person.get("/admin/inbox/", q="amina").status_code == 200
    assert person.get("/admin/inbox/live/").status_code == 200
