"""The undo of a merge of a chat with more messages than a statement has parameters."""

from uuid import UUID

import pytest

from conversations.models import Message
from leads.merging.services import undo_merge
from leadsite.core.statements import fetch_rows
from tests.leads.merging.pairs import customer_of, make_one, message

pytestmark = pytest.mark.django_db

# PostgreSQL's maximum is 65,535 parameters.
MESSAGES = 66_000


@pytest.mark.parametrize("where", ["source", "target", "since"])
def test_a_chat_of_many_messages_is_taken_out_of_the_other_again(owner, where):
    source, target = owner.has_lead(customer_name="Ana"), owner.has_lead(customer_name="Ana B.")
    chats = {"source": source.conversation_id, "target": target.conversation_id}
    for chat in chats.values():
        message(chat)
    if where in chats:
        _receive_many(chats[where], address="")
    ana, other = customer_of(source), customer_of(target)
    done = make_one(owner, ana, other)
    if where == "since":
        _receive_many(target.conversation_id, address=ana.phone[1:])
    undo_merge(user_id=owner.id, merge_id=done.pk)
    counts = {name: Message.objects.filter(conversation=chat).count() for name, chat in chats.items()}
    assert counts == {"source": 1, "target": 1} | {"source" if where == "since" else where: 1 + MESSAGES}


def _receive_many(conversation_id: UUID, *, address: str) -> None:
    own = {"id", "provider_id", "address"}
    fields = [one for one in Message._meta.concrete_fields if not one.generated]
    names = ", ".join(str(one.column) for one in fields if one.column not in own)
    fetch_rows(
        f"INSERT INTO messages (address, {names}) SELECT %s, {names} FROM messages, generate_series(1, %s)"
        " WHERE id = (SELECT min(id::text)::uuid FROM messages WHERE conversation_id = %s)",
        [address, MESSAGES, conversation_id],
    )
