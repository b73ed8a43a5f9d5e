"""Messages other than plain inbound ones: groups, standby, echoes and history."""

import pytest

from conversations.incoming import Opens, Sender
from tests.whatsapp import meta

SHEENA = Sender(phone="+16505551234", whatsapp_user_id=None)
ITEM = "entry[0].changes[0].value"


def read_field(field, value):
    return meta.reading(meta.body(meta.change(field, value)))


def summary(event):
    return event.direction, event.status, event.opens, event.content


def test_a_group_message_opens_no_lead():
    (event,) = read_field("messages", meta.messages_value(messages=[meta.text(group_id="G")])).events
    assert (event.opens, event.customer) == (Opens.CONVERSATION, SHEENA)


def test_standby_has_leads_echoes_and_statuses_one_level_deeper():
    inner = {"messages": [meta.text("Hi")], "message_echoes": [meta.echo("Yes?")], "statuses": [meta.status()]}
    reading = read_field("standby", meta.value(standby=inner, contacts=[meta.contact()]))
    message, status, echo = reading.events
    assert summary(message) == ("in", "received", Opens.LEAD, "Hi")
    assert summary(echo) == ("out", "sent", Opens.CONVERSATION, "Yes?")
    assert (message.extras, echo.extras) == ({"standby": True}, {"standby": True, "echo": True})
    assert (message.customer.name, status.status, reading.notes) == ("Sheena Nelson", "delivered", [])


def test_standby_is_also_read_flat_and_with_its_own_metadata():
    flat = meta.messages_value(messages=[meta.text()])
    assert read_field("standby", flat).events[0].extras == {"standby": True}
    assert read_field("standby", {"standby": flat, "metadata": None}).events[0].channel == meta.CHANNEL
    assert read_field("standby", meta.value(standby="x")).rejected == [f"{ITEM}.standby: is not a list"]


@pytest.mark.parametrize("field", ["smb_message_echoes", "message_echoes"])
def test_an_echo_is_an_outgoing_message_to_its_recipient(field):
    echoes = [meta.echo("Hi"), meta.echo(to=None, to_user_id=meta.SHEENA_ID), meta.echo(to=None)]
    reading = read_field(field, meta.value(message_echoes=echoes, contacts=[meta.contact(user_id=meta.SHEENA_ID)]))
    both = Sender(phone="+16505551234", whatsapp_user_id=meta.SHEENA_ID, name="Sheena Nelson")
    assert [event.customer for event in reading.events] == [both, both]
    assert summary(reading.events[0]) == ("out", "sent", Opens.CONVERSATION, "Hi")
    assert reading.events[0].extras == {"echo": True}
    assert reading.rejected == [f"{ITEM}.message_echoes[2]: has neither the number nor the user id of a customer"]


def history(*messages, thread=meta.SHEENA, **more):
    return meta.value(
        history=[{"metadata": {"phase": 0}, "threads": [{"id": thread, "messages": list(messages)} | more]}]
    )


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        *(("READ", "read"), ("DELIVERED", "delivered"), ("SENT", "sent"), ("PLAYED", "played"), ("read", "read")),
        *(("ERROR", "sent"), ("PENDING", "sent"), (None, "sent"), ([], "sent")),
    ],
)
def test_an_old_message_of_the_business_keeps_its_status(shown, status):
    context = {"status": shown}
    (event,) = read_field("history", history(meta.text("x", from_=meta.BUSINESS, history_context=context))).events
    assert (summary(event), event.customer) == (("out", status, Opens.CONVERSATION, "x"), SHEENA)
    assert event.extras == {"history": True, "history_context": context}


@pytest.mark.parametrize(
    ("thread", "sender", "direction"),
    [
        ("16505551234", {"from_": "16505551234"}, "in"),
        ("5511987654321", {"from_": "551187654321"}, "in"),
        ("16505551234", {"from_": "16505550000"}, "out"),
        ("16505551234", {"from_": None}, "out"),
        ("16505551234", {"from_": None, "from_user_id": "US.1"}, "in"),
        ("US.1", {"from_": "US.1"}, "in"),
        ("US.1", {"from_": meta.BUSINESS}, "out"),
        (None, {"from_": meta.SHEENA}, "in"),
        (None, {"from_": meta.BUSINESS, "to": meta.SHEENA}, "out"),
    ],
)
def test_the_direction_of_an_old_message_follows_from_its_thread(thread, sender, direction):
    (event,) = read_field("history", history(meta.text(**sender), thread=thread)).events
    assert (event.direction, event.opens) == (direction, Opens.CONVERSATION)


def test_a_thread_may_have_more_identifiers_of_its_customer():
    value = history(meta.text(from_=meta.BUSINESS), context={"wa_id": meta.SHEENA, "user_id": "US.1"})
    assert read_field("history", value).events[0].customer.whatsapp_user_id == "US.1"


def test_media_of_old_messages_are_read_from_messages():
    messages = [meta.message("image", {"id": "1"}), meta.message("image", {"id": "2"}, from_=meta.BUSINESS)]
    reading = read_field("history", meta.messages_value(messages=messages))
    assert [summary(event)[:3] for event in reading.events] == [("in", "received", Opens.CONVERSATION)]
    assert reading.rejected == [f"{ITEM}.messages[1]: has neither the number nor the user id of a customer"]


def test_a_business_that_does_not_share_its_history_is_noted():
    value = meta.value(history=[{"errors": [meta.error(2593109, "History sharing is turned off")]}])
    assert read_field("history", value).notes == ["Meta reports: 2593109 History sharing is turned off"]
