"""Two sessions, step by step: waiting for locks, lock time-outs and repetition after a deadlock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from conversations.models import Conversation
from leads.models import Lead
from leads.services.create import create_lead, create_leads
from leads.services.rules import NewLead
from leadsite.core.transactions import MAX_ATTEMPTS, attempt_of, sqlstate
from tests.factories import ORDER, Business, NewLeadFactory
from tests.sessions import complete, deadlocks, lock_customer, processes, session, waiting
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = ORDER["customer_phone"]
SECOND_LEAD = NewLead(customer_phone=PHONE, customer_name="John Doe", type=Lead.Type.BOOKING)


@pytest.mark.parametrize("in_order", [True, False], ids=["customer locked first", "conversation only"])
def test_a_lead_that_waits_while_staff_complete_opens_a_new_conversation(owner: Business, in_order: bool) -> None:
    first = owner.has_lead(customer_phone=PHONE)

    with processes(1) as pool, session() as staff:
        # 1. Staff complete the conversation and do not commit yet.
        if in_order:
            assert complete(staff, owner.id, PHONE) == [first.conversation_id]
        else:  # an SQL client that does not keep the lock order
            staff.execute("UPDATE conversations SET status = 'completed' WHERE id = %s", [first.conversation_id])
        # 2. A lead for the same customer waits.
        client = pool.submit(create_lead, user_id=owner.id, lead=SECOND_LEAD, source=Lead.Source.API)
        until(lambda: waiting(staff) == 1)
        # 3. Staff commit.
        staff.commit()
        second = client.result()

    assert second.conversation_created
    assert second.conversation_id != first.conversation_id
    assert Conversation.objects.get(status="active").pk == second.conversation_id
    assert owner.row_counts() == (1, 2, 2)


@pytest.fixture
def short_lock_timeout(db: None) -> Iterator[None]:
    """The service's connection has a lock time-out of 10 ms."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '10ms'")
        yield
        cursor.execute("RESET lock_timeout")


def test_it_tries_again_when_another_session_held_the_customer(
    owner: Business, short_lock_timeout: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = owner.has_lead(customer_phone=PHONE)
    pauses: list[float] = []

    with session() as other_session:
        lock_customer(other_session, owner.id, PHONE)

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                other_session.commit()

        monkeypatch.setattr("leadsite.core.transactions.time.sleep", pause)

        second = create_lead(user_id=owner.id, lead=SECOND_LEAD, source=Lead.Source.API)

    assert len(pauses) == 2
    assert second.conversation_id == first.conversation_id
    assert owner.row_counts() == (1, 1, 2)


def test_it_answers_503_and_writes_nothing_when_the_customer_stays_locked(
    owner: Business, short_lock_timeout: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.has_lead(customer_phone=PHONE)
    pauses: list[float] = []
    monkeypatch.setattr("leadsite.core.transactions.time.sleep", pauses.append)

    with session() as other_session:
        lock_customer(other_session, owner.id, PHONE)

        answer = owner.post_lead()

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert len(pauses) == MAX_ATTEMPTS - 1
    assert owner.row_counts() == (1, 1, 1)


def test_nothing_is_tried_again_where_the_caller_holds_a_transaction(
    owner: Business, short_lock_timeout: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.has_lead(customer_phone=PHONE)
    pauses: list[float] = []
    monkeypatch.setattr("leadsite.core.transactions.time.sleep", pauses.append)

    with session() as other_session:
        lock_customer(other_session, owner.id, PHONE)

        with transaction.atomic():
            other = owner.has_lead()
            with pytest.raises(OperationalError) as refused:
                create_lead(user_id=owner.id, lead=SECOND_LEAD, source=Lead.Source.API)

    assert (sqlstate(refused.value), attempt_of(refused.value), pauses) == ("55P03", 1, [])
    # The caller decides whether to commit the rest of the transaction, and here does.
    assert Lead.objects.filter(pk=other.lead_id).exists()


def test_the_victim_of_a_deadlock_tries_again_and_succeeds(owner: Business) -> None:
    customers = NewLeadFactory.build_batch(3)
    create_leads(user_id=owner.id, leads=customers, source=Lead.Source.MANUAL)
    low, middle, high = sorted(lead.customer_phone for lead in customers)
    before = deadlocks()

    with processes(1) as pool, ThreadPoolExecutor(1) as thread, session() as other_session, session() as gate:
        # 1. Another session locks the last customer, against the lock order. It never looks for a deadlock itself.
        other_session.execute("SET LOCAL deadlock_timeout = '60s'")
        lock_customer(other_session, owner.id, high)
        # 2. The service locks the first customer and waits for the second.
        lock_customer(gate, owner.id, middle)
        client = pool.submit(create_leads, user_id=owner.id, leads=customers, source=Lead.Source.API)
        until(lambda: waiting(gate) == 1)
        # 3. The other session waits for the first customer.
        other = thread.submit(lock_customer, other_session, owner.id, low)
        until(lambda: waiting(gate) == 2)
        # 4. The service gets the second and waits for the last: a deadlock, of which PostgreSQL aborts the service.
        gate.commit()
        # 5. The other session has finished, and the service's second attempt can lock all.
        other.result()
        other_session.commit()
        created = client.result()

    assert len(created) == 3
    assert deadlocks() == before + 1
    assert owner.row_counts() == (3, 3, 6)
