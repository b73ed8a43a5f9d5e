"""Statuses of outgoing messages: the highest status and the first error are kept, in any order."""

import itertools

import pytest

from conversations.models import Message, ParkedStatus
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox, deliver

SENT_FROM_THE_PHONE = "wamid.out"
STATES = ["sent", "delivered", "read", "played"]


@pytest.fixture
def sent(inbox):
    """A message that the business sent."""
    inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Hello", id=SENT_FROM_THE_PHONE)])
    return inbox


def status_of_the_message(state, **more):
    return meta.status(state, id=SENT_FROM_THE_PHONE, **more)


def failed(code=131049, *, timestamp=meta.NOON, title="Not delivered"):
    return status_of_the_message("failed", timestamp=timestamp, errors=[meta.error(code, title)])


def message():
    return Message.objects.get(provider_id=SENT_FROM_THE_PHONE)


@each_case("order", list(itertools.permutations(STATES)))
def test_the_highest_status_is_kept_in_any_order(sent, order):
    for state in order:
        sent.gets_statuses(status_of_the_message(state, timestamp=meta.NOON + STATES.index(state)))
    assert message().status == "played"
    assert sorted(message().extras["times"]) == sorted(STATES)


def test_statuses_in_one_delivery_are_applied_as_if_delivered_separately(sent):
    sent.gets_statuses(*[status_of_the_message(state) for state in reversed(STATES)])
    assert message().status == "played"


def test_a_failure_keeps_its_reason(sent):
    sent.gets_statuses(failed())
    assert message().status == "failed"
    assert message().error == "131049: Not delivered"


def test_sent_does_not_replace_a_failure_but_delivered_does(sent):
    sent.gets_statuses(failed())
    sent.gets_statuses(status_of_the_message("sent"))
    assert message().status == "failed"
    sent.gets_statuses(status_of_the_message("delivered"))
    assert (message().status, message().error) == ("delivered", "131049: Not delivered")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "reversed"])
@pytest.mark.parametrize("together", [True, False])
def test_the_first_error_is_kept(sent, order, together):
    errors = [failed(131000, timestamp=meta.NOON), failed(131026, timestamp=meta.NOON + 1)]
    chosen = [errors[n] for n in order]
    for statuses in [chosen] if together else [[one] for one in chosen]:
        sent.gets_statuses(*statuses)
    assert message().error.startswith("131000")


def test_a_status_before_its_message_is_parked(inbox):
    inbox.gets_statuses(status_of_the_message("read"))
    inbox.gets_statuses(failed())
    assert [(parked.status, parked.error) for parked in ParkedStatus.objects.all()] == [
        ("read", "131049: Not delivered")
    ]
    inbox.gets_change("smb_message_echoes", message_echoes=[meta.echo("Hello", id=SENT_FROM_THE_PHONE)])
    assert (message().status, message().error) == ("read", "131049: Not delivered")
    assert not ParkedStatus.objects.exists()


@pytest.mark.parametrize("status_first", [True, False])
def test_a_status_and_its_message_in_one_delivery_are_combined(inbox, status_first):
    echo = meta.change("smb_message_echoes", meta.value(message_echoes=[meta.echo("Hello", id=SENT_FROM_THE_PHONE)]))
    status = meta.messages_value(statuses=[status_of_the_message("delivered")])
    deliver(*((status, echo) if status_first else (echo, status)))
    assert message().status == "delivered"


def test_a_status_never_changes_a_customers_message(inbox):
    inbox.gets(meta.text("Hello", id="wamid.in"))
    inbox.gets_statuses(meta.status("read", id="wamid.in"))
    assert inbox.messages[0].status == "received"


def test_a_status_of_another_business_with_the_same_id_is_ignored(sent, stranger):
    Inbox(stranger, channel="222").gets_statuses(status_of_the_message("read"))
    assert message().status == "sent"


def test_an_unknown_status_is_noted_and_the_others_are_applied(sent):
    delivery = sent.gets_statuses(status_of_the_message("warning"), status_of_the_message("read"))
    assert delivery.state == "processed"
    assert "warning" in delivery.error
    assert message().status == "read"


def test_statuses_and_messages_in_one_delivery_are_both_stored(sent):
    sent.gets(meta.text("Thanks"), statuses=[status_of_the_message("read")])
    assert message().status == "read"
    assert sent.counts() == (1, 1, 1, 2)


def test_pricing_is_stored_with_the_message(sent):
    sent.gets_statuses(status_of_the_message("delivered", pricing={"billable": True, "category": "service"}))
    sent.gets_statuses(status_of_the_message("read"))
    assert message().extras["details"] == {"pricing": {"billable": True, "category": "service"}}
