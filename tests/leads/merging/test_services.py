"""Two customers are made one, and become two again; nothing is lost either way."""

from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist

from conversations.models import Conversation, Customer, CustomerMove, Message
from leads.merging.services import MergeRefused, forget_merges, undo_merge
from leads.models import CustomerMerge, Lead
from leadsite.core import clock
from leadsite.privacy.erasing import erase_customer
from leadsite.privacy.exporting import export_customer
from tests.cases import each_case
from tests.leads.merging.pairs import customer_of, dump, make_one

pytestmark = pytest.mark.django_db


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
    done.refresh_from_db()
    assert (done.former_name, done.former_phone, done.moved) == ("", None, None)


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
