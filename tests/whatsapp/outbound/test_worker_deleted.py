"""What is queued in a conversation that is deleted is not sent; what was sent keeps getting its statuses."""

from uuid import UUID

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from leads.services.delete import delete_lead, restore_lead
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, Mailing, reloaded
from whatsapp.outbound.worker import DELETED


def delete_lead_of(mailing: Mailing) -> UUID:
    lead = Lead.objects.get()
    delete_lead(user_id=mailing.business.id, lead_id=lead.pk, person_id=None)
    return lead.pk


def test_it_fails_without_a_request_and_the_customer_waits(mailing: Mailing) -> None:
    Inbox(mailing.business).gets(meta.text("Open today?", from_=AMINA[1:]))
    queued = mailing.writes()
    lead_id = delete_lead_of(mailing)
    mailing.send_due()
    assert (reloaded(queued).status, queued.error, queued.due_at) == ("failed", DELETED, None)
    assert mailing.graph.ledger == []
    restore_lead(user_id=mailing.business.id, lead_id=lead_id)
    assert Conversation.objects.get().waiting_since is not None


def test_a_lead_that_is_restored_at_once_loses_nothing(mailing: Mailing) -> None:
    Inbox(mailing.business).gets(meta.text(from_=AMINA[1:]))
    queued = mailing.writes()
    restore_lead(user_id=mailing.business.id, lead_id=delete_lead_of(mailing))
    mailing.send_due()
    assert reloaded(queued).status == "sent"


def test_what_is_queued_in_the_new_conversation_is_sent(mailing: Mailing) -> None:
    Inbox(mailing.business).gets(meta.text(from_=AMINA[1:]))
    mailing.writes("Before")
    delete_lead_of(mailing)
    mailing.writes("After")
    for _ in range(2):
        mailing.send_all()
        Customer.objects.update(paced_until=None)
    assert mailing.states() == [("Before", "failed"), ("After", "sent")]
    assert Conversation.objects.count() == 1


def test_statuses_reach_messages_of_a_deleted_conversation(mailing: Mailing) -> None:
    inbox = Inbox(mailing.business)
    inbox.gets(meta.text(from_=AMINA[1:]))
    sent = mailing.writes()
    mailing.send_due()
    delete_lead_of(mailing)
    inbox.gets_statuses(meta.status("read", id=reloaded(sent).provider_id))
    assert Message.objects.get(pk=sent.pk).status == "read"
