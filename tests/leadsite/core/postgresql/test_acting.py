"""PostgreSQL knows who acts: in transactions, savepoints, single statements, and nobody of an earlier request."""

import pytest
from django.db import connection, transaction
from psycopg.abc import PQGen

from leadsite.accounts.models import User
from leadsite.audit.models import AuditEntry
from leadsite.core.postgresql.acting import ActingConnection
from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import set_locally
from tests.factories import Business, make_business

ANNA = Actor(ActorKind.PERSON, id="1", name="Anna", request_id="r1")
BOB = Actor(ActorKind.PERSON, id="2", name="Bob")


def setting() -> list[str]:
    ((text,),) = fetch_rows("SELECT coalesce(current_setting('leadsite.actor', true), '')")
    return str(text).split("\x1f")


@pytest.mark.django_db
def test_a_transaction_that_has_begun_is_told_when_the_actor_changes():
    with acting(ANNA):
        assert setting() == ["person", "1", "Anna", "r1"]
        with acting(BOB):
            assert setting() == ["person", "2", "Bob", ""]
        assert setting() == ["person", "1", "Anna", "r1"]
    assert setting() == [""]


@pytest.mark.django_db
def test_a_savepoint_that_is_rolled_back_does_not_bring_back_an_earlier_actor():
    with acting(ANNA):
        assert setting()[2] == "Anna"
        with transaction.atomic():
            with acting(BOB):
                assert setting()[2] == "Bob"
            transaction.set_rollback(True)
        assert setting()[2] == "Anna"
        with acting(BOB), transaction.atomic():
            assert setting()[2] == "Bob"
            transaction.set_rollback(True)
        assert setting()[2] == "Anna"


@pytest.mark.django_db
def test_names_are_stored_as_they_are_whatever_is_in_them():
    name = "O'Brien \\' ; DROP TABLE leads -- \N{SNOWMAN} Zoë"
    with acting(Actor(ActorKind.PERSON, id="'", name=f"{name}\x00\x1f\n\ud800")):
        assert setting() == ["person", "'", name, ""]


@pytest.fixture
def committed(transactional_db: None) -> Business:
    return make_business(email="owner@bakery.example", name="Bella's Bakery")


def last_actor(business: Business) -> str:
    return str(AuditEntry.objects.filter(row_id=business.id).order_by("-id").values_list("actor_name", flat=True)[0])


def test_a_transaction_begins_with_the_actor_in_one_message(committed: Business, monkeypatch: pytest.MonkeyPatch):
    sent: list[bytes] = []
    send = ActingConnection._exec_commands

    def noted(self: ActingConnection, text: bytes) -> PQGen[None]:
        sent.append(text)
        return send(self, text)

    monkeypatch.setattr(ActingConnection, "_exec_commands", noted)
    with acting(ANNA), transaction.atomic():
        assert setting()[2] == "Anna"
        assert setting()[2] == "Anna"
    assert sent == [b"BEGIN; SET LOCAL leadsite.actor = E'person\x1f1\x1fAnna\x1fr1'"]
    assert setting() == [""]
    with transaction.atomic():
        assert setting() == [""]


def test_single_statements_name_the_actor_too(committed: Business):
    with acting(ANNA):
        User.objects.filter(pk=committed.id).update(business_name="By Anna")
        assert last_actor(committed) == "Anna"
        with connection.cursor() as cursor:
            cursor.execute("WITH n AS (SELECT 'x' AS name) UPDATE users SET business_name = n.name FROM n")
            assert cursor.rowcount == 1
        assert fetch_rows("UPDATE users SET business_name = 'z' RETURNING business_name") == [("z",)]
        assert [e.actor_name for e in entries(committed)[-3:]] == ["Anna"] * 3
        assert committed.call_function("+491701234567", "Ada", "order")["success"] is True
        assert AuditEntry.objects.get(table_name="leads").actor_name == "Anna"
    assert not connection.in_atomic_block
    User.objects.filter(pk=committed.id).update(business_name="By nobody")
    assert entries(committed)[-1].actor_kind == "sql"


def entries(business: Business) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(row_id=business.id).order_by("id"))


@pytest.fixture
def two_keys(committed: Business) -> tuple[Business, Business]:
    return committed, make_business(email="other@florist.example", name="Flora")


def test_two_requests_on_one_connection_have_their_own_actors(two_keys: tuple[Business, Business]):
    backend = fetch_rows("SELECT pg_backend_pid()")
    first, second = two_keys
    for business in (first, second, first):
        assert business.post_lead().status_code == 201
    with transaction.atomic():
        User.objects.filter(pk=first.id).update(business_name="By nobody")
    named = AuditEntry.objects.filter(table_name="leads").order_by("id").values_list("actor_id", flat=True)
    assert [*named] == [business.api_key[:15] for business in (first, second, first)]
    assert last_actor(first) != "create_business"
    assert fetch_rows("SELECT pg_backend_pid()") == backend


class TestExecutemany:
    """psycopg sends its statements as a pipeline, in which one message cannot have several commands."""

    def test_it_may_be_the_first_of_a_transaction(self, committed: Business):
        with acting(ANNA), transaction.atomic():
            set_locally(lock_timeout="123ms")
            rename_twice(committed)
            assert fetch_rows("SHOW lock_timeout") == [("123ms",)]
        assert [entry.actor_name for entry in entries(committed)[-2:]] == ["Anna", "Anna"]

    def test_it_may_follow_another_statement(self, committed: Business):
        with transaction.atomic():
            assert setting() == [""]
            with acting(ANNA):
                rename_twice(committed)
        assert [entry.actor_name for entry in entries(committed)[-2:]] == ["Anna", "Anna"]

    def test_it_may_be_alone(self, committed: Business):
        with acting(ANNA):
            rename_twice(committed)
        assert [entry.actor_name for entry in entries(committed)[-2:]] == ["Anna", "Anna"]


def rename_twice(business: Business) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE users SET business_name = %s WHERE id = %s", [("First", business.id), ("Second", business.id)]
        )
