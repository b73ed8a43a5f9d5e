"""Which messages create leads. Echoes, history, group messages and notices do not."""

from conversations.models import Conversation
from tests.whatsapp import meta


def test_an_echo_is_a_message_without_a_lead(inbox):
    inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("We open at eight")])
    assert inbox.counts() == (1, 1, 0, 1)
    assert (inbox.messages[0].direction, inbox.messages[0].status) == ("out", "sent")
    assert inbox.conversations[0].last_inbound_at is None


def test_a_customers_reply_to_an_echo_creates_a_lead(inbox):
    inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("We open at eight")])
    inbox.gets(meta.text("Then I come", timestamp=meta.NOON + 60))
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.leads[0].details == "Then I come"


def test_an_echo_joins_a_completed_conversation_and_leaves_it_completed(inbox):
    inbox.gets(meta.text("Hello"))
    Conversation.objects.update(status="completed")
    inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Thank you")])
    assert inbox.counts() == (1, 1, 1, 2)
    assert inbox.conversations[0].status == "completed"


def test_history_is_stored_as_messages_without_a_lead(inbox):
    thread = {
        "id": meta.SHEENA,
        "messages": [
            meta.text("Do you deliver?", timestamp=meta.NOON - 900, history_context={"status": "READ"}),
            meta.text("We do", from_=meta.BUSINESS, timestamp=meta.NOON - 800, history_context={"status": "DELIVERED"}),
        ],
    }
    inbox.gets_change("history", history=[{"metadata": {"phase": 0}, "threads": [thread]}])
    assert inbox.counts() == (1, 1, 0, 2)
    assert sorted((message.direction, message.status) for message in inbox.messages) == [
        ("in", "received"),
        ("out", "delivered"),
    ]


def test_messages_answered_by_metas_agent_create_leads(inbox):
    inbox.gets_change("standby", standby={"messages": [meta.text("Hello")]})
    assert inbox.counts() == (1, 1, 1, 1)


def test_a_group_message_is_stored_without_a_lead(inbox):
    inbox.gets(meta.text("What does everyone think?", group_id="group-1"))
    assert inbox.counts() == (1, 1, 0, 1)
    assert inbox.messages[0].extras["group_id"] == "group-1"


def test_reactions_edits_and_revocations_are_rows_and_the_original_is_unchanged(inbox):
    inbox.gets(meta.text("Two cakes", id="wamid.1"))
    inbox.gets(
        meta.message("reaction", {"message_id": "wamid.1", "emoji": "👍"}),
        meta.message("edit", {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "3"}}}),
        meta.message("revoke", {"original_message_id": "wamid.1"}),
    )
    assert inbox.counts() == (1, 1, 1, 4)
    assert inbox.messages[0].kind == "text"
    assert {message.extras["target"] for message in inbox.messages[1:]} == {"wamid.1"}
    assert inbox.messages[0].content == "Two cakes"


def test_a_system_notice_opens_nothing(inbox):
    inbox.gets(meta.message("system", {"type": "customer_identity_changed", "body": "New phone"}))
    assert inbox.counts() == (0, 0, 0, 0)


def test_a_system_notice_joins_an_existing_conversation(inbox):
    inbox.gets(meta.text("Hello"))
    inbox.gets(meta.message("system", {"type": "customer_identity_changed", "body": "New phone"}))
    assert inbox.counts() == (1, 1, 1, 2)
