"""What to do after a failed transaction."""

import pytest

from leadsite.core.sqlstates import _CLASSES, _CODES
from leadsite.core.transactions import RETRIED_SQLSTATES
from leadsite.monitoring.advice import _BY_CONSTRAINT, NO_ANSWER, PROGRAM, advice_for
from tests.database import catalogue

KNOWN = [*RETRIED_SQLSTATES, *(f"{kind}000" for kind in _CLASSES), *(set(_CODES) - {"55P04"})]


@pytest.mark.parametrize("sqlstate", sorted(KNOWN))
def test_each_code_that_the_site_knows_has_its_own(sqlstate: str) -> None:
    assert advice_for(sqlstate=sqlstate, constraint=None) not in (PROGRAM, NO_ANSWER)


def test_a_constraint_says_more_than_its_code() -> None:
    assert advice_for(sqlstate="23505", constraint="leads_external_id_unique") != advice_for(
        sqlstate="23505", constraint="customers_unknown"
    )


def test_an_answer_that_did_not_come_and_an_error_of_the_program() -> None:
    assert advice_for(sqlstate=None, constraint=None, error="OperationalError: away") == NO_ANSWER
    assert advice_for(sqlstate=None, constraint=None, error="KeyError") == PROGRAM
    assert advice_for(sqlstate="XX000", constraint=None) == PROGRAM


@pytest.mark.django_db
def test_the_constraints_exist() -> None:
    existing = {name for kind, name, _ in catalogue() if kind in ("constraint", "index")}
    assert set(_BY_CONSTRAINT) <= existing
