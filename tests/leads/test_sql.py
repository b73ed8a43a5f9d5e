"""The functions for SQL clients, beyond the table of cases."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from conversations.models import Conversation, Customer
from leads.models import Lead
from leads.services.delete import delete_lead
from tests.factories import NOTHING, call
from tests.sessions import session, waiting
from tests.site import until

PHONE = "+1234567890"
UNKNOWN_ID = UUID("00000000-0000-7000-8000-000000000000")
OTHER = {"customer_phone": "+1234567899", "customer_name": "Jane", "type": "order"}
ORDER = {"customer_phone": PHONE, "customer_name": "John Doe", "type": "order"}


def test_a_call_without_optional_arguments_creates_a_new_lead_in_an_active_conversation(owner):
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
def test_an_invalid_conversation_status_is_refused(owner, status):
    answer = owner.call_function(PHONE, "John Doe", "order", None, status)
    assert answer["success"] is False
    assert answer["constraint"] == "conversations_status_valid"
    assert owner.row_counts() == NOTHING


@pytest.mark.parametrize("user_id", [UNKNOWN_ID, None])
def test_an_unknown_user_is_refused_before_commit(db, user_id):
    answer = call("create_lead_with_conversation", user_id, PHONE, "John Doe", "order")
    assert answer == {
        "success": False,
        "error": "There is no business with this user id.",
        "code": "23503",
        "constraint": "customers_user_fk",
    }
    assert not Lead.objects.exists()


def test_a_lock_time_out_is_raised(owner, transactional_db):
    """A client must not mistake a lock time-out for a refusal."""
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
        "make_lead(uuid, uuid, jsonb, uuid)",
    ],
)
def test_public_cannot_execute_it_and_its_search_path_is_pinned(db, signature):
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


def test_a_temporary_table_of_the_caller_does_not_shadow_the_leads(owner):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE leads (LIKE public.leads) ON COMMIT DROP")
        answer = owner.call_function(PHONE, "John Doe", "order")
        cursor.execute("SELECT count(*) FROM pg_temp.leads")
        assert cursor.fetchone() == (0,)
        cursor.execute("DROP TABLE pg_temp.leads")
    assert Lead.objects.filter(pk=answer["lead_id"]).exists()


def test_a_list_with_an_invalid_lead_creates_none_by_default(owner):
    answer = owner.call_batch_function([ORDER, ORDER | {"type": "oder"}, 5])
    assert (answer["success"], answer["created"], answer["failed"]) == (False, 0, 3)
    assert [(one["index"], one["field"]) for one in answer["results"]] == [(1, "type"), (2, "lead")]
    assert owner.row_counts() == NOTHING


def test_without_all_or_nothing_valid_leads_are_created_and_invalid_ones_named(owner):
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
def test_an_argument_that_is_not_a_list_is_refused(owner, leads):
    answer = owner.call_batch_function(leads)
    assert (answer["success"], answer["created"], answer["code"]) == (False, 0, "LD001")


def test_an_empty_list_is_a_success(owner):
    answer = owner.call_batch_function([])
    assert answer == {"success": True, "created": 0, "failed": 0, "results": []}


def test_an_argument_that_is_not_a_uuid_is_raised(owner):
    with pytest.raises(DatabaseError), transaction.atomic():
        call("create_lead_with_conversation", "not-a-uuid", PHONE, "John Doe", "order")
    assert owner.row_counts() == NOTHING


def test_a_duplicate_of_an_invalid_lead_is_not_a_duplicate(owner):
    leads = [ORDER | {"customer_phone": "12345", "external_id": "x1"}, ORDER | {"external_id": " x1 "}]
    answer = owner.call_batch_function(leads, all_or_nothing=False)
    assert (answer["created"], answer["failed"]) == (1, 1)
    assert Lead.objects.get().external_id == "x1"


def test_a_list_refused_for_an_external_id_names_the_lead(owner):
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
def test_an_external_id_taken_concurrently_refuses_only_its_lead(owner):
    """Session A has inserted the external id uncommitted; session B's list waits, and refuses it when A commits."""
    list_of_a = [OTHER | {"external_id": "late"}]
    list_of_b = [ORDER | {"external_id": "late"}, ORDER | {"customer_phone": "+4915123456789"}]
    with session() as a, session() as observer, ThreadPoolExecutor(1) as b:
        a.execute("SELECT create_leads_with_conversations(%s, %s)", [owner.id, json.dumps(list_of_a)])
        answer = b.submit(call_in_own_session, owner.id, list_of_b)
        until(lambda: waiting(observer) == 1)
        a.commit()
        result = answer.result()
    assert (result["created"], result["failed"]) == (1, 1)
    assert result["results"][0]["constraint"] == "leads_external_id_unique"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_external_id_taken_since_the_snapshot_is_a_serialization_failure(owner, level):
    """Another call in the same transaction could not see it either: the client repeats the transaction."""
    with session() as client:
        client.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        client.execute("SELECT FROM leads")
        owner.call_batch_function([OTHER | {"external_id": "late"}])
        leads = json.dumps([ORDER | {"external_id": "late"}])
        with pytest.raises(psycopg.errors.SerializationFailure):
            client.execute("SELECT create_leads_with_conversations(%s, %s, false)", [owner.id, leads])


def test_the_servers_log_contains_neither_number_nor_name(owner):
    """The functions log a WARNING: with RAISE LOG the server would also log the statement, which contains both."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc, proconfig FROM pg_proc WHERE proname LIKE 'create_lead%'")
        functions = cursor.fetchall()
    assert len(functions) == 2
    for source, configuration in functions:
        assert "RAISE LOG" not in source
        assert "client_min_messages=error" in configuration


@pytest.mark.django_db(transaction=True)
def test_a_restoration_that_waited_locks_the_customer_who_has_the_lead_then(owner):
    """As after the undo of a merge: the first customer is still there, and the conversation is another's, who begins a
    conversation at the same moment.
    """
    lead = owner.has_lead(customer_phone=PHONE)
    delete_lead(user_id=owner.id, lead_id=lead.lead_id, person_id=None)
    second = Customer.objects.create(user=owner.user, phone=OTHER["customer_phone"])
    with ThreadPoolExecutor(1) as pool, session() as undo, session() as client, session() as observer:
        undo.execute("SELECT FROM customers WHERE phone = %s FOR UPDATE", [PHONE])
        undo.execute("UPDATE conversations SET customer_id = %s", [second.pk])
        restore = "SELECT restore_lead_with_conversation(%s, %s)"
        restored = pool.submit(lambda: client.execute(restore, [owner.id, lead.lead_id]).fetchone())
        until(lambda: waiting(observer) == 1)
        with transaction.atomic():
            # Beside the key that `undo` holds by the foreign key.
            Customer.objects.select_for_update(no_key=True).get(pk=second.pk)
            undo.commit()
            until(lambda: waiting_for(observer, client.info.backend_pid) == connection.connection.info.backend_pid)
            owner.has_lead(customer_phone=OTHER["customer_phone"])
        row = restored.result(10)
        client.commit()
    assert row is not None
    answer = row[0]
    assert (answer["success"], answer.get("conversation_restored")) == (True, True), answer
    assert Conversation.objects.get(pk=lead.conversation_id).status == "completed"


def waiting_for(observer: psycopg.Connection, pid: int) -> int | None:
    """Whom the session waits for."""
    row = observer.execute("SELECT (pg_blocking_pids(%s))[1]", [pid]).fetchone()
    assert row is not None
    return row[0]
