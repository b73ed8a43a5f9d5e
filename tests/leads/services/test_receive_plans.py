"""Statements of deliveries scan no whole table, whatever PostgreSQL's statistics say."""

from functools import partial

import pytest

from conversations.models import inbound, openings, senders
from leads.models import inbound as inbound_leads
from leads.services.receive import prepare_transaction
from tests.cases import each_case
from tests.plans import TUPLES, assert_reads_no_whole_table, statements

pytestmark = pytest.mark.django_db

STATEMENTS = statements(senders, openings, inbound, inbound_leads)


def test_the_statements_are_found():
    of_customers = {"_KNOWN", "_WRITE_BY_PHONE", "_WRITE_BY_ID"}
    assert of_customers | {"_PLACES", "_STORE", "_CHANGE", "_JOIN_OR_OPEN", "_CORRECT"} <= set(STATEMENTS)


@each_case("tuples", TUPLES.values())
@each_case("name", sorted(STATEMENTS))
def test_no_statement_scans_a_whole_table(name: str, tuples: int) -> None:
    assert_reads_no_whole_table(STATEMENTS[name], tuples, prepare=partial(prepare_transaction, businesses=[]))
