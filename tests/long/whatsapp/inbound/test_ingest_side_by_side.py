"""Deliveries of one business at the same moment: which run side by side, and what changes while they do."""

import random
from typing import Any

import psycopg
import pytest

from conversations.models import Conversation
from tests.factories import Business
from tests.sessions import deadlocks, held_back, processes, session, waiting
from tests.site import until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox
from whatsapp.inbound.replay import OPEN_STATES, ids_in, replay_each
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

KNOWN, KNOWN_ID, WITHOUT_NUMBER = "4915100000001", "DE.1", "DE.2"
NEW, OTHER, NEW_ID = "4915100000003", "4915100000004", "DE.3"


def receive(*messages: Any) -> None:
    webhook_client.receive(meta.body(meta.messages_value(messages=list(messages))))


def has_written(inbox: Inbox) -> None:
    inbox.gets(
        meta.text(from_=KNOWN, from_user_id=KNOWN_ID),
        meta.text(from_=OTHER),
        meta.text(from_=None, from_user_id=WITHOUT_NUMBER),
    )


def lock_deliveries(by: psycopg.Connection, inbox: Inbox, mode: str = "") -> None:
    """Lock what deliveries of the business lock."""
    statement = f"SELECT pg_advisory_xact_lock{mode}(hashtextextended('deliveries of ' || %s, 0))"
    by.execute(statement.encode(), [str(inbox.business.id)])


SETTLED = {
    "as stored": [{"from_": KNOWN, "from_user_id": KNOWN_ID}, {"from_": None, "from_user_id": KNOWN_ID}],
    "without number": [{"from_": None, "from_user_id": WITHOUT_NUMBER}, {"from_": KNOWN}],
    "with a first id": [{"from_": OTHER, "from_user_id": NEW_ID}, {"from_": KNOWN}],
    "new": [{"from_": NEW}, {"from_": KNOWN}],
    "new with an id": [{"from_": NEW, "from_user_id": NEW_ID}, {"from_": None, "from_user_id": NEW_ID}],
}
OTHERS = {
    "new without number": [{"from_": None, "from_user_id": NEW_ID}, {"from_": KNOWN}],
    "with a first number": [{"from_": NEW, "from_user_id": WITHOUT_NUMBER}, {"from_": KNOWN}],
    "with another number": [{"from_": NEW, "from_user_id": KNOWN_ID}, {"from_": OTHER}],
    "with another id": [{"from_": KNOWN, "from_user_id": NEW_ID}, {"from_": OTHER}],
}


@pytest.mark.parametrize("senders", SETTLED.values(), ids=SETTLED)
def test_a_delivery_whose_customers_are_settled_runs_beside_others(inbox: Inbox, senders: list[dict[str, Any]]) -> None:
    has_written(inbox)
    with session() as other_delivery:
        lock_deliveries(other_delivery, inbox, "_shared")
        inbox.gets(*[meta.text("Again", **sender) for sender in senders])
    assert [message.content for message in inbox.messages][3:] == ["Again", "Again"]


@pytest.mark.parametrize("senders", OTHERS.values(), ids=OTHERS)
def test_a_delivery_with_others_waits_for_its_business(inbox: Inbox, senders: list[dict[str, Any]]) -> None:
    has_written(inbox)
    with processes(1) as pool, session() as other_delivery, session() as observer:
        lock_deliveries(other_delivery, inbox, "_shared")
        delivered = pool.submit(receive, *[meta.text("Again", **sender) for sender in senders])
        until(lambda: waiting(observer) == 1)
        other_delivery.rollback()
        delivered.result()
    assert [message.content for message in inbox.messages][3:] == ["Again", "Again"]


def test_a_delivery_waits_for_one_that_has_its_business_to_itself(inbox: Inbox) -> None:
    has_written(inbox)
    with processes(1) as pool, session() as other_delivery, session() as observer:
        lock_deliveries(other_delivery, inbox)
        delivered = pool.submit(receive, *[meta.text("Again", from_=number) for number in (KNOWN, NEW)])
        until(lambda: waiting(observer) == 1)
        other_delivery.rollback()
        delivered.result()
    assert len(inbox.messages) == 5


BOTH = {"from_": NEW, "from_user_id": NEW_ID}
CHANGES = {
    "of a new customer's number": (BOTH, BOTH | {"from_": OTHER}),
    "of a new customer's id": (BOTH, BOTH | {"from_user_id": "DE.4"}),
    "of a number twice": (BOTH, BOTH | {"from_": OTHER}, BOTH | {"from_": KNOWN}),
    "of an id twice": (BOTH, BOTH | {"from_user_id": "DE.4"}, BOTH | {"from_user_id": "DE.5"}),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("senders", CHANGES.values(), ids=CHANGES)
def test_changes_that_two_deliveries_show_at_the_same_moment_are_stored_as_if_one_had_come_first(
    inbox: Inbox, stranger: Business, senders: tuple[dict[str, str], ...], count: int
) -> None:
    """Both look the customers up before the other has stored what it says."""
    deliveries = [
        [meta.text(id=f"wamid.{at}.{n}", timestamp=meta.NOON + at, **of_customer(n, sender)) for n in range(count)]
        for at, sender in enumerate(senders)
    ]
    before = deadlocks()
    for earlier in deliveries[:-2]:
        inbox.gets(*earlier)
    with processes(2) as pool:
        with held_back(2):
            # The later one is first, if any is.
            delivered = [pool.submit(receive, *messages) for messages in reversed(deliveries[-2:])]
        for one in delivered:
            one.result()
    assert deadlocks() == before
    in_order = Inbox(stranger, channel="222")
    for messages in deliveries:
        in_order.gets(*messages)
    assert inbox.state() == in_order.state()
    assert inbox.counts() == (count, count, count, len(senders) * count)


def of_customer(n: int, sender: dict[str, str]) -> dict[str, str]:
    """The sender's number and id of one customer among several."""
    return {"from_": sender["from_"] + str(n), "from_user_id": sender["from_user_id"] + str(n)}


def test_of_two_copies_of_a_delivery_none_has_left_out_a_notice(inbox: Inbox) -> None:
    has_written(inbox)
    notice = meta.message("system", {"body": "Changed", "type": "customer_identity_changed"}, from_=KNOWN)
    copy = [notice, meta.text(from_=KNOWN)]
    with processes(2) as pool:
        with held_back(2):
            delivered = [pool.submit(receive, *copy) for _ in range(2)]
        for one in delivered:
            one.result()
    assert len(inbox.messages) == 5
    assert set(WebhookDelivery.objects.values_list("state", "error")) == {("processed", "")}


def test_one_message_from_two_customers_at_the_same_moment_opens_no_second_chat(inbox: Inbox) -> None:
    has_written(inbox)
    Conversation.objects.update(status="archived")
    copies = [meta.text(id="wamid.1", from_=KNOWN), meta.text(id="wamid.1", from_=None, from_user_id=WITHOUT_NUMBER)]
    with processes(2) as pool:
        with held_back(2):
            delivered = [pool.submit(receive, copy) for copy in copies]
        for one in delivered:
            one.result()
    assert inbox.counts() == (3, 4, 4, 4)


def receive_at_random(seed: int) -> int:
    """Receive up to 30 messages of 40 customers, of whom some change their number or id; return how many."""
    rng = random.Random(seed)
    messages = []
    for n in range(rng.choice([1, 2, 3, 5, 30])):
        customer, other = rng.randrange(40), rng.randrange(40)
        number, user_id = f"491510000{customer:04d}", f"DE.{other if rng.random() < 0.1 else customer}"
        shown = rng.choice([(number, None), (None, user_id), *4 * [(number, user_id)]])
        sender = {"from_": shown[0], "from_user_id": shown[1]}
        messages.append(meta.text(id=f"wamid.{seed}.{n}", timestamp=meta.NOON + rng.randrange(5000), **sender))
    receive(*messages)
    return len(messages)


def test_deliveries_with_changing_numbers_and_ids_lose_nothing(inbox: Inbox) -> None:
    inbox.gets(*[meta.text(from_=f"491510000{n:04d}", from_user_id=f"DE.{n}") for n in range(40)])
    before = deadlocks()
    with processes(8) as pool:
        count = sum(pool.map(receive_at_random, range(400)))
    assert deadlocks() == before
    # One whose customers others have changed each time is put off, as by the worker a minute later.
    assert {outcome for _, outcome in replay_each(ids_in(OPEN_STATES))} <= {"processed"}
    assert len(inbox.messages) == 40 + count
