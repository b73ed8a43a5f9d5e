"""attempts(): what is repeated, and what must not pass for done."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection

from conversations.models import Customer
from leadsite.core.transactions import attempts, sqlstate

pytestmark = pytest.mark.django_db(transaction=True)

REFUSE_AT_COMMIT = """
    CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; END $$;
    CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON customers DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse_at_commit();
"""


@contextmanager
def refused_at_commit() -> Iterator[None]:
    """The transaction goes well until it is to be committed."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSE_AT_COMMIT)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse_at_commit ON customers; DROP FUNCTION refuse_at_commit()")


def test_what_cannot_be_committed_does_not_pass_for_done(owner):
    def make() -> str:
        for attempt in attempts():
            with attempt:
                Customer.objects.create(user=owner.user, phone="+4915112345678")
                return "done"
        raise AssertionError

    with refused_at_commit(), pytest.raises(OperationalError) as refused:
        make()
    assert sqlstate(refused.value) == "40001"
    assert not Customer.objects.exists()


@pytest.mark.parametrize("most", [1, 3])
def test_a_transient_error_is_tried_so_often_and_then_raised(db, most):
    tries = []

    def be_the_victim() -> None:
        for attempt in attempts(most):
            with attempt, connection.cursor() as cursor:
                tries.append(attempt)
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'deadlock_detected'; END $$")

    with pytest.raises(OperationalError):
        be_the_victim()
    assert len(tries) == most
