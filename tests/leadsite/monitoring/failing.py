"""Makes transactions of the site fail, and reads what is stored of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from leadsite.monitoring.models import FailedTransaction
from leadsite.monitoring.writer import writer

LEAD = {"customer_phone": "+4915112345678", "customer_name": "Anna Berg", "type": "order", "details": "Two red cakes"}


def stored() -> list[FailedTransaction]:
    """Store what waits; return all, oldest first."""
    writer.flush()
    return list(FailedTransaction.objects.order_by("pk"))


@contextmanager
def failing(table: str, sqlstate: str, *, times: int = 1_000, event: str = "INSERT") -> Iterator[None]:
    """Let the next statements that write to the table fail with the SQLSTATE."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE SEQUENCE failures_of_a_test;
            CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('failures_of_a_test') <= {times} THEN
                        RAISE EXCEPTION 'refused: +4915112345678' USING ERRCODE = '{sqlstate}';
                    END IF;
                    RETURN NEW;
                END $$;
            CREATE TRIGGER fail BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION fail();
            """
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER fail ON {table}; DROP FUNCTION fail(); DROP SEQUENCE failures_of_a_test")
