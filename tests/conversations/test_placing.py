"""Which conversation a message joins, reopens or opens."""

from datetime import timedelta
from uuid import uuid4

from conversations.incoming import Opens
from conversations.placing import Newest, Place, Placement, conversation_updates
from tests.cases import each_case
from tests.conversations.incoming_messages import CUSTOMER, NOON, message


def update(status, *messages):
    place = Place(None, None, Newest(uuid4(), status) if status else None)
    (one,) = conversation_updates([(message, CUSTOMER, place) for message in messages])
    return one


@each_case(
    ("status", "opens", "placement"),
    [
        (None, Opens.LEAD, Placement.OPEN),
        ("active", Opens.LEAD, Placement.JOIN),
        ("completed", Opens.LEAD, Placement.REOPEN),
        ("archived", Opens.LEAD, Placement.OPEN),
        (None, Opens.CONVERSATION, Placement.OPEN),
        ("active", Opens.CONVERSATION, Placement.JOIN),
        ("completed", Opens.CONVERSATION, Placement.JOIN),
        ("archived", Opens.CONVERSATION, Placement.JOIN),
        (None, Opens.HOLDER, Placement.HOLD),
        ("active", Opens.HOLDER, Placement.JOIN),
        ("completed", Opens.HOLDER, Placement.JOIN),
        ("archived", Opens.HOLDER, Placement.JOIN),
        (None, Opens.NOTHING, Placement.NONE),
        ("active", Opens.NOTHING, Placement.JOIN),
        ("completed", Opens.NOTHING, Placement.JOIN),
        ("archived", Opens.NOTHING, Placement.JOIN),
    ],
)
def test_the_placement_depends_on_the_newest_conversation_and_the_message(status, opens, placement):
    assert update(status, message(opens)).placement is placement


def test_a_message_from_the_customer_decides_the_placement_of_several():
    others = message(Opens.NOTHING), message(Opens.CONVERSATION)
    assert update("completed", *others, message()).placement is Placement.REOPEN
    assert update(None, *others).placement is Placement.OPEN


def test_only_an_inbound_message_sets_last_inbound_at_and_signs_set_no_time():
    sent = message(Opens.CONVERSATION, at=2, direction="out")
    signs = message(Opens.NOTHING, at=3), message(Opens.HOLDER, at=4)
    one = update("active", message(at=1), sent, *signs)
    assert (one.last_inbound_at, one.last_message_at) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=2))
    assert update("active", sent).last_inbound_at is None


def test_the_customer_waits_since_the_first_message_that_needs_an_answer():
    one = update(None, message(Opens.HOLDER), message(at=2), message(at=1), message(Opens.CONVERSATION))
    assert (one.waiting_since, one.comes_from_business) == (NOON + timedelta(seconds=1), False)


def test_a_sign_joins_the_conversation_of_its_target():
    place = Place(None, None, Newest(uuid4(), "active"), target=uuid4())
    assert conversation_updates([(message(Opens.HOLDER), CUSTOMER, place)]) == []


def test_a_stored_message_and_one_without_customer_update_no_conversation():
    place = Place(uuid4(), "text", Newest(uuid4(), "completed"))
    without_customer = (message(Opens.NOTHING), None, place._replace(here=None))
    assert conversation_updates([(message(), CUSTOMER, place), without_customer]) == []
