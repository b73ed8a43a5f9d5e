"""What is delivered late of erased people: nothing of it is stored, and what they write afterwards is."""

from datetime import timedelta
from itertools import chain

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from conversations.erasing.marks import Identifier
from conversations.models import ErasedMark, Message, ParkedStatus
from leadsite.core import clock
from tests.cases import each_case
from tests.factories import make_business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox, deliver
from tests.whatsapp.webhook_client import deliver as post_signed
from tests.whatsapp.webhook_client import provider_client
from whatsapp.channels import connect_channel
from whatsapp.inbound.ingest import MAX_ATTEMPTS
from whatsapp.inbound.replay import replay_due
from whatsapp.models import Channel, WebhookDelivery

pytestmark = pytest.mark.django_db
PHONE = f"+{meta.SHEENA}"
SECRET = "secret of both"


@pytest.fixture
def erased(inbox):
    """An inbox that has erased the person with Sheena's number and id, and the message wamid.erased."""
    identifiers = [("phone", PHONE), ("user id", meta.SHEENA_ID), ("message", "wamid.erased")]
    ErasedMark.objects.store(
        [Identifier(inbox.business.id, kind, value) for kind, value in identifiers], erased_at=clock.now()
    )
    return inbox


def seconds(**ago):
    return int((clock.now() - timedelta(**ago)).timestamp())


LATE = [
    {"messages": [meta.text("My secret")], "contacts": [meta.contact()]},
    {"messages": [meta.text("My secret", from_=None, from_user_id=meta.SHEENA_ID)]},
    {"messages": [meta.text("My secret", from_="16505550000", id="wamid.erased", timestamp=4_000_000_000)]},
    {"statuses": [meta.status(id="wamid.erased")]},
]


@pytest.mark.parametrize("late", LATE, ids=["number", "user id", "message", "status"])
def test_nothing_of_an_old_delivery_is_stored(erased, late):
    late = dict(late)
    erased.gets(*late.pop("messages", ()), **late)
    assert erased.counts() == (0, 0, 0, 0)
    assert not ParkedStatus.objects.exists()
    kept = bytes(WebhookDelivery.objects.get().body).decode()
    assert [trace for trace in (meta.SHEENA, meta.SHEENA_ID, "secret", "wamid", "16505550000") if trace in kept] == []


def test_others_in_the_same_delivery_are_stored(erased):
    erased.gets(meta.text("My secret"), meta.text("Hello", from_="447700900123", id="wamid.other"))
    assert erased.counts() == (1, 1, 1, 1)
    assert b"secret" not in bytes(WebhookDelivery.objects.get().body)


def test_what_the_person_writes_afterwards_begins_a_new_customer(erased):
    erased.gets(meta.text("Hello again", timestamp=seconds(seconds=-2)), contacts=[meta.contact()])
    assert erased.counts() == (1, 1, 1, 1)
    assert erased.customers[0].phone == PHONE


def test_another_business_is_not_concerned(erased, stranger):
    erased.gets()
    assert ErasedMark.objects.newest([stranger.id]) is None
    assert ErasedMark.objects.times([Identifier(stranger.id, "phone", PHONE)]) == {}


@each_case("message", [meta.text("My secret"), meta.text("Stored", from_="447700900123", id="wamid.stored")])
def test_another_business_gets_its_part_where_nothing_is_new_for_the_one_that_has_erased(erased, stranger, message):
    erased.gets(meta.text("Stored", from_="447700900123", id="wamid.stored"))
    theirs = Inbox(stranger, channel="999")
    other = meta.messages_value("999", messages=[meta.text("Hello", id="wamid.other")])
    deliver(meta.messages_value(erased.channel, messages=[message]), other)
    assert (erased.counts(), theirs.counts()) == ((1, 1, 1, 1), (1, 1, 1, 1))


@pytest.fixture
def undecided(erased, stranger):
    """A delivery for two numbers of one secret, that of the stranger's not readable, with a late message in it."""
    connect_channel(user_id=erased.business.id, phone_number_id=erased.channel, app_secret=SECRET)
    connect_channel(user_id=stranger.id, phone_number_id="1002", app_secret=SECRET)
    channel = Channel.objects.filter(phone_number_id="1002")
    encrypted = channel.get().encrypted_app_secret
    channel.update(encrypted_app_secret="of another key")
    late = meta.messages_value(erased.channel, messages=[meta.text("My secret")], contacts=[meta.contact()])
    body = meta.body(late, meta.messages_value("1002", messages=[meta.text("Hello", id="wamid.other")]))
    assert post_signed(provider_client(), body, secret=SECRET).status_code == 200
    return lambda: channel.update(encrypted_app_secret=encrypted)


def try_again():
    WebhookDelivery.objects.update(next_attempt_at=Now())
    return dict(replay_due())


def test_a_part_whose_secret_is_readable_later_is_stored_beside_the_part_of_an_erased_person(undecided):
    assert try_again() == {"failed": 1}
    undecided()
    assert try_again() == {"processed": 1}
    assert [message.content for message in Message.objects.all()] == ["Hello"]
    delivery = WebhookDelivery.objects.get()
    assert delivery.error == ""
    assert (b"My secret" in bytes(delivery.body), b"Hello" in bytes(delivery.body)) == (False, True)


def test_of_a_part_whose_secret_stays_unreadable_the_erased_person_is_taken_out_in_the_end(undecided):
    WebhookDelivery.objects.update(attempts=MAX_ATTEMPTS - 1)
    assert try_again() == {"failed": 1}
    delivery = WebhookDelivery.objects.get()
    assert (delivery.next_attempt_at, b"My secret" in bytes(delivery.body)) == (None, False)


def test_a_late_change_of_number_leaves_nothing(erased):
    erased.gets(meta.message("system", {"type": "user_changed_number", "body": "x", "wa_id": "16505559999"}))
    assert erased.counts() == (0, 0, 0, 0)
    assert list(chain(erased.customers)) == []


def test_many_changes_for_many_businesses_take_as_many_statements_as_two():
    counts = []
    for size in (2, 12):
        numbers = [f"{size}{n:03}" for n in range(size)]
        for number in numbers:
            business = make_business(email=f"b{number}@example.com", name="B")
            connect_channel(user_id=business.id, phone_number_id=number)
            ErasedMark.objects.store([Identifier(business.id, "phone", PHONE)], erased_at=clock.now())
        values = [
            meta.messages_value(number, [meta.text(text, from_=of, id=f"wamid.{number}{of}")])
            for number in numbers
            for of, text in ((meta.SHEENA, "My secret"), ("447700900123", "Ask +1 650 555 1234"))
        ]
        with CaptureQueriesContext(connection) as queries:
            deliver(*values)
        counts.append(len(queries))
    kept = [bytes(row.body).decode() for row in WebhookDelivery.objects.all()]
    assert [trace for trace in ("secret", "650 555 1234") if trace in "".join(kept)] == []
    assert [body.count("447700900123") for body in kept] == [2 * 2, 12 * 2]
    assert counts[0] == counts[1]
