"""Tracebacks of the log: with all that led to an error, and without rows."""

import pytest
from django.db import DataError, IntegrityError, connection

from leadsite.core.logs.tracebacks import traceback_of


def failed(statement: str, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught, connection.cursor() as cursor:
        cursor.execute(statement)
    return traceback_of(caught.value)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "kind", "expected"),
    [
        ("INSERT INTO customers (user_id, name) VALUES (NULL, E'two\n\nlines of Ana')", IntegrityError, "23502"),
        ("SELECT 'lines of Ana'::int", DataError, "22P02"),
        ("SELECT 'lines of Ana'::jsonb", DataError, "22P02"),
    ],
)
def test_a_traceback_quotes_no_row(statement: str, kind: type[Exception], expected: str) -> None:
    text = failed(statement, kind)
    assert expected in text
    assert "test_tracebacks.py" in text
    assert "lines of Ana" not in text.replace(statement, "")


def test_a_traceback_has_what_led_to_the_error() -> None:
    try:
        try:
            int("x" * 2000)
        except ValueError as error:
            raise RuntimeError("of +4915123456789") from error
    except RuntimeError as error:
        text = traceback_of(error)
    assert text.index("ValueError") < text.index("direct cause") < text.index("RuntimeError: of …89")
    assert len(text) < 2500


def test_a_traceback_has_all_errors_of_a_group() -> None:
    text = traceback_of(ExceptionGroup("two", [KeyError("first"), OSError("second")]))
    assert "1. KeyError: 'first'" in text
    assert "2. OSError: second" in text
