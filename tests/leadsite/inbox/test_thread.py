"""The messages of a chat: reactions at their bubbles, and who wrote which."""

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


def test_messages_say_who_wrote_them(owner: Business):
    chat = Chat(owner)
    chat.says("Hello")
    chat.answers("Hi", author_id=owner.id)
    last = chat.answers("By a program")
    authors = [bubble.author for bubble in read_chat(last.conversation).bubbles]
    assert authors == ["", owner.user.person_name, ""]
