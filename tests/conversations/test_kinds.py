"""Words for the kinds of messages."""

from conversations.kinds import KINDS, text_of_message, words_of
from tests.cases import each_case


@each_case(
    ("kind", "content", "extras", "text"),
    [
        ("text", "Hello", {}, "Hello"),
        ("text", "\u200b", {}, "(empty)"),
        ("image", "", {}, "Photo"),
        ("image", "Like this one", {}, "Like this one"),
        ("audio", "", {}, "Audio"),
        ("audio", "", {"audio": {"voice": True}}, "Voice message"),
        ("audio", "", {"voice": True}, "Voice message"),
        ("audio", "", {"audio": {"voice": "true"}, "voice": 1}, "Audio"),
        ("audio", "", {"audio": [True]}, "Audio"),
        ("audio", "", "voice", "Audio"),
        ("audio", "", None, "Audio"),
        ("voice", "", {}, "Voice message"),
        ("video", "", {"voice": True}, "Video"),
        ("request_welcome", "", {}, "Opened the chat"),
        ("unsupported", "", {}, "Sent a message; WhatsApp did not pass it on"),
        ("some_future_kind", "", {}, "Some future kind"),
    ],
)
def test_the_text_of_a_message_is_its_content_or_the_words_of_its_kind(kind, content, extras, text):
    assert text_of_message(kind, content, extras) == text


def test_each_kind_has_an_icon_and_words_for_people():
    for kind in KINDS:
        icon, label = words_of(kind)
        assert icon
        assert label
        assert "_" not in label
