"""The refusal for a database error is chosen by constraint and SQLSTATE, never by message text."""

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, OperationalError

from leads.services.refusals import ExternalIdTaken, LeadRefused, UnknownBusiness, refusal_of


class Refused(psycopg.Error):
    def __init__(self, state: str, constraint: str | None = None, column: str | None = None) -> None:
        super().__init__("some text")
        self.sqlstate = state
        self._diag = SimpleNamespace(
            constraint_name=constraint, column_name=column, message_primary="It breaks a rule."
        )

    @property
    def diag(self) -> Any:
        return self._diag


def error_of(cause: BaseException | None) -> IntegrityError:
    error = IntegrityError("some text")
    error.__cause__ = cause
    return error


def test_a_constraint_has_its_own_exception() -> None:
    taken = refusal_of(error_of(Refused("23505", "leads_external_id_unique")))
    assert isinstance(taken, ExternalIdTaken)
    assert (taken.field, taken.constraint) == ("external_id", "leads_external_id_unique")
    assert isinstance(refusal_of(error_of(Refused("23503", "customers_user_fk"))), UnknownBusiness)


@pytest.mark.parametrize("state", ["22001", "23514"])
def test_other_errors_of_the_input_have_the_message_from_postgresql(state: str) -> None:
    refusal = refusal_of(error_of(Refused(state, "leads_type_valid", "type")))
    assert isinstance(refusal, LeadRefused)
    assert (refusal.message, refusal.field, refusal.constraint) == ("It breaks a rule.", "type", "leads_type_valid")


@pytest.mark.parametrize("cause", [Refused("40P01"), Refused("57014"), OSError("gone"), None])
def test_an_error_not_caused_by_the_input_has_no_refusal(cause: BaseException | None) -> None:
    assert refusal_of(error_of(cause)) is None
    assert refusal_of(OperationalError("gone")) is None
