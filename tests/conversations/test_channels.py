"""By which number of the business a message came in and goes out: in the API, the thread and events."""

import pytest

from conversations.admin.thread_entries import read_thread
from conversations.models import Conversation, Message
from tests.leadsite.webhooks.integrator import Integrator
from tests.leadsite.webhooks.receiver import Receiver
from tests.staff import address, staff_of
from tests.whatsapp import meta
from tests.whatsapp.graph import Graph
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, NEW_TOKEN, Mailing
from whatsapp.models import Channel

SHOWN = "+49 30 5550100"


@pytest.fixture
def shop(owner) -> Mailing:
    """The owner's number at Meta, which staff have given its display number."""
    shop = Mailing(owner, Graph())
    Channel.objects.filter(pk=shop.channel.pk).update(display_number=SHOWN)
    return shop


@pytest.fixture
def twilio(owner) -> Mailing:
    return Mailing(owner, Graph(), number="+14155238886", token=NEW_TOKEN)


def of(row: Channel, display_number: str | None, name: str) -> dict[str, str | None]:
    return {"id": str(row.pk), "display_number": display_number, "name": name, "provider": row.provider}


def test_messages_in_and_out_name_their_number(shop, twilio, owner):
    Inbox(owner).gets(meta.text("Hello", from_=AMINA[1:]))
    shop.post(to=AMINA, message="Good morning")
    Message.objects.filter(direction="out").update(channel_id=twilio.channel.pk)
    conversation = Conversation.objects.get()
    answers = owner.client.get(f"/api/conversations/{conversation.pk}/messages").json()["results"]
    expected = [of(twilio.channel, None, "+14155238886"), of(shop.channel, SHOWN, SHOWN)]
    assert [answer["channel"] for answer in answers] == expected
    assert owner.client.get(f"/api/messages/{answers[1]['id']}").json()["channel"] == expected[1]


def test_a_message_through_no_number_or_a_deleted_one_or_that_of_another_business_names_none(shop, owner, stranger):
    shop.writes()
    other = Mailing(stranger, shop.graph, number="222")
    for channel_id in (None, other.channel.pk, owner.id):
        Message.objects.update(channel_id=channel_id)
        assert owner.client.get(f"/api/messages/{Message.objects.get().pk}").json()["channel"] is None


def test_the_event_is_the_same_as_the_api(shop, owner, settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    integrator = Integrator(owner, Receiver(address="http://127.0.0.1:9"))
    Inbox(owner).gets(meta.text("Hello"))
    told = next(row for row in integrator.rows() if row.type == "message.received")
    assert told.payload["data"]["channel"] == of(shop.channel, SHOWN, SHOWN)


def test_the_thread_names_the_number_wherever_it_changes(shop, twilio, owner):
    Inbox(owner).gets(meta.text("Hello"), meta.text("Anyone?", timestamp=meta.NOON + 1))
    Inbox(owner, channel="222").gets(meta.text("And here?", timestamp=meta.NOON + 2))
    conversation = Conversation.objects.get()
    assert [entry.number for entry in read_thread(conversation).entries] == [SHOWN, "", f"+{meta.BUSINESS}"]
    person = staff_of(owner)
    assert f"to <bdi>{SHOWN}</bdi>" in person.get(address("change", conversation)).content.decode()
    assert SHOWN in person.get(address("change", Message.objects.get(content="Hello"))).content.decode()
