"""New leads assigned in turn: for every way in, without another statement where it is off."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation
from leads.models import Lead, LeadRow
from leads.services.create import create_leads
from leadsite.accounts.models import User
from leadsite.accounts.people.services import set_rotation
from tests.factories import new_lead
from tests.sessions import session
from tests.staff import person_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def agents(owner):
    """Three people who get leads, a viewer and one who is locked, who do not."""
    people = [person_of(owner, "agent", f"{name}@bakery.example") for name in "abc"]
    person_of(owner, "viewer")
    locked = person_of(owner, "agent", "locked@bakery.example")
    User.objects.filter(pk=locked.pk).update(is_active=False)
    set_rotation(business_id=owner.id, on=True)
    return people


def assignees():
    return [lead.assigned_to for lead in Lead.objects.order_by("pk")]


def test_each_gets_one_after_the_other_by_every_way_in(owner, agents):
    owner.post_lead(customer_phone="+4915100000001")
    owner.call_function("+4915100000002", "Ada", "order")
    create_leads(user_id=owner.id, leads=[new_lead(), new_lead(), new_lead()], source="import")
    assert assignees() == [agents[n % 3] for n in range(5)]
    assert {c.assigned_to for c in Conversation.objects.all()} == set(agents)


def batch(count):
    return [{"customer_phone": f"+4915100001{n:03}", "customer_name": "Ada", "type": "order"} for n in range(count)]


def test_a_list_of_a_sql_client_takes_its_turns(owner, agents):
    leads = batch(5)
    leads[1]["status"] = "lost"
    owner.call_batch_function(leads)
    assert assignees() == [agents[0], None, agents[1], agents[2], agents[0]]


def test_a_conversation_keeps_whom_it_has(owner, agents):
    lead = owner.has_lead(customer_phone="+4915100000001")
    Conversation.objects.update(assigned_to=agents[2])
    owner.has_lead(customer_phone="+4915100000001")
    assert assignees() == agents[:2]
    assert Conversation.objects.get(pk=lead.conversation_id).assigned_to == agents[2]


def test_leads_that_are_closed_or_from_another_system_get_nobody(owner, agents):
    create_leads(user_id=owner.id, leads=[new_lead(status="lost"), new_lead(status="converted")], source="import")
    first = Lead.objects.order_by("pk").first()
    assert first is not None
    row = LeadRow(owner.id, first.conversation_id, "order", "import", id=owner.id)
    Lead.objects.insert([row])
    assert assignees() == [None, None, None]


def test_without_people_nobody_gets_it(owner):
    set_rotation(business_id=owner.id, on=True)
    owner.has_lead()
    assert assignees() == [None]


def test_where_it_is_off_there_is_no_other_statement(owner, stranger, agents):
    person_of(stranger, "agent")
    counts = []
    for business in (stranger, owner):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            business.has_lead()
        counts.append(len(queries))
    assert counts == [counts[0], counts[0] + 1]
    assert Lead.objects.get(user=stranger.user).assigned_to is None
    set_rotation(business_id=owner.id, on=False)
    owner.has_lead(customer_phone="+4915100000009")
    assert Lead.objects.order_by("-pk")[0].assigned_to is None


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment_each_gets_as_many(owner, agents):
    def create(n):
        try:
            owner.has_lead(customer_phone=f"+491510000{n:04d}")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(create, range(24)))
    assert sorted(Counter(assignees()).values()) == [8, 8, 8]


@pytest.mark.django_db(transaction=True)
def test_a_session_that_keeps_the_turn_keeps_no_lead_waiting(owner, agents):
    with session() as other:
        other.execute("BEGIN")
        other.execute("UPDATE rotations SET turn = turn + 1")
        owner.has_lead()
        other.execute("ROLLBACK")
    assert assignees()[0] in agents


@pytest.mark.django_db(transaction=True)
def test_a_list_of_a_sql_client_waits_once_for_a_session_that_keeps_the_turn(owner, agents):
    with session() as other, connection.cursor() as cursor:
        other.execute("BEGIN")
        other.execute("UPDATE rotations SET turn = turn + 1")
        # A wait for each lead would take ten seconds.
        cursor.execute("SET statement_timeout = '5s'")
        try:
            owner.call_batch_function(batch(20))
        finally:
            cursor.execute("RESET statement_timeout")
            other.execute("ROLLBACK")
    assert set(assignees()) <= set(agents)
