"""Which WhatsApp user id belongs to a number: Meta says so in statuses, and in the answer to a request to send."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer, CustomerMove, Message
from conversations.services import user_ids
from leadsite.core import failures
from tests.sessions import session, waiting
from tests.site import until
from tests.whatsapp import meta, webhook_client
from tests.whatsapp.graph import Reaction
from tests.whatsapp.inbox import Inbox
from tests.whatsapp.mailing import AMINA, BRUNO

pytestmark = pytest.mark.django_db(transaction=True)

AMINA_ID = "DE.1"
INSERT = "INSERT INTO customers (user_id, whatsapp_user_id) VALUES (%s, %s)"


@pytest.fixture
def inbox(mailing, owner):
    """The number through which `mailing` sends."""
    return Inbox(owner)


def sent_to(mailing, phone=AMINA):
    """A message that was sent, and what each status of it has besides."""
    row = mailing.writes(to=phone)
    mailing.send_due()
    row.refresh_from_db()
    return {"id": row.provider_id, "recipient_id": phone.removeprefix("+"), "recipient_user_id": AMINA_ID}


def receive(body):
    try:
        webhook_client.receive(body)
    finally:
        connection.close()


def people():
    return list(Customer.objects.order_by("pk").values_list("phone", "whatsapp_user_id"))


@pytest.mark.parametrize("state", ["sent", "delivered", "read"])
def test_a_customer_who_was_written_to_first_and_answers_without_number_stays_one_customer(mailing, inbox, state):
    inbox.gets_statuses(meta.status(state, **sent_to(mailing)))
    inbox.gets(meta.text("Thank you", from_=None, from_user_id=AMINA_ID))
    assert people() == [(AMINA, AMINA_ID)]
    assert Conversation.objects.count() == 1


def test_the_answer_to_the_request_says_it_too(mailing, inbox):
    contact = {"input": AMINA, "wa_id": AMINA.removeprefix("+"), "user_id": AMINA_ID}
    accepted = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": "wamid.1"}]}
    mailing.graph.queue_reactions(Reaction(body=json.dumps(accepted).encode(), accepts=True))
    sent_to(mailing)
    assert people() == [(AMINA, AMINA_ID)]


def test_a_status_that_arrives_before_the_answer_is_recorded_says_it_too(mailing, inbox):
    row = mailing.writes(to=AMINA)
    status = {"recipient_id": AMINA.removeprefix("+"), "recipient_user_id": AMINA_ID}
    inbox.gets_statuses(meta.status("sent", id="wamid.early", biz_opaque_callback_data=str(row.pk), **status))
    assert people() == [(AMINA, AMINA_ID)]


def test_an_opt_out_that_names_only_the_id_finds_the_customer(mailing, inbox):
    inbox.gets_statuses(meta.status("delivered", **sent_to(mailing)))
    choice = {"user_id": AMINA_ID, "category": "marketing_messages", "value": "stop", "timestamp": meta.NOON + 1}
    inbox.gets_change("user_preferences", user_preferences=[choice])
    assert Customer.objects.has_opted_out(Customer.objects.get().pk)


def test_the_id_of_another_customer_stays_theirs(mailing, inbox):
    inbox.gets(meta.text(from_=None, from_user_id=AMINA_ID))
    inbox.gets_statuses(meta.status(**sent_to(mailing)))
    assert people() == [(None, AMINA_ID), (AMINA, None)]


def test_the_statuses_of_a_customer_whose_id_is_anothers_take_no_statement_more(mailing, inbox):
    inbox.gets(meta.text(from_=None, from_user_id=AMINA_ID))
    status, counts = sent_to(mailing), []
    for reported in (meta.status("delivered", id=status["id"]), meta.status("read", **status)):
        with CaptureQueriesContext(connection) as queries:
            inbox.gets_statuses(reported)
        counts.append(len(queries))
    assert people() == [(None, AMINA_ID), (AMINA, None)]
    assert counts[0] == counts[1]


def test_of_two_numbers_with_one_id_in_a_delivery_one_gets_it(mailing, inbox):
    statuses = [meta.status(**sent_to(mailing, phone)) for phone in (AMINA, BRUNO)]
    inbox.gets_statuses(*statuses)
    assert people() == [(AMINA, AMINA_ID), (BRUNO, None)]


def test_a_known_id_is_not_replaced(mailing, inbox):
    status = sent_to(mailing)
    Customer.objects.update(whatsapp_user_id="DE.2")
    inbox.gets_statuses(meta.status(**status))
    assert people() == [(AMINA, "DE.2")]


def test_a_status_to_another_number_says_nothing_of_the_customers(mailing, inbox):
    """The customer has changed the number since, or it is one of a group."""
    inbox.gets_statuses(meta.status(**sent_to(mailing) | {"recipient_id": BRUNO.removeprefix("+")}))
    assert people() == [(AMINA, None)]


def test_an_id_that_has_been_replaced_since_is_not_stored(mailing, inbox):
    status = meta.status(**sent_to(mailing))
    later = Customer.objects.get().created_at + timedelta(days=1)
    CustomerMove.objects.create(user=mailing.business.user, former=AMINA_ID, whatsapp_user_id="DE.2", moved_at=later)
    inbox.gets_statuses(status)
    assert people() == [(AMINA, None)]


def test_a_number_in_another_spelling_is_the_customers(mailing, inbox):
    status = sent_to(mailing, "+5511987654321") | {"recipient_id": "551187654321"}
    inbox.gets_statuses(meta.status(**status))
    assert people() == [("+5511987654321", AMINA_ID)]


def test_a_status_is_stored_while_the_customer_is_locked_and_the_next_one_says_it_again(mailing, inbox):
    status = sent_to(mailing)
    with session() as other:
        other.execute("SELECT FROM customers FOR UPDATE")
        inbox.gets_statuses(meta.status("delivered", **status))
        assert (Message.objects.get().status, people()) == ("delivered", [(AMINA, None)])
    inbox.gets_statuses(meta.status("read", **status))
    assert people() == [(AMINA, AMINA_ID)]


def test_what_brings_a_report_waits_once_for_an_id_that_somebody_else_is_storing(mailing, inbox, monkeypatch):
    reported: list[failures.Failure] = []
    monkeypatch.setattr(failures, "_listeners", [reported.append])
    status = sent_to(mailing)
    with session() as other:
        other.execute(INSERT, [mailing.business.id, AMINA_ID])
        with CaptureQueriesContext(connection) as queries:
            inbox.gets_statuses(meta.status("delivered", **status))
    assert sum("SKIP LOCKED" in query["sql"] for query in queries) == 1
    assert reported == [], "the next report says it again"
    inbox.gets_statuses(meta.status("read", **status))
    assert people() == [(AMINA, AMINA_ID)]


def test_an_id_that_another_customer_gets_at_the_same_moment_stays_theirs(mailing, inbox, monkeypatch):
    monkeypatch.setattr(user_ids, "LOCK_TIMEOUT", "60s")
    status = sent_to(mailing)
    body = meta.body(meta.messages_value(statuses=[meta.status(**status)]))
    with session() as other, session() as observer, ThreadPoolExecutor(1) as provider:
        other.execute(INSERT, [mailing.business.id, AMINA_ID])
        delivery = provider.submit(receive, body)
        until(lambda: waiting(observer) == 1)
        other.commit()
        delivery.result()
    assert sorted(people(), key=str) == [(AMINA, None), (None, AMINA_ID)]
