from datetime import timedelta

from django.utils import timezone

from conversations.models import Conversation
from leadsite.inbox.models import PRESENT, TYPING, ChatPresence, ChatRead, Present
from tests.factories import Business

# Tests run in one transaction, whose now() is when it began.
MINUTE = timedelta(minutes=1)


def chat_of(business: Business) -> Conversation:
    return Conversation.objects.get(pk=business.has_lead().conversation_id)


def test_what_was_read_only_moves_forward(owner: Business):
    chat, now = chat_of(owner), timezone.now()
    for until in (now, now - timedelta(hours=1), now + timedelta(hours=1), now):
        ChatRead.objects.mark(person_id=owner.id, conversation_id=chat.pk, until=until)
    assert ChatRead.objects.get().read_until == now + timedelta(hours=1)


def test_reads_go_with_the_conversation(owner: Business):
    chat = chat_of(owner)
    ChatRead.objects.mark(person_id=owner.id, conversation_id=chat.pk, until=timezone.now())
    chat.leads.all().delete()
    Conversation.objects.filter(pk=chat.pk)._raw_delete("default")
    assert not ChatRead.objects.exists()


def test_others_who_look_at_a_chat_are_seen_until_they_leave_or_fall_silent(owner: Business, stranger: Business):
    chat = chat_of(owner)
    mine = {"person_id": owner.id, "conversation_id": chat.pk}
    theirs = {"person_id": stranger.id, "conversation_id": chat.pk}
    ChatPresence.objects.note(**mine, types=False)
    assert ChatPresence.objects.others(**mine) == []
    ChatPresence.objects.note(**theirs, types=True)
    assert ChatPresence.objects.others(**mine) == [Present(stranger.id, types=True)]
    rows = ChatPresence.objects.filter(person_id=stranger.id)
    rows.update(typing_at=timezone.now() - TYPING - MINUTE)
    assert ChatPresence.objects.others(**mine) == [Present(stranger.id, types=False)]
    rows.update(seen_at=timezone.now() - PRESENT - MINUTE)
    assert ChatPresence.objects.others(**mine) == []
    ChatPresence.objects.note(**theirs, types=False)
    ChatPresence.objects.forget(**theirs)
    assert ChatPresence.objects.others(**mine) == []


def test_a_persons_old_rows_are_deleted_by_the_next(owner: Business):
    old, new = chat_of(owner), chat_of(owner)
    ChatPresence.objects.note(person_id=owner.id, conversation_id=old.pk, types=False)
    ChatPresence.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    ChatPresence.objects.note(person_id=owner.id, conversation_id=new.pk, types=False)
    assert ChatPresence.objects.get().conversation_id == new.pk
