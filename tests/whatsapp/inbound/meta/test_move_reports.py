"""Changes of numbers and ids, as Meta reports them."""

import pytest

from conversations.incoming import MoveEvent, Opens, Sender
from tests.whatsapp import meta


def read_field(field, value):
    return meta.reading(meta.body(meta.change(field, value)))


def summary(event):
    return event.direction, event.status, event.opens, event.content


def notice(from_=meta.SHEENA, **system):
    return meta.message("system", {"body": "Sheena changed"} | system, from_=from_)


def sender(phone=None, whatsapp_user_id=None):
    return Sender(phone=phone, whatsapp_user_id=whatsapp_user_id)


OLD, NEW = "+16505551234", "+12195555358"


@pytest.mark.parametrize(
    ("message", "former", "now"),
    [
        (notice(type="user_changed_number", wa_id="12195555358"), sender(OLD), sender(NEW)),
        (notice(type="customer_changed_number", new_wa_id="12195555358"), sender(OLD), sender(NEW)),
        (notice(None, type="user_changed_number", customer=meta.SHEENA, wa_id="12195555358"), sender(OLD), sender(NEW)),
        (
            notice(type="user_changed_number", wa_id="12195555358", user_id="US.2", previous_user_id="US.1"),
            sender(OLD, "US.1"),
            sender(NEW, "US.2"),
        ),
        (notice(type="user_changed_number", user_id="US.2"), sender(OLD), sender(None, "US.2")),
        (
            notice(None, type="user_changed_user_id", user_id="US.2", previous_user_id="US.1"),
            sender(None, "US.1"),
            sender(None, "US.2"),
        ),
        (
            notice(type="user_changed_user_id", user_id="US.2", previous_user_id="US.1"),
            sender(OLD, "US.1"),
            sender(OLD, "US.2"),
        ),
        (notice(type="new", user_id="US.2", previous_user_id="US.1"), sender(OLD, "US.1"), sender(None, "US.2")),
    ],
)
def test_a_notice_of_a_change_is_a_message_and_a_move(message, former, now):
    event, move = read_field("messages", meta.messages_value(messages=[message])).events
    assert (summary(event), event.kind) == (("in", "received", Opens.NOTHING, "Sheena changed"), "system")
    assert event.customer == former
    assert move == MoveEvent(channel=meta.CHANNEL, former=former, now=now, provider_time=event.provider_time)


@pytest.mark.parametrize(
    "system",
    [
        {"type": "customer_identity_changed", "wa_id": "12195555358", "user_id": "US.2", "previous_user_id": "US.1"},
        {"type": "user_changed_number"},
        {"type": "user_changed_number", "wa_id": meta.SHEENA},
        {"type": "user_changed_number", "wa_id": meta.SHEENA, "user_id": "US.1"},
        {"type": "user_changed_user_id", "user_id": "US.1"},
        {"type": "user_changed_user_id", "user_id": "US.1", "previous_user_id": "US.1"},
        {"type": [], "wa_id": {}, "user_id": 1.5},
    ],
)
def test_a_notice_without_a_change_is_not_a_move(system):
    (event,) = read_field("messages", meta.messages_value(messages=[notice(**system)])).events
    assert event.opens == Opens.NOTHING


def test_the_contact_of_a_notice_does_not_identify_the_former_customer():
    value = meta.messages_value(
        messages=[notice(type="user_changed_user_id", user_id="US.2", previous_user_id="US.1")],
        contacts=[meta.contact(user_id="US.2")],
    )
    assert read_field("messages", value).events[0].customer == sender(OLD, "US.1")


def test_a_notice_without_a_former_customer_is_about_the_contact():
    value = meta.messages_value(messages=[notice(None)], contacts=[meta.contact()])
    assert read_field("messages", value).events[0].customer.name == "Sheena Nelson"
    assert len(read_field("messages", meta.messages_value(messages=[notice(None)])).rejected) == 1


def test_the_withdrawn_field_of_changed_user_ids_is_still_read():
    good = {"wa_id": meta.SHEENA, "user_id": {"previous": "US.1", "current": "US.2"}, "timestamp": str(meta.NOON)}
    reading = read_field("user_id_update", meta.value(user_id_update=[good, {"user_id": "US.2"}, {}]))
    (move,) = reading.events
    assert (move.former, move.now, reading.notes) == (sender(OLD, "US.1"), sender(OLD, "US.2"), [])
