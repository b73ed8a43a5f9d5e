"""Two customers are made one, and become two again; nothing is lost either way."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection

from conversations.marketing import MarketingChoice
from conversations.models import Conversation, Customer, CustomerMove, Message
from leads.merging.services import MergeRefused, forget_merges, merge, undo_merge
from leads.models import CustomerMerge, Lead
from leads.services.delete import delete_lead
from leadsite.core import clock
from leadsite.inbox.models import ChatRead
from leadsite.privacy.erasing import erase_customer
from leadsite.privacy.exporting import export_customer
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

pytestmark = pytest.mark.django_db
TABLES = ("customers", "conversations", "leads", "messages", "customer_moves", "import_changes")
MOVING = {"updated_at", "version", "waiting_since"}


def customer_of(lead):
    return Customer.objects.get(conversations__leads=lead.lead_id)


def message(conversation_id, **fields):
    values = {"direction": "in", "status": "received", "content": "Hi", "address": ""}
    user_id = Conversation.all_objects.get(pk=conversation_id).user_id
    return Message.objects.create(user_id=user_id, conversation_id=conversation_id, **values | fields)


def dump():
    """Each row of each table without what each write changes."""
    rows = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY id")
            rows[table] = [
                {name: value for name, value in json.loads(row).items() if name not in MOVING}
                for (row,) in cursor.fetchall()
            ]
    return rows


@pytest.fixture
def pair(owner):
    """The source with a chat, a lead with external id and a deleted lead; the target with a chat of its own."""
    first = owner.has_lead(customer_name="Ana", external_id="crm-1", details="Cake")
    gone = owner.has_lead(customer_name="Ana", customer_phone=customer_of(first).phone, details="Old")
    second = owner.has_lead(customer_name="?", details="Bread")
    Customer.objects.filter(name="?").update(name="")
    message(first.conversation_id, content="from Ana", provider_id="wamid.A")
    message(second.conversation_id, content="from nobody", provider_id="wamid.B")
    delete_lead(user_id=owner.id, lead_id=gone.lead_id, person_id=owner.id)
    return customer_of(first), customer_of(second)


def make_one(owner, source, target):
    return merge(user_id=owner.id, source_id=source.pk, target_id=target.pk, person_id=owner.id)


def test_all_leads_and_messages_are_the_one_customers_in_one_active_conversation(owner, pair):
    source, target = pair
    done = make_one(owner, source, target)
    assert [customer.pk for customer in Customer.objects.all()] == [target.pk]
    (conversation,) = Conversation.all_objects.all()
    assert (conversation.status, conversation.customer_id) == ("active", target.pk)
    assert {lead.conversation_id for lead in Lead.all_objects.all()} == {conversation.pk}
    assert Lead.objects.get(external_id="crm-1").details == "Cake"
    assert Lead.all_objects.exclude(deleted_at=None).get().details == "Old"
    assert set(Message.objects.values_list("provider_id", flat=True)) == {"wamid.A", "wamid.B"}
    target.refresh_from_db()
    assert target.name == "Ana"
    assert (done.former_phone, done.source_id, done.target_id) == (source.phone, source.pk, target.pk)


def test_the_undo_gives_everything_back(owner, pair):
    before = dump()
    done = make_one(owner, *pair)
    assert dump() != before
    assert undo_merge(user_id=owner.id, merge_id=done.pk) == pair[0].pk
    assert dump() == before
    waiting = Conversation.objects.filter(waiting_since__isnull=False).count()
    assert waiting == 2


@each_case("statuses", [("active", "completed"), ("completed", "active"), ("completed", "archived")])
def test_conversations_that_are_not_both_active_stay_apart_and_go_back(statuses, owner, pair):
    for customer, status in zip(pair, statuses, strict=True):
        customer.conversations.update(status=status)
    before = dump()
    done = make_one(owner, *pair)
    assert sorted(Conversation.objects.values_list("status", flat=True)) == sorted(statuses)
    assert set(Conversation.objects.values_list("customer_id", flat=True)) == {pair[1].pk}
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert dump() == before


def test_a_customer_without_number_gets_it_and_gives_it_back(owner, pair):
    source, target = pair
    Customer.objects.filter(pk=target.pk).update(phone=None, whatsapp_user_id="MX.1")
    before = dump()
    done = make_one(owner, source, target)
    target.refresh_from_db()
    assert (target.phone, target.whatsapp_user_id) == (source.phone, "MX.1")
    assert not CustomerMove.objects.exists()
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert dump() == before


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


def test_an_opt_out_is_kept_and_comes_back(owner, pair):
    at = clock.now() - timedelta(days=3)
    Customer.objects.write_marketing_choices({pair[0].pk: MarketingChoice(at, True)})
    before = dump()
    done = make_one(owner, *pair)
    assert Customer.objects.get().marketing_opted_out_at == at
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert dump() == before


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


def test_after_a_day_there_is_no_undo_and_nothing_is_remembered(owner, pair):
    done = make_one(owner, *pair)
    assert forget_merges() == 0
    CustomerMerge.objects.update(created_at=clock.now() - timedelta(hours=25))
    with pytest.raises(MergeRefused, match="for a day"):
        undo_merge(user_id=owner.id, merge_id=done.pk)
    assert forget_merges() == 1
    assert CustomerMerge.objects.get().moved is None


def test_other_businesses_and_one_customer_are_refused(owner, stranger, pair):
    theirs = customer_of(stranger.has_lead())
    for source, target in ((pair[0], pair[0]), (pair[0], theirs), (theirs, pair[0])):
        with pytest.raises(MergeRefused):
            make_one(owner, source, target)
    done = make_one(owner, *pair)
    with pytest.raises(MergeRefused):
        undo_merge(user_id=stranger.id, merge_id=done.pk)
    with pytest.raises(MergeRefused):
        make_one(owner, *pair)


def test_rows_of_other_tables_follow_and_come_back(owner, pair):
    source, target = pair
    for customer in pair:
        conversation = customer.conversations.get()
        ChatRead.objects.mark(person_id=owner.id, conversation_id=conversation.pk, until=clock.now())
    done = make_one(owner, source, target)
    assert ChatRead.objects.count() == 1
    undo_merge(user_id=owner.id, merge_id=done.pk)
    assert ChatRead.objects.get().conversation.customer_id == target.pk


def test_the_merged_person_is_exported_and_erased_with_both_numbers(owner, pair):
    source, target = pair
    make_one(owner, source, target)
    exported = export_customer(Customer.objects.get())
    assert exported["merges"][0]["former_phone"] == source.phone
    assert set(exported["identifiers"]["phones"]) == {source.phone, target.phone}
    erase_customer(user_id=owner.id, customer_id=target.pk)
    assert not CustomerMerge.objects.exists()
    with pytest.raises(ObjectDoesNotExist):
        Customer.objects.get()
