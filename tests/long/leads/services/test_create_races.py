"""Concurrent creations for the same customer, by separate processes and by clients of a web server."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from conversations.models import Conversation, Customer
from leads.models import Lead
from leads.services.create import CreatedLead, create_leads
from leads.services.refusals import ExternalIdTaken
from leads.services.rules import NewLead
from tests.factories import ORDER, Business, NewLeadFactory, call
from tests.sessions import complete, database_url, deadlocks, held_back, processes, session
from tests.site import Site, serving

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = ORDER["customer_phone"]
# The requests that one web worker handles at a time (see server_command). Of all the requests, only so many are
# certain to wait together: one worker might accept them all.
AT_ONCE = 4
MEXICAN = ("+52 1 55 1234 5678", "+52 55 1234 5678")


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The web server with two workers, on the test's database."""
    with serving(database_url(), tmp_path_factory.mktemp("site")) as site:
        yield site


def order(business: UUID, phone: str = PHONE, external_id: str | None = None) -> CreatedLead | None:
    """Create a lead with the service. Returns None if the external id is taken."""
    lead = NewLead(customer_phone=phone, customer_name="John Doe", type="order", external_id=external_id)
    try:
        return create_leads(user_id=business, leads=[lead], source=Lead.Source.API)[0]
    except ExternalIdTaken:
        return None


def order_by_function(business: UUID, phone: str) -> dict[str, Any]:
    return call("create_lead_with_conversation", business, phone, "John Doe", "order")


def active_conversations(business: Business) -> int:
    return Conversation.objects.filter(user=business.user, status="active").count()


def test_thirty_two_clients_of_one_new_customer_share_one_conversation(owner: Business, site: Site) -> None:
    with processes(16) as pool, ThreadPoolExecutor(16) as clients:
        with held_back(16 + AT_ONCE):
            by_function = [pool.submit(order_by_function, owner.id, PHONE) for _ in range(16)]
            by_http = [clients.submit(site.post_lead, owner.api_key, ORDER) for _ in range(16)]
        responses = [answer.result() for answer in by_http]
        answers = [answer.result() for answer in by_function] + [response.json() for response in responses]

    assert {response.status_code for response in responses} == {201}
    assert all(answer["success"] for answer in answers)
    assert owner.row_counts() == (1, 1, 32)
    assert active_conversations(owner) == 1
    leads = Lead.objects.filter(user=owner.user)
    assert sorted(answer["lead_id"] for answer in answers) == sorted(str(lead.pk) for lead in leads)
    assert {answer["conversation_id"] for answer in answers} == {str(lead.conversation_id) for lead in leads}
    assert Counter(answer["conversation_created"] for answer in answers) == {True: 1, False: 31}


ROUNDS = 4


def order_batches(business: UUID, customers: list[NewLead], number: int) -> int:
    """Odd process numbers use the service, even ones the SQL function. Returns how many leads were created."""
    created = 0
    shuffled = random.Random(number)
    for _ in range(ROUNDS):
        shuffled.shuffle(customers)
        if number % 2:
            created += len(create_leads(user_id=business, leads=customers, source=Lead.Source.IMPORT))
        else:
            fields = ("customer_phone", "customer_name", "type")
            batch = [{field: getattr(lead, field) for field in fields} for lead in customers]
            created += call("create_leads_with_conversations", business, json.dumps(batch))["created"]
    return created


def test_overlapping_batches_in_any_order_do_not_deadlock(owner: Business) -> None:
    customers = NewLeadFactory.build_batch(100)
    before = deadlocks()

    with processes(8) as pool:
        with held_back(8):
            batches = [pool.submit(order_batches, owner.id, customers, number) for number in range(8)]
        created = [batch.result() for batch in batches]

    assert deadlocks() == before
    assert created == [ROUNDS * 100] * 8
    assert owner.row_counts() == (100, 100, 8 * ROUNDS * 100)
    assert active_conversations(owner) == 100


COMPLETIONS = 20
MOST_LEADS = 2000  # by one client: a limit in case staff complete nothing


def order_until_staff_complete(business: UUID) -> list[CreatedLead]:
    """Create leads of the same customer until staff have completed this many conversations."""
    created: list[CreatedLead] = []
    completed = Conversation.objects.filter(user=business, status="completed")
    while completed.count() < COMPLETIONS and len(created) < MOST_LEADS:
        lead = order(business)
        assert lead is not None
        created.append(lead)
    return created


def test_no_lead_joins_a_conversation_that_staff_have_completed(owner: Business) -> None:
    seen: dict[UUID, int] = {}
    owner.has_lead(customer_phone=PHONE)

    with processes(4) as pool, session() as staff:
        with held_back(4):
            clients = [pool.submit(order_until_staff_complete, owner.id) for _ in range(4)]
        while len(seen) < COMPLETIONS and not all(client.done() for client in clients):
            for conversation in complete(staff, owner.id, PHONE):
                row = staff.execute("SELECT count(*) FROM leads WHERE conversation_id = %s", [conversation]).fetchone()
                seen[conversation] = row[0] if row else 0
            staff.commit()
        created = [lead for client in clients for lead in client.result()]

    assert len(seen) == COMPLETIONS
    stored = dict(Lead.objects.filter(user=owner.user).values_list("pk", "conversation_id"))
    assert len(stored) == len(created) + 1
    assert stored.items() >= {lead.lead_id: lead.conversation_id for lead in created}.items()
    # No conversation has more leads than when staff completed it.
    leads_per_conversation = Counter(stored.values())
    assert seen == {conversation: leads_per_conversation[conversation] for conversation in seen}
    assert Customer.objects.filter(user=owner.user).count() == 1
    assert active_conversations(owner) <= 1


@pytest.mark.parametrize("phones", [(PHONE, PHONE), (PHONE, "+1234567891")], ids=["one customer", "two customers"])
def test_two_clients_with_one_external_id_make_one_lead(owner: Business, site: Site, phones: tuple[str, str]) -> None:
    with ThreadPoolExecutor(2) as clients:
        with held_back(2):
            bodies = [ORDER | {"external_id": "order-17", "customer_phone": phone} for phone in phones]
            answers = [clients.submit(site.post_lead, owner.api_key, body) for body in bodies]
        first, second = sorted((answer.result() for answer in answers), key=lambda answer: answer.status_code)

    lead_id = str(Lead.objects.get(user=owner.user, external_id="order-17").pk)
    if phones[0] == phones[1]:
        assert (first.status_code, second.status_code) == (200, 201)
        assert first.json()["lead_id"] == second.json()["lead_id"] == lead_id
    else:
        assert (first.status_code, second.status_code) == (201, 409)
        assert second.json()["code"] == "external_id_taken"
        assert first.json()["lead_id"] == lead_id
    assert owner.row_counts() == (1, 1, 1)


def test_eight_processes_with_one_external_id_make_one_lead(owner: Business) -> None:
    with processes(8) as pool:
        with held_back(8):
            attempts = [pool.submit(order, owner.id, f"+123456780{n}", "order-17") for n in range(8)]
        created = [lead for attempt in attempts if (lead := attempt.result())]

    assert [lead.pk for lead in Lead.objects.all()] == [lead.lead_id for lead in created]
    assert owner.row_counts() == (1, 1, 1)


def test_one_phone_number_in_two_forms_at_once_is_one_customer(owner: Business, site: Site) -> None:
    with ThreadPoolExecutor(8) as clients:
        with held_back(AT_ONCE):
            bodies = [ORDER | {"customer_phone": MEXICAN[number % 2]} for number in range(8)]
            answers = [clients.submit(site.post_lead, owner.api_key, body) for body in bodies]
        statuses = [answer.result().status_code for answer in answers]

    assert statuses == [201] * 8
    assert owner.row_counts() == (1, 1, 8)
