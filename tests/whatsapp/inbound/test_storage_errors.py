"""Which database errors are caused by one item of a delivery, and how they are described."""

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import DataError, Error, IntegrityError, OperationalError

from whatsapp.inbound.storage_errors import is_about_content, reason_of


class Refused(psycopg.Error):
    def __init__(self, state: str, constraint: str | None = None) -> None:
        super().__init__("it quotes +4915123456789")
        self.sqlstate = state
        self._diag = SimpleNamespace(constraint_name=constraint, message_primary="A sentence")

    @property
    def diag(self) -> Any:
        return self._diag


def caused(error: Error, cause: BaseException | None) -> Error:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (caused(IntegrityError(), Refused("23514")), True),
        (caused(OperationalError(), Refused("54000")), True),
        (caused(OperationalError(), Refused("40P01")), False),
        (caused(OperationalError(), Refused("55P03")), False),
        (caused(OperationalError(), None), False),
        (DataError("psycopg cannot send it"), True),
    ],
)
def test_the_sqlstate_tells_whether_the_content_caused_the_error(error: Error, expected: bool) -> None:
    assert is_about_content(error) is expected


def test_the_reason_contains_no_value() -> None:
    assert reason_of(caused(IntegrityError(), Refused("23514", "a_rule"))) == "23514: A sentence (a_rule)"
    assert reason_of(caused(DataError(), Refused("22001"))) == "22001: Refused"
    assert reason_of(OperationalError("it quotes +4915123456789")) == "OperationalError"
