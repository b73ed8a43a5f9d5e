"""The functions for SQL clients: what they promise beyond the table of cases."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from leads.models import Lead
from tests.factories import NOTHING, call
from tests.sessions import session, waiting
from tests.site import until

PHONE = "+1234567890"
NOBODY = UUID("00000000-0000-7000-8000-000000000000")
OTHER = {"customer_phone": "+1234567899", "customer_name": "Jane", "type": "order"}
ORDER = {"customer_phone": PHONE, "customer_name": "John Doe", "type": "order"}


def test_the_call_with_four_arguments_makes_a_new_active_lead(owner):
    answer = owner.call_function(PHONE, "John Doe", "order")
    assert set(answer) == {"success", "lead_id", "conversation_id", "conversation_created"}
    lead = Lead.objects.select_related("conversation").get(pk=answer["lead_id"])
    assert (lead.status, lead.details, lead.source, lead.conversation.status) == ("new", "", "sql", "active")


def test_it_joins_the_active_conversation(owner):
    first = owner.call_function(PHONE, "John Doe", "order")
    second = owner.call_function(PHONE, "John Doe", "booking")
    assert (first["conversation_created"], second["conversation_created"]) == (True, False)
    assert first["conversation_id"] == second["conversation_id"]


@pytest.mark.parametrize("status", ["open", "", None])
def test_a_wrong_conversation_status_is_refused(owner, status):
    answer = owner.call_function(PHONE, "John Doe", "order", None, status)
    assert answer["success"] is False
    assert answer["constraint"] == "conversations_status_valid"
    assert owner.row_counts() == NOTHING


@pytest.mark.parametrize("user_id", [NOBODY, None])
def test_an_unknown_user_is_refused_before_commit(db, user_id):
    answer = call("create_lead_with_conversation", user_id, PHONE, "John Doe", "order")
    assert answer == {
        "success": False,
        "error": "There is no business with this user id.",
        "code": "23503",
        "constraint": "customers_user_fk",
    }
    assert not Lead.objects.exists()


def test_a_locked_customer_is_raised_and_not_answered(owner, transactional_db):
    """A client that took a lock time-out for a refusal would give the customer up."""
    owner.call_function(PHONE, "John Doe", "order")
    with transaction.atomic(), connection.cursor() as holder:
        holder.execute("SELECT FROM customers FOR UPDATE")
        settings = connection.get_connection_params()
        with psycopg.connect(**{**settings, "cursor_factory": psycopg.Cursor}) as waiter:
            waiter.execute("SET lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                waiter.execute("SELECT create_lead_with_conversation(%s, %s, 'John Doe', 'order')", [owner.id, PHONE])


@pytest.mark.parametrize(
    "signature",
    [
        "create_lead_with_conversation(uuid, text, text, text, text, text, text)",
        "create_leads_with_conversations(uuid, jsonb, boolean)",
        "make_leads(uuid, jsonb, boolean)",
        "make_lead(uuid, uuid, jsonb)",
        "upsert_customer(uuid, text, text)",
    ],
)
def test_not_everybody_may_call_it_and_its_search_path_is_pinned(db, signature):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT has_function_privilege('public', oid, 'EXECUTE'), proconfig
            FROM pg_proc WHERE oid = %s::regprocedure
            """,
            [signature],
        )
        public_may, configuration = cursor.fetchone()
    assert public_may is False
    assert any(setting.startswith("search_path=pg_catalog") for setting in configuration)


def test_a_table_of_the_callers_own_does_not_take_the_leads(owner):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE leads (LIKE public.leads) ON COMMIT DROP")
        answer = owner.call_function(PHONE, "John Doe", "order")
        cursor.execute("SELECT count(*) FROM pg_temp.leads")
        assert cursor.fetchone() == (0,)
        cursor.execute("DROP TABLE pg_temp.leads")
    assert Lead.objects.filter(pk=answer["lead_id"]).exists()


def test_a_list_with_a_bad_lead_makes_none_by_default(owner):
    answer = owner.call_batch_function([ORDER, ORDER | {"type": "oder"}, 5])
    assert (answer["success"], answer["created"], answer["failed"]) == (False, 0, 3)
    assert [(one["index"], one["field"]) for one in answer["results"]] == [(1, "type"), (2, "lead")]
    assert owner.row_counts() == NOTHING


def test_the_good_leads_of_a_list_are_made_when_asked_and_each_bad_one_is_named(owner):
    owner.has_lead(external_id="taken")
    leads = [
        ORDER,
        ORDER | {"customer_phone": "12345"},
        ORDER | {"external_id": "taken"},
        ORDER | {"external_id": "twice"},
        ORDER | {"external_id": "twice"},
        "lead",
        ORDER | {"status": "lost", "conversation_status": "archived"},
    ]
    answer = owner.call_batch_function(leads, all_or_nothing=False)
    assert (answer["success"], answer["created"], answer["failed"]) == (False, 3, 4)
    assert [one["success"] for one in answer["results"]] == [True, False, False, True, False, False, True]
    assert [one.get("constraint") for one in answer["results"]] == [
        None,
        "customers_phone_e164",
        "leads_external_id_unique",
        None,
        "leads_external_id_unique",
        None,
        None,
    ]
    assert owner.row_counts() == (2, 3, 4)


@pytest.mark.parametrize("leads", [None, {}, ORDER, "lead", 5])
def test_what_is_no_list_is_refused(owner, leads):
    answer = owner.call_batch_function(leads)
    assert (answer["success"], answer["created"], answer["code"]) == (False, 0, "LD001")


def test_an_empty_list_is_a_success(owner):
    answer = owner.call_batch_function([])
    assert answer == {"success": True, "created": 0, "failed": 0, "results": []}


def test_an_argument_that_is_no_uuid_is_an_error_of_the_call(owner):
    with pytest.raises(DatabaseError), transaction.atomic():
        call("create_lead_with_conversation", "not-a-uuid", PHONE, "John Doe", "order")
    assert owner.row_counts() == NOTHING


def test_a_duplicate_of_a_faulty_lead_is_no_duplicate(owner):
    leads = [ORDER | {"customer_phone": "12345", "external_id": "x1"}, ORDER | {"external_id": " x1 "}]
    answer = owner.call_batch_function(leads, all_or_nothing=False)
    assert (answer["created"], answer["failed"]) == (1, 1)
    assert Lead.objects.get().external_id == "x1"


def test_a_list_stopped_by_an_external_id_says_which_lead_and_why(owner):
    answer = owner.call_batch_function([ORDER | {"external_id": "twice"}, ORDER | {"external_id": "twice"}])
    assert answer["error"] == "Another lead has this external_id."
    assert [(one["index"], one["field"]) for one in answer["results"]] == [(1, "external_id")]
    assert owner.row_counts() == NOTHING


def call_in_own_session(user_id, leads):
    with session() as own:
        query = "SELECT create_leads_with_conversations(%s, %s, false)"
        row = own.execute(query, [user_id, json.dumps(leads)]).fetchone()
        own.commit()
        assert row is not None
        return row[0]


@pytest.mark.django_db(transaction=True)
def test_an_external_id_taken_meanwhile_costs_only_its_own_lead(owner):
    """Session A holds the external id uncommitted; session B's list waits for it, and names it when A commits."""
    list_of_a = [OTHER | {"external_id": "late"}]
    list_of_b = [ORDER | {"external_id": "late"}, ORDER | {"customer_phone": "+4915123456789"}]
    with session() as a, session() as observer, ThreadPoolExecutor(1) as b:
        a.execute("SELECT create_leads_with_conversations(%s, %s)", [owner.id, json.dumps(list_of_a)])
        answer = b.submit(call_in_own_session, owner.id, list_of_b)
        until(lambda: waiting(observer) == 1)
        a.commit()
        made = answer.result()
    assert (made["created"], made["failed"]) == (1, 1)
    assert made["results"][0]["constraint"] == "leads_external_id_unique"


def test_the_servers_log_shows_neither_number_nor_name(owner):
    """What goes to the log is the event; the level keeps the call itself, which holds both, out of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc, proconfig FROM pg_proc WHERE proname LIKE 'create_lead%'")
        functions = cursor.fetchall()
    assert len(functions) == 2
    for source, configuration in functions:
        assert "RAISE LOG" not in source
        assert "client_min_messages=error" in configuration
