"""Pages are registered once; higher apps add parts to them, and they work without parts too."""

import pytest
from django.contrib import admin

from conversations.admin.conversations import ConversationAdmin, ThreadPart
from conversations.admin.messages import MessageAdmin
from conversations.models import Conversation, Message
from tests.staff import address, staff_of


@pytest.mark.parametrize(("model", "page"), [(Conversation, ConversationAdmin), (Message, MessageAdmin)])
def test_the_registered_page_is_of_the_models_app(model, page):
    assert type(admin.site._registry[model]) is page


def test_a_page_shows_every_part(owner):
    shown = page_of_a_conversation(owner)
    for part in ("thread", "leads-group", 'id="reply"'):
        assert part in shown


def test_the_page_of_a_conversation_works_without_the_parts_of_higher_apps(owner, monkeypatch):
    monkeypatch.setattr(ConversationAdmin, "parts", [ThreadPart()])
    shown = page_of_a_conversation(owner)
    assert "thread" in shown
    assert "leads-group" not in shown
    assert 'id="reply"' not in shown


def page_of_a_conversation(owner) -> str:
    owner.has_lead()
    answer = staff_of(owner).get(address("change", Conversation.objects.get()))
    assert answer.status_code == 200
    return str(answer.content.decode())
