"""Chips, notices and labels in the thread."""

import pytest

from conversations.admin.thread_labels import TICKS
from conversations.kinds import NOTICES
from conversations.models import Message
from tests.conversations.chat import Chat
from tests.staff import ESCAPED, HOSTILE


@pytest.fixture
def chat(owner) -> Chat:
    return Chat(owner)


@pytest.mark.parametrize(
    ("kind", "extras", "shown"),
    [
        ("image", {}, "Photo"),
        ("video", {}, "Video"),
        ("audio", {"voice": True}, "Voice message"),
        ("audio", {"audio": {"voice": True}}, "Voice message"),
        ("audio", {"voice": "yes"}, "Audio"),
        ("document", {"filename": "receipt.pdf"}, "Document <bdi>receipt.pdf</bdi>"),
        ("document", {"document": {"filename": HOSTILE}}, f"Document <bdi>{ESCAPED}"),
        ("location", {}, "Location"),
        ("contacts", {}, "Contact"),
        ("order", {}, "Order"),
        ("some_future_kind", {}, "Some future kind"),
    ],
)
def test_a_message_other_than_text_has_a_chip_and_its_caption(chat, kind, extras, shown):
    chat.says("Like this one", kind=kind, extras=extras)
    page = chat.page()
    assert shown in page
    assert "Like this one" in page


@pytest.mark.parametrize(
    ("extras", "labels"),
    [
        ({"group_id": "120363"}, ["in a group"]),
        ({"echo": True}, ["from the phone"]),
        ({"history": True, "group_id": "120363"}, ["in a group", "imported history"]),
        ({"standby": True}, ["answered by Meta's agent"]),
        ({"standby": True, "echo": True}, ["answered by Meta's agent"]),
        ({"echo": False, "history": None, "group_id": "", "standby": 0}, []),
        ({"text": {"echo": True}}, []),
    ],
)
def test_a_bubble_shows_labels_for_the_origin_of_its_message(chat, extras, labels):
    chat.says("Hello", extras=extras)
    (entry,) = chat.entries()
    assert entry.labels == labels
    assert chat.page().count("bubble-label") == len(labels)


@pytest.mark.parametrize("blank", ["", " \n\t", "\u00a0\u200b\u2800", "\u3164", "\u202e"])
def test_a_text_without_visible_characters_is_shown_as_empty(chat, blank):
    empty = chat.says(blank)
    chat.says("👍", kind="reaction", target=empty.provider_id)
    chat.says(blank, kind="image")
    edited = chat.says("Words")
    chat.says(blank, kind="edit", target=edited.provider_id)
    chat.says(blank, kind="system")

    texts = [entry.text for entry in chat.entries()]

    assert texts == ["", "to: (empty)", "", "", NOTICES["system"].label]
    assert chat.page().count('<p class="bubble-text">(empty)</p>') == 2


@pytest.mark.parametrize(
    ("kind", "content", "shown"),
    [
        ("system", "Ada changed her number", "Ada changed her number"),
        ("system", "", NOTICES["system"].label),
        ("request_welcome", "", "Opened the chat"),
        ("unsupported", "Sent a poll; WhatsApp did not pass it on", "Sent a poll; WhatsApp did not pass it on"),
        ("unknown", "", "Sent a message; WhatsApp did not pass it on"),
    ],
)
def test_a_message_that_no_person_wrote_is_a_notice(chat, kind, content, shown):
    chat.says(content, kind=kind)
    (entry,) = chat.entries()
    assert (entry.is_notice, entry.text) == (True, shown)


@pytest.mark.parametrize("status", [status for status in Message.Status if status != "received"])
def test_an_outgoing_message_shows_its_status(chat, status):
    chat.answers("Yes, at ten", status=status, error="131047: too late" if status == "failed" else "")
    page = chat.page()
    assert f"</span> {TICKS[status][1]}</span>" in page
    assert ("131047: too late" in page) == (status == "failed")
