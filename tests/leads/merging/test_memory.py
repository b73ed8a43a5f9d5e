"""What a merge remembers and moves of other tables, and of what is deleted."""

import pytest

from conversations.models import Conversation, Note
from leads.merging.services import undo_merge
from leads.models import Lead
from leads.services.delete import delete_lead
from leadsite.core import clock
from leadsite.inbox.models import ChatRead
from tests.leads.merging.pairs import dump, make_one

pytestmark = pytest.mark.django_db


def test_rows_of_other_tables_follow_and_come_back(owner, pair):
    source, target = pair
    for customer in pair:
        conversation = customer.conversations.get()
        ChatRead.objects.mark(person_id=owner.id, conversation_id=conversation.pk, until=clock.now())
    done = make_one(owner, source, target)
    assert ChatRead.objects.count() == 1
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert ChatRead.objects.get().conversation.customer_id == target.pk


def test_notes_follow_the_chat_and_come_back(owner, pair):
    source, target = pair
    for customer in pair:
        conversation = customer.conversations.get()
        Note.objects.create(user=owner.user, conversation=conversation, author=owner.user, text=str(customer.pk))
    done = make_one(owner, source, target)
    assert {note.conversation_id for note in Note.objects.all()} == {Conversation.objects.get().pk}
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert {note.text: str(note.conversation.customer_id) for note in Note.objects.all()} == {
        str(customer.pk): str(customer.pk) for customer in pair
    }


def test_deleted_conversations_stay_deleted(owner, pair):
    source, target = pair
    lead = Lead.objects.get(conversation__customer=source)
    delete_lead(user_id=owner.id, lead_id=lead.pk, person_id=owner.id)
    before = dump()
    done = make_one(owner, source, target)
    assert Conversation.objects.count() == 1
    assert Conversation.all_objects.exclude(deleted_at=None).get().customer_id == target.pk
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert dump() == before
