"""The messages of a chat: reactions at their bubbles, and who wrote which."""

from conversations.admin.thread_entries import THREAD_LENGTH, Place
from conversations.models import Message
from leadsite.inbox.thread import read_chat
from tests.conversations.chat import Chat
from tests.factories import Business


def test_the_last_reaction_of_each_side_is_at_its_bubble(owner: Business):
    chat = Chat(owner)
    offer = chat.answers("100 euros")
    for emoji in ("👍", "❤️"):
        chat.says(emoji, kind="reaction", target=offer.provider_id)
    chat.says("Fine")
    chat.says("😢", kind="reaction", target="wamid.of-another-chat")

    bubbles = read_chat(offer.conversation).bubbles

    assert [(bubble.entry.message.content, bubble.reactions) for bubble in bubbles] == [
        ("100 euros", [("❤️", "The customer")]),
        ("Fine", []),
        ("😢", []),
    ]


def test_a_reaction_that_was_removed_is_not_there(owner: Business):
    chat = Chat(owner)
    offer = chat.answers("100 euros")
    chat.says("👍", kind="reaction", target=offer.provider_id)
    chat.says("", kind="reaction", target=offer.provider_id)
    (bubble,) = read_chat(offer.conversation).bubbles
    assert bubble.reactions == []


def test_a_reaction_on_another_page_is_at_its_bubble_and_where_it_came(owner: Business):
    chat = Chat(owner)
    offer, other = chat.answers("100 euros"), chat.answers("Or 90")
    chat.says("👍", kind="reaction", target=offer.provider_id)
    for number in range(THREAD_LENGTH - 2):
        chat.says(f"Number {number}")
    chat.says("❤️", kind="reaction", target=offer.provider_id)
    for _ in range(210):  # more than are read, of a message that is not on the older page
        chat.says("👍", kind="reaction", target="wamid.50")
    chat.answers("🎂", kind="reaction", target=other.provider_id)
    chat.answers("", kind="reaction", target=other.provider_id)
    last = chat.says("Well?")

    before = Place(Message.objects.get(content="Number 0").sort_at, Message.objects.get(content="Number 0").pk)
    older, newer = read_chat(last.conversation, before=before).bubbles, read_chat(last.conversation).bubbles

    assert [(bubble.entry.message.content, bubble.reactions) for bubble in older] == [
        ("100 euros", [("❤️", "The customer")]),
        ("Or 90", []),
    ]
    assert [bubble.entry.message.content for bubble in newer[-3:]] == ["🎂", "", "Well?"]


def test_messages_say_who_wrote_them(owner: Business):
    chat = Chat(owner)
    chat.says("Hello")
    chat.answers("Hi", author_id=owner.id)
    last = chat.answers("By a program")
    authors = [bubble.author for bubble in read_chat(last.conversation).bubbles]
    assert authors == ["", owner.user.person_name, ""]
