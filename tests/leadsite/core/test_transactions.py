"""retried: which transactions are repeated and which are not."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import DataError, Error, OperationalError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat

from conversations.models import Customer
from leadsite.core.postgresql import patience
from leadsite.core.postgresql.base import CommitUnknown
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import (
    MAX_ATTEMPTS,
    after_commit,
    attempt_of,
    end_if_idle,
    retried,
    set_locally,
    sqlstate,
)
from tests.factories import Business
from tests.sessions import is_free, session, suspended
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+4915112345678"
OTHER_PHONE = "+4915112345679"
REFUSE_AT_COMMIT = """
    CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; END $$;
    CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON customers DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse_at_commit();
"""


@contextmanager
def refused_at_commit() -> Iterator[None]:
    """Let transactions that insert a customer fail at COMMIT."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE_AT_COMMIT)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse_at_commit ON customers; DROP FUNCTION refuse_at_commit()")


def fail(state: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '{state}'; END $$")


def test_a_failed_commit_is_repeated_and_raised(owner: Business) -> None:
    tries = []

    @retried
    def create() -> str:
        tries.append(1)
        with transaction.atomic():
            Customer.objects.create(user=owner.user, phone=PHONE)
            return "done"

    with refused_at_commit(), pytest.raises(OperationalError) as refused:
        create()
    assert sqlstate(refused.value) == "40001"
    assert len(tries) == MAX_ATTEMPTS == attempt_of(refused.value)
    assert not Customer.objects.exists()


@pytest.mark.parametrize("state", ["40P01", "40001", "55P03"])
def test_the_whole_transaction_is_repeated(owner: Business, state: str) -> None:
    tries = []

    @retried(attempts=3)
    def create() -> int:
        tries.append(1)
        with transaction.atomic():
            Customer.objects.create(user=owner.user, phone=PHONE)
            if len(tries) < 3:
                fail(state)
            return len(tries)

    assert create() == 3
    # The first two attempts were rolled back: there is one row, not three.
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_transient_error_is_raised_by_the_last_attempt(db: None, attempts: int) -> None:
    tries = []

    @retried(attempts=attempts)
    def fail_with_deadlock() -> None:
        tries.append(1)
        with transaction.atomic():
            fail("40P01")

    with pytest.raises(OperationalError) as raised:
        fail_with_deadlock()
    assert len(tries) == attempts == attempt_of(raised.value)


def test_other_errors_are_raised_at_once(db: None) -> None:
    tries = []

    @retried
    def violate_a_constraint() -> None:
        tries.append(1)
        with transaction.atomic():
            fail("23505")

    with pytest.raises(Error) as raised:
        violate_a_constraint()
    assert tries == [1]
    assert attempt_of(raised.value) == 1


@pytest.mark.parametrize("kind", [OperationalError, CommitUnknown])
def test_what_may_have_been_committed_is_not_repeated(db: None, kind: type[OperationalError]) -> None:
    """The server's answer to a COMMIT was lost with the connection: only the client can know whether to repeat it."""
    tries = []

    @retried
    def lose_the_connection() -> None:
        tries.append(1)
        raise kind("server closed the connection") from psycopg.OperationalError("server closed the connection")

    with pytest.raises(kind):
        lose_the_connection()
    assert tries == [1]


def test_nothing_is_repeated_where_the_caller_holds_a_transaction(owner: Business) -> None:
    tries = []

    @retried
    def create() -> None:
        tries.append(1)
        with transaction.atomic():
            Customer.objects.create(user=owner.user, phone=OTHER_PHONE)
            fail("40001")

    with transaction.atomic():
        Customer.objects.create(user=owner.user, phone=PHONE)
        with pytest.raises(OperationalError):
            create()
    assert tries == [1]
    # The inner block was a savepoint: the caller's row is kept.
    assert [customer.phone for customer in Customer.objects.all()] == [PHONE]


def rename(statement: str, tries: list[int], other_session: psycopg.Connection) -> None:
    """A service that runs `statement` and updates the customer's name; `other_session` conflicts the first time."""

    @retried
    def rename_customer() -> None:
        tries.append(1)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
            Customer.objects.count()  # takes the snapshot of a REPEATABLE READ transaction
            if len(tries) == 1:
                other_session.execute("UPDATE customers SET name = 'other'")
            if (len(tries) == 1 and "ISOLATION" in statement) or len(tries) == 2:
                other_session.commit()
            Customer.objects.update(name=Concat("name", Value(" and service")))

    rename_customer()


@pytest.mark.parametrize(
    "statement",
    ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET LOCAL lock_timeout = '10ms'"],
    ids=["40001", "55P03"],
)
def test_a_conflict_with_another_session_repeats_the_whole_transaction(owner: Business, statement: str) -> None:
    Customer.objects.create(user=owner.user, phone=PHONE)
    tries: list[int] = []
    with session() as other_session:
        rename(statement, tries, other_session)
    assert len(tries) == 2
    assert Customer.objects.get().name == "other and service"


def rename_customers(name: str) -> None:
    with transaction.atomic():
        end_if_idle()
        Customer.objects.update(name=name)


def test_the_locks_of_a_suspended_process_are_released(owner: Business) -> None:
    Customer.objects.create(user=owner.user, phone=PHONE, name="Amina")
    with suspended(rename_customers, "Bruno", after="UPDATE") as renaming:
        assert not is_free(Customer.objects.all())
        until(lambda: is_free(Customer.objects.all()))
    assert isinstance(renaming.exception(), Error)
    assert Customer.objects.get().name == "Amina"


def test_no_attempt_begins_that_could_not_wait_as_long_as_the_last(owner: Business) -> None:
    tries = []

    @retried
    def wait_for_lock() -> None:
        tries.append(1)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            cursor.execute("SELECT FROM users FOR UPDATE")

    with session() as other, limit_waiting(0.5):
        other.execute("SELECT FROM users FOR UPDATE")
        with pytest.raises(OperationalError) as refused:
            wait_for_lock()
    assert (sqlstate(refused.value), len(tries)) == ("55P03", 1)
    assert connection.is_usable()


def test_workers_transactions_compile_nothing(db: None) -> None:
    with transaction.atomic():
        end_if_idle()
        assert fetch_rows("SHOW jit") == [("off",)]


class TestSettings:
    def test_they_are_those_of_their_transaction_only(self, db: None) -> None:
        with transaction.atomic():
            set_locally(lock_timeout="123ms", **{"leadsite.note": "it's \\ as given"})
            assert settings() == ("123ms", "it's \\ as given")
            set_locally(lock_timeout="124ms")
            assert settings()[0] == "124ms"
        with transaction.atomic():
            assert settings()[0] not in ("123ms", "124ms")

    def test_those_of_a_transaction_without_statements_are_not_left_to_the_next(self, db: None) -> None:
        with transaction.atomic():
            set_locally(lock_timeout="123ms")
        with transaction.atomic():
            set_locally(lock_timeout="123ms")
            transaction.set_rollback(True)
        with transaction.atomic():
            assert settings()[0] != "123ms"

    def test_the_first_of_them_cost_no_round_trip(self, db: None) -> None:
        with transaction.atomic():
            before = patience.counted()
            set_locally(lock_timeout="123ms")
            set_locally(statement_timeout="1s")
            assert settings()[0] == "123ms"
            assert patience.counted() - before == 1

    def test_a_wrong_one_is_refused(self, db: None) -> None:
        with transaction.atomic():
            set_locally(lock_timeout="soon")
            with pytest.raises(DataError):
                settings()
        with transaction.atomic():
            assert settings()[0] != "soon"


def settings() -> tuple[str, str]:
    ((timeout, note),) = fetch_rows("SELECT current_setting('lock_timeout'), current_setting('leadsite.note', true)")
    return timeout, note


def test_an_error_of_what_follows_a_commit_is_logged_and_ends_nothing(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []
    with transaction.atomic():
        after_commit(int, "no number")
        after_commit(done.append, 1)
    after_commit(int, "no number either")
    assert done == [1]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
