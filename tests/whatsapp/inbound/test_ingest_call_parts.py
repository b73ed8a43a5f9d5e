"""Parts of calls that do not say what they are, or whose call it is."""

from itertools import permutations

import pytest

from conversations.models import Conversation
from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.inbound.test_ingest_calls import (
    CALL,
    COMPLETED,
    CONNECT,
    RECORDED,
    TRANSCRIBED,
    assert_it_says,
    outgoing,
    waiting,
)


def bare(part):
    return {key: found for key, found in part.items() if key not in ("from", "to", "direction", "recipient_id")}


BARE_STATUS = bare(meta.status("ACCEPTED", id=CALL, type="call"))


ORDERS = list(permutations([CONNECT, COMPLETED, bare(RECORDED), bare(TRANSCRIBED)]))


def check_parts_without_numbers(inbox, order):
    for part in order:
        deliveries = inbox.gets_change("calls", calls=[part])
        assert deliveries is None or not deliveries.error
    assert_it_says(inbox, "Call, 2 min, recorded\nTwo cakes, please")
    assert inbox.counts() == (1, 1, 1, 1)
    assert (waiting(inbox), inbox.conversations[0].status, inbox.messages[0].direction) == (None, "active", "in")
    assert int(inbox.messages[0].provider_time.timestamp()) == meta.NOON


@each_case("order", ORDERS[::4])
def test_parts_without_numbers_are_found_by_the_calls_id(inbox, order):
    check_parts_without_numbers(inbox, order)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_call_of_the_business_whose_first_parts_have_no_numbers_is_outgoing(inbox, order):
    values = {"calls": [outgoing(CONNECT)]}, {"statuses": [BARE_STATUS]}, {"calls": [bare(RECORDED)]}
    for n in order:
        inbox.gets_change("calls", **values[n])
    assert_it_says(inbox, "Call, recorded")
    assert inbox.counts() == (1, 1, 0, 1)
    assert (inbox.messages[0].direction, inbox.messages[0].status) == ("out", "sent")


def test_parts_without_numbers_of_a_call_that_never_comes_are_no_message(inbox):
    inbox.gets_change("calls", calls=[bare(RECORDED)])
    inbox.gets_change("calls", calls=[bare(RECORDED)], statuses=[BARE_STATUS])
    assert inbox.counts() == (0, 0, 0, 0)


def listed(key, **fields):
    """A value with an item of this list, which has no event; the call's id under both names that Meta has for it."""
    return {key: [{"timestamp": str(meta.NOON + 200)} | fields]}


RECORDINGS = listed("recordings", id=CALL, recording_id="1")
TRANSCRIPTS = listed("transcripts", call_id=CALL, id="77", transcript=[{"speaker": "Customer", "text": "Two cakes"}])
STATUSES = {"statuses": [meta.status("ACCEPTED", id=CALL, type="call")]}
IN_CALLS = listed("calls", id=CALL, recording_id="1")


@each_case("value", [RECORDINGS, TRANSCRIPTS, STATUSES, IN_CALLS])
@each_case("status", [None, "completed", "archived"])
def test_lists_of_a_call_open_nothing_and_are_no_lead(inbox, value, status):
    if status:
        inbox.gets(meta.text("One cake"))
        Conversation.objects.update(status=status)
    ((key, (item,)),) = value.items()
    inbox.gets_change("calls", **{key: [item | {"from": meta.SHEENA}]})
    assert inbox.counts() == ((1, 1, 1, 2) if status else (1, 1, 0, 1))
    assert inbox.conversations[0].status == (status or "completed")


def test_lists_of_a_call_become_one_row(inbox):
    value = {"calls": [CONNECT]} | RECORDINGS | TRANSCRIPTS | STATUSES
    text = "Call, recorded\nCustomer: Two cakes"
    inbox.gets_change("calls", **value)
    assert_it_says(inbox, text)
    assert inbox.counts() == (1, 1, 1, 1)
    assert inbox.leads[0].details == text


@pytest.mark.parametrize("order", list(permutations([{"calls": [CONNECT]}, RECORDINGS, TRANSCRIPTS])))
def test_lists_of_a_call_in_separate_deliveries_become_one_row(inbox, order):
    for value in order:
        ((key, (item,)),) = value.items()
        inbox.gets_change("calls", **{key: [item | {"from": meta.SHEENA}]})
    assert_it_says(inbox, "Call, recorded\nCustomer: Two cakes")
    assert inbox.counts() == (1, 1, 1, 1)
    assert inbox.conversations[0].status == "active"
