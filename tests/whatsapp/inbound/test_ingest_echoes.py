"""Who said it: what the business wrote by other means, old threads, and echoes of what leadsite itself sent."""

from concurrent.futures import Future
from functools import partial
from uuid import UUID

import pytest
from django.db import OperationalError

from conversations.models import Message, ParkedStatus
from leadsite.core.transactions import sqlstate
from tests.factories import Business
from tests.sessions import deadlocks, processes
from tests.staff import address, staff_of
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox, deliver
from tests.whatsapp.mailing import AMINA, TOKEN
from whatsapp.channels import connect_channel
from whatsapp.outbound import queue
from whatsapp.outbound.enqueue import MessageContent, Recipient, send_message
from whatsapp.outbound.outcomes import Outgoing, Sent

TEXT = "Your order has left the oven."


def nested(**more):
    """An echo of standby: the recipient is inside."""
    inner = {"messaging_product": "whatsapp", "recipient_type": "individual", "type": "text", "text": {"body": TEXT}}
    return {"id": meta.wamid(), "timestamp": str(meta.NOON), "message": inner | more}


def threads(*messages, **thread):
    return meta.value(history=[{"threads": [{"id": meta.SHEENA, "messages": list(messages)} | thread]}])


ECHOES = {
    "nested in standby": meta.change("standby", meta.value(standby={"message_echoes": [nested(to=meta.SHEENA)]})),
    "flat in standby": meta.change("standby", meta.value(standby={"message_echoes": [meta.echo(TEXT)]})),
    "nested, not in standby": meta.change("smb_message_echoes", meta.value(message_echoes=[nested(to=meta.SHEENA)])),
    "under history": meta.change("history", meta.value(message_echoes=[meta.echo(TEXT)])),
    "in a chunk of history": meta.change("history", meta.value(history=[{"message_echoes": [meta.echo(TEXT)]}])),
    "under messages": meta.change("messages", meta.value(message_echoes=[meta.echo(TEXT)])),
    "under an unknown field": meta.change("new_field", meta.value(message_echoes=[meta.echo(TEXT)])),
    "as a message from the business": meta.change("messages", meta.value(messages=[meta.echo(TEXT)])),
}


def assert_ours(inbox: Inbox, *, wa_id: str = meta.SHEENA) -> None:
    (row,) = inbox.messages
    assert (row.direction, row.status, row.content, row.kind) == ("out", "sent", TEXT, "text")
    assert [customer.phone for customer in inbox.customers] == [f"+{wa_id}"]
    assert inbox.leads == []
    conversation = inbox.conversations[0]
    (shown,) = inbox.business.client.get(f"/api/conversations/{conversation.pk}/messages").json()["results"]
    assert (shown["direction"], shown["text"]) == ("out", TEXT)
    assert TEXT in staff_of(inbox.business).get(address("change", conversation)).content.decode()


@pytest.mark.parametrize("case", ECHOES)
def test_an_echo_is_an_outgoing_message_wherever_meta_puts_it(inbox, case):
    assert deliver(ECHOES[case]).state == "processed"
    assert_ours(inbox)


def test_an_echo_to_a_customer_without_number(inbox):
    inbox.gets_change("standby", standby={"message_echoes": [nested(recipient=meta.SHEENA_ID)]})
    assert [customer.whatsapp_user_id for customer in inbox.customers] == [meta.SHEENA_ID]
    assert inbox.messages[0].direction == "out"


@pytest.mark.parametrize("thread", [{}, {"context": {"wa_id": meta.SHEENA, "user_id": meta.SHEENA_ID}}, {"id": None}])
@pytest.mark.parametrize("from_", [meta.BUSINESS, f"+{meta.BUSINESS}", "+1 555-078-3881"])
def test_in_history_a_message_from_the_businesss_number_is_ours_whatever_the_user_id(inbox, thread, from_):
    ours = meta.text(TEXT, from_=from_, from_user_id=meta.SHEENA_ID, to=meta.SHEENA)
    assert deliver(meta.change("history", threads(ours, **thread))).state == "processed"
    assert_ours(inbox)


def test_in_history_a_message_with_the_customers_user_id_only_is_theirs(inbox):
    theirs = meta.text("When do you open?", from_=None, from_user_id=meta.SHEENA_ID)
    inbox.gets_change("history", history=threads(theirs)["history"])
    assert [row.direction for row in inbox.messages] == ["in"]


class TestEchoesOfOurMessages:
    """The echo arrives while the worker waits for the Graph API's answer."""

    @pytest.fixture
    def sending(self, owner: Business) -> Outgoing:
        Inbox(owner)
        connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
        queue_message(owner.id)
        (message,) = queue.claim(1)
        return message

    def test_with_our_id_it_is_our_row(self, owner, sending):
        receive_echo(sending, biz_opaque_callback_data=str(sending.id))
        row = Message.objects.get()
        assert (row.pk, row.status, row.provider_id) == (sending.id, "sent", f"wamid.{sending.id}")
        record_as_sent(sending)
        assert Message.objects.get().status == "sent"
        assert not ParkedStatus.objects.exists()

    def test_nested_with_our_id_it_is_our_row(self, owner, sending):
        echo = nested(to=AMINA[1:], biz_opaque_callback_data=str(sending.id))
        deliver_body(meta.change("standby", meta.value(standby={"message_echoes": [echo]})))
        assert Message.objects.get().pk == sending.id

    @pytest.mark.parametrize("state", ["delivered", "read", "failed"])
    def test_with_the_wamid_that_the_answer_has_it_becomes_our_row(self, owner, sending, state):
        receive_echo(sending)
        deliver_body(meta.messages_value(statuses=[meta.status(state, id=f"wamid.{sending.id}")]))
        assert Message.objects.count() == 2
        record_as_sent(sending)
        row = Message.objects.get()
        assert (row.pk, row.status, row.provider_id) == (sending.id, state, f"wamid.{sending.id}")
        assert {"sent", state} <= set(row.extras["times"])
        receive_echo(sending)
        assert Message.objects.count() == 1
        assert not ParkedStatus.objects.exists()

    def test_a_status_with_our_id_replaces_the_copy_where_the_answer_was_lost(self, owner, sending):
        receive_echo(sending)
        status = meta.status("read", id=f"wamid.{sending.id}", biz_opaque_callback_data=str(sending.id))
        deliver_body(meta.messages_value(statuses=[status]))
        row = Message.objects.get()
        assert (row.pk, row.status) == (sending.id, "read")

    def test_callback_data_of_others_names_no_row(self, owner, sending, stranger):
        for data in ("theirs", str(UUID(int=5))):
            echo = meta.echo("Other", to=AMINA[1:], biz_opaque_callback_data=data)
            deliver_body(meta.change("smb_message_echoes", meta.value(message_echoes=[echo])))
        assert Message.objects.count() == 3
        Inbox(stranger, channel="222")
        echo = meta.echo("Theirs", to=AMINA[1:], biz_opaque_callback_data=str(sending.id))
        deliver_body(meta.change("smb_message_echoes", meta.value("222", message_echoes=[echo])))
        assert Message.objects.filter(user=stranger.user).count() == 1
        assert Message.objects.get(pk=sending.id).provider_id is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("named", [True, False])
def test_answer_and_echo_at_the_same_moment_leave_one_row(owner: Business, named: bool) -> None:
    before = deadlocks()
    Inbox(owner)
    connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
    for number in range(40):
        queue_message(owner.id, to=f"+4915100000{number:03}")
    messages: list[Outgoing] = []
    while len(messages) < 40:
        messages += queue.claim(40)
    with processes(4) as pool:
        futures: list[Future[None]] = []
        for number, message in enumerate(messages):
            more = {"biz_opaque_callback_data": str(message.id)} if named else {}
            both = [pool.submit(record_as_sent, message), pool.submit(partial(receive_echo, message, **more))]
            futures += both if number % 2 else reversed(both)
        for future in futures:
            future.result()
    assert set(Message.objects.values_list("id", flat=True)) == {message.id for message in messages}
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}
    assert deadlocks() == before


def queue_message(user_id: UUID, to: str = AMINA) -> None:
    send_message(user_id=user_id, to=Recipient(phone=to), message=MessageContent(content=TEXT))


def deliver_body(*changes) -> None:
    webhook_client.receive(meta.body(*changes))


def receive_echo(message: Outgoing, **more) -> None:
    echo = meta.echo(TEXT, to=message.address[1:], id=f"wamid.{message.id}", **more)
    deliver_body(meta.change("smb_message_echoes", meta.value(message_echoes=[echo])))


def record_as_sent(message: Outgoing) -> None:
    """As the worker does: a record that another transaction is in the way of is repeated."""
    for _ in range(100):
        try:
            return queue.record([(message, Sent(f"wamid.{message.id}"))])
        except OperationalError as error:
            if sqlstate(error) != "55P03":
                raise
    raise AssertionError("the row stayed locked")
