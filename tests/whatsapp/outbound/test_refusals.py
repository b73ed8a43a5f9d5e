"""An answer is refused where somebody else has answered in the meantime, and what the database refuses has words."""

from uuid import UUID, uuid4

import pytest

from conversations.models import Conversation, Message
from tests.conversations.admin.rows import write
from tests.factories import Business
from whatsapp.outbound.enqueue import MessageContent, Recipient, reply, send_message
from whatsapp.outbound.refusals import AnsweredMeanwhile, MessageRefused

NEVER = UUID(int=0)


def chat_of(business: Business) -> Conversation:
    return Conversation.objects.get(pk=business.has_lead().conversation_id)


def answer(chat: Conversation, text: str, *, seen: UUID | None, author: UUID | None = None) -> UUID:
    content = MessageContent(content=text, author_id=author)
    queued = reply(user_id=chat.user_id, conversation_id=chat.pk, message=content, unless_answered_after=seen)
    return queued.message_id


def test_a_second_answer_is_refused_until_its_writer_has_seen_the_first(owner: Business):
    chat = chat_of(owner)
    asked = write(chat, "Do you bake on Sundays?").pk
    first = answer(chat, "Yes", seen=asked)
    with pytest.raises(AnsweredMeanwhile) as refused:
        answer(chat, "No", seen=asked)
    assert refused.value.answer.pk == first
    answer(chat, "From eight", seen=first)
    assert list(chat.messages.order_by("sort_at").values_list("content", flat=True)) == [
        "Do you bake on Sundays?",
        "Yes",
        "From eight",
    ]


def test_nobody_is_warned_of_an_answer_to_which_the_customer_has_replied(owner: Business):
    chat = chat_of(owner)
    asked = write(chat, "Do you bake on Sundays?").pk
    answer(chat, "Yes", seen=asked)
    write(chat, "And cakes?")
    assert answer(chat, "Cakes too", seen=asked)


@pytest.mark.parametrize("fields", [{"status": "failed"}, {"kind": "reaction", "is_turn": False}])
def test_what_did_not_arrive_and_what_says_nothing_is_no_answer(owner: Business, fields: dict[str, object]):
    chat = chat_of(owner)
    asked = write(chat, "Do you bake on Sundays?").pk
    write(chat, "Yes", direction="out", **({"status": "sent"} | fields))
    assert answer(chat, "No", seen=asked)


def test_an_answer_in_a_chat_without_messages_is_one(owner: Business):
    chat = chat_of(owner)
    answer(chat, "Hello", seen=NEVER)
    with pytest.raises(AnsweredMeanwhile):
        answer(chat, "Hello again", seen=NEVER)
    assert answer(chat, "Hello again", seen=None)


def test_messages_have_their_author(owner: Business):
    chat, person = chat_of(owner), uuid4()
    assert Message.objects.get(pk=answer(chat, "Hello", seen=None, author=person)).author_id == person
    assert Message.objects.get(pk=answer(chat, "Hello", seen=None)).author_id is None


def test_the_databases_refusal_names_the_field(owner: Business):
    with pytest.raises(MessageRefused) as refused:
        send_message(user_id=owner.id, to=Recipient(phone="12"), message=MessageContent(content="Hello"))
    assert refused.value.field == "to"
