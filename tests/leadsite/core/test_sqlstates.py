"""Each class of SQLSTATE has its meaning."""

import psycopg
import pytest
from django.db import DataError, Error, InterfaceError, InternalError, OperationalError, connection, transaction
from psycopg import errors

from leadsite.core.sqlstates import Meaning, meaning, meaning_of
from tests.cases import each_case

# What each class means; of those that are missing, and of all others, a program or a database is at fault.
AWAY = ("08", "28", "40", "53", "55", "57", "58")
REFUSED = ("22", "23")
DIFFERENT = {
    "25006": Meaning.UNAVAILABLE,
    "25P03": Meaning.UNAVAILABLE,
    "25P04": Meaning.UNAVAILABLE,
    "55P04": Meaning.FAULT,
}


def known_codes() -> list[str]:
    """All codes that psycopg has a class for: those of PostgreSQL's manual, appendix A."""
    names = (getattr(errors, name) for name in dir(errors))
    codes = {kind.sqlstate for kind in names if isinstance(kind, type) and issubclass(kind, psycopg.Error)}
    return sorted(filter(None, codes))


def test_the_manual_has_some_250_codes():
    assert len(known_codes()) > 240


@each_case("code", known_codes())
def test_a_code_has_the_meaning_of_its_class(code):
    of_class = Meaning.UNAVAILABLE if code[:2] in AWAY else Meaning.REFUSED if code[:2] in REFUSED else Meaning.FAULT
    assert meaning_of(code) is DIFFERENT.get(code, of_class)


@pytest.mark.parametrize(
    ("statement", "meant"),
    [
        ("DO $$BEGIN SET TRANSACTION READ ONLY; INSERT INTO users DEFAULT VALUES; END$$", Meaning.UNAVAILABLE),
        ("SELECT 1 / 0", Meaning.REFUSED),
        ("INSERT INTO users (id) VALUES (NULL)", Meaning.REFUSED),
        ("SELECT * FROM no_such_table", Meaning.FAULT),
    ],
)
def test_an_error_that_django_raised_means_what_its_code_says(db, statement, meant):
    with pytest.raises(Error) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert meaning(raised.value) is meant


def test_without_a_code_the_server_has_not_answered():
    assert meaning(OperationalError("connection refused")) is Meaning.UNAVAILABLE
    assert meaning(InterfaceError("connection already closed")) is Meaning.UNAVAILABLE
    assert meaning(InternalError("?")) is Meaning.FAULT
    assert meaning(DataError("a value that cannot be sent")) is Meaning.FAULT


def test_an_error_that_is_not_the_databases_has_none():
    assert meaning(ValueError("a bug")) is None
