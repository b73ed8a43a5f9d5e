"""Concurrent deliveries: for one new customer, repeated ones, and overlapping long ones."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.db import connection

from conversations.models import Message, ParkedStatus
from leads.models import Lead
from leads.services.create import create_leads
from leads.services.rules import NewLead
from tests.factories import Business
from tests.sessions import database_url, deadlocks, held_back, lock_customer, processes, session, waiting
from tests.site import Site, request, serving, until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.inbox import Inbox, second
from tests.whatsapp.webhook_client import PATH
from whatsapp.inbound.replay import OPEN_STATES, ids_in, replay_each
from whatsapp.inbound.signature import sign_for_meta
from whatsapp.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "secret of this test"
# The requests that one web worker handles at a time (see server_command). Of all the requests, only so many are
# certain to wait together: one worker might accept them all.
AT_ONCE = 4


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The web server with two workers, on the test's database."""
    with serving(database_url(), tmp_path_factory.mktemp("site"), WHATSAPP_APP_SECRETS=SECRET) as site:
        yield site


def post(site: Site, body: bytes) -> requests.Response:
    headers = {"X-Hub-Signature-256": sign_for_meta(body, SECRET), "Content-Type": "application/json"}
    return request("POST", site.address + PATH, data=body, headers=headers)


def receive(body: bytes) -> None:
    webhook_client.receive(body)


def bodies_of(*messages: Any) -> list[bytes]:
    return [meta.body(meta.messages_value(messages=[message])) for message in messages]


def replay_put_off() -> None:
    """Replay what waited twice in vain, 2 s each, for customers whose transaction waited for a slow disk; as the worker
    does a minute later. For another reason nothing is put off.
    """
    put_off = WebhookDelivery.objects.exclude(state="processed")
    assert [error for error in put_off.values_list("error", flat=True) if "lock" not in error.lower()] == []
    assert {outcome for _, outcome in replay_each(ids_in(OPEN_STATES))} <= {"processed"}


def test_fifty_concurrent_deliveries_from_one_new_customer_are_one_lead(inbox: Inbox, site: Site) -> None:
    bodies = bodies_of(*[meta.text(f"Message {n}") for n in range(50)])
    with ThreadPoolExecutor(50) as meta_servers:
        with held_back(AT_ONCE):
            answers = [meta_servers.submit(post, site, body) for body in bodies]
        assert {answer.result().status_code for answer in answers} == {200}
    assert inbox.counts() == (1, 1, 1, 50)


def test_concurrent_parts_of_calls_are_one_row_for_each_call(inbox: Inbox, site: Site) -> None:
    ends = {"event": "terminate", "timestamp": meta.NOON + 150, "duration": 120}
    parts: list[dict[str, Any]] = [{"event": "connect"}, ends, {"event": "recording", "timestamp": meta.NOON + 200}]
    bodies = [
        meta.body(meta.change("calls", meta.value(calls=[meta.call(id=f"wacid.{n}", **part)])))
        for n in range(10)
        for part in parts
    ]
    random.Random(3).shuffle(bodies)
    with ThreadPoolExecutor(len(bodies)) as meta_servers:
        with held_back(AT_ONCE):
            answers = [meta_servers.submit(post, site, body) for body in bodies]
        assert {answer.result().status_code for answer in answers} == {200}
    assert [message.content for message in inbox.messages] == ["Call, 2 min, recorded"] * 10
    assert inbox.counts() == (1, 1, 1, 10)


def test_fifty_concurrent_copies_of_one_delivery_are_one_message(inbox: Inbox, site: Site) -> None:
    (body,) = bodies_of(meta.text("Hello"))
    with ThreadPoolExecutor(50) as meta_servers:
        with held_back(AT_ONCE):
            answers = [meta_servers.submit(post, site, body) for _ in range(50)]
        assert {answer.result().status_code for answer in answers} == {200}
    assert post(site, body).status_code == 200
    assert inbox.counts() == (1, 1, 1, 1)
    assert WebhookDelivery.objects.count() == 51


def test_concurrent_messages_with_the_number_and_with_both_identifiers_are_one_customer(inbox: Inbox) -> None:
    shown: list[dict[str, Any]] = [
        {"from_": meta.SHEENA},
        {"from_": meta.SHEENA, "from_user_id": meta.SHEENA_ID},
    ]
    bodies = bodies_of(*[meta.text(f"Message {n}", **shown[n % 2]) for n in range(40)])
    with processes(8) as pool:
        with held_back(8):
            done = pool.map(receive, bodies)
        list(done)
    assert inbox.counts() == (1, 1, 1, 40)


CUSTOMERS = 200
MESSAGES = 4000
SENT = 400


def updates() -> tuple[list[Any], list[Any]]:
    """Messages of many customers, some with several identifiers; statuses of sent messages."""
    messages = []
    for n in range(MESSAGES):
        customer = n % CUSTOMERS
        number, user_id = f"4915100{customer:06d}", f"DE.{customer}"
        ways: list[dict[str, Any]] = [
            {"from_": number},
            {"from_": number, "from_user_id": user_id},
            {"from_": None, "from_user_id": user_id},
        ]
        # By number or both, or by id or both: number alone and id alone would be two customers.
        way = ways[customer % 2 : customer % 2 + 2][n // CUSTOMERS % 2]
        messages.append(meta.text(f"Message {n}", id=f"wamid.{n}", timestamp=meta.NOON + n, **way))
    statuses = [
        meta.status(state, id=f"wamid.sent.{n}") for n in range(SENT) for state in ("sent", "delivered", "read")
    ]
    return messages, statuses


def overlapping_deliveries() -> list[bytes]:
    """500 deliveries of up to 1000 updates in random order, which together have all updates."""
    rng = random.Random(500)
    messages, statuses = updates()
    everything = [("messages", message) for message in messages] + [("statuses", status) for status in statuses]
    rng.shuffle(everything)
    drawn = [everything[start::40] for start in range(40)]
    drawn += [rng.sample(everything, rng.choice([1, 1, 1, 5, 20, 100, 300])) for _ in range(455)]
    drawn += [rng.sample(everything, 1000) for _ in range(5)]
    rng.shuffle(drawn)
    return [
        meta.body(
            meta.messages_value(
                messages=[update for kind, update in updates_of_one if kind == "messages"],
                statuses=[update for kind, update in updates_of_one if kind == "statuses"],
            )
        )
        for updates_of_one in drawn
    ]


def test_five_hundred_overlapping_deliveries_over_eight_connections_lose_and_duplicate_nothing(inbox: Inbox) -> None:
    echoes = [meta.echo(id=f"wamid.sent.{n}", to=f"4915100{n % CUSTOMERS:06d}") for n in range(0, SENT, 2)]
    before = deadlocks()
    deliveries = overlapping_deliveries()
    assert len(deliveries) == 500
    with processes(8) as pool:
        list(pool.map(receive, deliveries))
        inbox.gets_change("smb_message_echoes", message_echoes=echoes)
        list(pool.map(receive, deliveries[:50]))
    assert deadlocks() == before
    replay_put_off()
    assert inbox.counts() == (CUSTOMERS, CUSTOMERS, CUSTOMERS, MESSAGES + len(echoes))
    assert Message.objects.filter(direction="out", status="read").count() == len(echoes)
    assert ParkedStatus.objects.count() == SENT - len(echoes)


def create_in_random_order(business: Any, number: int) -> None:
    rng = random.Random(number)
    leads = [NewLead(customer_phone=f"+4915100{n:06d}", customer_name=f"Customer {n}", type="order") for n in range(50)]
    for _ in range(5):
        rng.shuffle(leads)
        create_leads(user_id=business, leads=leads, source=Lead.Source.API)


def test_deliveries_and_api_creates_for_the_same_customers_do_not_deadlock(inbox: Inbox) -> None:
    rng = random.Random(1)
    before = deadlocks()
    with processes(8) as pool:
        work = [pool.submit(create_in_random_order, inbox.business.id, number) for number in range(4)]
        for _ in range(40):
            customers = rng.sample(range(50), 50)
            rows = [meta.text(from_=f"4915100{customer:06d}") for customer in customers]
            work.append(pool.submit(receive, meta.body(meta.messages_value(messages=rows))))
        for one in work:
            one.result()
    assert deadlocks() == before
    replay_put_off()
    made = inbox.counts()
    assert (made[0], made[1], made[3]) == (50, 50, 2000)


def test_partly_refused_deliveries_do_not_deadlock(inbox: Inbox) -> None:
    """A refused delivery is stored in parts, which are many statements, each with its own locks."""
    customers = [f"4915100{n:06d}" for n in range(150)]
    bodies = []
    for n in range(6):
        rows = [meta.text(from_=number) for number in (customers if n % 2 else customers[::-1])]
        rows[75 + n] |= {"text": {"body": "poison"}} if n < 3 else {}
        bodies.append(meta.body(meta.messages_value(messages=rows)))
    before = deadlocks()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE messages ADD CONSTRAINT no_poison CHECK (content <> 'poison')")
    try:
        with processes(4) as pool:
            list(pool.map(receive, bodies))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE messages DROP CONSTRAINT no_poison")
    assert deadlocks() == before
    assert inbox.counts() == (150, 150, 150, 6 * 150 - 3)
    assert WebhookDelivery.objects.filter(state="failed").count() == 3


def test_a_status_and_its_message_delivered_concurrently_are_combined(inbox: Inbox) -> None:
    """The second transaction waits for the first and applies both."""
    echoes = [
        meta.body(meta.change("smb_message_echoes", meta.value(message_echoes=[meta.echo(id=f"wamid.{n}")])))
        for n in range(60)
    ]
    reports = [meta.body(meta.messages_value(statuses=[meta.status("read", id=f"wamid.{n}")])) for n in range(60)]
    with processes(8) as pool:
        list(pool.map(receive, [body for pair in zip(echoes, reports, strict=True) for body in pair]))
    assert Message.objects.filter(direction="out", status="read").count() == 60
    assert not ParkedStatus.objects.exists()


def test_a_delivery_waits_for_staff_who_close_the_conversation(inbox: Inbox, owner: Business) -> None:
    """After the wait the message finds the conversation archived, so it opens a new one."""
    inbox.gets(meta.text("Hello"))
    with processes(1) as pool, session() as other_session, session() as observer:
        lock_customer(other_session, owner.id, f"+{meta.SHEENA}")
        other_session.execute("UPDATE conversations SET status = 'archived'")
        (body,) = bodies_of(meta.text("Are you there?", timestamp=meta.NOON + 60))
        delivered = pool.submit(receive, body)
        until(lambda: waiting(observer) == 1)
        other_session.commit()
        delivered.result()
    assert [thread.status for thread in inbox.conversations] == ["archived", "active"]
    assert len(inbox.leads) == 2


def test_failures_and_messages_of_the_same_customers_at_the_same_moment(inbox: Inbox) -> None:
    """A failure locks the customer before the message, and so do messages: no deadlock, and who waits is right."""
    customers = [str(4915100000000 + n) for n in range(12)]
    inbox.gets(*(meta.text("Open?", from_=number) for number in customers))
    echoes = [meta.echo(to=number, id=f"wamid.{number}", timestamp=meta.NOON + 10) for number in customers]
    inbox.gets_change("message_echoes", message_echoes=echoes)
    errors = [meta.error(131047)]
    failed = [meta.status("failed", id=f"wamid.{number}", errors=errors) for number in customers]
    read = [meta.status("read", id=f"wamid.{number}") for number in customers[:6]]
    again = [meta.text("Hm?", from_=number, timestamp=meta.NOON + 20) for number in customers]
    bodies = bodies_of(*again) + [meta.body(meta.messages_value(statuses=[one])) for one in failed + read]
    bodies += [meta.body(meta.messages_value(statuses=failed, messages=again))] * 3
    random.Random(5).shuffle(bodies)
    before = deadlocks()
    with processes(4) as pool:
        list(pool.map(receive, bodies))
    replay_put_off()
    assert deadlocks() == before
    since = {one.customer.phone: second(one.waiting_since) for one in inbox.conversations}
    start = datetime.fromtimestamp(meta.NOON, UTC)
    later = dict.fromkeys(customers[:6], start + timedelta(seconds=20))
    assert since == {f"+{number}": later.get(number, start) for number in customers}
