"""Words for the kinds of messages."""

import pytest

from conversations.kinds import KINDS, text_of_message, words_of


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text", "Hello", "Hello"),
        ("text", "\u200b", "(empty)"),
        ("image", "", "Photo"),
        ("image", "Like this one", "Like this one"),
        ("audio", "", "Audio"),
        ("request_welcome", "", "Opened the chat"),
        ("unsupported", "", "Sent a message; WhatsApp did not pass it on"),
        ("some_future_kind", "", "Some future kind"),
    ],
)
def test_the_text_of_a_message_is_its_content_or_the_words_of_its_kind(kind, content, text):
    assert text_of_message(kind, content) == text


def test_each_kind_has_an_icon_and_words_for_people():
    for kind in KINDS:
        icon, label = words_of(kind)
        assert icon
        assert label
        assert "_" not in label
