"""The undo of a merge: what has arrived or changed meanwhile."""

from datetime import timedelta

import pytest

from conversations.marketing import MarketingChoice
from conversations.models import Conversation, Customer, Label, Message, Note
from conversations.services.change import change_conversation
from leads.merging.services import MergeRefused, undo_merge
from leads.models import Lead
from leadsite.core import clock
from tests.cases import each_case
from tests.leads.merging.pairs import customer_of, dump, make_one, message
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message

pytestmark = pytest.mark.django_db


def test_messages_that_arrived_meanwhile_go_with_the_number_they_came_from(owner, pair):
    source, target = pair
    done = make_one(owner, source, target)
    (conversation,) = Conversation.objects.all()
    theirs = message(conversation.pk, content="new", address=source.phone[1:], provider_id="wamid.C")
    others = message(conversation.pk, content="new", address=target.phone[1:], provider_id="wamid.D")
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert Message.objects.get(pk=theirs.pk).conversation.customer_id == source.pk
    assert Message.objects.get(pk=others.pk).conversation.customer_id == target.pk
    assert Message.objects.count() == 4


@each_case("writer", ["source", "target"])
def test_a_lead_that_a_message_began_meanwhile_belongs_to_who_wrote_it(writer, owner):
    phones = {"source": f"+{meta.SHEENA}", "target": "+4915123440001"}
    for phone in phones.values():
        send_message(user_id=owner.id, to=Recipient(phone=phone), message=MessageContent(content="Still interested?"))
    source, target = (Customer.objects.get(phone=phone) for phone in phones.values())
    done = make_one(owner, source, target)
    # What was written before the merge finds the customer who stays, and the chat has no lead yet.
    from_ = phones[writer][1:]
    Inbox(owner).gets(meta.text("Yes", id="wamid.1", from_=from_), contacts=[meta.contact(wa_id=from_)])
    assert Lead.objects.get().conversation.customer_id == target.pk
    undo_merge(user_id=owner.id, merge_id=done.pk)
    lead = Lead.objects.get()
    assert lead.conversation.customer_id == {"source": source, "target": target}[writer].pk
    assert lead.first_message is not None
    assert lead.first_message.conversation_id == lead.conversation_id


def test_what_was_changed_since_stays(owner, pair):
    done = make_one(owner, *pair)
    Customer.objects.update(name="Ana Maria")
    Conversation.objects.update(assigned_to=owner.user)
    undo_merge(user_id=owner.id, merge_id=done.pk)
    target = Customer.objects.get(pk=pair[1].pk)
    assert target.name == "Ana Maria"
    assert target.conversations.get().assigned_to_id == owner.id
    assert Customer.objects.get(pk=pair[0].pk).name == "Ana"


def test_a_message_from_before_the_merge_finds_the_customer_and_a_later_one_begins_a_new_one(owner):
    inbox = Inbox(owner)
    inbox.gets(meta.text("one", id="wamid.1"), contacts=[meta.contact()])
    (writer,) = Customer.objects.all()
    other = customer_of(owner.has_lead(customer_name="Sheena"))
    done = make_one(owner, writer, other)
    inbox.gets(meta.text("two", id="wamid.2", timestamp=meta.NOON + 1))
    assert Message.objects.get(provider_id="wamid.2").conversation.customer_id == other.pk
    later = int(clock.now().timestamp()) + 60
    inbox.gets(meta.text("three", id="wamid.3", timestamp=later))
    began = Message.objects.get(provider_id="wamid.3").conversation.customer
    assert (began.phone, began.pk == other.pk) == (writer.phone, False)
    home = undo_merge(user_id=owner.id, merge_id=done.pk)
    assert home == began.pk
    assert Message.objects.filter(conversation__customer_id=home).count() == 3
    assert Conversation.objects.filter(customer_id=home, status="active").count() == 1
    assert Customer.objects.count() == 2


def test_three_become_one_and_three_again(owner, pair):
    third = customer_of(owner.has_lead(customer_name="Ana"))
    before = dump()
    first = make_one(owner, *pair)
    second = make_one(owner, pair[1], third)
    assert Customer.objects.count() == 1
    with pytest.raises(MergeRefused, match="Undo that first"):
        undo_merge(user_id=owner.id, merge_id=first.pk)
    undo_merge(user_id=owner.id, merge_id=second.pk)
    undo_merge(user_id=owner.id, merge_id=first.pk)
    assert dump() == before
    with pytest.raises(MergeRefused, match="undone already"):
        undo_merge(user_id=owner.id, merge_id=first.pk)


def test_an_opt_out_is_kept_and_comes_back(owner, pair):
    at = clock.now() - timedelta(days=3)
    Customer.objects.write_marketing_choices({pair[0].pk: MarketingChoice(at, True)})
    before = dump()
    done = make_one(owner, *pair)
    assert Customer.objects.get().marketing_opted_out_at == at
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert dump() == before


def test_notes_labels_and_reminders_follow_and_go_back(owner, pair):
    source, target = pair
    (theirs,) = Conversation.objects.filter(customer=source)
    labels = [Label.objects.create(user=owner.user, name=name).pk for name in ("One", "Two")]
    until = clock.now() + timedelta(days=1)
    Conversation.objects.filter(customer=source).update(label_ids=labels[:1], snoozed_until=until)
    Conversation.objects.filter(customer=target).update(label_ids=labels[1:])
    Note.objects.create(user=owner.user, conversation=theirs, author=owner.user, text="Allergic to nuts")
    done = make_one(owner, source, target)
    (joined,) = Conversation.objects.all()
    assert (joined.label_ids, joined.snoozed_until, joined.notes.count()) == (sorted(labels), until, 1)
    undo_merge(user_id=owner.id, merge_id=done.pk)
    back = Conversation.objects.get(customer=source)
    assert (back.label_ids, back.snoozed_until, back.notes.count()) == (labels[:1], until, 1)
    stayed = Conversation.objects.get(customer=target)
    assert (stayed.label_ids, stayed.snoozed_until, stayed.notes.count()) == (labels[1:], None, 0)


@each_case("waits", [True, False])
def test_the_chat_that_stays_has_its_own_reminder_again(waits, owner, pair):
    source, target = pair
    until = clock.now() + timedelta(days=2)
    Conversation.objects.filter(customer=source).update(snoozed_until=until - timedelta(days=1))
    Conversation.objects.filter(customer=target).update(snoozed_until=until)
    if waits:
        Conversation.objects.filter(customer=source).update(waiting_since=clock.now())
    done = make_one(owner, source, target)
    assert Conversation.objects.get().snoozed_until == (None if waits else until - timedelta(days=1))
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert Conversation.objects.get(customer=target).snoozed_until == until


def test_own_labels_and_a_reminder_that_were_changed_since_stay(owner, pair):
    source, target = pair
    one, two, three = (Label.objects.create(user=owner.user, name=name).pk for name in ("One", "Two", "Three"))
    until = clock.now() + timedelta(days=1)
    Conversation.objects.filter(customer=source).update(label_ids=[one], snoozed_until=until)
    Conversation.objects.filter(customer=target).update(label_ids=[two])
    done = make_one(owner, source, target)
    Conversation.objects.update(label_ids=[one, three], snoozed_until=until + timedelta(days=1))
    undo_merge(user_id=owner.id, merge_id=done.pk)
    stayed = Conversation.objects.get(customer=target)
    assert (stayed.label_ids, stayed.snoozed_until) == ([three], until + timedelta(days=1))


@each_case("direction, status, is_snoozed", [("in", "received", False), ("out", "sent", True)])
def test_the_own_reminder_is_over_where_the_customer_has_written_since(direction, status, is_snoozed, owner, pair):
    until = clock.now() + timedelta(days=1)
    Conversation.objects.filter(customer=pair[1]).update(snoozed_until=until)
    Conversation.objects.filter(customer=pair[0]).update(waiting_since=clock.now())
    done = make_one(owner, *pair)
    message(Conversation.objects.get().pk, direction=direction, status=status, address=pair[1].phone[1:])
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert Conversation.objects.get(customer=pair[1]).snoozed_until == (until if is_snoozed else None)


def test_a_chat_that_was_completed_since_is_not_snoozed_again(owner, pair):
    Conversation.objects.filter(customer=pair[1]).update(snoozed_until=clock.now() + timedelta(days=1))
    Conversation.objects.filter(customer=pair[0]).update(waiting_since=clock.now())
    done = make_one(owner, *pair)
    change_conversation(
        user_id=owner.id, conversation_id=Conversation.objects.get().pk, changes={"status": "completed"}
    )
    undo_merge(user_id=owner.id, merge_id=done.pk)
    stayed = Conversation.objects.get(customer=pair[1])
    assert (stayed.status, stayed.snoozed_until, stayed.handled_at is None) == ("completed", None, False)
